/* A client and a server; see the header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/environment.h"
#include "model/pair.h"

const struct quota pair_donation = { 16 * 1024, 4 };

static const char config[] =
	"<config>"
	"<parent-provides> <service name='PD'/> <service name='CPU'/> <service name='LOG'/>"
	" <service name='ROM'/> <service name='Parent'/> </parent-provides>"
	"<default-route> <any-service> <local/> <parent/> <any-child/> </any-service> "
	"</default-route>"
	"<default ram='1M' caps='100'/>"
	"<start name='client'/>"
	"<start name='server'> <provides> <service name='Child'/> </provides> </start>"
	"<start name='other'/>"
	"</config>";

int pair_set_up(void **state)
{
	struct model *model = model_new();

	model->local = "Local";
	model_apply(model, config);
	model_settle(model);
	child_handles(model_child(model, "client"), CHILD_EVENT_SESSION);
	model_forget(model);
	*state = model;
	return 0;
}

int pair_tear_down(void **state)
{
	model_free(*state);
	return 0;
}

int pair_open(struct model *model, const char *service)
{
	return model_open(model, "client", PAIR_ID, service, "", pair_donation);
}

int pair_upgrade(struct model *model, struct quota amount)
{
	int r = child_upgrade(model_child(model, "client"), PAIR_ID, amount);

	model_settle(model);
	return r;
}

int pair_close(struct model *model)
{
	int r = child_close(model_child(model, "client"), PAIR_ID);

	model_settle(model);
	return r;
}

void pair_respond(struct model *model, int answer)
{
	server_response(model_child(model, "server"), model_request(model, "server", NULL), answer);
	model_settle(model);
}

/* Whether the client has as much as at the start. */
void pair_assert_paid(struct model *model, uint64_t ram, uint64_t caps)
{
	struct quota given = environment_effective(model_child(model, "client"));
	struct quota have = model_available(model, "client");

	assert_int_equal(given.ram - have.ram, ram);
	assert_int_equal(given.caps - have.caps, caps);
}

enum session_state pair_state(struct model *model)
{
	const struct session *session = session_find(model_child(model, "client"), PAIR_ID);

	assert_non_null(session);
	return session->state;
}

void pair_assert_unknown(struct model *model)
{
	assert_null(session_find(model_child(model, "client"), PAIR_ID));
	assert_null(session_find_closing(model_child(model, "client"), PAIR_ID));
	assert_int_equal(model_fetch(model, "client", PAIR_ID, NULL), KIN_CLOSED);
}
