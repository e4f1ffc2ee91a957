/*
 * Starting a child, whatever its program needs and whoever serves it
 *
 * Core starts what its own ROM service has, if that is one static binary. Else the program is
 * handed over, and then, each when core names it and the engine has its ROM session, the dynamic
 * linker and libraries. If a child serves the ROM session of one of them, its dataspace is asked
 * for first, without waiting for the answer.
 */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "host/host.h"

/* Return: as the start of struct child_ops */
int host_program_start(struct host *host, struct child *child, const struct child_start *what);

/* Forgets a start that was pending. */
void host_program_cancel(struct child *child);

#endif
