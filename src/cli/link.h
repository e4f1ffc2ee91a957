/*
 * Link: a connection to a running tree
 *
 * No answer is waited for longer than its deadline, so a tree that hangs does not hang us.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include "cli/options.h"
#include "wire/control.h"

#define LINK_PATIENCE_MS 5000 /* for what core answers at once */

struct link {
	int channel;
	struct control_info_reply info;
};

/**
 * link_open() - connect to the tree that the options name, or to the only one that runs
 *
 * Return: CLI_OK; CLI_USAGE if the name must be given; CLI_TREE_FAILED if there is no such tree or
 * it does not answer. On the latter two standard error says so.
 */
int link_open(const struct options *options, struct link *ret);

/* The same to the tree of that name, for who knows that it is there; says nothing. */
int link_open_name(int folder, const char *name, struct link *ret);

void link_close(struct link *link);

/**
 * link_call() - ask the tree something
 * @patience_ms: 0: wait without end
 *
 * Return: as kin_call(), -EAGAIN if the deadline passed; says nothing.
 */
int link_call(const struct link *link, uint32_t operation, const void *request, void *ret_reply,
	unsigned patience_ms);

/** link_explain() - say why link_call() failed, as far as it was not the tree's own answer. */
void link_explain(const struct link *link, int error);

/** link_text() - read a text that came with an answer; closes it. Return: 0 and a text to be freed,
 * terminated; negative errno. Says nothing. */
int link_text(int take_text, char **ret, size_t *ret_size);

#endif
