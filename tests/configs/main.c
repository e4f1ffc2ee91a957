/*
 * configs: random configs applied one after the other, shrunk when that fails
 *
 * usage: configs [HISTORIES [SEED]]
 *
 * Each history is taken in a process that is given up when an invariant breaks. It is then made
 * shorter, as long as it still fails, and taken once more with all that is said about it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "configs/history.h"

#define HISTORY_SECONDS_MAX 20 /* for one; it takes milliseconds */
#define SEED_DEFAULT        1
#define HISTORIES_DEFAULT   20000

/* What the worker tells. */
struct progress {
	struct history history; /* the current one */
	struct history_counts counts;
	uint64_t n_steps, n_histories;
};

static void explore(struct progress *progress, uint64_t seed, uint64_t n)
{
	struct random random = { seed };

	for (; progress->n_histories < n; progress->n_histories++) {
		alarm(HISTORY_SECONDS_MAX);
		history_make(&progress->history, &random);
		history_run(&progress->history, false, &progress->counts);
		progress->n_steps += progress->history.n;
	}
}

/* Return: whether the process ended well */
static bool wait_for(pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("configs");
		exit(2);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool holds(const struct history *history, bool verbose)
{
	struct history_counts counts = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		alarm(HISTORY_SECONDS_MAX);
		if (!verbose && !freopen("/dev/null", "w", stderr))
			_exit(2);
		history_run(history, verbose, &counts);
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

	for (size_t chunk = history->n; chunk && dropped; chunk = chunk > 1 ? chunk / 2 : dropped) {
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

static void explain(struct history *history)
{
	size_t n_before = history->n;

	fprintf(stderr, "a history of %zu steps fails, looking for a shorter one\n", history->n);
	if (holds(history, false)) {
		fprintf(stderr, "taken again, it doesn't: the model is not deterministic\n");
		return;
	}
	shrink(history);
	fprintf(stderr, "%zu of %zu steps are enough:\n\n", history->n, n_before);
	holds(history, true);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : HISTORIES_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : random_seed(SEED_DEFAULT);
	struct progress *progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (progress == MAP_FAILED) {
		perror("configs");
		return 2;
	}
	fprintf(stderr, "seed %" PRIu64 "\n", seed);
	pid_t pid = fork();

	if (pid == 0) {
		explore(progress, seed, n);
		_exit(0);
	}
	bool well = wait_for(pid);
	const struct history_counts *counts = &progress->counts;

	fprintf(stderr,
		"%" PRIu64 " steps in %" PRIu64 " histories, %" PRIu64 " configs, %" PRIu64
		" of them predicted, %" PRIu64 " histories like a fresh start\n",
		progress->n_steps, progress->n_histories, counts->applied, counts->predicted,
		counts->compared);
	if (!well)
		explain(&progress->history);
	return well ? 0 : 1;
}
