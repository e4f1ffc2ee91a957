/*
 * Session arguments, implementation: the text form
 *
 *     text  = [ arg *( "," arg ) ]          blanks may surround every arg and every "="
 *     arg   = key "=" ( bare | quoted )
 *     bare  = 1* of anything but blanks = , " \
 *
 * The parser knows one kind of value, a string; what it means is decided by the key.
 */
#include <kin/args.h>
#include <kin/number.h>

#include "base/args.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Text being written; counts on when the buffer is full */
struct writer {
	char *buf;
	size_t size;
	size_t used;
};

static void put_char(struct writer *writer, char c)
{
	if (writer->used + 1 < writer->size)
		writer->buf[writer->used] = c;
	writer->used++;
}

static void put_string(struct writer *writer, const char *text)
{
	for (; *text; text++)
		put_char(writer, *text);
}

static void put_quoted(struct writer *writer, const char *value)
{
	put_char(writer, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			put_char(writer, '\\');
		put_char(writer, *value);
	}
	put_char(writer, '"');
}

static void put_extra(struct writer *writer, const struct kin_arg *arg)
{
	bool plain_number = arg->value[0] && !arg->value[strspn(arg->value, "0123456789")];

	put_string(writer, ", ");
	put_string(writer, arg->key);
	put_char(writer, '=');
	if (plain_number)
		put_string(writer, arg->value);
	else
		put_quoted(writer, arg->value);
}

int kin_args_print(const struct kin_args *args, char *buf, size_t size)
{
	struct writer writer = { .buf = buf, .size = size };
	char quotas[sizeof(", ram_quota=, cap_quota=") + 2 * KIN_NUMBER_TEXT_MAX];

	assert(kin_args_valid(args));
	put_string(&writer, "label=");
	put_quoted(&writer, args->label);
	snprintf(quotas, sizeof(quotas), ", ram_quota=%" PRIu64 ", cap_quota=%" PRIu64,
		args->ram_quota, args->cap_quota);
	put_string(&writer, quotas);
	for (uint32_t i = 0; i < args->n_extra; i++)
		put_extra(&writer, &args->extra[i]);
	if (size > 0)
		buf[writer.used < size ? writer.used : size - 1] = '\0';
	return (int) writer.used;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/* The longest value there is, that of the label, bounds them all */
#define VALUE_MAX KIN_LABEL_MAX

/* Both readers return 0 or a negative errno and move @text behind what they read */

static int read_span(const char **text, size_t length, size_t max, char *ret)
{
	if (length == 0)
		return -EINVAL;
	if (length > max)
		return -ENAMETOOLONG;
	memcpy(ret, *text, length);
	ret[length] = '\0';
	*text += length;
	return 0;
}

static int read_quoted(const char **text, char ret[VALUE_MAX + 1])
{
	const char *at = *text + 1;
	size_t length = 0;

	for (; *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		else if (*at == '\\' || *at == '\0')
			return -EINVAL;
		if (length == VALUE_MAX)
			return -ENAMETOOLONG;
		ret[length++] = *at;
	}
	ret[length] = '\0';
	*text = at + 1;
	return 0;
}

/* Each of the fields with a place of their own may come once, like any other key */
struct fields_seen {
	bool label, ram_quota, cap_quota;
};

static int mark_seen(bool *seen)
{
	if (*seen)
		return -EINVAL;
	*seen = true;
	return 0;
}

static int assign(
	struct kin_args *args, struct fields_seen *seen, const char *key, const char *value)
{
	if (strcmp(key, "ram_quota") == 0)
		return mark_seen(&seen->ram_quota) ?: kin_number_parse(value, &args->ram_quota);
	if (strcmp(key, "cap_quota") == 0)
		return mark_seen(&seen->cap_quota) ?: kin_number_parse(value, &args->cap_quota);
	if (strcmp(key, "label") == 0) {
		if (!kin_label_valid(value))
			return -EINVAL;
		strcpy(args->label, value);
		return mark_seen(&seen->label);
	}
	if (kin_args_get(args, key))
		return -EINVAL;
	return kin_args_set(args, key, value);
}

static int read_arg(const char **text, struct kin_args *args, struct fields_seen *seen)
{
	char key[KIN_ARG_KEY_MAX + 1];
	char value[VALUE_MAX + 1];
	const char *at = skip_blanks(*text);
	int r;

	r = read_span(&at, strcspn(at, " \t\r\n=,\"\\"), KIN_ARG_KEY_MAX, key);
	if (r < 0)
		return r;
	at = skip_blanks(at);
	if (*at != '=')
		return -EINVAL;
	at = skip_blanks(at + 1);
	if (*at == '"')
		r = read_quoted(&at, value);
	else
		r = read_span(&at, strcspn(at, " \t\r\n=,\"\\"), VALUE_MAX, value);
	if (r < 0)
		return r;
	*text = skip_blanks(at);
	return assign(args, seen, key, value);
}

int kin_args_parse(const char *text, struct kin_args *ret)
{
	struct kin_args args = { 0 };
	struct fields_seen seen = { 0 };
	bool more = *skip_blanks(text) != '\0';

	while (more) {
		int r = read_arg(&text, &args, &seen);
		if (r < 0)
			return r;
		more = *text == ',';
		if (!more && *text != '\0')
			return -EINVAL;
		text += more;
	}
	*ret = args;
	return 0;
}
