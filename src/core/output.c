/* Output; see the header. */
#include "core/output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <kin/limits.h>

#include "base/utf8.h"
#include "core/container.h"
#include "core/descriptor.h"
#include "core/log_ring.h"

/* A byte of text becomes at most four, see line_add_visible(); colours and brackets are few. */
#define LINE_BYTES (KIN_LABEL_MAX + 4 * KIN_LOG_TEXT_MAX + 64)

_Static_assert(LINE_BYTES <= LOG_RING_BYTES / 4, "a line fits the ring");

#define COLOUR_LABEL   "\033[2m"
#define COLOUR_ERROR   "\033[31m"
#define COLOUR_WARNING "\033[33m"
#define COLOUR_NONE    "\033[0m"

struct line {
	char bytes[LINE_BYTES];
	size_t size;
};

static void line_add(struct line *line, const char *bytes, size_t n)
{
	assert(n <= sizeof(line->bytes) - line->size);
	memcpy(line->bytes + line->size, bytes, n);
	line->size += n;
}

static void line_add_string(struct line *line, const char *text)
{
	line_add(line, text, strlen(text));
}

/* One character as it may be shown; gives the number of bytes it had. */
static size_t line_add_character(struct line *line, const char *text, size_t n)
{
	const unsigned char *c = (const unsigned char *) text;
	size_t size = utf8_sequence_length(text, n);
	char shown[8];

	if (size == 0) {
		line_add_string(line, "\xef\xbf\xbd"); /* U+FFFD */
		return 1;
	}
	if (size == 1 && ((c[0] < 0x20 && c[0] != '\t') || c[0] == 0x7f)) {
		snprintf(shown, sizeof(shown), "\\x%02x", c[0]);
		line_add_string(line, shown);
	} else if (size == 2 && c[0] == 0xc2 && c[1] < 0xa0) {
		/* U+0080 to U+009f; among them a terminal's other way to write ESC [ */
		snprintf(shown, sizeof(shown), "\\u%04x", c[1]);
		line_add_string(line, shown);
	} else {
		line_add(line, text, size);
	}
	return size;
}

static void line_add_visible(struct line *line, const char *text, size_t n)
{
	while (n > 0) {
		size_t size = line_add_character(line, text, n);

		text += size;
		n -= size;
	}
}

static const char *line_colour(const char *text, size_t n)
{
	if (n >= 6 && memcmp(text, "Error:", 6) == 0)
		return COLOUR_ERROR;
	if (n >= 8 && memcmp(text, "Warning:", 8) == 0)
		return COLOUR_WARNING;
	return NULL;
}

static void line_make(
	struct line *line, const char *label, const char *text, size_t n, bool coloured)
{
	const char *colour = coloured ? line_colour(text, n) : NULL;

	line->size = 0;
	if (coloured)
		line_add_string(line, COLOUR_LABEL);
	line_add_string(line, "[");
	line_add_string(line, label);
	line_add_string(line, "]");
	if (coloured)
		line_add_string(line, COLOUR_NONE);
	line_add_string(line, " ");
	if (colour)
		line_add_string(line, colour);
	line_add_visible(line, text, n);
	if (colour)
		line_add_string(line, COLOUR_NONE);
	line_add_string(line, "\n");
}

static bool queue_empty(const struct output *output)
{
	return output->start == output->end;
}

bool output_stalled(const struct output *output)
{
	return output->source.armed || output->end - output->start > OUTPUT_QUEUE_BYTES / 2;
}

static void queue_add(struct output *output, const char *bytes, size_t n)
{
	if (output->start > 0 && n > OUTPUT_QUEUE_BYTES - output->end) {
		output->end -= output->start;
		memmove(output->queue, output->queue + output->start, output->end);
		output->start = 0;
	}
	if (n > OUTPUT_QUEUE_BYTES - output->end) {
		output->lost_lines++;
		return;
	}
	memcpy(output->queue + output->end, bytes, n);
	output->end += n;
}

static bool fd_writable(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, timeout_ms) > 0;
}

/* Writes until nothing is left or nothing more fits. */
static void queue_write(struct output *output)
{
	while (!queue_empty(output)) {
		size_t n = output->end - output->start;

		if (output->careful) {
			if (!fd_writable(output->fd, 0))
				return;
			n = n < PIPE_BUF ? n : PIPE_BUF;
		}
		ssize_t written = write(output->fd, output->queue + output->start, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written <= 0)
			break;
		output->start += (size_t) written;
	}
	/* All written, or refused for good: the reader is gone, the disk is full. */
	output->start = output->end = 0;
}

static void output_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct output *output = CONTAINER_OF(source, struct output, source);
	char text[64];

	queue_write(output);
	if (!queue_empty(output))
		return;
	loop_remove(output->loop, source);
	if (output->lost_lines) {
		snprintf(text, sizeof(text), "Warning: output too slow, %u lines lost",
			output->lost_lines);
		output->lost_lines = 0;
		output_line(output, "core", text);
	}
	if (!output_stalled(output))
		output->drained(output);
}

/*
 * The source is in the loop only while it has something to wait for: epoll tells the end of a
 * reader even to those who asked for nothing, again and again.
 */
static void output_wait(struct output *output)
{
	if (queue_empty(output) || output->source.armed)
		return;
	if (loop_add(output->loop, &output->source, output->fd, output_handle) == 0)
		loop_watch(output->loop, &output->source, EPOLLOUT);
	else
		output->start = output->end = 0; /* nobody would ever tell us to go on */
}

/* Writers may have been left waiting for the queue alone, so they are told in any case. */
static void output_flush(struct output *output)
{
	loop_cancel(output->loop, &output->flush);
	if (!output->source.armed)
		queue_write(output);
	output_wait(output);
	if (!output_stalled(output))
		output->drained(output);
}

static void flush_run(struct loop_task *task)
{
	output_flush(CONTAINER_OF(task, struct output, flush));
}

static void line_queue(struct output *output, const char *label, const char *text, size_t n)
{
	struct line line;

	line_make(&line, label, text, n, output->coloured);
	queue_add(output, line.bytes, line.size);
	if (!output->ring)
		return;
	if (output->coloured)
		line_make(&line, label, text, n, false);
	log_ring_add(output->ring, line.bytes, line.size, strlen(label));
	loop_queue(output->loop, output->ring_more);
}

void output_line(struct output *output, const char *label, const char *text)
{
	line_queue(output, label, text, strlen(text));
	output_flush(output);
}

void output_lines(struct output *output, const char *label, const char *text)
{
	do {
		size_t n = strcspn(text, "\n");

		line_queue(output, label, text, n);
		text += n;
	} while (*text == '\n' && *++text);
	loop_queue(output->loop, &output->flush);
}

void output_text(struct output *output, const char *text, size_t size)
{
	queue_add(output, text, size);
	output_flush(output);
}

int output_init(
	struct output *output, struct loop *loop, int fd, void (*drained)(struct output *output))
{
	char path[32];
	struct stat st;

	*output =
		(struct output){ .loop = loop, .drained = drained, .flush = { .run = flush_run } };
	if (fstat(fd, &st) < 0)
		return -errno;
	output->coloured = isatty(fd) && !getenv("NO_COLOR");
	output->queue = malloc(OUTPUT_QUEUE_BYTES);
	if (!output->queue)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* A file keeps its description, whose position others share; writing it never waits. */
	if (!S_ISREG(st.st_mode))
		output->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (output->fd > 0)
		return 0;
	output->careful = !S_ISREG(st.st_mode);
	return descriptor_dup(fd, &output->fd);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void output_done(struct output *output)
{
	int64_t deadline_ms = now_ms() + OUTPUT_LINGER_MS, left_ms = OUTPUT_LINGER_MS;

	loop_remove(output->loop, &output->source);
	loop_cancel(output->loop, &output->flush);
	while (output->fd > 0 && !queue_empty(output) && left_ms > 0) {
		if (fd_writable(output->fd, (int) left_ms))
			queue_write(output);
		left_ms = deadline_ms - now_ms();
	}
	descriptor_close(&output->fd);
	free(output->queue);
	*output = (struct output){ .loop = output->loop };
}
