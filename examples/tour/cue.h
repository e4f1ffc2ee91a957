/*
 * Cues: what makes the tour a story
 *
 * The components of the tour run at the same time, and yet one speaks after the other. Nobody
 * sleeps for it: each reports when it is done, and reads what another one reported as its cue. Who
 * waits for whom is not known here, the config of report_rom says it.
 */
#ifndef TOUR_CUE_H
#define TOUR_CUE_H

#include <kin/kin.h>

/** cue_wait() - return once the ROM module "cue" has content */
void cue_wait(struct kin_env *env);

struct cue {
	struct kin_report report;
};

/** cue_give() - publish the report "done"; it lasts as long as @cue, which must stay */
void cue_give(struct kin_env *env, struct cue *cue);

#endif
