/*
 * Schema; see the header.
 *
 * The table comes bottom up, each element after those it contains.
 */
#include "engine/schema.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <kin/diag.h>
#include <kin/label.h>
#include <kin/limits.h>
#include <kin/node.h>
#include <kin/number.h>

enum value_kind {
	VALUE_TEXT,
	VALUE_NAME,  /* of a component, service or child */
	VALUE_LABEL, /* whole or a part of it */
	VALUE_NUMBER,
	VALUE_SIGNED,
	VALUE_BOOLEAN,
	VALUE_SYNTAX,
	VALUE_RESOURCE, /* what can be preserved: RAM, CAP */
	VALUE_THREADS,  /* how many there may be */
	VALUE_QUANTUM,  /* what can be assigned: RAM, CAP, CPU */
};

enum need { OPTIONAL, REQUIRED };
enum occurrence { MANY, ONCE };

struct attribute {
	const char *name;
	enum value_kind kind;
	enum need need;
};

struct element;

struct place {
	const struct element *element;
	enum occurrence occurrence;
};

struct element {
	const char *type;
	bool free;                          /* attributes and content are not for us to judge */
	const struct attribute *attributes; /* up to one without a name; NULL: none */
	const struct place *places;         /* up to one without an element; NULL: no sub nodes */
};

#define PLACES_MAX 16 /* of one element */

/* clang-format off */
#define ATTRIBUTES(...) (const struct attribute[]){ __VA_ARGS__, { NULL } }
#define PLACES(...)     (const struct place[]){ __VA_ARGS__, { NULL } }

#define LABEL_REWRITES                                                                             \
	{ "label", VALUE_LABEL }, { "identity", VALUE_LABEL }, { "resource", VALUE_LABEL },        \
	{ "prepend_resource", VALUE_LABEL }

#define LABEL_CONDITIONS                                                                           \
	{ "label", VALUE_LABEL }, { "label_prefix", VALUE_LABEL }, { "label_suffix", VALUE_LABEL }, \
	{ "label_last", VALUE_LABEL }, { "unscoped_label", VALUE_LABEL }
/* clang-format on */

/* Routes */

static const struct element target_parent = { "parent", false, ATTRIBUTES(LABEL_REWRITES) };
static const struct element target_local = { "local", false, ATTRIBUTES(LABEL_REWRITES) };
static const struct element target_any_child = { "any-child", false, ATTRIBUTES(LABEL_REWRITES) };
static const struct element target_child = { "child", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }, LABEL_REWRITES) };

static const struct place targets[] = { { &target_parent, MANY }, { &target_local, MANY },
	{ &target_any_child, MANY }, { &target_child, MANY }, { NULL } };

static const struct element rule_any_service = { "any-service", false, ATTRIBUTES(LABEL_CONDITIONS),
	targets };
static const struct element rule_service = { "service", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }, LABEL_CONDITIONS), targets };

static const struct place rules[] = { { &rule_service, MANY }, { &rule_any_service, MANY },
	{ NULL } };

static const struct element route = { "route", false, NULL, rules };
static const struct element default_route = { "default-route", false, NULL, rules };

/* Services provided, by the parent or a child */

static const struct element provided_service = { "service", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }) };
static const struct element provides = { "provides", false, NULL,
	PLACES({ &provided_service, MANY }) };
static const struct element parent_provides = { "parent-provides", false, NULL,
	PLACES({ &provided_service, MANY }) };

/* Start nodes */

static const struct element binary = { "binary", false,
	ATTRIBUTES({ "name", VALUE_LABEL, REQUIRED }) };
static const struct element assigned = { "resource", false,
	ATTRIBUTES({ "name", VALUE_QUANTUM, REQUIRED }, { "quantum", VALUE_NUMBER, REQUIRED }) };
static const struct element affinity = { "affinity", false,
	ATTRIBUTES({ "xpos", VALUE_NUMBER }, { "ypos", VALUE_NUMBER }, { "width", VALUE_NUMBER },
		{ "height", VALUE_NUMBER }) };
static const struct element restart = { "heartbeat", false,
	ATTRIBUTES({ "restart_after_skipped", VALUE_NUMBER }) };
static const struct element child_exit = { "exit", false,
	ATTRIBUTES({ "propagate", VALUE_BOOLEAN }) };
static const struct element inline_config = { "config", true };

static const struct element start = { "start", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }, { "caps", VALUE_NUMBER },
		{ "ram", VALUE_NUMBER }, { "priority", VALUE_SIGNED }, { "version", VALUE_TEXT },
		{ "ld", VALUE_BOOLEAN }, { "managing_system", VALUE_BOOLEAN },
		{ "threads", VALUE_THREADS }),
	PLACES({ &binary, ONCE }, { &assigned, MANY }, { &affinity, ONCE }, { &restart, ONCE },
		{ &provides, ONCE }, { &child_exit, ONCE }, { &inline_config, ONCE },
		{ &route, ONCE }) };

/* Services forwarded */

static const struct element forward_child = { "child", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }, { "label", VALUE_LABEL }) };
static const struct element policy = { "policy", false,
	ATTRIBUTES({ "label", VALUE_LABEL }, { "label_prefix", VALUE_LABEL },
		{ "label_suffix", VALUE_LABEL }),
	PLACES({ &forward_child, ONCE }) };
static const struct element default_policy = { "default-policy", false, NULL,
	PLACES({ &forward_child, ONCE }) };
static const struct element forward = { "service", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }),
	PLACES({ &policy, MANY }, { &default_policy, ONCE }) };

/* Global elements */

static const struct element affinity_space = { "affinity-space", false,
	ATTRIBUTES({ "width", VALUE_NUMBER }, { "height", VALUE_NUMBER }) };
static const struct element defaults = { "default", false,
	ATTRIBUTES({ "caps", VALUE_NUMBER }, { "ram", VALUE_NUMBER }) };
static const struct element preserved = { "resource", false,
	ATTRIBUTES({ "name", VALUE_RESOURCE, REQUIRED }, { "preserve", VALUE_NUMBER, REQUIRED }) };
static const struct element report = { "report", false,
	ATTRIBUTES({ "delay_ms", VALUE_NUMBER }, { "ids", VALUE_BOOLEAN },
		{ "requested", VALUE_BOOLEAN }, { "provided", VALUE_BOOLEAN },
		{ "session_args", VALUE_BOOLEAN }, { "child_ram", VALUE_BOOLEAN },
		{ "child_caps", VALUE_BOOLEAN }, { "init_ram", VALUE_BOOLEAN },
		{ "init_caps", VALUE_BOOLEAN }, { "child_walls", VALUE_BOOLEAN },
		{ "buffer", VALUE_NUMBER }, { "history", VALUE_BOOLEAN },
		{ "generate", VALUE_SYNTAX }) };
static const struct element heartbeat = { "heartbeat", false,
	ATTRIBUTES({ "rate_ms", VALUE_NUMBER }) };
static const struct element alias = { "alias", false,
	ATTRIBUTES({ "name", VALUE_NAME, REQUIRED }, { "child", VALUE_NAME, REQUIRED }) };

static const struct element top = { "config", false,
	ATTRIBUTES({ "verbose", VALUE_BOOLEAN }, { "prio_levels", VALUE_NUMBER },
		{ "version", VALUE_TEXT }),
	PLACES({ &parent_provides, ONCE }, { &affinity_space, ONCE }, { &defaults, ONCE },
		{ &default_route, ONCE }, { &preserved, MANY }, { &report, ONCE },
		{ &heartbeat, ONCE }, { &alias, MANY }, { &forward, MANY }, { &start, MANY }) };

static const struct place *place_find(const struct element *element, const char *type)
{
	const struct place *place = element->places;

	while (place && place->element && strcmp(place->element->type, type) != 0)
		place++;
	return place && place->element ? place : NULL;
}

static const struct attribute *attribute_find(const struct element *element, const char *name)
{
	const struct attribute *attribute = element->attributes;

	while (attribute && attribute->name && strcmp(attribute->name, name) != 0)
		attribute++;
	return attribute && attribute->name ? attribute : NULL;
}

bool schema_top_level_known(const char *type)
{
	return place_find(&top, type) != NULL;
}

const char *schema_quotable(const char *value)
{
	return kin_label_valid(value) ? value : "…";
}

int schema_threads_parse(const char *value, unsigned *ret)
{
	uint64_t number;
	int r = kin_number_parse(value, &number);

	if (r == 0 && (number < 1 || number > KIN_THREADS_MAX))
		r = -ERANGE;
	if (r == 0)
		*ret = (unsigned) number;
	return r;
}

static const char *number_fault(int r)
{
	return r == -ERANGE ? "is too large" : r < 0 ? "is not an amount such as 64 or 4M" : NULL;
}

/* Return: what is wrong with the value, NULL if nothing is */
static const char *value_fault(enum value_kind kind, const char *value)
{
	enum kin_syntax syntax;
	uint64_t number;
	int64_t integer;
	unsigned threads;
	bool boolean;

	switch (kind) {
	case VALUE_TEXT:
		return NULL;
	case VALUE_NAME:
		return kin_name_valid(value) ? NULL : "is not a valid name of at most 63 bytes";
	case VALUE_LABEL:
		return kin_label_valid(value) ? NULL : "is not a valid label of at most 159 bytes";
	case VALUE_NUMBER:
		return number_fault(kin_number_parse(value, &number));
	case VALUE_SIGNED:
		return kin_number_parse_signed(value, &integer) < 0 ? "is not a number such as -1"
								    : NULL;
	case VALUE_BOOLEAN:
		return kin_boolean_parse(value, &boolean) < 0 ? "is neither yes nor no" : NULL;
	case VALUE_SYNTAX:
		return kin_syntax_parse(value, &syntax) < 0 ? "is neither xml nor lines" : NULL;
	case VALUE_THREADS:
		return schema_threads_parse(value, &threads) < 0 ? SCHEMA_THREADS_FAULT : NULL;
	case VALUE_QUANTUM:
		if (strcmp(value, "CPU") == 0)
			return NULL;
		/* fall through */
	case VALUE_RESOURCE:
		return strcmp(value, "RAM") == 0 || strcmp(value, "CAP") == 0
			       ? NULL
			       : "is no resource that can be given here";
	}
	return NULL;
}

_Static_assert(KIN_NAME_MAX == 63 && KIN_LABEL_MAX == 159 && KIN_THREADS_MAX == 256,
	"messages name these limits");

static void check_attributes(
	const struct element *element, const struct kin_node *node, struct kin_diag *diag)
{
	const char *name, *value, *fault;
	unsigned line, column;

	for (size_t i = 0; i < kin_node_n_attributes(node); i++) {
		kin_node_attribute_at(node, i, &name, &value, &line, &column);
		const struct attribute *attribute = attribute_find(element, name);

		if (!attribute) {
			kin_diag_error(diag, line, column, "unknown attribute '%s' of <%s>", name,
				element->type);
			continue;
		}
		if (attribute->need == REQUIRED && !*value)
			continue;
		fault = value_fault(attribute->kind, value);
		if (fault)
			kin_diag_error(diag, line, column, "%s=\"%s\" of <%s> %s", name,
				schema_quotable(value), element->type, fault);
	}
}

/* An empty value is as good as none. */
static void check_required(
	const struct element *element, const struct kin_node *node, struct kin_diag *diag)
{
	for (const struct attribute *a = element->attributes; a && a->name; a++) {
		const char *value = kin_node_attribute(node, a->name);

		if (a->need == REQUIRED && (!value || !*value))
			kin_diag_error(diag, kin_node_line(node), kin_node_column(node),
				"missing '%s' attribute in '<%s>' entry", a->name, element->type);
	}
}

static void unknown_element(
	const struct element *element, const struct kin_node *node, struct kin_diag *diag)
{
	unsigned line = kin_node_line(node), column = kin_node_column(node);

	if (element == &top)
		kin_diag_error(diag, line, column, "unknown config element type <%s>",
			kin_node_type(node));
	else
		kin_diag_error(diag, line, column, "unknown element <%s> in <%s>",
			kin_node_type(node), element->type);
}

static void repeated_element(
	const struct element *element, const struct kin_node *node, struct kin_diag *diag)
{
	unsigned line = kin_node_line(node), column = kin_node_column(node);

	if (element == &top)
		kin_diag_warning(diag, line, column, "<%s> repeated, the last one counts",
			kin_node_type(node));
	else
		kin_diag_error(diag, line, column, "<%s> repeated in <%s>", kin_node_type(node),
			element->type);
}

/* Recursion ends with the table, which is four levels deep. */
static void check_node(
	const struct element *element, const struct kin_node *node, struct kin_diag *diag)
{
	bool seen[PLACES_MAX] = { false };

	if (element->free)
		return;
	check_attributes(element, node, diag);
	check_required(element, node, diag);
	if (*kin_node_text(node))
		kin_diag_error(diag, kin_node_line(node), kin_node_column(node),
			"text in <%s> has no meaning", element->type);
	KIN_NODE_FOREACH (sub, node, NULL) {
		const struct place *place = place_find(element, kin_node_type(sub));

		if (!place) {
			unknown_element(element, sub, diag);
			continue;
		}
		size_t i = (size_t) (place - element->places);

		assert(i < PLACES_MAX);
		if (seen[i] && place->occurrence == ONCE)
			repeated_element(element, sub, diag);
		seen[i] = true;
		check_node(place->element, sub, diag);
	}
}

void schema_check(const struct kin_node *config, struct kin_diag *diag)
{
	if (strcmp(kin_node_type(config), top.type) != 0)
		kin_diag_error(diag, kin_node_line(config), kin_node_column(config),
			"top node is <%s>, not <config>", kin_node_type(config));
	check_node(&top, config, diag);
}
