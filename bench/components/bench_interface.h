/*
 * Bench: the smallest interface that shows what calls cost
 *
 * `ping` carries nothing, `echo` brings back what it carries, `connect` exchanges signals, so that
 * from then on client and server can wake each other without any message.
 */
#ifndef BENCH_INTERFACE_H
#define BENCH_INTERFACE_H

#include <kin/interface.h>

#define BENCH_TEXT_MAX 1024

#define BENCH_TEXT(F)   F(TEXT, text, BENCH_TEXT_MAX)
#define BENCH_SIGNAL(F) F(CAP, signal)

#define BENCH_OPERATIONS(OP) \
	OP(bench, ping, CALL, KIN_NOTHING, KIN_NOTHING) \
	OP(bench, echo, CALL, BENCH_TEXT, BENCH_TEXT) \
	OP(bench, connect, CALL, BENCH_SIGNAL, BENCH_SIGNAL)

KIN_INTERFACE_DECLARE(bench, BENCH_OPERATIONS)

#endif
