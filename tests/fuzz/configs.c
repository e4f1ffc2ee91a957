/*
 * Random configs, one after the other
 *
 * The input is a history of tests/configs: how the first config is made, and steps that change it
 * and let children and the parent act. Whom a config must disturb is predicted, as there.
 */
#include "configs/history.h"
#include "fuzz/input.h"

static uint32_t number(struct input *in)
{
	uint32_t value = input_byte(in);

	value = value << 8 | input_byte(in);
	return value << 8 | input_byte(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct history history = { .n = 0 };
	struct history_counts counts = { 0 };

	history.tame = input_byte(&in) % 4 > 0;
	history.seed = number(&in);
	while (input_left(&in) && history.n < HISTORY_STEPS_MAX) {
		struct step *step = &history.steps[history.n++];

		step->kind = input_byte(&in);
		step->who = input_byte(&in);
		step->what = number(&in);
	}
	history_run(&history, false, &counts);
	return 0;
}
