/*
 * The table
 *
 * Read a row as: at a service of these kinds, when the session is at one of these points, and one
 * of these things is done, then the caller gets this answer, the session goes there, and these are
 * told. What is not said is nothing: no answer, nobody told, no line in the log.
 */
#include "enumerate/enumerate.h"

#include <errno.h>

#include <kin/answer.h>

/* Sets of points. */
#define FRESH (BIT(CREATING) | BIT(CREATING_SEEN))
#define REFUSED \
	(BIT(DENIED) | BIT(INSUFFICIENT_RAM) | BIT(INSUFFICIENT_CAPS) | BIT(OUT_OF_RAM) | \
		BIT(OUT_OF_CAPS))
#define UPGRADES  (BIT(UPGRADING) | BIT(UPGRADING_SEEN))
#define CLOSES    (BIT(CLOSING) | BIT(CLOSING_SEEN))
#define UNWANTED  (BIT(UNDELIVERED) | BIT(UNDELIVERED_SEEN))
#define ORPHANS   (BIT(ORPHAN) | BIT(ORPHAN_SEEN))
#define IN_USE    (FRESH | REFUSED | BIT(AVAIL) | BIT(OK) | UPGRADES | BIT(CLOSED))
#define ID_FREE   (BIT(UNKNOWN) | CLOSES | BIT(ABANDONED) | UNWANTED)
#define CLIENTS   (IN_USE | ID_FREE)               /* points that a client can be at */
#define OLD_STATE (REFUSED | BIT(AVAIL) | BIT(OK)) /* nothing is asked of the server */

const struct point_set point_sets[] = {
	{ CLIENTS, "any that a client can be at" },
	{ IN_USE, "the ID is in use" },
	{ IN_USE & ~BIT(OK), "the ID is in use, but not OK" },
	{ ID_FREE, "the ID is free" },
	{ 0, NULL },
};

/* Sets of operations. */
#define OPENS \
	(BIT(OPEN) | BIT(OPEN_LATER) | BIT(OPEN_DENIED) | BIT(OPEN_INSUFFICIENT_RAM) | \
		BIT(OPEN_INSUFFICIENT_CAPS) | BIT(OPEN_OUT_OF_RAM) | BIT(OPEN_OUT_OF_CAPS) | \
		BIT(OPEN_BROKEN) | BIT(OPEN_MUCH_RAM) | BIT(OPEN_MANY_CAPS))
#define ALL_UPGRADES \
	(BIT(UPGRADE) | BIT(UPGRADE_LATER) | BIT(UPGRADE_OUT_OF_RAM) | BIT(UPGRADE_OUT_OF_CAPS) | \
		BIT(UPGRADE_BROKEN) | BIT(UPGRADE_MUCH_RAM) | BIT(UPGRADE_MANY_CAPS))
#define ALL_CLOSES (BIT(CLOSE) | BIT(CLOSE_LATER))
#define ENDS       (BIT(CLIENT_ENDS) | BIT(CLIENT_ENDS_LATER))
#define REFUSALS \
	(BIT(RESPOND_DENIED) | BIT(RESPOND_INSUFFICIENT_RAM) | BIT(RESPOND_INSUFFICIENT_CAPS))
#define RESPONSES (BIT(RESPOND_OK) | BIT(RESPOND_CLOSED) | REFUSALS | BIT(RESPOND_NONSENSE))

/* Two lines for a row: what it is about, and what comes of it. */
/* clang-format off */
const struct row rows[] = {
	{ .chapter = "A session is asked for",
		.kinds = AT_ONCE, .at = BIT(UNKNOWN), .does = BIT(OPEN),
		.cap = true, .then = OK },
	{ .kinds = BIT(CHILD), .at = BIT(UNKNOWN), .does = BIT(OPEN_LATER),
		.answer = KIN_PENDING, .then = CREATING, .server_woken = true },
	{ .kinds = AT_ONCE, .at = BIT(UNKNOWN), .does = BIT(OPEN_LATER),
		.answer = KIN_PENDING, .then = CREATING },
	{ .kinds = AT_ONCE, .at = ID_FREE, .does = BIT(OPEN_DENIED) | BIT(OPEN_BROKEN),
		.answer = KIN_DENIED, .stays = true },
	{ .kinds = AT_ONCE, .at = ID_FREE, .does = BIT(OPEN_INSUFFICIENT_RAM),
		.answer = KIN_INSUFFICIENT_RAM, .stays = true },
	{ .kinds = AT_ONCE, .at = ID_FREE, .does = BIT(OPEN_INSUFFICIENT_CAPS),
		.answer = KIN_INSUFFICIENT_CAPS, .stays = true },
	{ .kinds = ANY, .at = ID_FREE, .does = BIT(OPEN_MUCH_RAM),
		.answer = KIN_OUT_OF_RAM, .stays = true },
	{ .kinds = ANY, .at = ID_FREE, .does = BIT(OPEN_MANY_CAPS),
		.answer = KIN_OUT_OF_CAPS, .stays = true },
	{ .kinds = BIT(PARENT), .at = ID_FREE, .does = BIT(OPEN_OUT_OF_RAM),
		.answer = KIN_OUT_OF_RAM, .stays = true, .asks = true },
	{ .kinds = BIT(PARENT), .at = ID_FREE, .does = BIT(OPEN_OUT_OF_CAPS),
		.answer = KIN_OUT_OF_CAPS, .stays = true, .asks = true },

	{ .chapter = "From the close on the ID is free: another session gets it",
		.kinds = AT_ONCE, .at = CLOSES, .does = BIT(OPEN),
		.cap = true, .stays = true },
	{ .kinds = AT_ONCE, .at = CLOSES, .does = BIT(OPEN_LATER),
		.answer = KIN_PENDING, .stays = true },
	{ .kinds = BIT(CHILD), .at = CLOSES | BIT(ABANDONED) | UNWANTED, .does = BIT(OPEN_LATER),
		.answer = KIN_PENDING, .stays = true, .server_woken = true },

	{ .chapter = "Before that it is not",
		.kinds = ANY, .at = IN_USE, .does = OPENS,
		.answer = KIN_DENIED, .stays = true,
		.log = "client: session ID 7 of service \"SERVICE\" is in use by a session of "
			"service \"SERVICE\" (label=\"client\")" },

	{ .chapter = "What is wrong in any case",
		.kinds = ANY, .at = CLIENTS, .server = EITHER, .does = BIT(OPEN_SMALL),
		.answer = KIN_INSUFFICIENT_RAM, .stays = true },
	{ .kinds = ANY, .at = CLIENTS, .server = EITHER, .does = BIT(OPEN_UNROUTED),
		.answer = KIN_DENIED, .stays = true,
		.log = "client: no route to service \"Nothing\" (label=\"client\")" },
	{ .kinds = ANY, .at = CLIENTS, .server = BIT(GONE), .does = OPENS,
		.answer = KIN_DENIED, .stays = true,
		.log = "client: no route to service \"SERVICE\" (label=\"client\")" },

	{ .chapter = "The outcome is fetched",
		.kinds = ANY, .at = BIT(UNKNOWN) | BIT(ABANDONED) | UNWANTED, .server = EITHER,
			.does = BIT(FETCH),
		.answer = KIN_CLOSED, .stays = true },
	{ .kinds = ANY, .at = FRESH | UPGRADES | CLOSES, .does = BIT(FETCH),
		.answer = KIN_PENDING, .stays = true },
	{ .kinds = ANY, .at = BIT(AVAIL), .does = BIT(FETCH),
		.cap = true, .then = OK },
	{ .kinds = ANY, .at = BIT(OK) | BIT(CLOSED), .server = EITHER, .does = BIT(FETCH),
		.stays = true },
	{ .kinds = ANY, .at = BIT(DENIED), .server = EITHER, .does = BIT(FETCH),
		.answer = KIN_DENIED, .then = UNKNOWN },
	{ .kinds = ANY, .at = BIT(INSUFFICIENT_RAM), .server = EITHER, .does = BIT(FETCH),
		.answer = KIN_INSUFFICIENT_RAM, .then = UNKNOWN },
	{ .kinds = ANY, .at = BIT(INSUFFICIENT_CAPS), .server = EITHER, .does = BIT(FETCH),
		.answer = KIN_INSUFFICIENT_CAPS, .then = UNKNOWN },
	{ .kinds = ANY, .at = BIT(OUT_OF_RAM), .does = BIT(FETCH),
		.answer = KIN_OUT_OF_RAM, .then = UNKNOWN },
	{ .kinds = ANY, .at = BIT(OUT_OF_CAPS), .does = BIT(FETCH),
		.answer = KIN_OUT_OF_CAPS, .then = UNKNOWN },

	{ .chapter = "More is donated",
		.kinds = AT_ONCE, .at = BIT(OK), .does = BIT(UPGRADE),
		.then = OK },
	{ .kinds = BIT(CHILD), .at = BIT(OK), .does = BIT(UPGRADE_LATER),
		.answer = KIN_PENDING, .then = UPGRADING, .server_woken = true },
	{ .kinds = AT_ONCE, .at = BIT(OK), .does = BIT(UPGRADE_LATER),
		.answer = KIN_PENDING, .then = UPGRADING },
	{ .kinds = ANY, .at = BIT(OK), .does = BIT(UPGRADE_MUCH_RAM),
		.answer = KIN_OUT_OF_RAM, .then = OK },
	{ .kinds = ANY, .at = BIT(OK), .does = BIT(UPGRADE_MANY_CAPS),
		.answer = KIN_OUT_OF_CAPS, .then = OK },
	{ .kinds = BIT(PARENT), .at = BIT(OK), .does = BIT(UPGRADE_OUT_OF_RAM),
		.answer = KIN_OUT_OF_RAM, .then = OK, .asks = true },
	{ .kinds = BIT(PARENT), .at = BIT(OK), .does = BIT(UPGRADE_OUT_OF_CAPS),
		.answer = KIN_OUT_OF_CAPS, .then = OK, .asks = true },
	{ .kinds = BIT(PARENT), .at = BIT(OK), .does = BIT(UPGRADE_BROKEN),
		.answer = -EPIPE, .then = OK },
	{ .kinds = ANY, .at = IN_USE & ~BIT(OK), .server = EITHER, .does = ALL_UPGRADES,
		.stays = true, .log = "client: upgrade of session 7 in state STATE ignored" },
	{ .kinds = ANY, .at = ID_FREE, .server = EITHER, .does = ALL_UPGRADES,
		.stays = true, .log = "client: upgrade of session 7 in state unknown ignored" },

	{ .chapter = "It is closed",
		.kinds = BIT(CHILD), .at = BIT(CREATING), .does = BIT(CLOSE_LATER),
		.then = UNKNOWN },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = BIT(CLOSE_LATER),
		.then = ABANDONED },
	{ .kinds = BIT(CHILD), .at = BIT(AVAIL) | BIT(OK) | UPGRADES, .does = BIT(CLOSE_LATER),
		.answer = KIN_PENDING, .then = CLOSING, .server_woken = true },
	{ .kinds = AT_ONCE, .at = BIT(CREATING) | BIT(AVAIL) | BIT(OK) | UPGRADES,
			.does = BIT(CLOSE),
		.then = UNKNOWN },
	{ .kinds = AT_ONCE, .at = BIT(CREATING) | BIT(AVAIL) | BIT(OK) | UPGRADES,
			.does = BIT(CLOSE_LATER),
		.answer = KIN_PENDING, .then = CLOSING },
	{ .kinds = ANY, .at = REFUSED | BIT(CLOSED), .server = EITHER, .does = ALL_CLOSES,
		.then = UNKNOWN },
	{ .kinds = ANY, .at = ID_FREE, .server = EITHER, .does = ALL_CLOSES,
		.stays = true, .log = "client: close of unknown session 7 ignored" },

	{ .chapter = "The client ends",
		.kinds = ANY, .at = BIT(UNKNOWN) | REFUSED | BIT(CLOSED), .server = EITHER,
			.does = ENDS,
		.then = UNKNOWN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING), .does = ENDS,
		.then = UNKNOWN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = ENDS,
		.then = ABANDONED, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(AVAIL) | BIT(OK) | UPGRADES, .does = ENDS,
		.then = ORPHAN, .server_woken = true,
		.log = "child \"client\" exited with exit value 0" },
	{ .kinds = AT_ONCE, .at = BIT(CREATING) | BIT(AVAIL) | BIT(OK) | UPGRADES,
			.does = BIT(CLIENT_ENDS),
		.then = UNKNOWN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = AT_ONCE, .at = BIT(CREATING) | BIT(AVAIL) | BIT(OK) | UPGRADES,
			.does = BIT(CLIENT_ENDS_LATER),
		.then = ORPHAN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = ANY, .at = BIT(CLOSING), .does = ENDS,
		.then = ORPHAN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = ANY, .at = BIT(CLOSING_SEEN), .does = ENDS,
		.then = ORPHAN_SEEN, .log = "child \"client\" exited with exit value 0" },
	{ .kinds = ANY, .at = BIT(ABANDONED) | UNWANTED, .does = ENDS,
		.stays = true, .log = "child \"client\" exited with exit value 0" },

	{ .chapter = "The server looks what there is to do",
		.kinds = BIT(CHILD), .at = BIT(UNKNOWN) | OLD_STATE, .does = BIT(REQUESTS),
		.stays = true },
	{ .kinds = BIT(CHILD), .at = FRESH, .does = BIT(REQUESTS),
		.sees = SEES_CREATE, .then = CREATING_SEEN },
	{ .kinds = BIT(CHILD), .at = BIT(ABANDONED), .does = BIT(REQUESTS),
		.sees = SEES_CREATE, .then = ABANDONED },
	{ .kinds = BIT(CHILD), .at = UPGRADES, .does = BIT(REQUESTS),
		.sees = SEES_UPGRADE, .then = UPGRADING_SEEN },
	{ .kinds = BIT(CHILD), .at = CLOSES, .does = BIT(REQUESTS),
		.sees = SEES_CLOSE, .then = CLOSING_SEEN },
	{ .kinds = BIT(CHILD), .at = UNWANTED, .does = BIT(REQUESTS),
		.sees = SEES_CLOSE, .then = UNDELIVERED_SEEN },
	{ .kinds = BIT(CHILD), .at = ORPHANS, .does = BIT(REQUESTS),
		.sees = SEES_CLOSE, .then = ORPHAN_SEEN },

	{ .chapter = "The server delivers",
		.kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = BIT(DELIVER),
		.then = AVAIL, .client = CREATED },
	{ .kinds = BIT(CHILD), .at = BIT(ABANDONED), .does = BIT(DELIVER),
		.then = UNDELIVERED, .server_woken = true },
	{ .kinds = BIT(CHILD),
		.at = BIT(UNKNOWN) | BIT(CREATING) | OLD_STATE | UPGRADES | CLOSES | UNWANTED |
			ORPHANS,
		.does = BIT(DELIVER),
		.stays = true,
		.log = "server: delivery of a capability for session ID in state STATE ignored" },

	{ .chapter = "The server responds",
		.kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = BIT(RESPOND_DENIED),
		.then = DENIED, .client = CREATED },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = BIT(RESPOND_INSUFFICIENT_RAM),
		.then = INSUFFICIENT_RAM, .client = CREATED },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING_SEEN), .does = BIT(RESPOND_INSUFFICIENT_CAPS),
		.then = INSUFFICIENT_CAPS, .client = CREATED },
	{ .kinds = BIT(CHILD), .at = BIT(ABANDONED), .does = REFUSALS,
		.then = UNKNOWN },
	{ .kinds = BIT(CHILD), .at = BIT(CREATING_SEEN) | BIT(ABANDONED),
			.does = RESPONSES & ~REFUSALS,
		.stays = true, .log = "server: response for session ID in state STATE ignored" },
	{ .kinds = BIT(CHILD), .at = BIT(UPGRADING_SEEN), .does = BIT(RESPOND_OK),
		.then = OK, .client = UPGRADED },
	{ .kinds = BIT(CHILD), .at = BIT(UPGRADING_SEEN),
			.does = RESPONSES & ~(BIT(RESPOND_OK) | BIT(RESPOND_CLOSED)),
		.stays = true, .log = "server: response for session ID in state STATE ignored" },
	{ .kinds = BIT(CHILD), .at = BIT(CLOSING_SEEN), .does = BIT(RESPOND_CLOSED),
		.then = UNKNOWN, .client = ENDED },
	{ .kinds = BIT(CHILD), .at = BIT(UNDELIVERED_SEEN) | BIT(ORPHAN_SEEN),
			.does = BIT(RESPOND_CLOSED),
		.then = UNKNOWN },
	{ .kinds = BIT(CHILD), .at = BIT(CLOSING_SEEN) | BIT(UNDELIVERED_SEEN) | BIT(ORPHAN_SEEN),
			.does = RESPONSES & ~BIT(RESPOND_CLOSED),
		.stays = true, .log = "server: response for session ID in state STATE ignored" },
	{ .kinds = BIT(CHILD), .at = BIT(UNKNOWN) | REFUSED, .does = RESPONSES,
		.stays = true, .log = "server: response for session ID in state STATE ignored" },
	{ .kinds = BIT(CHILD), .at = BIT(AVAIL) | BIT(OK),
			.does = RESPONSES & ~BIT(RESPOND_CLOSED),
		.stays = true, .log = "server: response for session ID in state STATE ignored" },
	{ .kinds = BIT(CHILD),
		.at = BIT(CREATING) | BIT(UPGRADING) | BIT(CLOSING) | BIT(UNDELIVERED) |
			BIT(ORPHAN),
		.does = RESPONSES,
		.stays = true,
		.log = "server: response for session ID in state unknown ignored" },

	{ .chapter = "The server ends it without being asked: the client is started anew",
		.kinds = BIT(CHILD), .at = BIT(AVAIL) | BIT(OK), .does = BIT(RESPOND_CLOSED),
		.then = UNKNOWN,
		.log = "client: session of service \"SERVICE\" (label=\"client\") was ended by its "
			"server" },
	{ .kinds = BIT(CHILD), .at = BIT(UPGRADING_SEEN), .does = BIT(RESPOND_CLOSED),
		.then = UNKNOWN, .client = UPGRADED,
		.log = "client: session of service \"SERVICE\" (label=\"client\") was ended by its "
			"server" },

	{ .chapter = "The server ends",
		.kinds = BIT(CHILD), .at = FRESH, .does = BIT(SERVER_ENDS),
		.then = DENIED, .client = CREATED,
		.log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(AVAIL), .does = BIT(SERVER_ENDS),
		.then = DENIED, .log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(UNKNOWN) | REFUSED, .does = BIT(SERVER_ENDS),
		.stays = true, .log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(OK), .does = BIT(SERVER_ENDS),
		.then = CLOSED, .log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = UPGRADES, .does = BIT(SERVER_ENDS),
		.then = CLOSED, .client = UPGRADED,
		.log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = CLOSES, .does = BIT(SERVER_ENDS),
		.then = UNKNOWN, .client = ENDED,
		.log = "child \"server\" exited with exit value 0" },
	{ .kinds = BIT(CHILD), .at = BIT(ABANDONED) | UNWANTED | ORPHANS, .does = BIT(SERVER_ENDS),
		.then = UNKNOWN, .log = "child \"server\" exited with exit value 0" },

	{ .chapter = "The parent answers what it left pending",
		.kinds = AT_ONCE, .at = BIT(CREATING), .does = BIT(ANSWER_OK),
		.then = AVAIL, .client = CREATED },
	{ .kinds = AT_ONCE, .at = BIT(CREATING), .does = BIT(ANSWER_DENIED),
		.then = DENIED, .client = CREATED },
	{ .kinds = AT_ONCE, .at = BIT(CREATING), .does = BIT(ANSWER_INSUFFICIENT_RAM),
		.then = INSUFFICIENT_RAM, .client = CREATED },
	{ .kinds = AT_ONCE, .at = BIT(CREATING), .does = BIT(ANSWER_INSUFFICIENT_CAPS),
		.then = INSUFFICIENT_CAPS, .client = CREATED },
	{ .kinds = BIT(PARENT), .at = BIT(CREATING), .does = BIT(ANSWER_OUT_OF_RAM),
		.then = OUT_OF_RAM, .client = CREATED, .asks = true },
	{ .kinds = BIT(PARENT), .at = BIT(CREATING), .does = BIT(ANSWER_OUT_OF_CAPS),
		.then = OUT_OF_CAPS, .client = CREATED, .asks = true },
	{ .kinds = AT_ONCE, .at = BIT(UPGRADING), .does = BIT(ANSWER_OK),
		.then = OK, .client = UPGRADED },
	{ .kinds = AT_ONCE, .at = BIT(CLOSING), .does = BIT(ANSWER_OK),
		.then = UNKNOWN, .client = ENDED },
	{ .kinds = AT_ONCE, .at = BIT(ORPHAN), .does = BIT(ANSWER_OK),
		.then = UNKNOWN },
	{ .kinds = BIT(PARENT), .at = CLIENTS | ORPHANS, .does = BIT(ANSWER_PENDING),
		.stays = true },
};
/* clang-format on */

const size_t n_rows = sizeof(rows) / sizeof(rows[0]);
