/*
 * Arena
 *
 * Memory for things that live and die together: handed out in pieces, given back at once. Chunks
 * grow with what was taken so far, so that small trees stay small and large ones need few chunks.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct kin_memory;

struct arena {
	const struct kin_memory *memory; /* borrowed */
	struct arena_chunk *chunks;      /* newest first; only that one has room */
};

void arena_init(struct arena *arena, const struct kin_memory *memory);
void arena_done(struct arena *arena);

/** arena_alloc() - uninitialised memory, @align a power of two; NULL if there is no more. */
void *arena_alloc(struct arena *arena, size_t size, size_t align);

/** arena_copy_string() - a terminated copy of @n bytes; NULL if there is no more memory. */
const char *arena_copy_string(struct arena *arena, const char *text, size_t n);

#endif
