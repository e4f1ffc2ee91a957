/*
 * The walls around a process, and the words for them
 *
 * Core knows what really holds a component. It says so as a set that every parent can pass on, and
 * here are the words that people read, wherever they read them: in the tree that core describes and
 * in the state report of an init.
 */
#ifndef BASE_WALLS_H
#define BASE_WALLS_H

#include <stdint.h>

struct kin_generator;

/* Walls that are not everywhere; a process that runs has the others at any rate. Part of the PD
 * interface. */
enum wall {
	WALL_PROCESS = 1 << 0, /* one runs; without it there is none of the others */
	WALL_DATA_LIMIT = 1 << 1,
	WALL_LANDLOCK = 1 << 2,
	WALL_USER = 1 << 3, /* of its own */
	WALL_GROUP_MEMORY = 1 << 4,
	WALL_GROUP_CPU = 1 << 5,
	WALL_GROUP_PIDS = 1 << 6,
	WALL_IDLE_CLASS = 1 << 7, /* instead of a nice value */
};

struct walls {
	uint32_t standing; /* of enum wall */
	int64_t nice;
};

/**
 * walls_generate() - the attributes ram, caps, cpu and reach, inside of an open node
 * @suffix: to their names
 *
 * Each names the mechanisms, the one that counts first. Nothing is written if nothing runs.
 */
void walls_generate(struct kin_generator *g, const struct walls *walls, const char *suffix);

#endif
