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

#define TREE_CONFIG_MAX (128 * 1024) /* bytes, enough for a thousand start nodes */

/* A tree in which something changes beside many idle components. */
struct tree_scene {
	unsigned idle;
	unsigned added;   /* number of the one that was added last, 0 if there is none */
	unsigned clients; /* of a server, if any */
	unsigned label;   /* number in the label of the server's LOG session */
	bool restarted;   /* all idle ones have another route than otherwise */
	bool report;      /* budgets are reported */
};

/* A command line of core's; refers to itself. */
struct tree_command {
	const char *argv[24];
	size_t n;
	char texts[3][24]; /* numbers of the descriptors below */
	int config;        /* owned, inherited by whoever is started, as the next two */
	int listener, folder;
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

void tree_config_scene(const struct tree_scene *scene, char config[TREE_CONFIG_MAX]);

/*
 * Makes a command line of a config.
 * Core wants descriptors 3 to 31 for itself: who starts it may have them, but closed on exec.
 */
void tree_command_init(struct tree_command *command, const char *config);
void tree_command_done(struct tree_command *command);

void tree_start(struct tree *tree, const char *config, enum cores cores);

/*
 * A tree that can be worked on: see tree_apply() and tree_state(). Its control socket is in a
 * folder of its own, which goes with it.
 */
struct tree_controlled {
	struct tree tree;
	int channel;
	uint64_t revision; /* of the config that was given last */
	char folder[32];
};

void tree_controlled_start(struct tree_controlled *tree, const char *config);
void tree_controlled_stop(struct tree_controlled *tree);

/* Gives it another config; does not wait. */
void tree_apply(struct tree_controlled *tree, const char *config);

/* The state report of its first init, to be freed, once that has taken the last config. */
char *tree_state(struct tree_controlled *tree);

/* Ends it, or sees that it ended by itself without an error. */
void tree_stop(struct tree *tree);
void tree_wait(struct tree *tree);

#endif
