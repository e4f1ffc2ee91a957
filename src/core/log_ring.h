/*
 * Log ring: the last lines of the log, for who asks later
 *
 * A line is kept as it was shown to people, with its label in front, until younger ones need its
 * room. Lines are numbered from 0 on; who follows the log asks for those from a number on, and is
 * told how many of them are gone. So a slow reader holds up nobody and costs nothing.
 */
#ifndef CORE_LOG_RING_H
#define CORE_LOG_RING_H

#include <stddef.h>
#include <stdint.h>

#define LOG_RING_BYTES (256u << 10)

struct log_ring {
	char *bytes;
	uint64_t start, end;   /* bytes ever taken out, ever put in */
	uint64_t first, after; /* numbers of the oldest line and of the next one to come */
};

/* How far a reader has come. */
struct log_cursor {
	uint64_t line; /* number of the next one to read */
	uint64_t at;   /* where it lies or will lie; 0 if that is not known */
};

/* What a reader gets. */
struct log_excerpt {
	char *text; /* whole lines, to be freed; NULL if there are none */
	size_t size;
	uint64_t lost; /* lines between the cursor and the oldest one kept, of whatever label */
};

/** log_ring_init() - no line yet. Return: 0 or -ENOMEM. */
int log_ring_init(struct log_ring *ring);
void log_ring_done(struct log_ring *ring);

/**
 * log_ring_add() - keep a line
 * @line:        "[LABEL] TEXT\n", at most LOG_RING_BYTES / 4
 * @label_bytes: length of the label
 */
void log_ring_add(struct log_ring *ring, const char *line, size_t size, size_t label_bytes);

/**
 * log_ring_read() - the lines from a cursor on whose label starts with a prefix
 * @cursor: moved behind the youngest line on success; a number that is still to come is taken for
 *          the next one
 *
 * Return: 0 or -ENOMEM.
 */
int log_ring_read(const struct log_ring *ring, const char *prefix, struct log_cursor *cursor,
	struct log_excerpt *ret);

#endif
