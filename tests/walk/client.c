/*
 * walk_client: a client that takes steps at random
 *
 *     <config seed="1" episodes="20" steps="40" end="stay|exit|crash"/>
 *
 * It opens, upgrades, uses and closes sessions, waiting and not, allocates memory and signals and
 * frees them. After each episode it closes everything and compares its account with what it had
 * before the first. With an `end` it goes in the middle of the last episode, as it is.
 */
#include <string.h>

#include <kin/kin.h>

#include "model/random.h"
#include "walk/walk_interface.h"

#define SLOTS_MAX     6
#define OBJECTS_MAX   4
#define STEP_US_MAX   200
#define DONATION_MAX  (24u << 10)
#define DATASPACE_MAX (32u << 10)

enum slot_state { SLOT_FREE, SLOT_OPENING, SLOT_OPEN };

struct walker {
	struct kin_env *env;
	struct kin_config config;
	struct kin_account start;
	struct kin_timer timer;
	struct random random;
	uint64_t episodes, episode, steps_left;
	struct slot {
		struct kin_session session;
		enum slot_state state;
	} slots[SLOTS_MAX];
	unsigned n_closes; /* not answered */
	unsigned n_opened; /* ever */
	bool settling;
	struct kin_ram rams[OBJECTS_MAX];
	struct kin_signal signals[OBJECTS_MAX];
};

static struct walker walker;

static uint32_t below(uint32_t bound)
{
	return random_below(&walker.random, bound);
}

static void on_opened(struct kin_session *session, int answer, void *data)
{
	struct slot *slot = data;

	slot->state = answer ? SLOT_FREE : SLOT_OPEN;
	walker.n_opened += answer == 0;
}

static void on_upgraded(struct kin_session *session, int answer, void *data)
{
}

static void settled(void);

static void on_closed(struct kin_session *session, int answer, void *data)
{
	walker.n_closes--;
	if (walker.settling && walker.n_closes == 0)
		settled();
}

/*
 * Steps
 */

static void open_slot(struct slot *slot, bool wait)
{
	struct kin_args args = { .ram_quota = below(DONATION_MAX), .cap_quota = below(6) };

	args.label[0] = (char) ('a' + below(26));
	if (!wait) {
		if (kin_session_open_async(walker.env, &slot->session, &walk_interface, &args,
			    on_opened, slot) == 0)
			slot->state = SLOT_OPENING;
	} else if (kin_session_open(walker.env, &slot->session, &walk_interface, &args) == 0) {
		slot->state = SLOT_OPEN;
		walker.n_opened++;
	}
}

static void close_slot(struct slot *slot, bool wait)
{
	if (wait)
		kin_session_close(&slot->session);
	else if (kin_session_close_async(&slot->session, on_closed, NULL) == 0)
		walker.n_closes++;
	else
		return;
	slot->state = SLOT_FREE;
}

static void use_slot(struct slot *slot)
{
	switch (below(4)) {
	case 0:
		kin_session_upgrade(&slot->session, below(DONATION_MAX), below(3));
		break;
	case 1:
		kin_session_upgrade_async(
			&slot->session, below(DONATION_MAX), below(3), on_upgraded, NULL);
		break;
	default:
		walk_ping(slot->session.channel, NULL, NULL);
	}
}

static void step_slot(struct slot *slot)
{
	bool wait = below(2);

	if (slot->state == SLOT_FREE)
		open_slot(slot, wait);
	else if (below(3) == 0)
		close_slot(slot, wait);
	else if (slot->state == SLOT_OPEN)
		use_slot(slot);
}

static void step_ram(struct kin_ram *ram)
{
	if (ram->data)
		kin_ram_free(ram);
	else
		kin_ram_alloc(walker.env, NULL, below(DATASPACE_MAX), below(2), ram);
}

static void step_signal(struct kin_signal *signal)
{
	if (signal->cap)
		kin_signal_close(signal);
	else
		kin_signal_open(walker.env, signal, NULL, NULL);
}

static void step(void)
{
	switch (below(6)) {
	case 0:
		step_ram(&walker.rams[below(OBJECTS_MAX)]);
		break;
	case 1:
		step_signal(&walker.signals[below(OBJECTS_MAX)]);
		break;
	default:
		step_slot(&walker.slots[below(SLOTS_MAX)]);
	}
}

/*
 * Episodes
 */

static void go_on(void)
{
	kin_timer_once(&walker.timer, below(STEP_US_MAX));
}

static void episode_begin(void)
{
	walker.settling = false;
	walker.steps_left = kin_node_number(walker.config.node, "steps", 40);
	if (walker.episode++ < walker.episodes)
		go_on();
	else
		kin_log(walker.env, "all episodes are over, %u sessions", walker.n_opened);
}

/* Everything is closed: the account has to be as at the start. */
static void settled(void)
{
	const struct kin_account *start = &walker.start;
	struct kin_account now;
	int r = kin_account_read(walker.env, &now);

	if (r == 0 && now.ram_quota == start->ram_quota && now.cap_quota == start->cap_quota &&
		now.cap_used == start->cap_used)
		episode_begin();
	else
		kin_error(walker.env,
			"episode %llu: %lld bytes and %lld caps are missing, %lld caps in use",
			(unsigned long long) walker.episode,
			(long long) (start->ram_quota - now.ram_quota),
			(long long) (start->cap_quota - now.cap_quota),
			(long long) (now.cap_used - start->cap_used));
}

static void episode_end(void)
{
	for (size_t i = 0; i < SLOTS_MAX; i++)
		if (walker.slots[i].state != SLOT_FREE)
			close_slot(&walker.slots[i], below(2));
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		kin_ram_free(&walker.rams[i]);
		kin_signal_close(&walker.signals[i]);
	}
	walker.settling = true;
	if (walker.n_closes == 0)
		settled();
}

static void leave(void)
{
	const char *end = kin_node_attribute(walker.config.node, "end");

	if (end && strcmp(end, "exit") == 0)
		kin_exit(walker.env, 0);
	if (end && strcmp(end, "crash") == 0)
		__builtin_trap();
}

static void expired(void *data)
{
	if (walker.steps_left == 0) {
		episode_end();
		return;
	}
	step();
	if (--walker.steps_left == 0 && walker.episode == walker.episodes)
		leave();
	go_on();
}

int kin_main(struct kin_env *env)
{
	walker.env = env;
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	if (kin_config_open(env, &walker.config, NULL, NULL) ||
		kin_timer_open(env, &walker.timer, expired, NULL) ||
		kin_account_read(env, &walker.start))
		return 1;
	walker.random.state = kin_node_number(walker.config.node, "seed", 1);
	walker.episodes = kin_node_number(walker.config.node, "episodes", 1);
	if (walker.episodes == 0)
		leave();
	episode_begin();
	return kin_run(env);
}
