/*
 * keeper: a component with a child of its own
 *
 * Gives the eater ten mebibytes, offers it a service, and each time the eater says that it is full
 * asks it to yield five of them, checks that it did, takes them and gives them back. After three
 * times it has seen enough.
 */
#include <kin/kin.h>

#include <inttypes.h>
#include <string.h>

#include "meal.h"

#define WANTED_BYTES (UINT64_C(5) << 20)
#define TIMES        3

static const char config[] =
	"<config>"
	"  <parent-provides>"
	"    <service name='PD'/> <service name='CPU'/> <service name='ROM'/> <service name='LOG'/>"
	"  </parent-provides>"
	"  <start name='eater' ram='10M' caps='100'>"
	"    <route>"
	"      <service name='Meal'> <local/> </service>"
	"      <any-service> <parent/> </any-service>"
	"    </route>"
	"  </start>"
	"</config>";

struct keeper {
	struct kin_env *env;
	struct kin_sandbox *sandbox;
	unsigned n_yields;
};

/* The eater is full. */
static int eaten(void *self, struct meal_eaten_request *request, struct meal_eaten_reply *reply)
{
	struct kin_client *client = self;
	struct keeper *keeper = client->service->data;

	kin_log(keeper->env, "the eater has %" PRIu64 " KiB, I ask for %" PRIu64,
		request->bytes >> 10, WANTED_BYTES >> 10);
	kin_sandbox_yield(keeper->sandbox, "eater", WANTED_BYTES, 0);
	return 0;
}

/* The eater has answered: is it there? */
static void yielded(const char *child, void *data)
{
	struct keeper *keeper = data;
	int r = kin_sandbox_withdraw(keeper->sandbox, child, WANTED_BYTES, 0);

	if (r) {
		kin_error(keeper->env, "the eater did not yield: %s", kin_answer_text(r));
		kin_stop(keeper->env, 1);
		return;
	}
	kin_log(keeper->env, "the eater yielded, time %u", ++keeper->n_yields);
	if (keeper->n_yields == TIMES)
		kin_stop(keeper->env, 0);
	else
		kin_sandbox_grant(keeper->sandbox, child, WANTED_BYTES, 0);
}

static const struct meal_handlers handlers = { .eaten = eaten };

int kin_main(struct kin_env *env)
{
	struct keeper keeper = { .env = env };
	struct kin_service meal = { .interface = &meal_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct kin_client),
		.data = &keeper };
	const struct kin_sandbox_events events = { .yielded = yielded, .data = &keeper };
	int r = kin_sandbox_open(env, &events, &keeper.sandbox);

	if (r == 0) {
		kin_sandbox_offer(keeper.sandbox, &meal);
		r = kin_sandbox_apply(keeper.sandbox, config, strlen(config));
	}
	if (r) {
		kin_error(env, "no child: %s", kin_answer_text(r));
		return 1;
	}
	int value = kin_run(env);

	kin_sandbox_close(keeper.sandbox);
	return value;
}
