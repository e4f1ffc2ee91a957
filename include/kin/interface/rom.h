/*
 * ROM: a read-only data module, which may change over time
 */
#ifndef KIN_INTERFACE_ROM_H
#define KIN_INTERFACE_ROM_H

#include <kin/interface.h>

/* clang-format off */
/* The module's present content: a descriptor to map or read, @size bytes of it count. */
#define ROM_DATASPACE_REPLY(F) F(CAP, dataspace) F(U64, size)

/* Have @signal (a signal context) triggered whenever the content changed. */
#define ROM_SIGNAL_REQUEST(F) F(CAP_OPTIONAL, signal)

#define ROM_OPERATIONS(OP) \
	OP(rom, dataspace, CALL, KIN_NOTHING, ROM_DATASPACE_REPLY) \
	OP(rom, signal, CALL, ROM_SIGNAL_REQUEST, KIN_NOTHING)

/* clang-format on */
KIN_INTERFACE_DECLARE(rom, ROM_OPERATIONS)

#endif
