/* Start nodes; see the header. */
#include "engine/start.h"

#include <stdio.h>
#include <string.h>

#include <kin/label.h>

#include "engine/placement.h"
#include "engine/schema.h"
#include "engine/sandbox.h"

const char *start_name(struct sandbox *sandbox, const struct kin_node *start)
{
	const char *name = kin_node_attribute(start, "name");
	const struct child *known;

	if (!name || !*name) {
		owner_log(sandbox->owner, OWNER_WARNING,
			"missing 'name' attribute in '<start>' entry");
		return NULL;
	}
	if (!kin_name_valid(name)) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"name of start node in line %u is not a valid name of at most %d bytes",
			kin_node_line(start), KIN_NAME_MAX);
		return NULL;
	}
	known = sandbox_child(sandbox, name);
	if (known && known->seen == sandbox->updates) {
		owner_log(sandbox->owner, OWNER_ERROR,
			"start node \"%s\" in line %u repeats the name of another, ignored", name,
			kin_node_line(start));
		return NULL;
	}
	return name;
}

static bool is_offered(const struct child *child, const char *service)
{
	KIN_NODE_FOREACH (node, kin_node_first_of(child->start, "provides"), "service") {
		const char *name = kin_node_attribute(node, "name");

		if (name && strcmp(name, service) == 0)
			return true;
	}
	return false;
}

static void offer(struct child *child, const struct kin_node *node)
{
	const struct owner *owner = child->sandbox->owner;
	const char *name = kin_node_attribute(node, "name");

	if (!name || !kin_name_valid(name)) {
		owner_log(owner, OWNER_WARNING,
			"%s: service without a valid name in <provides> (line %u)", child->name,
			kin_node_line(node));
		return;
	}
	if (services_provide(&child->sandbox->services, child, name) != -ENOMEM)
		return;
	owner_log(owner, OWNER_ERROR, "%s: out of memory for service \"%s\"", child->name, name);
	child->unoffered = true;
}

void start_provide(struct child *child)
{
	child->unoffered = false;
	for (struct service *s = child->provided; s; s = s->child_next)
		if (!is_offered(child, s->name->name))
			services_retract(&child->sandbox->services, s);
	KIN_NODE_FOREACH (node, kin_node_first_of(child->start, "provides"), "service")
		offer(child, node);
}

/* A name that can't be used leaves the child without a binary, which is told when it starts. */
static void read_binary(struct child *child)
{
	const char *binary = kin_node_attribute(kin_node_first_of(child->start, "binary"), "name");

	binary = binary && *binary ? binary : child->name;
	child->binary[0] = '\0';
	if (kin_label_valid(binary))
		strcpy(child->binary, binary);
	else
		owner_log(child->sandbox->owner, OWNER_ERROR,
			"%s: name of the binary too long or malformed", child->name);
}

/* Return: those granted, one if it does not say so or not in a way that can be understood */
static unsigned threads_of(const struct kin_node *start)
{
	const char *value = kin_node_attribute(start, "threads");
	unsigned threads = 1;

	if (value)
		schema_threads_parse(value, &threads);
	return threads;
}

static void read_threads(struct child *child)
{
	const char *value = kin_node_attribute(child->start, "threads");

	child->threads = 1;
	if (value && schema_threads_parse(value, &child->threads) < 0)
		owner_log(child->sandbox->owner, OWNER_ERROR,
			"%s: threads=\"%s\" in line %u " SCHEMA_THREADS_FAULT ", it may have one",
			child->name, schema_quotable(value), kin_node_line(child->start));
}

void start_read(struct child *child)
{
	const struct kin_node *exit = kin_node_first_of(child->start, "exit");
	const struct kin_node *heartbeat = kin_node_first_of(child->start, "heartbeat");
	uint64_t skipped = kin_node_number(heartbeat, "restart_after_skipped", 0);

	read_binary(child);
	read_threads(child);
	placement_explain_child(child);
	child->propagate_exit = kin_node_boolean(exit, "propagate", false);
	child->heartbeat = heartbeat != NULL;
	child->skipped_max = skipped < UINT32_MAX ? (unsigned) skipped : UINT32_MAX;
}

struct child *start_new(struct sandbox *sandbox, const char *name, struct sandbox_config *config,
	const struct kin_node *start)
{
	struct child *child = child_new(sandbox, name);

	if (!child) {
		owner_log(sandbox->owner, OWNER_ERROR, "%s: out of memory", name);
		return NULL;
	}
	const char *version = kin_node_attribute(start, "version");

	snprintf(child->version, sizeof(child->version), "%s", version ? version : "");
	child->config = sandbox_config_ref(config);
	child->start = start;
	start_read(child);
	return child;
}

/*
 * Comparing
 */

static bool texts_differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool attributes_differ(const struct kin_node *a, const struct kin_node *b, const char *name)
{
	return texts_differ(kin_node_attribute(a, name), kin_node_attribute(b, name));
}

static bool nodes_differ(const struct kin_node *a, const struct kin_node *b, const char *type)
{
	a = kin_node_first_of(a, type);
	b = kin_node_first_of(b, type);
	return a && b ? !kin_node_equal(a, b) : a != b;
}

/* What is fixed when a child starts. Return: the name of what differs, or NULL */
static const char *restarts(const struct kin_node *a, const struct kin_node *b)
{
	static const char *const attributes[] = { "version", "ld", "managing_system" };

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes_differ(a, b, attributes[i]))
			return attributes[i];
	return threads_of(a) != threads_of(b) ? "threads" : NULL;
}

/* The request for its binary is known by the name that the binary had. */
static void rename_binary_request(struct child *child)
{
	struct session *session = session_find(child, ENV_BINARY);
	char label[KIN_LABEL_MAX + 1];

	if (session && kin_label_join(child->name, child->binary, label) == 0)
		strcpy(session->asked, label);
}

static void compare_running(struct child *child, const struct kin_node *old, bool *ret_uncertain)
{
	const struct owner *owner = child->sandbox->owner;
	const struct kin_node *now = child->start;
	bool had = kin_node_first_of(old, "config"), has = kin_node_first_of(now, "config");
	const char *differs = restarts(old, now);

	if (differs) {
		child_note(child, HISTORY_RESTART, "its %s changed", differs);
		sandbox_mark(child, MARK_ANEW);
		return;
	}
	if (nodes_differ(old, now, "binary"))
		rename_binary_request(child);
	*ret_uncertain =
		had != has || nodes_differ(old, now, "binary") || nodes_differ(old, now, "route");
	if (had && has && nodes_differ(old, now, "config"))
		owner->children->config_changed(owner->ctx, child);
	if (nodes_differ(old, now, "provides"))
		start_provide(child);
}

/* What there was no memory for, or no quota of ours, in an update before. */
static void make_up(struct child *child)
{
	if (child->undone == MARK_ANEW)
		sandbox_mark(child, MARK_ANEW);
	child->uncertain |= child->undone == MARK_STUCK;
	child->undone = MARK_NONE;
	if (child->unoffered && !child->failed && !child->stuck)
		start_provide(child);
}

bool start_update(struct child *child, struct sandbox_config *config, const struct kin_node *start)
{
	const struct kin_node *old = child->start;
	struct sandbox_config *before = child->config;
	const char *moved = placement_difference(&before->scheme, old, &config->scheme, start);
	bool same = kin_node_equal(old, start), uncertain = false;
	bool propagates = child->propagate_exit;

	child->start = start;
	child->config = sandbox_config_ref(config);
	if (!same)
		start_read(child);
	if (child->state == CHILD_EXITED) {
		child->propagate_exit = propagates; /* unless it has been */
		if (attributes_differ(old, start, "version")) {
			child_note(child, HISTORY_RESTART, "its version changed");
			sandbox_mark(child, MARK_ANEW);
		}
	} else if (!same && (child->failed || child->stuck)) {
		child_note(child, HISTORY_RESTART, "its start node changed");
		sandbox_mark(child, MARK_ANEW);
	} else if (moved && !child->failed && !child->stuck) {
		child_note(child, HISTORY_RESTART, "its %s changed", moved);
		sandbox_mark(child, MARK_ANEW);
	} else if (!same) {
		compare_running(child, old, &uncertain);
	}
	make_up(child);
	sandbox_config_unref(before);
	return uncertain;
}
