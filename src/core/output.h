/*
 * Output: the one way for lines to get to people
 *
 * Everything that components and core itself have to say goes through one queue to one descriptor.
 * A line is put together whole before it enters the queue, so lines never mix. Nothing here waits:
 * writers' lines are written together once the handlers of a round are through, core's own at once,
 * and what can't be written then stays queued. While that is so the output is stalled, and whoever
 * reads from writers should leave them waiting. The queue is bounded; a line that does not fit is
 * lost, counted, and the loss is told once there is room.
 *
 * Text comes from components that may be hostile. Control characters are shown as \xNN or \uNNNN
 * (a tab stays), malformed UTF-8 as U+FFFD: nothing reaches a terminal that it would obey.
 *
 * Writing to a pipe whose reader is gone raises SIGPIPE; the program ignores that signal. What the
 * descriptor refuses for good is dropped.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/loop.h"

/* Holds the longest message there can be: a label of its own for each of KIN_LOG_TEXT_MAX lines. */
#define OUTPUT_QUEUE_BYTES (512u << 10)

/* How long output_done() waits for a reader that does not read. */
#define OUTPUT_LINGER_MS 1000

struct log_ring;

struct output {
	struct loop *loop;
	struct loop_source source; /* in the loop while stalled */
	struct loop_task flush; /* queued while there is something to write and no reason to wait */
	int fd;
	bool careful; /* fd may block: ask before each write, and write little */
	bool coloured;
	char *queue;
	size_t start, end;
	unsigned lost_lines;
	void (*drained)(struct output *output);
	struct log_ring *ring;       /* NULL, or where lines are kept as well; borrowed */
	struct loop_task *ring_more; /* queued whenever a line was added */
};

/**
 * output_init() - prepare to write to a descriptor
 * @fd:      borrowed for the call; a pipe or terminal is opened anew as non-blocking, so that those
 *           who share the descriptor notice nothing
 * @drained: called when a stalled output is stalled no longer
 *
 * Lines are coloured if it is a terminal, unless the environment has NO_COLOR.
 *
 * Return: 0, or negative errno.
 */
int output_init(
	struct output *output, struct loop *loop, int fd, void (*drained)(struct output *output));

/** output_done() - write what is queued, for OUTPUT_LINGER_MS at most */
void output_done(struct output *output);

/** output_stalled() - does it wait for the descriptor, or is more queued than should be? */
bool output_stalled(const struct output *output);

/** output_line() - write "[LABEL] TEXT" as one line; a newline is made visible */
void output_line(struct output *output, const char *label, const char *text);

/**
 * output_lines() - write "[LABEL] LINE" for each line of a text
 * @text: lines separated by newlines, the last one may have one as well; an empty text is one
 *        empty line
 */
void output_lines(struct output *output, const char *label, const char *text);

/** output_text() - write our own text as it is: one whole line, or several that belong together */
void output_text(struct output *output, const char *text, size_t size);

#endif
