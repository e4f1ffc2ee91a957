/*
 * Services: being a server
 *
 * A service is an interface, handlers for its operations, and a few callbacks about its clients.
 * After kin_service_announce() the loop does the rest: it fetches the requests that our parent has
 * for us, makes a channel for each client, and dispatches what arrives on it.
 *
 * The per-client struct of a service starts with a struct kin_client; its size is given as
 * client_size, the library allocates it zeroed and passes it to every callback, and to the
 * operations' handlers as their `self`:
 *
 *     struct counter { struct kin_client client; uint64_t n; };
 *
 *     static int increment(void *self, struct counter_increment_request *request,
 *             struct counter_increment_reply *reply)
 *     {
 *             struct counter *counter = self;
 *
 *             reply->n = ++counter->n;
 *             return 0;
 *     }
 *
 * A server never waits for a client. What it allocates on a client's behalf it charges to the
 * client's quota, which holds the donation: at first the struct itself and the channel, which is
 * KIN_CHANNEL_RAM and one capability. Clients are not to be trusted: a client that breaks the
 * protocol, or does not drain its replies, loses its channel, with a warning that names its label;
 * its session ends as usual when it is closed.
 */
#ifndef KIN_SERVICE_H
#define KIN_SERVICE_H

#include <kin/answer.h>
#include <kin/args.h>
#include <kin/env.h>
#include <kin/interface.h>
#include <kin/quota.h>

#include <stddef.h>

struct kin_service;

struct kin_client {
	struct kin_service *service;
	struct kin_args args; /* label and what else the client said; quotas as of the start */
	struct kin_affinity affinity;
	struct kin_quota quota; /* the donation, and what of it is spent */
	int channel;            /* server's end, for kin_reply(); 0 while there is none */
};

struct kin_service {
	const struct kin_interface *interface;
	const void *handlers; /* struct NAME_handlers of the interface */
	size_t client_size;   /* bytes of the struct that starts with a struct kin_client */

	/*
	 * A client wants a session. Return 0 to let it in; KIN_DENIED; KIN_INSUFFICIENT_RAM or
	 * _CAPS (or the KIN_OUT_OF_… that an allocation from the client's quota returned) to ask
	 * for a larger donation; KIN_PENDING to decide later. After any other answer than 0 and
	 * KIN_PENDING the client is gone, so what was done for it must be undone first. May be
	 * NULL.
	 */
	int (*create)(struct kin_client *client);

	/*
	 * The client donated more; its quota says so already. Return 0, or KIN_PENDING to confirm
	 * it with kin_client_confirm() later. May be NULL.
	 */
	int (*upgraded)(struct kin_client *client);

	/*
	 * The session ends; give back everything charged to its quota. Messages that the client had
	 * sent have been handled, nothing arrives any more. Return 0, or KIN_PENDING to finish with
	 * kin_client_closed() later. May be NULL.
	 */
	int (*destroy)(struct kin_client *client);

	void *data; /* the owner's */

	/* private */
	struct kin_env *env;
	struct kin_service *next;
};

/**
 * kin_service_announce() - offer a service
 * @service: filled in by the caller, stays where it is from now on
 *
 * Return: 0; KIN_DENIED if the parent does not let us provide it; KIN_OUT_OF_… if the shortage
 * policy gives up; negative errno.
 */
int kin_service_announce(struct kin_env *env, struct kin_service *service);

/** kin_client_deliver() - let in a client whose `create` returned KIN_PENDING. */
void kin_client_deliver(struct kin_client *client);

/** kin_client_deny() - refuse such a client with an answer that `create` could have given; it is
 * gone afterwards. */
void kin_client_deny(struct kin_client *client, int answer);

/** kin_client_confirm() - confirm an upgrade that `upgraded` left KIN_PENDING; until `destroy`. */
void kin_client_confirm(struct kin_client *client);

/** kin_client_closed() - finish what `destroy` left KIN_PENDING; the client is gone afterwards. */
void kin_client_closed(struct kin_client *client);

#endif
