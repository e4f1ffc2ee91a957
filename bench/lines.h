/*
 * Lines: what programs say, read from a pipe
 */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <stddef.h>

struct lines {
	int fd; /* read end, owned */
	size_t start, end;
	char bytes[65536];
};

/* Opens a pipe; the write end is for the program, close-on-exec until it is placed. */
void lines_open(struct lines *lines, int *ret_write_end);
void lines_close(struct lines *lines);

/* The next line without its newline, valid until the next call; NULL at the end. */
const char *lines_next(struct lines *lines);

/*
 * Waits for the @count'th line that has @text in it.
 * Ends the benchmark if that does not come. Return: what follows @text.
 */
const char *lines_expect(struct lines *lines, const char *text, unsigned count);

#endif
