/*
 * kin status: the state report of a component with children
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/link.h"
#include "cli/state.h"

int status_command(const struct options *options)
{
	const char *label = options->label[0] ? options->label : "init";
	struct link link;
	char *text;
	size_t size;
	int status = link_open(options, &link);

	if (status != CLI_OK)
		return status;
	int r = state_text(&link, label, &text, &size);

	if (r == 0) {
		fwrite(text, 1, size, stdout);
		free(text);
	} else {
		state_explain(&link, label, r);
		status = r == -EPIPE || r == -EAGAIN ? CLI_TREE_FAILED : CLI_NO_STATE;
	}
	link_close(&link);
	return status;
}
