/*
 * Random numbers that repeat
 *
 * A test that draws from one of these is the same for the same seed, so that printing the seed is
 * all it takes to come back to a failure. KIN_SEED in the environment replaces the seeds built in.
 */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

/* A counter whose every step is scrambled: two multiplications between shifts mix all its bits. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* Return: a number below @bound, which is not 0 */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
	return (uint32_t) (random_next(random) % bound);
}

/* Return: true once in @times */
static inline bool random_once_in(struct random *random, uint32_t times)
{
	return random_below(random, times) == 0;
}

/* Return: the seed that the environment asks for, or @fallback */
static inline uint64_t random_seed(uint64_t fallback)
{
	const char *text = getenv("KIN_SEED");

	return text ? strtoull(text, NULL, 0) : fallback;
}

#endif
