/*
 * Processes: starting programs the bare way, on one core or on all
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Says what went wrong, with errno, and ends the benchmark: no number beats a wrong one. */
_Noreturn void bench_fail(const char *what);

enum cores { CORES_ALL, CORES_ONE };

/* Confines this process, and those it starts, to the first of its cores, or leaves it alone. */
void cores_apply(enum cores cores);

uint64_t now_ns(void);

/* Starts a program by vfork and exec, its output into @output. */
pid_t process_start(const char *const *argv, int output);

/* Waits for its end, after sending @signal if that is not 0. Return: exit value, -1 if killed. */
int process_end(pid_t pid, int signal);

#endif
