/*
 * Walls: what it costs to confine
 *
 * One component is started by the code that core starts it by, with the clock read before each
 * step, beside the same program by vfork and exec. Then what each of its system calls costs more,
 * what moving a limit costs, and what a transfer of quota does, of which that is a part.
 */
#include "bench.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/linux/memfd.h"
#include "core/linux/spawn.h"
#include "figure.h"
#include "tree.h"

#define REPETITIONS 25
#define CALLS       200000
#define MOVES       20000
#define TRANSFERS   10000
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
	figure_add(figures, "Walls", "us", "step of it: clone, and what is before it");
	for (size_t i = 0; i < SPAWN_STEPS; i++)
		figure_add(figures, "Walls", "us", "step of it: %s", spawner_step(i));
	figure_add(figures, "Walls", "us", "step of it: the rest of exec, to its first line");
	for (int i = 0; i < REPETITIONS; i++) {
		uint64_t step_ns[SPAWN_STEPS + 3] = { now_ns() };
		struct spawn_result started = confined_start(spawner, binary, step_ns + 1);

		step_ns[SPAWN_STEPS + 1] = now_ns();
		process_end(started.pid, 0);
		step_ns[SPAWN_STEPS + 2] = now_ns();
		samples_add(&whole->value, (double) (step_ns[SPAWN_STEPS + 2] - step_ns[0]) / 1e3);
		close(started.pidfd);
		samples_add(&whole->floor, bare_start(output));
		for (size_t j = 0; j < SPAWN_STEPS + 2; j++)
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
			samples_add(&figure->value,
				calls_time(&spawner->filters[SYSCALL_FILTER_STATIC].program,
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

/* Microseconds of one of what a component does many times */
static double component_time(const char *measure)
{
	static char config[TREE_CONFIG_MAX];
	static struct tree tree;

	tree_config_client(measure, TRANSFERS, 1, config);
	tree_start(&tree, config, CORES_ONE);
	double ns = strtod(lines_expect(&tree.lines, "] took ", 1), NULL);

	tree_wait(&tree);
	return ns / TRANSFERS / 1e3;
}

/* By a component, so with the messages; core moves that component's limit in between. */
static void transfer_measure(struct figures *figures)
{
	struct figure *figure = figure_add(
		figures, "Walls", "us", "quota given and taken back, limits moved, one core");

	figure->floor_name = "two calls to core that do nothing";
	for (int i = 0; i < 9; i++) {
		samples_add(&figure->value, component_time("transfer"));
		samples_add(&figure->floor, component_time("calls"));
	}
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
	transfer_measure(figures);
	close(binary);
	spawner_done(&spawner);
}
