/*
 * Starting a child, whoever serves its binary
 *
 * Core starts what its own ROM service has. If a child serves the binary's ROM session, its
 * dataspace is asked for first, without waiting for the answer.
 */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "host/host.h"

/* Return: as the start of struct child_ops */
int host_program_start(struct host *host, struct child *child, const struct child_start *what);

/* Forgets a start that was pending. */
void host_program_cancel(struct child *child);

#endif
