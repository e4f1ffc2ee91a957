/*
 * Donations: the quota that follows a session
 *
 * client -> parent -> server when it is made or upgraded, and back when it ends, each as one
 * transaction of the owner. Environment sessions are paid by the parent itself; local services and
 * the parent above are paid from the parent's account as well, so those edges fall away.
 */
#ifndef ENGINE_DONATION_H
#define ENGINE_DONATION_H

#include "engine/session.h"

/**
 * donation_give() - move quota from the client to the server
 * @amount:     what the server gets and gives back
 * @cost_bytes: what the parent keeps on the way
 *
 * Return: 0, or KIN_OUT_OF_RAM, KIN_OUT_OF_CAPS, negative errno with nothing moved. On success the
 * session's donation has grown by @amount.
 */
int donation_give(struct session *session, struct quota amount, uint64_t cost_bytes);

/**
 * donation_return() - move the whole donation and cost back to the client
 *
 * A server that holds less than it was given is named in the log and gives what it has. If the
 * client is gone its share stays with the parent, to which the client's account fell.
 */
void donation_return(struct session *session);

/* Takes back an upgrade that was refused. */
void donation_take_back(struct session *session, struct quota amount);

#endif
