/* States of a running tree; see the header. */
#include "cli/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kin/answer.h>
#include <kin/label.h>
#include <kin/node.h>

#include "cli/link.h"

/* Core asks one question at a time, so others' may be before ours. */
#define STATE_PATIENCE_MS ((CONTROL_CLIENTS_MAX + 1) * CONTROL_STATE_MS)

int state_tree(const struct link *link, struct kin_tree **ret)
{
	struct control_tree_reply reply;
	char *text;
	size_t size;
	int r = link_call(link, control_tree_operation, NULL, &reply, LINK_PATIENCE_MS);

	if (r)
		return r;
	r = link_text(reply.text, &text, &size);
	if (r < 0)
		return r;
	r = kin_tree_parse(text, size, NULL, ret);
	free(text);
	return r;
}

/*
 * A component may have said anything. No tree holds control characters, but for those from U+0080
 * to U+009F, among which a terminal finds another way to write ESC [. They become U+00BF.
 */
static void make_harmless(char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		if ((unsigned char) text[i] == 0xc2 && (unsigned char) text[i + 1] < 0xa0)
			text[i + 1] = (char) 0xbf;
}

int state_text(const struct link *link, const char *label, char **ret, size_t *ret_size)
{
	struct control_state_request request;
	struct control_state_reply reply;
	struct kin_tree *tree;

	snprintf(request.label, sizeof(request.label), "%s", label);
	int r = link_call(link, control_state_operation, &request, &reply, STATE_PATIENCE_MS);

	if (r)
		return r;
	r = link_text(reply.text, ret, ret_size);
	if (r < 0)
		return r;
	r = kin_tree_parse(*ret, *ret_size, NULL, &tree);
	if (r < 0)
		free(*ret);
	else
		kin_tree_free(tree);
	if (r == 0)
		make_harmless(*ret, *ret_size);
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}

int state_report(const struct link *link, const char *label, struct kin_tree **ret)
{
	char *text;
	size_t size;
	int r = state_text(link, label, &text, &size);

	if (r)
		return r;
	r = kin_tree_parse(text, size, NULL, ret);
	free(text);
	return r;
}

void state_explain(const struct link *link, const char *label, int answer)
{
	switch (answer) {
	case KIN_DENIED:
		fprintf(stderr, "kin: '%s' has no state to report: it has no children\n", label);
		break;
	case KIN_INVALID:
		fprintf(stderr, "kin: there is no component '%s'\n", label);
		break;
	case KIN_CLOSED:
		fprintf(stderr, "kin: '%s' does not run\n", label);
		break;
	case KIN_EXCEEDED:
		fprintf(stderr, "kin: the state report of '%s' would be too long\n", label);
		break;
	case -ETIMEDOUT:
		fprintf(stderr, "kin: '%s' did not answer within %d s\n", label,
			CONTROL_STATE_MS / 1000);
		break;
	case -EBADMSG:
		fprintf(stderr, "kin: what '%s' answered can't be read\n", label);
		break;
	default:
		if (answer < 0)
			link_explain(link, answer);
		else
			fprintf(stderr, "kin: '%s' can't report its state: %s\n", label,
				kin_answer_text(answer));
	}
}

int state_label(const struct kin_node *component, char *ret)
{
	const struct kin_node *parent = kin_node_parent(component);

	ret[0] = '\0';
	if (!parent)
		return 0;
	int r = state_label(parent, ret);

	return r < 0 ? r : kin_label_join(ret, kin_node_attribute(component, "name"), ret);
}
