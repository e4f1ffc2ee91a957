/*
 * kin status: the state report of a component with children
 *
 * To a file or another program it goes as it is. A terminal gets no character that it would obey:
 * a component may have written what it likes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/link.h"
#include "cli/state.h"

/* XML has no control characters but those of U+0080 to U+009f. */
static void print_visible(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char next = i + 1 < size ? (unsigned char) text[i + 1] : 0;

		if ((unsigned char) text[i] == 0xc2 && next >= 0x80 && next < 0xa0) {
			printf("&#x%02x;", next);
			i++;
		} else {
			putchar(text[i]);
		}
	}
}

static void print(const char *text, size_t size)
{
	if (isatty(STDOUT_FILENO))
		print_visible(text, size);
	else
		fwrite(text, 1, size, stdout);
	if (size && text[size - 1] != '\n')
		putchar('\n');
}

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
		print(text, size);
		free(text);
	} else {
		state_explain(&link, label, r);
		status = r == -EPIPE || r == -EAGAIN ? CLI_TREE_FAILED : CLI_NO_STATE;
	}
	link_close(&link);
	return status;
}
