/*
 * Hash tables
 *
 * uthash, told to report a failed allocation instead of ending the program: after TABLE_ADD the
 * element's handle has no table if there was no memory.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Adds an element by a field of plain bytes; gives 0 or -ENOMEM. */
#define TABLE_ADD(handle, table, key, element) \
	({ \
		HASH_ADD(handle, table, key, sizeof((element)->key), element); \
		(element)->handle.tbl ? 0 : -ENOMEM; \
	})

/* Finds the element with that value of the field; gives NULL if there is none. */
#define TABLE_FIND(handle, table, key_pointer) \
	({ \
		__typeof__(table) found_; \
		HASH_FIND(handle, table, key_pointer, sizeof(*(key_pointer)), found_); \
		found_; \
	})

#endif
