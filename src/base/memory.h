/*
 * Memory
 *
 * Where the trees and generators of this layer get their memory. There is one real source; the seam
 * exists so that a test can fail any single allocation. The functions have no context because
 * Expat's have none.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

struct kin_memory {
	void *(*alloc)(size_t size);
	void *(*resize)(void *block, size_t size);
	void (*free)(void *block);
};

extern const struct kin_memory kin_memory_libc;

#endif
