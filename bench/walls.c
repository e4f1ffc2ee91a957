/*
 * Walls: what it costs to confine
 *
 * One component is started by the code that core starts it by, with the clock read before each
 * step, beside the same program by vfork and exec. Then what each of its system calls costs more,
 * and what moving a limit costs, which comes with each transfer of quota.
 */
#include "bench.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/linux/memfd.h"
#include "core/linux/spawn.h"
#include "figure.h"
#include "process.h"

#define REPETITIONS 25
#define CALLS       200000
#define MOVES       20000
#define MIB         (1u << 20)

static void started_end(const struct spawn_result *started)
{
	process_kill(started->pidfd);
	process_end(started->pid, 0);
	close(started->pidfd);
}

static struct spawn_result confined_start(
	struct spawner *spawner, int binary, uint64_t step_ns[SPAWN_STEPS])
{
	struct spawn_request request = { .name = "bare",
		.binary_fd = binary,
		.limits = { 16 * MIB, 64, 64 * MIB, false },
		.step_ns = step_ns };
	struct spawn_result started;
	struct spawn_fault fault;

	if (spawner_start(spawner, &request, &fault, &started))
		bench_fail(fault.text);
	return started;
}

static double bare_start(int output)
{
	static const char *const argv[] = { BENCH_COMPONENT_DIRECTORY "/bare", NULL };
	uint64_t begin_ns = now_ns();

	process_end(process_start(argv, output), 0);
	return (double) (now_ns() - begin_ns) / 1e3;
}

static void start_measure(struct figures *figures, struct spawner *spawner, int binary)
{
	struct figure *whole = figure_add(figures, "Walls", "us", "start, until it has ended"),
		      *steps;
	/* which can't be written to: its first line is its end */
	int output = open("/dev/null", O_RDONLY | O_CLOEXEC);

	whole->floor_name = "vfork+exec of the same program";
	whole->target = 2;
	steps = whole + 1;
	for (size_t i = 0; i < SPAWN_STEPS; i++)
		figure_add(figures, "Walls", "us", "step of it: %s", spawner_step(i));
	for (int i = 0; i < REPETITIONS; i++) {
		uint64_t step_ns[SPAWN_STEPS + 1], begin_ns = now_ns();
		struct spawn_result started = confined_start(spawner, binary, step_ns);

		step_ns[SPAWN_STEPS] = now_ns();
		process_end(started.pid, 0);
		samples_add(&whole->value, (double) (now_ns() - begin_ns) / 1e3);
		close(started.pidfd);
		samples_add(&whole->floor, bare_start(output));
		for (size_t j = 0; j < SPAWN_STEPS; j++)
			samples_add(&steps[j].value, (double) (step_ns[j + 1] - step_ns[j]) / 1e3);
	}
	close(output);
}

/* Nanoseconds of one call, in a process of its own, with the filter or without */
static double calls_time(const struct sock_fprog *filter, long number, long argument)
{
	double *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (pid < 0 || shared == MAP_FAILED)
		bench_fail("a process for system calls");
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
		if (filter && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) < 0)
			_exit(1);
		uint64_t begin_ns = now_ns();

		for (int i = 0; i < CALLS; i++)
			syscall(number, argument, 0, 0);
		*shared = (double) (now_ns() - begin_ns) / CALLS;
		syscall(SYS_exit_group, 0);
	}
	if (process_end(pid, 0) != 0)
		bench_fail("a process for system calls");
	double ns = *shared;

	munmap(shared, 4096);
	return ns;
}

static void filter_measure(struct figures *figures, const struct spawner *spawner)
{
	static const struct {
		const char *name;
		long number, argument;
	} CALLED[] = {
		{ "getpid, no argument looked at", SYS_getpid, 0 },
		{ "fcntl, an argument looked at", SYS_fcntl, -1 },
		{ "munmap, past the guard of the stack", SYS_munmap, 1 },
	};

	for (size_t i = 0; i < sizeof(CALLED) / sizeof(*CALLED); i++) {
		struct figure *figure =
			figure_add(figures, "Walls", "ns", "system call: %s", CALLED[i].name);

		figure->floor_name = "the same without a filter";
		for (int j = 0; j < 9; j++) {
			samples_add(&figure->value, calls_time(&spawner->filter.program,
							    CALLED[i].number, CALLED[i].argument));
			samples_add(&figure->floor,
				calls_time(NULL, CALLED[i].number, CALLED[i].argument));
		}
	}
}

/* Down, looked at, and up again, as for quota that goes and comes */
static double move_time(const struct spawner *spawner, pid_t pid, int statm)
{
	uint64_t bytes, begin_ns = now_ns();

	for (int i = 0; i < MOVES; i++) {
		limits_set_data(&spawner->limits, pid, 8 * MIB);
		limits_read_data(statm, &bytes);
		limits_set_data(&spawner->limits, pid, 16 * MIB);
	}
	return (double) (now_ns() - begin_ns) / MOVES;
}

static double trivial_time(void)
{
	uint64_t begin_ns = now_ns();

	for (int i = 0; i < 3 * MOVES; i++)
		syscall(SYS_getppid);
	return (double) (now_ns() - begin_ns) / MOVES;
}

static void limits_measure(struct figures *figures, struct spawner *spawner, int binary)
{
	struct figure *figure =
		figure_add(figures, "Walls", "ns", "data limit down, data looked at, limit up");
	struct spawn_result started = confined_start(spawner, binary, NULL);
	int statm;

	if (limits_open_statm(started.pid, &statm) < 0)
		bench_fail("statm");
	figure->floor_name = "three trivial system calls";
	for (int i = 0; i < 9; i++) {
		samples_add(&figure->value, move_time(spawner, started.pid, statm));
		samples_add(&figure->floor, trivial_time());
	}
	close(statm);
	started_end(&started);
}

void walls_measure(struct figures *figures)
{
	struct spawn_fault fault;
	struct spawner spawner;
	int file, binary;

	if (spawner_init(&spawner, &fault) < 0)
		bench_fail(fault.text);
	file = open(BENCH_COMPONENT_DIRECTORY "/bare", O_RDONLY | O_CLOEXEC);
	if (file < 0 || rom_memfd_snapshot(file, "bare", UINT64_MAX, &binary) < 0)
		bench_fail("the program to be started");
	close(file);
	start_measure(figures, &spawner, binary);
	filter_measure(figures, &spawner);
	limits_measure(figures, &spawner, binary);
	close(binary);
	spawner_done(&spawner);
}
