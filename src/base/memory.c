/*
 * Memory, implementation: the C library's.
 */
#include "base/memory.h"

#include <stdlib.h>

const struct kin_memory kin_memory_libc = { malloc, realloc, free };
