/* Bench, the part of the interface that exists once per program: its name and version. */
#include "bench_interface.h"

KIN_INTERFACE_DEFINE(bench, "Bench", 1, BENCH_OPERATIONS)
