/*
 * Does one thing many times and says how long it took
 *
 *     <config measure="ping" count="1000"/>
 *
 * The log gets `begin`, then `took NS`, the nanoseconds of all of them together. A tenth more is
 * done before, unmeasured. The exit value is 0 if everything worked.
 */
#include <kin/kin.h>

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "bench_interface.h"
#include "wire/cpu.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define DATASPACE_BYTES 4096
#define ACCOUNT_BYTES   (64 << 10) /* for a PD session */
#define MOVED_BYTES     (64 << 10)
#define LINE            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

struct bench {
	struct kin_env *env;
	struct kin_session session; /* of most measurements */
	struct kin_signal woken;
	int wake;
	uint64_t left;            /* rounds of signals still to go */
	struct kin_session below; /* a PD that we adopted, */
	uint32_t account;         /* and its account, 0 if there is none yet */
};

static int measure_ping(struct bench *bench, uint64_t count)
{
	int r = 0;

	for (uint64_t i = 0; i < count && r == 0; i++)
		r = bench_ping(bench->session.channel, NULL, NULL);
	return r;
}

static int measure_echo(struct bench *bench, uint64_t count)
{
	struct bench_echo_request request = { "" };
	struct bench_echo_reply reply;
	int r = 0;

	memset(request.text, 'x', BENCH_TEXT_MAX);
	for (uint64_t i = 0; i < count && r == 0; i++)
		r = bench_echo(bench->session.channel, &request, &reply);
	return r;
}

static int measure_session(struct bench *bench, uint64_t count)
{
	struct kin_session session = { 0 };
	int r = 0;

	for (uint64_t i = 0; i < count && r == 0; i++) {
		r = kin_session_open(bench->env, &session, &bench_interface, NULL);
		kin_session_close(&session);
	}
	return r;
}

static int measure_dataspace(struct bench *bench, uint64_t count)
{
	struct kin_ram ram = { 0 };
	int r = 0;

	for (uint64_t i = 0; i < count && r == 0; i++) {
		r = kin_ram_alloc(bench->env, NULL, DATASPACE_BYTES, 0, &ram);
		kin_ram_free(&ram);
	}
	return r;
}

static int measure_log(struct bench *bench, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		kin_log_text(bench->env, LINE, strlen(LINE));
	return 0;
}

/* Calls to core that ask for nothing but what it has at hand: two, beside two transfers */
static int measure_calls(struct bench *bench, uint64_t count)
{
	struct cpu_info_reply reply;
	int r = 0;

	for (uint64_t i = 0; i < 2 * count && r == 0; i++)
		r = cpu_info(START_CPU, NULL, &reply);
	return r;
}

/* An account below ours, as of a child */
static int account_open(struct bench *bench)
{
	struct kin_args args = { .label = "below", .ram_quota = ACCOUNT_BYTES, .cap_quota = 10 };
	struct pd_adopt_reply reply;
	int r = kin_session_open(bench->env, &bench->below, &pd_interface, &args);

	if (r == 0)
		r = pd_adopt(
			START_PD, &(struct pd_adopt_request){ bench->below.channel, 0, 0 }, &reply);
	if (r == 0)
		bench->account = reply.account;
	return r;
}

/* Quota goes there and comes back; our own data limit moves with it, down and up. */
static int measure_transfer(struct bench *bench, uint64_t count)
{
	struct pd_transfer_request give = { 1, { { PD_ACCOUNT_SELF, 0, MOVED_BYTES, 1 } } };
	struct pd_transfer_request take = { 1, { { 0, PD_ACCOUNT_SELF, MOVED_BYTES, 1 } } };
	int r = bench->account ? 0 : account_open(bench);

	give.edges[0].to = take.edges[0].from = bench->account;
	for (uint64_t i = 0; i < count && r == 0; i++) {
		r = pd_transfer(START_PD, &give, NULL);
		if (r == 0)
			r = pd_transfer(START_PD, &take, NULL);
	}
	return r;
}

static void signal_back(void *data)
{
	struct bench *bench = data;

	if (--bench->left)
		kin_signal_trigger(bench->wake);
	else
		kin_stop(bench->env, 0);
}

static int signal_connect(struct bench *bench)
{
	struct bench_connect_reply reply;
	int r = kin_signal_open(bench->env, &bench->woken, signal_back, bench);

	if (r)
		return r;
	r = bench_connect(bench->session.channel,
		&(struct bench_connect_request){ bench->woken.cap }, &reply);
	if (r == 0)
		bench->wake = reply.signal;
	return r;
}

static int measure_signal(struct bench *bench, uint64_t count)
{
	int r = bench->wake ? 0 : signal_connect(bench);

	if (r || !count)
		return r;
	bench->left = count;
	kin_signal_trigger(bench->wake);
	return kin_run(bench->env);
}

static const struct {
	const char *name;
	int (*run)(struct bench *bench, uint64_t count);
} MEASUREMENTS[] = {
	{ "ping", measure_ping },
	{ "echo", measure_echo },
	{ "session", measure_session },
	{ "dataspace", measure_dataspace },
	{ "log", measure_log },
	{ "signal", measure_signal },
	{ "calls", measure_calls },
	{ "transfer", measure_transfer },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static int measure(struct bench *bench, const char *name, uint64_t count)
{
	size_t i = 0, n = sizeof(MEASUREMENTS) / sizeof(*MEASUREMENTS);

	while (i < n && strcmp(MEASUREMENTS[i].name, name) != 0)
		i++;
	if (i == n)
		return KIN_INVALID;
	int r = MEASUREMENTS[i].run(bench, count / 10);

	if (r)
		return r;
	kin_log(bench->env, "begin");
	uint64_t start_ns = now_ns();

	r = MEASUREMENTS[i].run(bench, count);
	kin_log(bench->env, "took %" PRIu64, now_ns() - start_ns);
	return r;
}

int kin_main(struct kin_env *env)
{
	struct bench bench = { .env = env };
	struct kin_config config;
	int r = kin_config_open(env, &config, NULL, NULL);

	if (r == 0)
		r = kin_session_open(env, &bench.session, &bench_interface, NULL);
	if (r == 0)
		r = measure(&bench, kin_node_attribute(config.node, "measure"),
			kin_node_number(config.node, "count", 0));
	kin_session_close(&bench.below);
	kin_session_close(&bench.session);
	if (r)
		kin_error(env, "can't measure: %s", kin_answer_text(r));
	return r != 0;
}
