/*
 * Walk: the service of the walk's servers
 *
 * `ping` is answered. `stop` is answered too, and after it the server does nothing any more, until
 * it is killed: what is asked of it from then on stays unseen.
 */
#ifndef WALK_INTERFACE_H
#define WALK_INTERFACE_H

#include <kin/interface.h>

/* clang-format off: tables */
#define WALK_OPERATIONS(OP) \
	OP(walk, ping, CALL, KIN_NOTHING, KIN_NOTHING) \
	OP(walk, stop, CALL, KIN_NOTHING, KIN_NOTHING)

/* clang-format on */
KIN_INTERFACE_DECLARE(walk, WALK_OPERATIONS)

#endif
