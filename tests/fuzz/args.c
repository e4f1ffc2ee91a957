/*
 * Session arguments, as text and as a struct from elsewhere: what is valid is printed and read as
 * the same again.
 */
#include <kin/args.h>

#include "fuzz/input.h"

static bool equal(const struct kin_args *a, const struct kin_args *b)
{
	if (strcmp(a->label, b->label) || a->ram_quota != b->ram_quota ||
		a->cap_quota != b->cap_quota || a->n_extra != b->n_extra)
		return false;
	for (uint32_t i = 0; i < a->n_extra; i++)
		if (strcmp(a->extra[i].key, b->extra[i].key) ||
			strcmp(a->extra[i].value, b->extra[i].value))
			return false;
	return true;
}

static void round_trip(const struct kin_args *args)
{
	struct kin_args again;
	char text[4096];
	int n = kin_args_print(args, text, sizeof(text));

	assert(n >= 0 && (size_t) n < sizeof(text) && strlen(text) == (size_t) n);
	int r = kin_args_parse(text, &again);

	assert(r == 0 && equal(args, &again));
}

static void look_at(struct kin_args *args)
{
	struct kin_args before = *args;

	for (uint32_t i = 0; i < args->n_extra; i++) {
		const char *key = before.extra[i].key, *value = before.extra[i].value;

		assert(strcmp(kin_args_get(args, key), value) == 0);
		kin_args_number(args, key, 0);
		kin_args_boolean(args, key, false);
		int r = kin_args_set(args, key, value);

		assert(r == 0 && equal(args, &before));
	}
	while (args->n_extra) {
		kin_args_remove(args, before.extra[0].key);
		assert(kin_args_valid(args) && args->n_extra < before.n_extra);
		before = *args;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kin_args args = { 0 };
	char text[4096] = "";
	int r;

	if (size && data[0] == 0xff) {
		memcpy(&args, data + 1, size - 1 < sizeof(args) ? size - 1 : sizeof(args));
		r = kin_args_valid(&args) ? 0 : -1;
	} else {
		memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
		r = kin_args_parse(text, &args);
		assert(r || kin_args_valid(&args));
	}
	if (r)
		return 0;
	round_trip(&args);
	look_at(&args);
	return 0;
}
