/*
 * Walk: random histories of one engine
 *
 * Clients open, fetch, upgrade and close sessions; servers answer, late, wrongly or not at all; the
 * parent hesitates and refuses; children end; the parent's other clients are forwarded to children
 * by policies that change. After every step the model is checked, and that each
 * pending request is answered exactly once. The same seed walks the same way.
 */
#ifndef MODEL_WALK_H
#define MODEL_WALK_H

#include <stdint.h>

/* Aborts where an invariant breaks; the seed is printed first. */
void walk_run(uint64_t seed, unsigned steps);

#endif
