/*
 * Sessions: using the services that the parent routes us to
 *
 * A session is opened by its interface (<kin/interface.h>) and arguments, and then used through the
 * interface's stubs on `channel`:
 *
 *     struct kin_session session = { 0 };
 *     struct rom_dataspace_reply reply;
 *
 *     r = kin_session_open(env, &session, &rom_interface, &args);
 *     if (r == 0)
 *             r = rom_dataspace(session.channel, NULL, &reply);
 *
 * The client pays for what the server spends on it: the arguments' ram_quota and cap_quota are
 * donated and come back at close. Zero means the usual donation. If the server finds it too small,
 * opening tries again with more, a bounded number of times; if our own account is too small, the
 * shortage policy (<kin/resource.h>) decides.
 *
 * The functions that take a callback never wait for the server. Their callback runs from the loop,
 * never from inside the call, and exactly once, unless the session is closed before.
 */
#ifndef KIN_SESSION_H
#define KIN_SESSION_H

#include <kin/args.h>
#include <kin/env.h>
#include <kin/interface.h>

#include <stdint.h>

#define KIN_SESSION_RAM          40960 /* bytes of the usual donation */
#define KIN_SESSION_CAPS         3
#define KIN_SESSION_ATTEMPTS_MAX 8 /* donations tried, each larger than the one before */

struct session_operation;

struct kin_session {
	int channel; /* client's end, owned by the session; 0 while there is none */
	const struct kin_interface *interface;
	uint64_t ram_quota, cap_quota; /* donated so far */

	/* private */
	struct kin_env *env;
	uint32_t id;
	struct session_operation *operation;
};

/** What a callback gets: @answer as returned by the function that waits. */
typedef void kin_session_handler(struct kin_session *session, int answer, void *data);

/**
 * kin_session_open() - open a session and wait until it is there or refused
 * @interface: names the service and its version
 * @args:      label and service-specific arguments; NULL for none; copied
 *
 * Return: 0; KIN_DENIED; KIN_INSUFFICIENT_RAM or _CAPS if no donation tried was enough;
 * KIN_OUT_OF_RAM or _CAPS if the shortage policy gives up; negative errno.
 */
int kin_session_open(struct kin_env *env, struct kin_session *session,
	const struct kin_interface *interface, const struct kin_args *args);

/**
 * kin_session_open_async() - the same, without waiting
 *
 * Return: 0 if @opened will be called; -ENOMEM.
 */
int kin_session_open_async(struct kin_env *env, struct kin_session *session,
	const struct kin_interface *interface, const struct kin_args *args,
	kin_session_handler *opened, void *data);

/**
 * kin_session_upgrade() - donate more to an open session, wait until the server knows
 * @ram:  bytes
 * @caps: capabilities
 *
 * Return: 0; KIN_OUT_OF_RAM or _CAPS if the shortage policy gives up; -EBUSY if something else is
 * under way; other negative errno.
 */
int kin_session_upgrade(struct kin_session *session, uint64_t ram, uint64_t caps);

/**
 * kin_session_upgrade_async() - the same, without waiting
 *
 * Return: 0 if @upgraded will be called; -EBUSY if something else is under way; -ENOMEM.
 */
int kin_session_upgrade_async(struct kin_session *session, uint64_t ram, uint64_t caps,
	kin_session_handler *upgraded, void *data);

/**
 * kin_session_close() - close a session and wait until the donation is back
 *
 * Ends whatever is under way for it; callbacks that did not run yet never will.
 */
void kin_session_close(struct kin_session *session);

/**
 * kin_session_close_async() - the same, without waiting for the server
 *
 * The session can be forgotten or opened anew right away.
 *
 * @closed: called with 0 when the donation is back; its session is NULL. May be NULL.
 *
 * Return: 0; -ENOMEM, and then the session is still open.
 */
int kin_session_close_async(struct kin_session *session, kin_session_handler *closed, void *data);

#endif
