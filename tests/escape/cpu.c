/*
 * escape: more CPU time than its share, and what others notice of it
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"
#include "examples/greeter/greeter_interface.h"
#include "ipc/channel.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define VISIT_US    20000
#define VISITS      50 /* told of together */
#define LARGE_BYTES ((size_t) 1000 << 20)

static uint64_t cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t) used.tv_sec * 1000000 + (uint64_t) used.tv_nsec / 1000;
}

/* How much it gets is seen from outside; where nobody can look, it tells now and then if told to.
 */
static void busy(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	uint64_t every_us = kin_node_number(config, "tell_ms", 0) * 1000, told_us = kin_now_us();

	kin_log(env, "busy: begun");
	for (volatile int i = 0;; i = !i) {
		if (!every_us || kin_now_us() - told_us < every_us)
			continue;
		told_us += every_us;
		kin_log(env, "busy: %llu us of CPU time by %llu us", (unsigned long long) cpu_us(),
			(unsigned long long) kin_now_us());
	}
}

/* Messages that ask for nothing, as fast as they are taken */
static void storm_parent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	kin_log(env, "storm-parent: begun");
	while (parent_heartbeat_response(START_PARENT, NULL) == 0)
		;
}

static void storm_core(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	kin_log(env, "storm-core: begun");
	while (pd_free(START_PD, &(struct pd_free_request){ 4711 }) == 0)
		;
}

/* Frees behind a transfer that can't be: core looks for them at the payer when quota is short */
static void storm_frees(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	const struct kin_args args = { .ram_quota = 65536, .cap_quota = 4 };
	struct pd_transfer_request transfer = { .n_edges = 1 };
	struct pd_adopt_reply adopted;
	const struct pd_free_request unknown = { 4711 };
	struct kin_session pd;

	if (kin_session_open(env, &pd, &pd_interface, &args) ||
		pd_adopt(START_PD, &(struct pd_adopt_request){ pd.channel, 0, 0 }, &adopted))
		return;
	transfer.edges[0] = (struct pd_edge){ PD_ACCOUNT_SELF, adopted.account, UINT64_MAX, 0 };
	kin_log(env, "storm-frees: begun");
	for (;;) {
		while (channel_ask(START_PD, &pd_interface, pd_transfer_operation, &transfer))
			;
		while (channel_answer(START_PD, &pd_interface, pd_transfer_operation, NULL) ==
			-EAGAIN)
			channel_ask(START_PD, &pd_interface, pd_free_operation, &unknown);
	}
}

/* As much memory as core has to give back, again and again; what was freed can be had again. */
static void storm_large(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	const struct pd_alloc_ram_request request = { LARGE_BYTES, false };
	struct pd_alloc_ram_reply ram;
	bool begun = false; /* once there is something to be freed */
	int r;

	while ((r = pd_alloc_ram(START_PD, &request, &ram)) == 0) {
		char *all = mmap(
			NULL, LARGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ram.dataspace, 0);

		for (size_t i = 0; all != MAP_FAILED && i < LARGE_BYTES; i += 4096)
			all[i] = 1;
		pd_free(START_PD, &(struct pd_free_request){ ram.id });
		if (all == MAP_FAILED || munmap(all, LARGE_BYTES) < 0)
			kin_error(env, "storm-large: %s", strerror(errno));
		close(ram.dataspace);
		if (!begun)
			kin_log(env, "storm-large: begun");
		begun = true;
	}
	kin_error(env, "storm-large: %s", kin_answer_text(r));
}

/* Signals to a server that has asked for none: our own, to ourselves */
static void storm_signal(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	kin_log(env, "storm-signal: begun");
	for (;;)
		kin_signal_trigger(START_SIGNAL);
}

/*
 * A bystander that needs parent, core and a sibling: how long does it take at most to open a
 * session, call and close?
 */
static void visit(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	for (;;) {
		uint64_t worst_us = 0;

		for (int i = 0; i < VISITS; i++) {
			struct kin_session session = { 0 };
			struct greeter_greet_reply reply;
			uint64_t begin_us = kin_now_us();
			int r = kin_session_open(env, &session, &greeter_interface, NULL);

			if (r == 0)
				r = greeter_greet(session.channel,
					&(struct greeter_greet_request){ "visitor" }, &reply);
			kin_session_close(&session);
			uint64_t took_us = kin_now_us() - begin_us;

			worst_us = took_us > worst_us ? took_us : worst_us;
			if (r)
				kin_error(env, "visit: %s", kin_answer_text(r));
			usleep(VISIT_US);
		}
		kin_log(env, "visit: at most %llu us", (unsigned long long) worst_us);
	}
}

const struct attempt_row CPU_ATTEMPTS[] = {
	{ "busy", busy },
	{ "storm-parent", storm_parent },
	{ "storm-core", storm_core },
	{ "storm-frees", storm_frees },
	{ "storm-large", storm_large },
	{ "storm-signal", storm_signal },
	{ "visit", visit },
	{ 0 },
};
