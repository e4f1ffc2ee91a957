/*
 * Session arguments, implementation: the struct
 *
 * A handful of pairs in an array; a search through at most KIN_ARGS_EXTRA_MAX keys needs no index.
 */
#include <kin/args.h>
#include <kin/number.h>

#include "base/args.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

bool args_key_has_own_field(const char *key)
{
	return strcmp(key, "label") == 0 || strcmp(key, "ram_quota") == 0 ||
	       strcmp(key, "cap_quota") == 0;
}

static bool key_valid(const char *key)
{
	if (key[0] < 'a' || key[0] > 'z')
		return false;
	for (const char *at = key; *at; at++) {
		bool letter = *at >= 'a' && *at <= 'z';
		bool digit = *at >= '0' && *at <= '9';
		if (!letter && !digit && *at != '_')
			return false;
	}
	return !args_key_has_own_field(key);
}

/* n_extra if the key is absent, which is where it would be added */
static uint32_t arg_index(const struct kin_args *args, const char *key)
{
	uint32_t i = 0;

	while (i < args->n_extra && strcmp(args->extra[i].key, key) != 0)
		i++;
	return i;
}

static bool arg_valid(const struct kin_arg *arg)
{
	return memchr(arg->key, '\0', sizeof(arg->key)) && key_valid(arg->key) &&
	       memchr(arg->value, '\0', sizeof(arg->value)) &&
	       utf8_is_printable(arg->value, strlen(arg->value));
}

bool kin_args_valid(const struct kin_args *args)
{
	if (!memchr(args->label, '\0', sizeof(args->label)) || !kin_label_valid(args->label))
		return false;
	if (args->n_extra > KIN_ARGS_EXTRA_MAX)
		return false;
	for (uint32_t i = 0; i < args->n_extra; i++) {
		if (!arg_valid(&args->extra[i]))
			return false;
	}
	/* only now is every key terminated; the first of its name must be the one found */
	for (uint32_t i = 0; i < args->n_extra; i++) {
		if (arg_index(args, args->extra[i].key) != i)
			return false;
	}
	return true;
}

const char *kin_args_get(const struct kin_args *args, const char *key)
{
	uint32_t i = arg_index(args, key);

	return i < args->n_extra ? args->extra[i].value : NULL;
}

uint64_t kin_args_number(const struct kin_args *args, const char *key, uint64_t fallback)
{
	const char *value = kin_args_get(args, key);
	uint64_t number;

	return value && kin_number_parse(value, &number) == 0 ? number : fallback;
}

bool kin_args_boolean(const struct kin_args *args, const char *key, bool fallback)
{
	const char *value = kin_args_get(args, key);
	bool boolean;

	return value && kin_boolean_parse(value, &boolean) == 0 ? boolean : fallback;
}

int kin_args_set(struct kin_args *args, const char *key, const char *value)
{
	uint32_t i = arg_index(args, key);
	size_t length = strlen(value);

	if (!key_valid(key) || !utf8_is_printable(value, length))
		return -EINVAL;
	if (strlen(key) > KIN_ARG_KEY_MAX || length > KIN_ARG_VALUE_MAX)
		return -ENAMETOOLONG;
	if (i == KIN_ARGS_EXTRA_MAX)
		return -ENOSPC;
	if (i == args->n_extra) {
		strcpy(args->extra[i].key, key);
		args->n_extra++;
	}
	/* the value may be one of these arguments itself */
	memmove(args->extra[i].value, value, length + 1);
	return 0;
}

void kin_args_remove(struct kin_args *args, const char *key)
{
	uint32_t i = arg_index(args, key);

	if (i == args->n_extra)
		return;
	args->n_extra--;
	memmove(&args->extra[i], &args->extra[i + 1], (args->n_extra - i) * sizeof(args->extra[0]));
}

static bool range_inside(uint32_t start, uint32_t length, uint32_t space)
{
	return length > 0 && start < space && length <= space - start;
}

bool kin_affinity_valid(const struct kin_affinity *affinity)
{
	static const struct kin_affinity none;

	if (memcmp(affinity, &none, sizeof(none)) == 0)
		return true;
	return range_inside(affinity->x, affinity->width, affinity->space_width) &&
	       range_inside(affinity->y, affinity->height, affinity->space_height);
}
