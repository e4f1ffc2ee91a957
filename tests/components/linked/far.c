/* A library that a library needs: no component names it. */
#include "linked.h"

static __thread unsigned n_calls; /* what is thread-local is the dynamic linker's to place */

unsigned far_count(void)
{
	return ++n_calls;
}
