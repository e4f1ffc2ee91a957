/*
 * State report: a sandbox as others may see it
 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include <kin/generator.h>

#include "engine/sandbox.h"

/* What to tell beyond the children themselves; the attributes of <report>. */
struct report_details {
	bool ids, requested, provided, session_args;
	bool child_ram, child_caps, init_ram, init_caps;
};

/* Writes one <state> node; errors stick to the generator. */
void report_generate(
	struct sandbox *sandbox, const struct report_details *details, struct kin_generator *g);

#endif
