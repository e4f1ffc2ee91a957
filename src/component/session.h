/*
 * Sessions, what waiting and asynchronous opening have in common
 */
#ifndef COMPONENT_SESSION_H
#define COMPONENT_SESSION_H

#include <kin/session.h>

#include "component/env.h"
#include "wire/parent.h"

/* Fills in all but ID and wait. */
void session_request_prepare(const struct kin_interface *interface, const struct kin_args *args,
	struct parent_session_request *ret);

/* Raises the donation if @answer says it was too small. Return: whether to try again. */
bool session_donation_raise(struct kin_args *args, int answer, unsigned *attempts);

uint32_t session_id_next(struct kin_env *env);

/* The parent handed out the session asked for; @channel belongs to it from now on. */
void session_established(
	struct kin_session *session, const struct parent_session_request *request, int channel);

/**
 * session_take() - what the parent said about a session that was asked for, made final
 * @answer:      the parent's
 * @ret_channel: is there already if the answer is 0
 *
 * While too many capabilities are under way for the parent to send it, it is asked for again. A
 * session that can't be had in the end, or whose capability had no room here, is closed again.
 */
int session_take(struct kin_env *env, uint32_t id, int answer, int *ret_channel);

/**
 * session_forget() - drop what is under way for a session
 *
 * Return: ID under which the parent knows the session or the request for it; 0 if it does not.
 */
uint32_t session_forget(struct kin_session *session);

#endif
