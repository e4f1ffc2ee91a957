/*
 * Processes: starting programs the bare way, on one core or on all
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Says on stderr what went wrong, with errno, and ends the benchmark: no number is better than none. */
_Noreturn void bench_fail(const char *what);

enum cores { CORES_ALL, CORES_ONE };

/* Confines this process, and those it starts, to the first of its cores, or leaves it alone. */
void cores_apply(enum cores cores);

uint64_t now_ns(void);

/* Starts a program by vfork and exec, its output into @output. */
pid_t process_start(const char *const *argv, int output);

/* Waits for its end, after a signal if that is not 0. Return: the exit value, -1 if it was killed. */
int process_end(pid_t pid, int signal);

#endif
