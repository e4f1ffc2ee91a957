/*
 * CPU: the right to execute, with a priority and a place
 *
 * Closing the session stops the component that runs on it.
 */
#ifndef WIRE_CPU_H
#define WIRE_CPU_H

#include <kin/interface.h>

/* clang-format off */
#define CPU_INFO_REPLY(F) F(I64, priority) F(AFFINITY, affinity)

#define CPU_OPERATIONS(OP) OP(cpu, info, CALL, KIN_NOTHING, CPU_INFO_REPLY)

/* clang-format on */
KIN_INTERFACE_DECLARE(cpu, CPU_OPERATIONS)

#endif
