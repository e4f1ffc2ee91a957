/*
 * Questions for a state
 *
 * Whose state it is says a label, as seen from the one who asks. Its first element names the child
 * that is asked, with the rest as the question: so each level takes its own name off and nobody
 * knows more than its own children. A question is posted as an event and answered by a message of
 * the child's; nobody waits for it. An answer to what was not asked, or not any more, is dropped.
 */
#include <string.h>

#include <kin/label.h>

#include "host/child.h"
#include "wire/parent.h"

/* Return: the child that a path leads to or through, NULL if there is none */
static struct child *path_child(struct host *host, const char *path, const char **ret_rest)
{
	const char *separator = strstr(path, KIN_LABEL_SEPARATOR);
	size_t length = separator ? (size_t) (separator - path) : strlen(path);
	char name[KIN_NAME_MAX + 1];

	if (length > KIN_NAME_MAX)
		return NULL;
	memcpy(name, path, length);
	name[length] = '\0';
	*ret_rest = separator ? separator + strlen(KIN_LABEL_SEPARATOR) : "";
	return sandbox_child(&host->sandbox, name);
}

int host_state_ask(struct host *host, uint32_t serial, const char *path)
{
	const char *rest;
	struct child *child = path_child(host, path, &rest);
	struct host_child *hc = child ? child->host : NULL;

	if (!child || child->state == CHILD_ABANDONED)
		return KIN_INVALID;
	if (!child->started || child->state != CHILD_ALIVE)
		return KIN_CLOSED;
	hc->question.open = true;
	hc->question.serial = serial;
	strcpy(hc->question.path, rest);
	child_post(child, CHILD_EVENT_STATE);
	return 0;
}

void host_question_fetch(struct host_child *hc, struct parent_events_reply *ret)
{
	ret->state_serial = hc->question.serial;
	strcpy(ret->state_path, hc->question.path);
}

void host_question_answer(struct host_child *hc, const struct parent_state_request *answer)
{
	struct host *host = hc->host;
	bool empty = answer->answer == KIN_OK && !answer->dataspace;
	struct host_state state = { answer->serial, empty ? KIN_DENIED : answer->answer };

	if (!hc->question.open || hc->question.serial != answer->serial)
		return;
	hc->question.open = false;
	if (state.answer == KIN_OK) {
		state.dataspace = answer->dataspace;
		state.size = answer->size;
	}
	host->ops->state(host, &state);
}

void host_question_drop(struct host_child *hc)
{
	if (!hc->question.open)
		return;
	hc->question.open = false;
	hc->host->ops->state(
		hc->host, &(struct host_state){ hc->question.serial, KIN_CLOSED, 0, 0 });
}
