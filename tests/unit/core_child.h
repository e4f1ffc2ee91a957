/* What a test can tell core_child. */
#ifndef TESTS_UNIT_CORE_CHILD_H
#define TESTS_UNIT_CORE_CHILD_H

#include <stdint.h>

#define CORE_CHILD_MAPS_MAX 16

enum core_child_what {
	CORE_CHILD_MAP = 1,     /* @value bytes of private memory; 0 or negative errno */
	CORE_CHILD_UNMAP,       /* the youngest of these */
	CORE_CHILD_DESCRIPTORS, /* its soft limit */
	CORE_CHILD_TRIGGER,     /* its signal */
	CORE_CHILD_EXIT,        /* with @value; no answer */
	CORE_CHILD_LEAVE,       /* the same, but of its thread alone */
};

struct core_child_order {
	uint32_t what;
	uint64_t value;
};

#endif
