/*
 * The tree of PDs, described
 *
 * What the ledger and the table of processes know of all components of all levels, as a tree of
 * nodes:
 *
 *     <component name="init" state="running" ram="…" charged="…" private="…" caps="…"
 * caps_used="…">
 *
 * Amounts of memory are bytes: the quota, what of it is charged for objects and fixed costs, and
 * what the process has for itself. The state is a word or two for people. What holds a process that
 * runs is said by the attributes of walls.h.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

struct core_services;
struct kin_generator;

/** core_tree_generate() - describe core's own PD and all below it, children in their parents */
void core_tree_generate(struct core_services *services, struct kin_generator *g);

/** core_tree_log() - write it to core's output, as a table */
void core_tree_log(struct core_services *services);

#endif
