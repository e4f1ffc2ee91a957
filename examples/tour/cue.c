/*
 * Cues; see the header
 */
#include "cue.h"

#define DONE "<done/>"

struct waiting {
	struct kin_env *env;
	struct kin_rom rom;
};

static void cue_changed(void *data)
{
	struct waiting *waiting = data;

	if (kin_rom_update(&waiting->rom) == 0 && waiting->rom.size)
		kin_stop(waiting->env, 0);
}

void cue_wait(struct kin_env *env)
{
	struct waiting waiting = { .env = env };

	int r = kin_rom_open(env, &waiting.rom, "cue");

	if (r == 0)
		r = kin_rom_watch(&waiting.rom, cue_changed, &waiting);
	if (r) {
		kin_error(env, "no cue to wait for: %s", kin_answer_text(r));
	} else {
		cue_changed(&waiting); /* it may have come before we watched */
		kin_run(env);
	}
	kin_rom_close(&waiting.rom);
}

void cue_give(struct kin_env *env, struct cue *cue)
{
	int r = kin_report_open(env, &cue->report, "done", sizeof(DONE));

	if (r == 0)
		r = kin_report_submit(&cue->report, DONE, sizeof(DONE) - 1);
	if (r)
		kin_error(env, "can't report that I am done: %s", kin_answer_text(r));
}
