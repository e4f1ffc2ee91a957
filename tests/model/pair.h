/*
 * Pair: a client and a server in a model
 *
 * For tests of one session: "client" opens it under PAIR_ID at the service "Child" of its sibling
 * "server", at "Parent" of the parent, or at "Local" of the owner. The functions act for the client
 * and assert by cmocka.
 */
#ifndef MODEL_PAIR_H
#define MODEL_PAIR_H

#include "model/model.h"

#define PAIR_ID 7

/* What the client donates, the metadata cost included. */
extern const struct quota pair_donation;

/* cmocka's fixtures; *state is the model. */
int pair_set_up(void **state);
int pair_tear_down(void **state);

int pair_open(struct model *model, const char *service);
int pair_upgrade(struct model *model, struct quota amount);
int pair_close(struct model *model);

/* The server answers the oldest request. */
void pair_respond(struct model *model, int answer);

/* The client's account is short of this, compared with what it was given. */
void pair_assert_paid(struct model *model, uint64_t ram, uint64_t caps);

/* The session is there, in the state returned. */
enum session_state pair_state(struct model *model);

/* Nothing is known of the session any more. */
void pair_assert_unknown(struct model *model);

#endif
