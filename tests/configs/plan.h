/*
 * Plan: a config as data
 *
 * A small vocabulary in which everything can refer to everything: what a plan says is random, and
 * so is what is changed in it. It can be printed as a config, and an oracle can read it without
 * parsing.
 */
#ifndef CONFIGS_PLAN_H
#define CONFIGS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/random.h"

#define PLAN_CHILDREN     8
#define PLAN_RULES_MAX    4
#define PLAN_TARGETS_MAX  2
#define PLAN_ALIASES      2
#define PLAN_CONFIG_BYTES 16384
#define PLAN_NODE_BYTES   2048

/* Of the children first, then those that all children get from the parent. */
enum plan_service { PLAN_A, PLAN_B, PLAN_LOG, PLAN_ROM, PLAN_PD, PLAN_CPU, PLAN_SERVICES };

#define PLAN_PROVIDED PLAN_PD /* services that children may provide */
#define PLAN_ANY      PLAN_SERVICES

extern const char *const plan_services[PLAN_SERVICES];
extern const char *const plan_names[PLAN_CHILDREN], *const plan_aliases[PLAN_ALIASES];
extern const char *const plan_binaries[3]; /* NULL: none is named; the last is missing */

enum plan_target_kind { TARGET_PARENT, TARGET_ANY_CHILD, TARGET_CHILD, TARGET_ALIAS };

struct plan_target {
	enum plan_target_kind kind;
	unsigned which;    /* child or alias */
	const char *label; /* it is replaced by; or NULL */
};

struct plan_rule {
	unsigned service;  /* or PLAN_ANY */
	const char *label; /* that must be equal; or NULL */
	struct plan_target targets[PLAN_TARGETS_MAX];
	size_t n_targets;
};

struct plan_route {
	struct plan_rule rules[PLAN_RULES_MAX];
	size_t n_rules;
};

struct plan_start {
	bool present, has_route, has_config;
	unsigned version, binary, content, ram_kib, caps;
	bool provides[PLAN_PROVIDED];
	struct plan_route route;
};

struct plan {
	bool tame; /* there is quota enough */
	struct plan_start starts[PLAN_CHILDREN];
	unsigned order[PLAN_CHILDREN];
	bool from_parent[PLAN_PROVIDED];
	struct plan_route default_route;
	bool has_alias[PLAN_ALIASES];
	unsigned alias[PLAN_ALIASES]; /* children */
	unsigned preserve_mib;
};

void plan_make(struct plan *plan, struct random *random, bool tame);

/* Changes something of it. */
void plan_change(struct plan *plan, struct random *random);

/* Writes one start node. */
void plan_print_start(const struct plan *plan, unsigned child, char ret[PLAN_NODE_BYTES]);

void plan_print(const struct plan *plan, char ret[PLAN_CONFIG_BYTES]);

#endif
