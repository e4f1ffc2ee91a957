/*
 * Arena, implementation
 *
 * A chunk has twice the size of the one before, within bounds, or what is asked for if
 * that is more.
 */
#include "base/arena.h"
#include "base/memory.h"

#include <stdalign.h>
#include <string.h>

#define CHUNK_MIN_BYTES ((size_t) 1 << 10)
#define CHUNK_MAX_BYTES ((size_t) 1 << 16)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, const struct kin_memory *memory)
{
	*arena = (struct arena){ .memory = memory };
}

void arena_done(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		arena->memory->free(chunk);
	}
}

static struct arena_chunk *chunk_add(struct arena *arena, size_t wanted)
{
	size_t size = arena->chunks ? arena->chunks->size * 2 : CHUNK_MIN_BYTES;
	struct arena_chunk *chunk;

	if (size > CHUNK_MAX_BYTES)
		size = CHUNK_MAX_BYTES;
	if (size < wanted)
		size = wanted;
	chunk = arena->memory->alloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->next = arena->chunks;
	chunk->size = size;
	chunk->used = 0;
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t start = chunk ? (chunk->used + align - 1) & ~(align - 1) : 0;

	if (!chunk || start > chunk->size || size > chunk->size - start) {
		chunk = chunk_add(arena, size);
		start = 0;
	}
	if (!chunk)
		return NULL;
	chunk->used = start + size;
	return chunk->bytes + start;
}

const char *arena_copy_string(struct arena *arena, const char *text, size_t n)
{
	char *copy = arena_alloc(arena, n + 1, 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}
