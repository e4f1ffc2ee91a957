/*
 * History: what happened to a child, and why
 *
 * The last few events of each child, oldest first, for those who ask why something is denied, stuck
 * or restarted. The same event again only counts. It goes on when a child is started anew.
 */
#ifndef ENGINE_HISTORY_H
#define ENGINE_HISTORY_H

#define HISTORY_EVENTS_MAX 8
#define HISTORY_TEXT_MAX   191 /* bytes; longer ones are cut */

enum history_kind {
	HISTORY_DENIED,  /* a request that led nowhere */
	HISTORY_FAILED,  /* it could not be started */
	HISTORY_RESTART, /* it was, and why */
	HISTORY_STUCK,   /* it was stopped, because a route of its leads nowhere any more */
	HISTORY_REVIVED, /* the routes it waited for are there again */
	HISTORY_ENDED,
	HISTORY_QUOTA, /* it got less than wanted, or asks for more */
};

struct history_event {
	enum history_kind kind;
	unsigned times;
	char text[HISTORY_TEXT_MAX + 1];
};

struct child_history {
	struct history_event events[HISTORY_EVENTS_MAX];
	unsigned n; /* ever added */
};

void history_add(struct child_history *history, enum history_kind kind, const char *text);

/* Number @i of those that are kept, the oldest is 0. Return: NULL beyond the newest */
const struct history_event *history_at(const struct child_history *history, unsigned i);

/* "denied", "failed", …, as in reports */
const char *history_word(enum history_kind kind);

#endif
