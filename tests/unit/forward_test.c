/*
 * Forwarding: the parent's other clients, served by our children.
 *
 * A guest is such a client. The model puts its donation into our account and takes it back when it
 * is told of the end; after each step it checks where all quota is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

#include "engine/forward.h"
#include "model/model.h"

#define HEAD \
	"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"
#define SERVER(name) \
	"<start name='" name "'> <provides> <service name='X'/> <service name='Y'/>" \
	" <service name='Z'/> </provides> </start>"
#define TAIL "</config>"

#define POLICIES \
	"<service name='X'>" \
	" <policy label='alice'> <child name='second' label='queen'/> </policy>" \
	" <policy label='nobody'/>" \
	" <policy label_prefix='al'> <child name='first'/> </policy>" \
	" <policy label_prefix='alias'> <child name='nick'/> </policy>" \
	" <policy label_prefix='late'> <child name='later'/> </policy>" \
	" <policy label_suffix='ob'> <child name='second'/> </policy>" \
	" <policy label_prefix='lost'> <child name='mute'/> </policy>" \
	"</service>" \
	"<service name='Y'> <default-policy> <child name='first'/> </default-policy> </service>" \
	"<alias name='nick' child='second'/>"

#define CHILDREN SERVER("first") SERVER("second") "<start name='mute'/> <start name='client'/>"

static const char config[] = HEAD POLICIES CHILDREN TAIL;

static const struct quota donation = { 16 * 1024, 4 };

static int set_up(void **state)
{
	*state = model_with(config);
	return 0;
}

static int tear_down(void **state)
{
	model_free(*state);
	return 0;
}

static uint32_t guest(struct model *model, const char *label)
{
	return model_guest_open(model, "X", label, donation);
}

/* A guest whose session a server has made. */
static uint32_t guest_served(struct model *model, const char *label, const char *server)
{
	uint32_t id = guest(model, label);

	assert_int_equal(model_serve(model, server), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	return id;
}

/* The only request at a server, fetched. */
static const struct session *request_at(struct model *model, const char *server)
{
	struct server_request requests[2];

	assert_int_equal(server_requests(model_child(model, server), 0, requests, 2), 1);
	return requests[0].session;
}

static void respond(struct model *model, const char *server, int answer)
{
	server_response(model_child(model, server), model_request(model, server, NULL), answer);
	model_settle(model);
}

/* What a server has of guests. */
static struct quota gained(struct model *model, const char *server)
{
	const struct model_pd *pd = &model->pds[model_child(model, server)->account - 1];

	return (struct quota){ pd->account.quota.ram - pd->given.ram,
		pd->account.quota.caps - pd->given.caps };
}

static void assert_gained(struct model *model, const char *server, uint64_t ram, uint64_t caps)
{
	struct quota have = gained(model, server);

	assert_int_equal(have.ram, ram);
	assert_int_equal(have.caps, caps);
}

/* The guest is gone, was told so in these words, and everybody has what was theirs. */
static void assert_over(struct model *model, uint32_t id, const char *answer)
{
	char text[64];

	assert_null(model_guest(model, id));
	snprintf(text, sizeof(text), "respond %u %s", id, answer);
	assert_int_equal(model_happened(model, text), 1);
	assert_null(model->sandbox.forwards);
	assert_null(model->guests);
}

static void services_are_announced_once(void **state)
{
	struct model *model = *state;

	assert_int_equal(model_happened(model, "announce X"), 1);
	assert_int_equal(model_happened(model, "announce Y"), 1);
	forward_apply(&model->sandbox);
	assert_int_equal(model_happened(model, "announce"), 2);
}

static void an_announcement_that_the_parent_refuses_is_logged(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_ANNOUNCE, "X", KIN_DENIED, 1);
	model_apply(model, config);
	model_settle(model);
	assert_int_equal(model_logged(model, "service \"X\" can't be announced: denied"), 1);
	forward_apply(&model->sandbox); /* and tried again with the next config */
	assert_int_equal(model_happened(model, "announce X"), 2);
	assert_int_equal(model_happened(model, "announce Y"), 1);
	model_free(model);
}

static void nodes_without_use_are_named(void **state)
{
	struct model *model =
		model_with(HEAD "<service/> <service name='a/b'/> <service name='X'/>"
				"<service name='X'> <default-policy> <child name='s'/>"
				" </default-policy> </service>" SERVER("s") TAIL);

	assert_int_equal(model_logged(model, "<service> without a valid name (line 1)"), 2);
	assert_int_equal(model_logged(model, "<service> \"X\" in line 1 repeats the name"), 1);
	assert_int_equal(model_happened(model, "announce"), 1);
	guest(model, "anybody"); /* the first counts, which lets nobody in */
	assert_null(model->guests);
	model_free(model);
}

static void a_request_goes_where_the_best_policy_says(void **state)
{
	static const struct {
		const char *label, *server, *shown;
	} cases[] = {
		{ "alice", "second", "queen" },
		{ "alan", "first", "alan" },
		{ "alias", "second", "alias" },
		{ "bob", "second", "bob" },
		{ "al -> ob", "first", "al -> ob" },
	};
	struct model *model = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t id = guest(model, cases[i].label);
		const struct session *session = request_at(model, cases[i].server);

		assert_string_equal(session->args.label, cases[i].shown);
		assert_string_equal(session->service->name->name, "X");
		assert_true(model_deliver(model, cases[i].server, session->server_id));
		assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
		model_guest_close(model, id);
		model_serve(model, cases[i].server);
		assert_over(model, id, "closed");
	}
}

static void the_rest_of_the_donation_is_passed_on_and_shown(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "alan");
	const struct session *session = request_at(model, "first");

	assert_int_equal(session->args.ram_quota, donation.ram - SESSION_COST_BYTES);
	assert_int_equal(session->args.cap_quota, donation.caps);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES, donation.caps);
	assert_int_equal(forward_held(&model->sandbox).ram, SESSION_COST_BYTES);
	model_serve(model, "first");
	model_guest_close(model, id);
	assert_int_equal(model_serve(model, "first"), 1);
	assert_gained(model, "first", 0, 0);
	assert_over(model, id, "closed");
	assert_int_equal(forward_held(&model->sandbox).ram, 0);
}

static void affinity_and_other_arguments_are_passed_on(void **state)
{
	struct kin_args args = { "alan", donation.ram, donation.caps, 0, { { "" } } };
	struct model *model = *state;

	kin_args_set(&args, "managing_system", "yes");
	kin_args_set(&args, "buffer_size", "64K");
	model_guest_open_with(model, "X", &args);
	const struct session *session = request_at(model, "first");
	assert_string_equal(kin_args_get(&session->args, "managing_system"), "yes");
	assert_string_equal(kin_args_get(&session->args, "buffer_size"), "64K");
	assert_int_equal(session->affinity.space_width, 4);
	assert_int_equal(session->affinity.width, 2);
	assert_int_equal(session->version, 1);
	model_serve(model, "first");
}

static void whom_no_policy_fits_is_denied(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "stranger");

	assert_over(model, id, "denied");
	assert_int_equal(
		model_logged(model, "service \"X\" denied to \"stranger\": no policy matches"), 1);
	id = guest(model, "nobody");
	assert_over(model, id, "denied");
	assert_int_equal(model_logged(model, "its policy names no child"), 1);
}

static void too_little_for_our_own_costs_is_insufficient(void **state)
{
	struct model *model = *state;
	uint32_t id =
		model_guest_open(model, "X", "alan", (struct quota){ SESSION_COST_BYTES - 1, 4 });

	assert_over(model, id, "insufficient RAM donated");
	id = model_guest_open(model, "X", "alan", (struct quota){ SESSION_COST_BYTES, 0 });
	assert_int_equal(request_at(model, "first")->args.ram_quota, 0);
	respond(model, "first", KIN_INSUFFICIENT_RAM);
	assert_over(model, id, "insufficient RAM donated");
}

static void every_refusal_is_passed_on(void **state)
{
	static const int answers[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };
	struct model *model = *state;

	for (size_t i = 0; i < 3; i++) {
		uint32_t id = guest(model, "alan");

		respond(model, "first", answers[i]);
		assert_gained(model, "first", 0, 0);
		assert_over(model, id, kin_answer_text(answers[i]));
	}
}

static void an_upgrade_is_passed_on_and_its_confirmation_back(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");
	int kind;

	assert_true(model_guest_upgrade(model, id, (struct quota){ 4096, 2 }));
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_UPGRADING);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES + 4096, donation.caps + 2);
	model_request(model, "first", &kind);
	assert_int_equal(kind, SERVER_UPGRADE);
	assert_int_equal(request_at(model, "first")->upgrade.ram, 4096);
	respond(model, "first", KIN_OK);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	assert_true(model_guest_upgrade(model, id, (struct quota){ 4096, 0 }));
	assert_true(model_guest_close(model, id)); /* before that is confirmed */
	assert_int_equal(model_serve(model, "first"), 1);
	assert_over(model, id, "closed");
	assert_gained(model, "first", 0, 0);
}

/* The news of the end and what the parent asks next pass each other. */
static void requests_about_what_ended_meanwhile_are_answered_closed(void **state)
{
	struct model *model = *state;

	for (uint32_t id = 90; id < 92; id++) {
		struct model_guest *crossing = calloc(1, sizeof(*crossing));

		assert_non_null(crossing);
		*crossing = (struct model_guest){ .state = MODEL_GUEST_OPEN, .id = id };
		DL_APPEND(model->guests, crossing);
		if (id == 90)
			model_guest_close(model, id);
		else
			model_guest_upgrade(model, id, (struct quota){ 4096, 0 });
		assert_over(model, id, "closed");
	}
}

static void a_service_without_node_keeps_its_requests(void **state)
{
	struct model *model = *state;
	uint32_t id = model_guest_open(model, "Z", "alan", donation);

	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(forward_held(&model->sandbox).ram, donation.ram);
	assert_int_equal(forward_held(&model->sandbox).caps, donation.caps);
	sandbox_done(&model->sandbox);
	assert_over(model, id, "denied");
}

/* A child that wants all there is gets what is not a guest's. */
static void what_waits_is_not_ours_to_give(void **state)
{
	static const char greedy[] =
		HEAD POLICIES CHILDREN "<start name='greedy' ram='1T' caps='1M'/>" TAIL;
	const struct quota much = { 4 << 20, 100 };
	struct model *without = model_with(config), *model = *state;

	model_apply(without, greedy);
	model_settle(without);
	uint32_t id = model_guest_open(model, "X", "late", much);
	model_apply(model, greedy);
	model_settle(model);
	assert_int_equal(model_child(model, "greedy")->assigned.ram,
		model_child(without, "greedy")->assigned.ram);
	assert_int_equal(model_child(model, "greedy")->assigned.caps,
		model_child(without, "greedy")->assigned.caps);
	model_free(without);
	model_apply(model, HEAD POLICIES CHILDREN SERVER("later") TAIL);
	model_settle(model);
	model_serve(model, "later");
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "later");
	assert_over(model, id, "closed");
}

static void a_child_that_is_not_there_is_waited_for(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "late");

	model_settle(model);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_happened(model, "respond"), 0);
	sandbox_done(&model->sandbox);
	assert_over(model, id, "denied");
}

static void a_service_that_appears_is_used_at_once(void **state)
{
	struct model *model = *state;
	struct child *mute = model_child(model, "mute");
	uint32_t id = guest(model, "lost");

	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	assert_int_equal(services_provide(&model->sandbox.services, mute, "X"), 0);
	sandbox_step(&model->sandbox);
	assert_int_equal(model_serve(model, "mute"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "mute");
	assert_over(model, id, "closed");
}

static void a_server_without_account_gets_its_donations_later(void **state)
{
	struct model *model = model_new();

	model_script(model, MODEL_SESSION, "PD", KIN_PENDING, 1);
	model_apply(model, config);
	model_settle(model);
	assert_false(model_child(model, "first")->adopted);
	uint32_t id = guest(model, "alan");
	model_up_answer(model, "PD", 0);
	assert_gained(model, "first", donation.ram - SESSION_COST_BYTES, donation.caps);
	model_serve(model, "first");
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
	model_free(model);
}

/*
 * The server ends
 */

static void a_server_that_dies_closes_its_sessions_above(void **state)
{
	struct model *model = *state;
	uint32_t open = guest_served(model, "alan", "first");
	uint32_t upgrading = guest_served(model, "alan", "first");
	uint32_t closing = guest_served(model, "alan", "first");

	model_guest_upgrade(model, upgrading, (struct quota){ 4096, 0 });
	model_guest_close(model, closing);
	child_died(model_child(model, "first"), 11, 0);
	model_settle(model);
	assert_null(model_guest(model, open));
	assert_null(model_guest(model, upgrading));
	assert_over(model, closing, "closed");
	assert_int_equal(model_happened(model, "closed"), 3);
}

static void what_a_server_was_making_when_it_died_waits_for_another(void **state)
{
	struct model *model = *state;
	struct child *first = model_child(model, "first");
	uint32_t seen = guest(model, "alan"), unseen;

	model_request(model, "first", NULL);
	unseen = guest(model, "albert");
	child_died(first, 11, 0);
	model_settle(model);
	assert_int_equal(model_guest(model, seen)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_guest(model, unseen)->state, MODEL_GUEST_CREATING);
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_int_equal(forward_held(&model->sandbox).ram, 2 * donation.ram);
}

static void a_server_may_end_a_session_by_itself(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	server_response(model_child(model, "first"), model_child(model, "first")->last_server_id,
		KIN_CLOSED);
	assert_over(model, id, "closed");
	assert_gained(model, "first", 0, 0);
	assert_int_equal(model_logged(model, "was ended by its server"), 0); /* is said above */
}

static void a_server_that_spends_the_donation_costs_us(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	model_charge(model, "first", model_available(model, "first"));
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
	assert_int_equal(model_logged(model, "first: does not give back the quota donated"), 1);
	model_uncharge(model, "first", model_account(model, 1)->used);
}

/*
 * A client of our own, for which a server ends a session
 */

static void a_child_whose_session_is_ended_is_restarted(void **state)
{
	struct model *model = *state;

	model_free(model);
	*state = model = model_with(HEAD SERVER("first") "<start name='client'/>" TAIL);
	struct child *client = model_child(model, "client");
	struct quota before = model_available(model, "client");

	assert_int_equal(model_open(model, "client", 7, "X", "", donation), KIN_PENDING);
	model_serve(model, "first");
	model_fetch(model, "client", 7, NULL);
	server_response(model_child(model, "first"), model_child(model, "first")->last_server_id,
		KIN_CLOSED);
	assert_int_equal(session_find(client, 7)->state, SESSION_CLOSED);
	assert_int_equal(model_available(model, "client").ram, before.ram);
	assert_int_equal(model_logged(model, "client: session of service \"X\" (label=\"client\") "
					     "was ended by its server"),
		1);
	model_settle(model);
	assert_int_equal(model_happened(model, "start client"), 2);
	assert_int_equal(model_child(model, "client")->state, CHILD_ALIVE);
	assert_null(session_find(model_child(model, "client"), 7));
}

/*
 * The config changes
 */

static void reconfigure(struct model *model, const char *text)
{
	model_apply(model, text);
	model_settle(model);
}

#define FORWARDING(nodes) HEAD nodes CHILDREN TAIL
#define NOW_TO(child) \
	FORWARDING("<service name='X'> <default-policy>" child "</default-policy> </service> " \
		   "<service name='Z'> <default-policy> <child name='first'/> </default-policy>" \
		   " </service>")
#define NO_FORWARDING FORWARDING("")

static void a_session_whose_route_is_the_same_stays(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alan", "first");

	reconfigure(model, NOW_TO("<child name='first'/>"));
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_request(model, "first", NULL), 0);
	assert_int_equal(model_happened(model, "respond"), 0);
	model_guest_close(model, id);
	model_serve(model, "first");
}

static void a_session_whose_route_changed_is_closed_and_reported(void **state)
{
	static const char *const texts[] = { NOW_TO("<child name='second'/>"),
		NOW_TO("<child name='first' label='other'/>"), NOW_TO("<child name='late'/>"),
		NOW_TO(""), NOW_TO("<child/>"), NO_FORWARDING,
		FORWARDING("<service name='X'> <policy label='bob'> <child name='first'/>"
			   " </policy> </service>") };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct model *model = model_with(config);
		uint32_t id = guest_served(model, "alan", "first");
		int kind;

		reconfigure(model, texts[i]);
		assert_int_equal(model_happened(model, "respond"), 0); /* not before it is closed */
		assert_true(model_request(model, "first", &kind));
		assert_int_equal(kind, SERVER_CLOSE);
		respond(model, "first", KIN_CLOSED);
		assert_over(model, id, "closed");
		assert_gained(model, "first", 0, 0);
		model_free(model);
	}
}

static void upgrade_and_close_meet_a_changing_route(void **state)
{
	struct model *model = *state;
	uint32_t upgrading = guest_served(model, "alan", "first");
	uint32_t late_upgrade = guest_served(model, "alan", "first");
	uint32_t late_close = guest_served(model, "alan", "first");

	model_guest_upgrade(model, upgrading, (struct quota){ 4096, 1 });
	reconfigure(model, NOW_TO("<child name='second'/>"));
	model_guest_upgrade(model, late_upgrade, (struct quota){ 4096, 1 });
	model_guest_close(model, late_close);
	reconfigure(model, NOW_TO("<child name='first'/>")); /* too late */
	assert_int_equal(model_serve(model, "first"), 3);
	assert_null(model_guest(model, upgrading));
	assert_null(model_guest(model, late_upgrade));
	assert_over(model, late_close, "closed");
	assert_int_equal(model_happened(model, "closed"), 3);
	assert_gained(model, "first", 0, 0);
}

static void a_request_that_waits_follows_the_config(void **state)
{
	struct model *model = *state;
	uint32_t late = guest(model, "late"), lost = guest(model, "lost");
	uint32_t no_node = model_guest_open(model, "Z", "zoe", donation);

	reconfigure(model, NOW_TO("<child name='second' label='you'/>"));
	assert_int_equal(model_happened(model, "announce Z"), 1);
	assert_string_equal(request_at(model, "first")->args.label, "zoe");
	assert_int_equal(model_serve(model, "first"), 1);
	assert_int_equal(model_serve(model, "second"), 2);
	assert_int_equal(model_guest(model, late)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_guest(model, lost)->state, MODEL_GUEST_OPEN);
	assert_int_equal(model_guest(model, no_node)->state, MODEL_GUEST_OPEN);
	reconfigure(model, NO_FORWARDING);
	model_serve(model, "first");
	model_serve(model, "second");
	assert_null(model->guests);
}

static void a_request_that_waits_is_denied_when_its_policy_goes(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "late");

	reconfigure(model, NOW_TO(""));
	assert_over(model, id, "denied");
}

/* The first server has seen the request, or not. */
static void creation_follows(bool seen)
{
	struct model *model = model_with(config);
	uint32_t id = guest(model, "alan");
	uint32_t at_first = seen ? model_request(model, "first", NULL) : 0;

	reconfigure(model, NOW_TO("<child name='second' label='bee'/>"));
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_gained(model, "first", 0, 0);
	assert_gained(model, "second", donation.ram - SESSION_COST_BYTES, donation.caps);
	assert_string_equal(request_at(model, "second")->args.label, "bee");
	if (seen) {
		assert_true(model_deliver(model, "first", at_first)); /* for nobody */
		assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_CREATING);
	}
	assert_int_equal(model_serve(model, "first"), seen);
	assert_null(model_child(model, "first")->served);
	assert_int_equal(model_serve(model, "second"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "second");
	assert_over(model, id, "closed");
	model_free(model);
}

static void a_request_at_its_server_goes_elsewhere_with_its_route(void **state)
{
	creation_follows(false);
	creation_follows(true);
}

static void a_request_at_its_server_waits_or_ends_with_its_route(void **state)
{
	for (int seen = 0; seen < 2; seen++) {
		struct model *model = model_with(config);
		uint32_t waits = guest(model, "alan"), ends = guest(model, "bob");

		if (seen) {
			model_request(model, "first", NULL);
			model_request(model, "second", NULL);
		}
		reconfigure(model, FORWARDING("<service name='X'> <policy label='alan'>"
					      " <child name='late'/> </policy> </service>"));
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_CREATING);
		assert_null(model_guest(model, ends));
		assert_gained(model, "first", 0, 0);
		assert_gained(model, "second", 0, 0);
		model_serve(model, "first");
		model_serve(model, "second");
		assert_int_equal(model_happened(model, "deliver"), 0);
		reconfigure(model, NO_FORWARDING);
		model_free(model);
	}
}

/* With its server's restart, end or lost service a session ends, and a request waits. */
static void servers_come_and_go_with_the_config(void **state)
{
	static const struct {
		const char *text, *back;
	} cases[] = {
		{ HEAD POLICIES SERVER("second") TAIL, config },
		{ HEAD POLICIES "<start name='first'/>" SERVER("second") TAIL, config },
		{ HEAD POLICIES "<start name='first' version='2'/>" SERVER("second") TAIL, config },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = model_with(config);
		uint32_t open = guest_served(model, "alan", "first"),
			 waits = guest(model, "albert");

		model_request(model, "first", NULL);
		reconfigure(model, cases[i].text);
		if (sandbox_child(&model->sandbox, "first"))
			model_serve(model, "first");
		assert_null(model_guest(model, open));
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_CREATING);
		assert_int_equal(forward_held(&model->sandbox).ram, donation.ram);
		reconfigure(model, cases[i].back);
		assert_int_equal(model_serve(model, "first"), 1);
		assert_int_equal(model_guest(model, waits)->state, MODEL_GUEST_OPEN);
		model_guest_close(model, waits);
		model_serve(model, "first");
		assert_over(model, waits, "closed");
		model_free(model);
	}
}

static void a_restarted_server_gets_what_the_old_one_was_making(void **state)
{
	struct model *model = *state;
	uint32_t id = guest(model, "alan");

	model_request(model, "first", NULL);
	sandbox_mark(model_child(model, "first"), MARK_RESTART);
	model_settle(model);
	assert_int_equal(model_happened(model, "start first"), 2);
	assert_int_equal(model_happened(model, "respond"), 0);
	assert_int_equal(model_serve(model, "first"), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	model_guest_close(model, id);
	model_serve(model, "first");
	assert_over(model, id, "closed");
}

static void an_alias_that_changes_changes_the_route(void **state)
{
	struct model *model = *state;
	uint32_t id = guest_served(model, "alias", "second");

	reconfigure(model, HEAD "<service name='X'> <default-policy> <child name='nick'/>"
				" </default-policy> </service>"
				"<alias name='nick' child='first'/>" CHILDREN TAIL);
	model_serve(model, "second");
	assert_over(model, id, "closed");
	id = guest_served(model, "alias", "first");
	model_guest_close(model, id);
	model_serve(model, "first");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(services_are_announced_once),
		cmocka_unit_test(an_announcement_that_the_parent_refuses_is_logged),
		cmocka_unit_test(nodes_without_use_are_named),
		TEST(a_request_goes_where_the_best_policy_says),
		TEST(the_rest_of_the_donation_is_passed_on_and_shown),
		TEST(affinity_and_other_arguments_are_passed_on),
		TEST(whom_no_policy_fits_is_denied),
		TEST(too_little_for_our_own_costs_is_insufficient),
		TEST(every_refusal_is_passed_on),
		TEST(an_upgrade_is_passed_on_and_its_confirmation_back),
		TEST(requests_about_what_ended_meanwhile_are_answered_closed),
		TEST(a_service_without_node_keeps_its_requests),
		TEST(what_waits_is_not_ours_to_give),
		TEST(a_child_that_is_not_there_is_waited_for),
		TEST(a_service_that_appears_is_used_at_once),
		cmocka_unit_test(a_server_without_account_gets_its_donations_later),
		TEST(a_server_that_dies_closes_its_sessions_above),
		TEST(what_a_server_was_making_when_it_died_waits_for_another),
		TEST(a_server_may_end_a_session_by_itself),
		TEST(a_server_that_spends_the_donation_costs_us),
		TEST(a_child_whose_session_is_ended_is_restarted),
		TEST(a_session_whose_route_is_the_same_stays),
		cmocka_unit_test(a_session_whose_route_changed_is_closed_and_reported),
		TEST(upgrade_and_close_meet_a_changing_route),
		TEST(a_request_that_waits_follows_the_config),
		TEST(a_request_that_waits_is_denied_when_its_policy_goes),
		cmocka_unit_test(a_request_at_its_server_goes_elsewhere_with_its_route),
		cmocka_unit_test(a_request_at_its_server_waits_or_ends_with_its_route),
		cmocka_unit_test(servers_come_and_go_with_the_config),
		TEST(a_restarted_server_gets_what_the_old_one_was_making),
		TEST(an_alias_that_changes_changes_the_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
