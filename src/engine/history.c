/* History; see the header. */
#include "engine/history.h"

#include <stdio.h>
#include <string.h>

void history_add(struct child_history *history, enum history_kind kind, const char *text)
{
	struct history_event *last =
		&history->events[(history->n + HISTORY_EVENTS_MAX - 1) % HISTORY_EVENTS_MAX];
	char cut[HISTORY_TEXT_MAX + 1];

	snprintf(cut, sizeof(cut), "%s", text);
	if (history->n && last->kind == kind && strcmp(last->text, cut) == 0) {
		last->times++;
		return;
	}
	struct history_event *event = &history->events[history->n++ % HISTORY_EVENTS_MAX];

	event->kind = kind;
	event->times = 1;
	memcpy(event->text, cut, sizeof(cut));
}

const struct history_event *history_at(const struct child_history *history, unsigned i)
{
	unsigned first = history->n > HISTORY_EVENTS_MAX ? history->n - HISTORY_EVENTS_MAX : 0;

	return first + i < history->n ? &history->events[(first + i) % HISTORY_EVENTS_MAX] : NULL;
}

const char *history_word(enum history_kind kind)
{
	switch (kind) {
	case HISTORY_DENIED:
		return "denied";
	case HISTORY_FAILED:
		return "failed";
	case HISTORY_RESTART:
		return "restart";
	case HISTORY_STUCK:
		return "stuck";
	case HISTORY_REVIVED:
		return "revived";
	case HISTORY_ENDED:
		return "ended";
	case HISTORY_QUOTA:
		return "quota";
	}
	return "";
}
