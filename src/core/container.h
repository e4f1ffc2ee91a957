/*
 * From an embedded struct to the one that embeds it, as handlers of loop sources and the like need
 */
#ifndef CORE_CONTAINER_H
#define CORE_CONTAINER_H

#include <stddef.h>

#define CONTAINER_OF(pointer, type, member) \
	((type *) (void *) ((char *) (pointer) -offsetof(type, member)))

#endif
