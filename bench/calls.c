/*
 * Calls: what components do with each other and with core, one thing at a time
 *
 * Each sample is a tree of its own in which the client does it many times; its floor follows
 * immediately, on as many cores.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "figure.h"
#include "floor.h"
#include "tree.h"

#define REPETITIONS     9
#define FLOOR_COUNT     2000
#define LOG_REPETITIONS 9
#define LOG_LINES       20000

#define HEADER_BYTES    8 /* of a message; then a length of 2 bytes and the text */
#define ECHO_BYTES      (HEADER_BYTES + 2 + 1024)
#define DATASPACE_BYTES 4096

static const char LOG_LINE[] = "[init -> client] "
			       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";

struct call {
	const char *topic, *name, *measure;
	unsigned long count; /* in one sample */
	unsigned levels;     /* of inits, from the server's to the client's */
	double target;
	const char *floor_name;
	struct floor floor;
};

#define PING_PONG "ping-pong of two plain processes over a SEQPACKET socketpair"
#define NESTED    "Session up through nested inits, open+close"

static const struct call CALLS[] = {
	{ "RPC round trip", "empty, one core", "ping", 5000, 1, 1.3, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ONE } },
	{ "RPC round trip", "empty, all cores", "ping", 2000, 1, 1.3, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ALL } },
	{ "RPC round trip", "1 KiB there and back, one core", "echo", 5000, 1, 1.3, PING_PONG,
		{ floor_socketpair, ECHO_BYTES, CORES_ONE } },
	{ "RPC round trip", "1 KiB there and back, all cores", "echo", 2000, 1, 1.3, PING_PONG,
		{ floor_socketpair, ECHO_BYTES, CORES_ALL } },
	{ "Session to a sibling", "open+close, one core", "session", 1000, 1, 8, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ONE } },
	{ "Session to a sibling", "open+close, all cores", "session", 500, 1, 8, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ALL } },
	{ NESTED, "3 levels, one core", "session", 200, 3, 0, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ONE } },
	{ NESTED, "3 levels, all cores", "session", 150, 3, 0, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ALL } },
	{ NESTED, "5 levels, one core", "session", 200, 5, 0, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ONE } },
	{ NESTED, "5 levels, all cores", "session", 150, 5, 0, PING_PONG,
		{ floor_socketpair, HEADER_BYTES, CORES_ALL } },
	{ "Signal", "there and back, one core", "signal", 5000, 1, 0, "two blocking eventfds",
		{ floor_eventfd, 0, CORES_ONE } },
	{ "Signal", "there and back, all cores", "signal", 2000, 1, 0, "two blocking eventfds",
		{ floor_eventfd, 0, CORES_ALL } },
	{ "RAM dataspace of 4 KiB", "alloc+map+unmap+free, one core", "dataspace", 2000, 1, 0,
		"memfd_create+ftruncate+close", { floor_memfd, DATASPACE_BYTES, CORES_ONE } },
	{ "RAM dataspace of 4 KiB", "alloc+map+unmap+free, all cores", "dataspace", 1000, 1, 0,
		"memfd_create+ftruncate+close", { floor_memfd, DATASPACE_BYTES, CORES_ALL } },
};

static double call_measure(const struct call *call)
{
	static char config[TREE_CONFIG_MAX];
	static struct tree tree;

	tree_config_client(call->measure, call->count, call->levels, config);
	tree_start(&tree, config, call->floor.cores);
	double ns = strtod(lines_expect(&tree.lines, "] took ", 1), NULL);

	tree_wait(&tree);
	return ns / (double) call->count;
}

static void call_figure(struct figures *figures, const struct call *call)
{
	struct figure *figure = figure_add(figures, call->topic, "µs", "%s", call->name);

	figure->floor_name = call->floor_name;
	figure->target = call->target;
	for (int i = 0; i < REPETITIONS; i++) {
		samples_add(&figure->value, call_measure(call) / 1e3);
		samples_add(&figure->floor, floor_measure(&call->floor, FLOOR_COUNT) / 1e3);
	}
}

/* Lines a second as their reader sees them: who writes may be ahead by what the buffers hold. */
static double log_rate(struct lines *lines)
{
	lines_expect(lines, "begin", 1);
	uint64_t start_ns = now_ns();

	lines_expect(lines, "took", 1);
	return LOG_LINES / ((double) (now_ns() - start_ns) / 1e9);
}

static double log_rate_kin(void)
{
	static char config[TREE_CONFIG_MAX];
	static struct tree tree;

	tree_config_client("log", LOG_LINES, 1, config);
	tree_start(&tree, config, CORES_ALL);
	double rate = log_rate(&tree.lines);

	tree_wait(&tree);
	return rate;
}

static void log_write_bare(int output)
{
	ssize_t n = write(output, "begin\n", 6);

	for (int i = 0; i < LOG_LINES; i++)
		n += write(output, LOG_LINE, sizeof(LOG_LINE) - 1);
	n += write(output, "took\n", 5);
	_exit(n != 11 + LOG_LINES * (ssize_t) (sizeof(LOG_LINE) - 1));
}

static double log_rate_bare(void)
{
	static struct lines lines;
	int output;

	lines_open(&lines, &output);
	pid_t pid = fork();

	if (pid == 0)
		log_write_bare(output);
	close(output);
	double rate = log_rate(&lines);

	lines_close(&lines);
	process_end(pid, 0);
	return rate;
}

static void log_figure(struct figures *figures)
{
	struct figure *figure = figure_add(
		figures, "LOG through core to a pipe", "1000/s", "lines of 80 bytes, all cores");

	figure->floor_name = "write to the pipe";
	figure->more_is_better = true;
	for (int i = 0; i < LOG_REPETITIONS; i++) {
		samples_add(&figure->value, log_rate_kin() / 1e3);
		samples_add(&figure->floor, log_rate_bare() / 1e3);
	}
}

void calls_measure(struct figures *figures)
{
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(*CALLS); i++)
		call_figure(figures, &CALLS[i]);
	log_figure(figures);
}
