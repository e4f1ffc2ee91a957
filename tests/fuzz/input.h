/*
 * Input of a fuzz target, taken from the front
 *
 * Whatever the bytes are, they mean something; when they are used up, everything is 0. So each
 * input is a history, and cutting bytes off its end cuts steps off that.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* What libFuzzer and replay.c call. Returns 0; whatever is wrong aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static inline bool input_left(const struct input *in)
{
	return in->at < in->end;
}

static inline uint8_t input_byte(struct input *in)
{
	return input_left(in) ? *in->at++ : 0;
}

/* Return: a number below @bound, which is at most 256 */
static inline size_t input_below(struct input *in, size_t bound)
{
	return input_byte(in) % bound;
}

/* The next @n bytes, or as many as there are. Return: how many */
static inline size_t input_take(struct input *in, size_t n, const uint8_t **ret)
{
	size_t left = (size_t) (in->end - in->at);

	n = n < left ? n : left;
	*ret = in->at;
	in->at += n;
	return n;
}

/* A number of any size, small ones in two bytes, a few notable ones in one. */
static inline uint64_t input_number(struct input *in)
{
	static const uint64_t notable[] = { UINT64_MAX, INT64_MAX, UINT32_MAX, 4096, 16384,
		1u << 20 };
	uint8_t head = input_byte(in);
	uint64_t value = 0;

	if (head >= 256 - N(notable))
		return notable[255 - head];
	for (size_t i = 0; i < (size_t) head / 28; i++)
		value = value << 8 | input_byte(in);
	return value;
}

#endif
