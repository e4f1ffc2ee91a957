/*
 * Sessions at core's services
 *
 * Each service is one row: its interface, its handlers, the least donation, and how a session
 * object is opened and closed. What all session objects share is here: the channel, served by the
 * loop, and the cookie of the client's end, by which core recognises its own sessions when somebody
 * passes one along. The framework that routes session requests creates and closes sessions; it also
 * moves the donations, which are only recorded here.
 *
 * A client that breaks the protocol or does not drain its channel loses the channel, not the
 * object: that stays until the framework closes it, as for a client that is gone.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <kin/args.h>
#include <kin/interface.h>

#include "core/ends.h"
#include "core/table.h"
#include "engine/owner.h"
#include "ipc/loop.h"

struct core_services;
struct core_session;

struct core_service {
	const struct kin_interface *interface;
	const void *handlers;
	struct quota donation_min;
	size_t session_size; /* of the struct that starts with struct core_session */
	unsigned burst;      /* messages that one client gets handled before it's another's turn */
	int buffer_bytes;    /* SO_SNDBUF of the client's end; 0: CHANNEL_BUFFER_BYTES */
	/* Fills in its part, zeroed before. Return: 0, KIN_DENIED (logged), or negative errno. */
	int (*open)(struct core_session *session, const struct kin_args *args,
		const struct kin_affinity *affinity);
	void (*close)(struct core_session *session);
	/* Shall the client's messages stay where they are for now? Then it has taken the session
	 * out of the loop. May be NULL: never. */
	bool (*pause)(struct core_session *session);
};

struct core_session {
	const struct core_service *service; /* NULL: core's own PD */
	struct core_services *services;
	struct loop_source source;
	struct ends ends; /* the server's is 0 once the channel broke */
	uint64_t cookie;
	char label[KIN_LABEL_MAX + 1];
	struct quota donation;
	UT_hash_handle by_cookie;
};

/** core_service_exists() - does core provide a service of that name? */
bool core_service_exists(const char *service);

/**
 * core_session_create() - open a session
 * @version:  of the interface that the client speaks
 * @args:     valid ones, with the donation
 * @affinity: in CPUs of core's affinity space; all zero is none
 * @ret:      the session, to be closed
 * @ret_cap:  the client's end, the caller's
 *
 * Return: 0; KIN_DENIED if there is no such service, version or module (logged);
 * KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS; or negative errno.
 */
int core_session_create(struct core_services *services, const char *service, uint32_t version,
	const struct kin_args *args, const struct kin_affinity *affinity, struct core_session **ret,
	int *ret_cap);

/** core_session_upgrade() - record that the donation has grown */
void core_session_upgrade(struct core_session *session, uint64_t ram, uint64_t caps);

/** core_session_close() - end it; what it provided is revoked */
void core_session_close(struct core_session *session);

/**
 * core_session_find() - the session that a capability stands for
 * @cap: any descriptor
 *
 * Return: NULL unless it is the client's end of a session at that service of this core.
 */
struct core_session *core_session_find(
	struct core_services *services, int cap, const struct core_service *service);

/** core_session_resume() - serve a session again that was paused */
void core_session_resume(struct core_session *session);

extern const struct core_service core_pd_service;
extern const struct core_service core_cpu_service;
extern const struct core_service core_rom_service;
extern const struct core_service core_log_service;
extern const struct core_service core_timer_service;

#endif
