/* Lines; see the header. */
#include "lines.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#define PATIENCE_MS 60000 /* nothing here is silent for that long unless it hangs */

void lines_open(struct lines *lines, int *ret_write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		bench_fail("pipe");
	lines->fd = ends[0];
	lines->start = lines->end = 0;
	*ret_write_end = ends[1];
}

void lines_close(struct lines *lines)
{
	close(lines->fd);
	lines->fd = -1;
}

/* Return: whether there was anything. */
static bool lines_fill(struct lines *lines)
{
	struct pollfd readable = { .fd = lines->fd, .events = POLLIN };

	memmove(lines->bytes, lines->bytes + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	if (poll(&readable, 1, PATIENCE_MS) <= 0)
		bench_fail("a program says nothing any more");
	ssize_t n = read(lines->fd, lines->bytes + lines->end, sizeof(lines->bytes) - lines->end);

	if (n > 0)
		lines->end += (size_t) n;
	return n > 0;
}

const char *lines_next(struct lines *lines)
{
	char *end;

	while (!(end = memchr(lines->bytes + lines->start, '\n', lines->end - lines->start)))
		if (!lines_fill(lines))
			return NULL;
	const char *line = lines->bytes + lines->start;

	*end = '\0';
	lines->start = (size_t) (end + 1 - lines->bytes);
	return line;
}

const char *lines_expect(struct lines *lines, const char *text, unsigned count)
{
	char last[256] = "nothing";
	const char *line, *found = NULL;

	while (count && (line = lines_next(lines))) {
		found = strstr(line, text);
		if (found)
			count--;
		else
			snprintf(last, sizeof(last), "%s", line);
	}
	if (!count)
		return found + strlen(text);
	fprintf(stderr, "bench: waited for \"%s\", the last line was: %s\n", text, last);
	bench_fail("a program ended early");
}
