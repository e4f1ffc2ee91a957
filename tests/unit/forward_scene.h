/*
 * Scene: what the tests of forwarding have in common
 *
 * A guest is a client of our parent's. The model puts its donation into our account and takes it
 * back when it is told of the end; after each step it checks where all quota is. Included after
 * cmocka.h.
 */
#ifndef FORWARD_SCENE_H
#define FORWARD_SCENE_H

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

static inline int set_up(void **state)
{
	*state = model_with(config);
	return 0;
}

static inline int tear_down(void **state)
{
	model_free(*state);
	return 0;
}

static inline uint32_t guest(struct model *model, const char *label)
{
	return model_guest_open(model, "X", label, donation);
}

/* A guest whose session a server has made. */
static inline uint32_t guest_served(struct model *model, const char *label, const char *server)
{
	uint32_t id = guest(model, label);

	assert_int_equal(model_serve(model, server), 1);
	assert_int_equal(model_guest(model, id)->state, MODEL_GUEST_OPEN);
	return id;
}

/* The only request at a server, fetched. */
static inline const struct session *request_at(struct model *model, const char *server)
{
	struct server_request requests[2];

	assert_int_equal(server_requests(model_child(model, server), 0, requests, 2), 1);
	return requests[0].session;
}

static inline void respond(struct model *model, const char *server, int answer)
{
	server_response(model_child(model, server), model_request(model, server, NULL), answer);
	model_settle(model);
}

/* What a server has of guests. */
static inline struct quota gained(struct model *model, const char *server)
{
	const struct model_pd *pd = &model->pds[model_child(model, server)->account - 1];

	return (struct quota){ pd->account.quota.ram - pd->given.ram,
		pd->account.quota.caps - pd->given.caps };
}

static inline void assert_gained(
	struct model *model, const char *server, uint64_t ram, uint64_t caps)
{
	struct quota have = gained(model, server);

	assert_int_equal(have.ram, ram);
	assert_int_equal(have.caps, caps);
}

/* The guest is gone, was told so in these words, and everybody has what was theirs. */
static inline void assert_over(struct model *model, uint32_t id, const char *answer)
{
	char text[64];

	assert_null(model_guest(model, id));
	snprintf(text, sizeof(text), "respond %u %s", id, answer);
	assert_int_equal(model_happened(model, text), 1);
	assert_null(model->sandbox.forwards);
	assert_null(model->guests);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
