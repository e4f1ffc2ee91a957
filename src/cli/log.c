/*
 * kin log: what components have said
 *
 * Core keeps the last lines. Who follows asks for those after the last one it got, and core answers
 * once there are some; how fast that goes is our own affair.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/link.h"

static int print(const struct control_log_reply *reply)
{
	char *text;
	size_t size;

	if (!reply->text)
		return 0;
	int r = link_text(reply->text, &text, &size);

	if (r < 0)
		return r;
	fwrite(text, 1, size, stdout);
	fflush(stdout);
	free(text);
	return 0;
}

/* Return: 0, -EPIPE once the tree has ended, other negative errno */
static int step(const struct link *link, struct control_log_request *request)
{
	struct control_log_reply reply;
	int r = link_call(
		link, control_log_operation, request, &reply, request->wait ? 0 : LINK_PATIENCE_MS);

	if (r)
		return r;
	if (reply.lost && request->from)
		fprintf(stderr, "kin: %" PRIu64 " lines came too fast to be kept\n", reply.lost);
	request->from = reply.next;
	request->wait = true;
	return print(&reply);
}

int log_command(const struct options *options)
{
	struct control_log_request request = { .from = 0 };
	struct link link;
	int r, status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	snprintf(request.prefix, sizeof(request.prefix), "%s", options->label);
	do
		r = step(&link, &request);
	while (r == 0 && options->follow);
	if (r == -EPIPE && request.wait)
		r = 0; /* it was followed to its end */
	if (r)
		link_explain(&link, r);
	link_close(&link);
	return r ? CLI_TREE_FAILED : CLI_OK;
}
