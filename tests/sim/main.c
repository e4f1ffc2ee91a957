/*
 * sim: random histories of whole trees, shrunk when one fails
 *
 * usage: sim [STEPS [SEED]]
 *
 * A history is made and taken step by step in a process of its own, which aborts where an invariant
 * breaks. What it did is in memory that both share, so the history can be taken again, each time
 * without some of its steps, until none can be spared; what is left is printed and taken once more
 * with everything that the engines say.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/history.h"

#define HISTORY_SECONDS_MAX 20 /* for one; it takes milliseconds */
#define SEED_DEFAULT        1
#define STEPS_DEFAULT       1000000

/* What the worker tells. */
struct progress {
	struct history history; /* the current one, as far as it went */
	uint64_t n_steps, n_histories;
};

static void take(struct world *world, const struct step *step)
{
	step_run(world, step);
	world_check(world);
}

static void end(struct world *world)
{
	if (world->verbose)
		fprintf(stderr, "everything comes to rest\n");
	world_settle(world);
	world_check_settled(world);
	if (world->verbose)
		fprintf(stderr, "core ends its sandbox\n");
	world_free(world);
}

/* Takes a history as it is. */
static void replay(const struct history *history, bool verbose)
{
	struct world *world = world_new(history->seed, verbose);

	for (size_t i = 0; i < history->n; i++)
		take(world, &history->steps[i]);
	end(world);
}

/* Makes one up while taking it. */
static void explore(struct progress *progress, struct random *random)
{
	struct history *history = &progress->history;
	bool dishonest = random_once_in(random, 4);
	size_t n_steps = HISTORY_STEPS_MAX / 4 + random_below(random, HISTORY_STEPS_MAX * 3 / 4);

	history->seed = random_next(random);
	history->n = 0;
	struct world *world = world_new(history->seed, false);

	while (history->n < n_steps &&
		step_make(world, random, dishonest, &history->steps[history->n])) {
		history->n++;
		take(world, &history->steps[history->n - 1]);
	}
	end(world);
	progress->n_steps += history->n;
	progress->n_histories++;
}

static void explore_all(struct progress *progress, uint64_t seed, uint64_t n_steps)
{
	struct random random = { seed };

	while (progress->n_steps < n_steps) {
		alarm(HISTORY_SECONDS_MAX);
		explore(progress, &random);
	}
}

/* Return: whether the process ended well */
static bool wait_for(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("sim");
		exit(2);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool holds(const struct history *history, bool verbose)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(HISTORY_SECONDS_MAX);
		if (!verbose && !freopen("/dev/null", "w", stderr))
			_exit(2);
		replay(history, verbose);
		_exit(0);
	}
	return wait_for(pid);
}

static void drop(struct history *history, size_t first, size_t n)
{
	for (size_t i = first; i + n < history->n; i++)
		history->steps[i] = history->steps[i + n];
	history->n -= n;
}

/* Drops ever smaller chunks as long as what is left fails. */
static void shrink(struct history *history)
{
	static struct history shorter;
	bool dropped = true;

	for (size_t chunk = history->n / 2; chunk && dropped;
		chunk = chunk > 1 ? chunk / 2 : dropped) {
		dropped = chunk > 1;
		for (size_t first = 0; first + chunk <= history->n;) {
			shorter = *history;
			drop(&shorter, first, chunk);
			if (holds(&shorter, false)) {
				first += chunk;
			} else {
				*history = shorter;
				dropped = true;
			}
		}
	}
}

static void print_plan(uint64_t seed)
{
	struct world *world = world_new(seed, false);

	for (unsigned i = 1; i < world->n_programs; i++)
		if (world->programs[i].is_init)
			fprintf(stderr, "%s, a child of %s:\n%s\n", world->programs[i].name,
				world->programs[i].parent->name, world->programs[i].config);
	world_free(world);
}

static void explain(struct history *history)
{
	size_t n_before = history->n;

	fprintf(stderr, "a history of %zu steps fails, looking for a shorter one\n", history->n);
	if (holds(history, false)) {
		fprintf(stderr, "taken again, it doesn't: the simulation is not deterministic\n");
		return;
	}
	shrink(history);
	fprintf(stderr, "%zu of %zu steps are enough, in this tree:\n\n", history->n, n_before);
	print_plan(history->seed);
	holds(history, true);
}

int main(int argc, char **argv)
{
	uint64_t n_steps = argc > 1 ? strtoull(argv[1], NULL, 0) : STEPS_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : random_seed(SEED_DEFAULT);
	struct progress *progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (progress == MAP_FAILED) {
		perror("sim");
		return 2;
	}
	fprintf(stderr, "seed %" PRIu64 "\n", seed);
	pid_t pid = fork();

	if (pid == 0) {
		explore_all(progress, seed, n_steps);
		_exit(0);
	}
	bool well = wait_for(pid);

	fprintf(stderr, "%" PRIu64 " steps in %" PRIu64 " histories\n", progress->n_steps,
		progress->n_histories);
	if (!well)
		explain(&progress->history);
	return well ? 0 : 1;
}
