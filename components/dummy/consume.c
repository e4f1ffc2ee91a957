/*
 * dummy: consuming resources and releasing them
 *
 * What is consumed is charged at once: RAM as a dataspace, capabilities as signal contexts that
 * nobody triggers.
 */
#include "dummy.h"

#include <stdlib.h>

void ram_release(struct consumption *consumption)
{
	char bytes[KIN_NUMBER_TEXT_MAX];

	if (!consumption->ram.data)
		return;
	kin_log(consumption->env, "release %s bytes of memory",
		kin_number_print(bytes, consumption->ram_bytes));
	kin_ram_free(&consumption->ram);
}

void ram_consume(struct consumption *consumption, uint64_t bytes)
{
	char text[KIN_NUMBER_TEXT_MAX];

	ram_release(consumption);
	kin_log(consumption->env, "consume %s bytes of memory", kin_number_print(text, bytes));
	int r = kin_ram_alloc(consumption->env, NULL, bytes, 0, &consumption->ram);

	if (r)
		kin_error(consumption->env, "consume_ram: %s", kin_answer_text(r));
	consumption->ram_bytes = bytes;
}

void caps_release(struct consumption *consumption)
{
	if (!consumption->caps)
		return;
	kin_log(consumption->env, "release %llu caps", (unsigned long long) consumption->n_caps);
	for (uint64_t i = 0; i < consumption->n_caps; i++)
		kin_signal_close(&consumption->caps[i]);
	free(consumption->caps);
	consumption->caps = NULL;
	consumption->n_caps = 0;
}

void caps_consume(struct consumption *consumption, uint64_t n)
{
	struct kin_env *env = consumption->env;
	int r = 0;

	caps_release(consumption);
	kin_log(env, "consume %llu caps", (unsigned long long) n);
	if (n < SIZE_MAX / sizeof(struct kin_signal))
		consumption->caps = kin_malloc(env, n * sizeof(struct kin_signal));
	if (!consumption->caps)
		r = KIN_OUT_OF_RAM;
	while (!r && consumption->n_caps < n) {
		r = kin_signal_open(env, &consumption->caps[consumption->n_caps], NULL, NULL);
		consumption->n_caps += r == 0;
	}
	if (r)
		kin_error(env, "consume_caps: %s", kin_answer_text(r));
}
