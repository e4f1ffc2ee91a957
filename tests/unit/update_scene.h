/*
 * Scene: what the tests of configs that change have in common
 *
 * Included after cmocka.h. The donation is what a session costs its client here, the IDs are those
 * of the sessions that clients open.
 */
#ifndef UPDATE_SCENE_H
#define UPDATE_SCENE_H

#include "model/model.h"

#define TAIL "</config>"

enum { X = 10, Y, ROM };

static const struct quota donation = { 16 * 1024, 4 };

static inline void apply(struct model *model, const char *config)
{
	model_apply(model, config);
	model_settle(model);
}

static inline uint32_t id_of(struct model *model, const char *name)
{
	return model_child(model, name)->id;
}

static inline bool alive(struct model *model, const char *name)
{
	return model_child(model, name)->state == CHILD_ALIVE;
}

static inline bool stuck(struct model *model, const char *name)
{
	return model_child(model, name)->stuck;
}

/* Opens a session at a service that children provide, and has it served. */
static inline void open_at(struct model *model, const char *client, uint32_t id,
	const char *service, const char *server)
{
	assert_int_equal(model_open(model, client, id, service, "", donation), KIN_PENDING);
	assert_int_equal(model_serve(model, server), 1);
	assert_int_equal(model_fetch(model, client, id, NULL), 0);
}

/* Opens one at a service that answers at once. */
static inline void open_up(struct model *model, const char *client, uint32_t id,
	const char *service, const char *label)
{
	assert_int_equal(model_open(model, client, id, service, label, donation), 0);
}

#endif
