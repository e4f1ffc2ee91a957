/*
 * Trees: kin-core with a config of ours
 *
 * Core is started directly, without the command around it, as a benchmark has nothing to be told
 * about its config. What the components log comes as lines.
 */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include "lines.h"
#include "process.h"

#define TREE_CONFIG_MAX (96 * 1024) /* bytes, enough for some hundred start nodes */

/* A command line of core's; refers to itself. */
struct tree_command {
	const char *argv[16];
	char config_text[24]; /* the number of the descriptor below */
	int config;           /* owned, inherited by whoever is started */
};

struct tree {
	pid_t core;
	struct lines lines;
};

/* A config with @count idle components in the innermost of @levels inits, each in the other. */
void tree_config_idle(unsigned count, unsigned levels, char config[TREE_CONFIG_MAX]);

/*
 * A config in which the client does something many times, then the tree ends; see client.c. Of
 * @levels inits, each in the other, the innermost has the client, the outermost the server.
 */
void tree_config_client(
	const char *measure, unsigned long count, unsigned levels, char config[TREE_CONFIG_MAX]);

/*
 * Makes a command line of a config.
 * Core wants descriptors 3 to 31 for itself: who starts it may have them, but closed on exec.
 */
void tree_command_init(struct tree_command *command, const char *config);
void tree_command_done(struct tree_command *command);

void tree_start(struct tree *tree, const char *config, enum cores cores);

/* Ends it, or sees that it ended by itself without an error. */
void tree_stop(struct tree *tree);
void tree_wait(struct tree *tree);

#endif
