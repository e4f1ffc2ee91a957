/*
 * Counts: how many system calls one of something takes, and how many messages, in each program
 *
 * A tree is traced twice, with few and with many; what differs, divided, is the cost of one.
 *
 * With nested inits the outermost has the server, and the innermost the client: a request travels
 * up through all of them, and so the columns say what each level adds.
 */
#include "bench.h"

#include <stddef.h>

#include "figure.h"
#include "trace.h"
#include "tree.h"

#define WARM_UP      10 /* one more, unmeasured, for so many; see client.c */
#define SESSIONS_FEW 50
#define IDLE_FEW     10
#define IDLE_MANY    30

/* What is left of a difference because the two trees did not end at quite the same point. */
#define NOTHING 0.05

static const struct {
	const char *measure;
	unsigned long few;
} CALLS[] = {
	{ "ping", 50 }, { "dataspace", 50 }, { "signal", 50 },
	{ "log", 1000 }, /* core reads and writes as many at once as there are */
};

#define CALLS_N (sizeof(CALLS) / sizeof(*CALLS))

static const char *const CALL_NAMES[CALLS_N] = { "RPC", "dataspace", "signal", "log line" };

static const char *const NESTS[] = { "1 level", "3 levels", "5 levels" };
static const unsigned LEVELS[] = { 1, 3, 5 };

#define NESTS_N (sizeof(NESTS) / sizeof(*NESTS))

/* What one of something takes. */
struct cost {
	double of[ROLES], together;
};

static struct cost cost_of(
	const unsigned long few[ROLES], const unsigned long many[ROLES], unsigned long n)
{
	struct cost cost = { .together = 0 };

	for (int role = 0; role < ROLES; role++) {
		cost.of[role] = ((double) many[role] - (double) few[role]) / (double) n;
		cost.together += cost.of[role];
	}
	return cost;
}

static void cost_figure(struct figures *figures, const char *topic, const char *name,
	const char *column, double cost)
{
	if (cost < NOTHING)
		return;
	struct figure *figure = figure_add(figures, topic, "1", "%s", name);

	figure->column = column;
	samples_add(&figure->value, cost);
}

/* All programs together come first, as every column has that. */
static void cost_figures(struct figures *figures, const char *topic, size_t n,
	const char *const columns[], const struct cost costs[])
{
	for (size_t i = 0; i < n; i++)
		cost_figure(figures, topic, "all together", columns[i], costs[i].together);
	for (int role = 0; role < ROLES; role++)
		for (size_t i = 0; i < n; i++)
			cost_figure(
				figures, topic, ROLE_NAMES[role], columns[i], costs[i].of[role]);
}

/* Of two trees. */
struct traces {
	struct trace few, many;
	unsigned long more; /* done in the second than in the first */
};

static void traces_client(
	struct traces *traces, const char *measure, unsigned long few, unsigned levels)
{
	static char config[TREE_CONFIG_MAX];

	tree_config_client(measure, few, levels, config);
	trace_tree(config, 0, &traces->few);
	tree_config_client(measure, 3 * few, levels, config);
	trace_tree(config, 0, &traces->many);
	traces->more = 2 * (few + few / WARM_UP);
}

static void traces_session(struct traces *traces, unsigned levels)
{
	traces_client(traces, "session", SESSIONS_FEW, levels);
}

static void traces_start(struct traces *traces, unsigned levels)
{
	static char config[TREE_CONFIG_MAX];

	tree_config_idle(IDLE_FEW, levels, config);
	trace_tree(config, IDLE_FEW, &traces->few);
	tree_config_idle(IDLE_MANY, levels, config);
	trace_tree(config, IDLE_MANY, &traces->many);
	traces->more = IDLE_MANY - IDLE_FEW;
}

static void count_calls(struct figures *figures)
{
	struct cost costs[CALLS_N];
	struct traces t;

	for (size_t i = 0; i < CALLS_N; i++) {
		traces_client(&t, CALLS[i].measure, CALLS[i].few, 1);
		costs[i] = cost_of(t.few.calls, t.many.calls, t.more);
	}
	cost_figures(figures, "System calls for one", CALLS_N, CALL_NAMES, costs);
}

static void count_nests(struct figures *figures, const char *calls, const char *messages,
	void (*trace)(struct traces *traces, unsigned levels))
{
	struct cost calls_costs[NESTS_N], messages_costs[NESTS_N];
	struct traces t;

	for (size_t i = 0; i < NESTS_N; i++) {
		trace(&t, LEVELS[i]);
		calls_costs[i] = cost_of(t.few.calls, t.many.calls, t.more);
		messages_costs[i] = cost_of(t.few.messages, t.many.messages, t.more);
	}
	cost_figures(figures, calls, NESTS_N, NESTS, calls_costs);
	cost_figures(figures, messages, NESTS_N, NESTS, messages_costs);
}

void count_measure(struct figures *figures)
{
	count_calls(figures);
	count_nests(figures, "System calls for a session's open+close",
		"Messages sent for a session's open+close", traces_session);
	count_nests(figures, "System calls for a component's start+end",
		"Messages sent for a component's start+end", traces_start);
}
