/*
 * Labels, implementation
 *
 * Labels are split at the last separator, so what a name must not do is to move it.
 */
#include <kin/label.h>

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEPARATOR_LENGTH (sizeof(KIN_LABEL_SEPARATOR) - 1)

bool kin_label_valid(const char *label)
{
	size_t length = strnlen(label, KIN_LABEL_MAX + 1);

	return length <= KIN_LABEL_MAX && utf8_is_printable(label, length);
}

bool kin_name_valid(const char *name)
{
	char padded[KIN_NAME_MAX + 3];
	size_t length = strnlen(name, KIN_NAME_MAX + 1);

	if (length == 0 || length > KIN_NAME_MAX || !utf8_is_printable(name, length))
		return false;
	if (name[0] == ' ' || name[length - 1] == ' ')
		return false;
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	/* in a label the neighbours are separators, which begin and end with a blank */
	snprintf(padded, sizeof(padded), " %s ", name);
	return strstr(padded, KIN_LABEL_SEPARATOR) == NULL;
}

int kin_label_join(const char *left, const char *right, char ret[KIN_LABEL_MAX + 1])
{
	char joined[KIN_LABEL_MAX + 1];
	const char *separator = left[0] && right[0] ? KIN_LABEL_SEPARATOR : "";
	int length = snprintf(joined, sizeof(joined), "%s%s%s", left, separator, right);

	if (length < 0 || length > KIN_LABEL_MAX)
		return -ENAMETOOLONG;
	memcpy(ret, joined, (size_t) length + 1);
	return 0;
}

static const char *last_separator(const char *label)
{
	const char *last = NULL;

	for (const char *at = label; (at = strstr(at, KIN_LABEL_SEPARATOR)) != NULL; at++)
		last = at;
	return last;
}

const char *kin_label_last(const char *label)
{
	const char *separator = last_separator(label);

	return separator ? separator + SEPARATOR_LENGTH : label;
}

size_t kin_label_identity_length(const char *label)
{
	const char *separator = last_separator(label);

	return separator ? (size_t) (separator - label) : 0;
}

const char *kin_label_after_prefix(const char *label, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(label, name, length) != 0)
		return NULL;
	label += length;
	if (label[0] == '\0')
		return label;
	if (strncmp(label, KIN_LABEL_SEPARATOR, SEPARATOR_LENGTH) != 0)
		return NULL;
	return label + SEPARATOR_LENGTH;
}
