/*
 * walk_steps: a client that does what its config says, step by step, and tells what came of it
 *
 *     <config>
 *       <open name="a"/>                 waits for the outcome, ram="…" caps="…" is the donation
 *       <begin name="b"/>                opens it without waiting; managing_system="…" is an
 *                                        argument of either
 *       <upgrade name="a" ram="4K"/>
 *       <close name="b"/> <leave name="a"/>   waits for the end, or doesn't
 *       <ping name="a"/> <stop name="a"/>
 *       <account/>                       is it as it was at the start?
 *       <crash/> <exit/>
 *       <pings name="a"/>                pings for ever
 *     </config>
 *
 * It stays after the last step, and tells outcomes that come later.
 */
#include <string.h>

#include <kin/kin.h>

#include "walk/walk_interface.h"

#define SESSIONS_MAX 8
#define PERIOD_US    10000

struct steps {
	struct kin_env *env;
	struct kin_config config;
	struct kin_account start;
	struct kin_timer timer;
	struct named {
		char name[KIN_NAME_MAX + 1];
		struct kin_session session;
		struct steps *steps;
	} sessions[SESSIONS_MAX];
	struct named *pinged;
};

static void tell(const struct named *named, const char *what, int answer)
{
	kin_log(named->steps->env, "%s %s: %s", what, named->name, kin_answer_text(answer));
}

static void on_opened(struct kin_session *session, int answer, void *data)
{
	tell(data, "opened", answer);
}

static void on_closed(struct kin_session *session, int answer, void *data)
{
	tell(data, "closed", answer);
}

static struct kin_args args_of(const struct kin_node *step, const struct named *named)
{
	struct kin_args args = { .ram_quota = kin_node_number(step, "ram", 0),
		.cap_quota = kin_node_number(step, "caps", 0) };

	strcpy(args.label, named->name);
	if (kin_node_has(step, "managing_system"))
		kin_args_set(&args, "managing_system", kin_node_attribute(step, "managing_system"));
	return args;
}

static void step_open(struct named *named, const struct kin_node *step)
{
	const struct kin_args args = args_of(step, named);

	tell(named, "open",
		kin_session_open(named->steps->env, &named->session, &walk_interface, &args));
}

static void step_begin(struct named *named, const struct kin_node *step)
{
	const struct kin_args args = args_of(step, named);

	tell(named, "begin",
		kin_session_open_async(named->steps->env, &named->session, &walk_interface, &args,
			on_opened, named));
}

static void step_upgrade(struct named *named, const struct kin_node *step)
{
	tell(named, "upgrade",
		kin_session_upgrade(&named->session, kin_node_number(step, "ram", 0),
			kin_node_number(step, "caps", 0)));
}

static void step_close(struct named *named, const struct kin_node *step)
{
	kin_session_close(&named->session);
	tell(named, "close", 0);
}

static void step_leave(struct named *named, const struct kin_node *step)
{
	tell(named, "leave", kin_session_close_async(&named->session, on_closed, named));
}

static void step_ping(struct named *named, const struct kin_node *step)
{
	tell(named, "ping", walk_ping(named->session.channel, NULL, NULL));
}

static void step_stop(struct named *named, const struct kin_node *step)
{
	tell(named, "stop", walk_stop(named->session.channel, NULL, NULL));
}

static void step_account(struct named *named, const struct kin_node *step)
{
	struct steps *steps = named->steps;
	struct kin_account now;

	if (kin_account_read(steps->env, &now))
		return;
	if (now.ram_quota == steps->start.ram_quota && now.cap_quota == steps->start.cap_quota)
		kin_log(steps->env, "account: as at the start");
	else
		kin_log(steps->env, "account: short of %lld bytes and %lld caps",
			(long long) (steps->start.ram_quota - now.ram_quota),
			(long long) (steps->start.cap_quota - now.cap_quota));
}

static void step_crash(struct named *named, const struct kin_node *step)
{
	__builtin_trap();
}

static void step_exit(struct named *named, const struct kin_node *step)
{
	kin_exit(named->steps->env, 0);
}

static void ping_again(void *data)
{
	const struct steps *steps = data;

	walk_ping(steps->pinged->session.channel, NULL, NULL);
}

static void step_pings(struct named *named, const struct kin_node *step)
{
	struct steps *steps = named->steps;

	steps->pinged = named;
	if (kin_timer_open(steps->env, &steps->timer, ping_again, steps) == 0)
		kin_timer_periodic(&steps->timer, PERIOD_US);
}

static const struct {
	const char *name;
	void (*run)(struct named *named, const struct kin_node *step);
} STEPS[] = { { "open", step_open }, { "begin", step_begin }, { "upgrade", step_upgrade },
	{ "close", step_close }, { "leave", step_leave }, { "ping", step_ping },
	{ "stop", step_stop }, { "account", step_account }, { "crash", step_crash },
	{ "exit", step_exit }, { "pings", step_pings } };

static struct named *named_get(struct steps *steps, const char *name)
{
	size_t i = 0;

	while (i + 1 < SESSIONS_MAX && steps->sessions[i].steps &&
		strcmp(steps->sessions[i].name, name) != 0)
		i++;
	struct named *named = &steps->sessions[i];

	named->steps = steps;
	strncpy(named->name, name, KIN_NAME_MAX);
	return named;
}

static void step(struct steps *steps, const struct kin_node *node)
{
	const char *name = kin_node_attribute(node, "name");
	struct named *named = named_get(steps, name ? name : "");

	for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++)
		if (strcmp(STEPS[i].name, kin_node_type(node)) == 0)
			STEPS[i].run(named, node);
}

int kin_main(struct kin_env *env)
{
	static struct steps steps;

	steps.env = env;
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	if (kin_config_open(env, &steps.config, NULL, NULL) || kin_account_read(env, &steps.start))
		return 1;
	for (const struct kin_node *node = kin_node_first(steps.config.node); node;
		node = kin_node_next(node))
		step(&steps, node);
	kin_log(env, "all steps are done");
	return kin_run(env);
}
