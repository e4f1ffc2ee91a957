/*
 * What holds a component: the walls that really stand around its process
 *
 * Four attributes for the tree that core describes, of a process that runs: ram_held_by,
 * caps_held_by, cpu_held_by, reach_held_by. Each names the mechanisms, the one that counts first.
 */
#ifndef CORE_WALLS_H
#define CORE_WALLS_H

struct kin_generator;
struct pd;

/** walls_generate() - the attributes, inside of an open node; none if nothing runs */
void walls_generate(struct kin_generator *g, const struct pd *pd);

#endif
