/* A library that needs another one, and is set up before main() */
#include <stdio.h>
#include <stdlib.h>

#include "linked.h"

static char *greeting;

__attribute__((constructor)) static void set_up(void)
{
	if (asprintf(&greeting, "near and far, %u", far_count()) < 0)
		greeting = NULL;
}

const char *near_greeting(void)
{
	return greeting;
}
