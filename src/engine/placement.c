/* Placement; see the header. */
#include "engine/placement.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/child.h"
#include "engine/sandbox.h"

#define TEXT_BYTES 256

typedef void told(void *ctx, const struct kin_node *node, const char *attribute, const char *text);

__attribute__((format(printf, 5, 6))) static void tell(const struct placement_listener *listener,
	told *how, const struct kin_node *node, const char *attribute, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	how(listener->ctx, node, attribute, text);
}

#define ERROR(listener, ...) \
	do { \
		if (listener) \
			tell(listener, (listener)->error, __VA_ARGS__); \
	} while (0)
#define WARNING(listener, ...) \
	do { \
		if (listener) \
			tell(listener, (listener)->warning, __VA_ARGS__); \
	} while (0)

static const char *name_of(const struct kin_node *start)
{
	return kin_node_attribute(start, "name");
}

/*
 * Reading
 */

static uint32_t read_levels(
	const struct kin_node *config, const struct placement_listener *listener)
{
	uint64_t levels = 1;
	int r = kin_node_read_number(config, "prio_levels", &levels);

	if (r == -ENOENT)
		return 1;
	if (r) {
		WARNING(listener, config, "prio_levels",
			"prio_levels is no number, priorities are off");
		return 1;
	}
	if (levels == 0 || (levels & (levels - 1))) {
		WARNING(listener, config, "prio_levels",
			"prio_levels=\"%" PRIu64 "\" is not a power of two, priorities are off",
			levels);
		return 1;
	}
	if (levels > KIN_PRIORITY_LIMIT) {
		WARNING(listener, config, "prio_levels",
			"prio_levels=\"%" PRIu64 "\" is more than %d, priorities are off", levels,
			KIN_PRIORITY_LIMIT);
		return 1;
	}
	return (uint32_t) levels;
}

static bool is_side(uint64_t length)
{
	return length > 0 && length <= KIN_AFFINITY_SPACE_MAX;
}

/* Of several the last counts, as of all global elements. */
static const struct kin_node *space_of(const struct kin_node *config)
{
	const struct kin_node *last = NULL;

	KIN_NODE_FOREACH (space, config, "affinity-space")
		last = space;
	return last;
}

struct placement_scheme placement_scheme_read(
	const struct kin_node *config, const struct placement_listener *listener)
{
	struct placement_scheme scheme = { .levels = read_levels(config, listener) };
	const struct kin_node *space = space_of(config);
	uint64_t width = kin_node_number(space, "width", 1);
	uint64_t height = kin_node_number(space, "height", 1);

	if (!space)
		return scheme;
	if (is_side(width) && is_side(height)) {
		scheme.space_width = (uint32_t) width;
		scheme.space_height = (uint32_t) height;
	} else {
		ERROR(listener, space, NULL,
			"width and height of the affinity-space are not from 1 to %d, affinities "
			"are off",
			KIN_AFFINITY_SPACE_MAX);
	}
	return scheme;
}

static uint32_t read_level(const struct kin_node *start, uint32_t levels, bool valid,
	const struct placement_listener *listener)
{
	int64_t priority, lowest = -(int64_t) (levels - 1);

	if (kin_node_read_signed(start, "priority", &priority) || priority == 0)
		return 0;
	if (priority > 0) {
		ERROR(listener, start, "priority",
			"%s: priority %" PRId64 " is neither 0 nor negative", name_of(start),
			priority);
		return 0;
	}
	if (!valid) {
		WARNING(listener, start, "priority",
			"%s: priority has no effect without valid 'prio_levels'", name_of(start));
		return 0;
	}
	if (priority < lowest) {
		WARNING(listener, start, "priority",
			"%s: priority %" PRId64 " is below the lowest of %" PRIu32
			" levels, raised to %" PRId64,
			name_of(start), priority, levels, lowest);
		priority = lowest;
	}
	return (uint32_t) -priority;
}

static bool lies_within(uint64_t position, uint64_t length, uint64_t space)
{
	return position <= space && length <= space - position;
}

static struct kin_affinity read_area(const struct kin_node *start,
	const struct placement_scheme *scheme, const struct placement_listener *listener)
{
	const struct kin_node *node = kin_node_first_of(start, "affinity");
	const struct kin_affinity everything = { 0 };
	uint64_t x = kin_node_number(node, "xpos", 0), y = kin_node_number(node, "ypos", 0);
	uint64_t width = kin_node_number(node, "width", scheme->space_width);
	uint64_t height = kin_node_number(node, "height", scheme->space_height);

	if (!node)
		return everything;
	if (!scheme->space_width) {
		WARNING(listener, node, NULL,
			"affinity-space configuration missing, but affinity defined for child %s",
			name_of(start));
		return everything;
	}
	if (width == 0 || height == 0) {
		ERROR(listener, node, NULL, "%s: affinity location is empty", name_of(start));
		return everything;
	}
	if (!lies_within(x, width, scheme->space_width) ||
		!lies_within(y, height, scheme->space_height)) {
		ERROR(listener, node, NULL, "affinity location exceeds affinity-space boundary");
		return everything;
	}
	return (struct kin_affinity){ scheme->space_width, scheme->space_height, (uint32_t) x,
		(uint32_t) y, (uint32_t) width, (uint32_t) height };
}

struct placement placement_read(const struct kin_node *start, const struct placement_scheme *scheme,
	const struct placement_listener *listener)
{
	return (struct placement){ .levels = scheme->levels,
		.level = read_level(start, scheme->levels, scheme->levels > 1, listener),
		.area = read_area(start, scheme, listener) };
}

const char *placement_difference(const struct placement_scheme *scheme_a, const struct kin_node *a,
	const struct placement_scheme *scheme_b, const struct kin_node *b)
{
	const struct placement in_a = placement_read(a, scheme_a, NULL);
	const struct placement in_b = placement_read(b, scheme_b, NULL);

	if (in_a.levels != in_b.levels || in_a.level != in_b.level)
		return "priority";
	return memcmp(&in_a.area, &in_b.area, sizeof(in_a.area)) != 0 ? "affinity" : NULL;
}

/*
 * Composing
 */

uint32_t placement_priority(const struct placement *placement, uint64_t requested)
{
	uint32_t band = KIN_PRIORITY_LIMIT / placement->levels;

	if (requested >= KIN_PRIORITY_LIMIT)
		requested = KIN_PRIORITY_LIMIT - 1;
	return placement->level * band + (uint32_t) requested / placement->levels;
}

/* A rectangle in one direction. */
struct extent {
	uint64_t space, position, length;
};

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Both are at most 32 bits wide and valid, so that no product overflows.
 * Return: whether the result is not too fine */
static bool compose(const struct extent *outer, const struct extent *inner, struct extent *ret)
{
	struct extent both = { outer->space * inner->space,
		outer->position * inner->space + inner->position * outer->length,
		inner->length * outer->length };
	uint64_t divisor = common_divisor(both.space, common_divisor(both.position, both.length));

	*ret = *outer;
	if (both.space / divisor > KIN_AFFINITY_SPACE_MAX)
		return false;
	*ret = (struct extent){ both.space / divisor, both.position / divisor,
		both.length / divisor };
	return true;
}

static bool is_everything(const struct kin_affinity *affinity)
{
	return affinity->space_width == 0;
}

int placement_affinity(const struct placement *placement, const struct kin_affinity *requested,
	struct kin_affinity *ret)
{
	const struct kin_affinity *area = &placement->area;

	if (!kin_affinity_valid(requested))
		return -EINVAL;
	if (is_everything(area) || is_everything(requested)) {
		*ret = is_everything(area) ? *requested : *area;
		return 0;
	}
	struct extent x, y;
	bool fine = compose(&(struct extent){ area->space_width, area->x, area->width },
		&(struct extent){ requested->space_width, requested->x, requested->width }, &x);

	fine &= compose(&(struct extent){ area->space_height, area->y, area->height },
		&(struct extent){ requested->space_height, requested->y, requested->height }, &y);
	*ret = (struct kin_affinity){ (uint32_t) x.space, (uint32_t) y.space, (uint32_t) x.position,
		(uint32_t) y.position, (uint32_t) x.length, (uint32_t) y.length };
	return fine ? 0 : -ERANGE;
}

/*
 * In a sandbox
 */

static void log_fault(
	void *ctx, const struct kin_node *node, const char *attribute, const char *text)
{
	owner_log(ctx, OWNER_WARNING, "%s", text);
}

static struct placement placement_of(
	const struct child *child, const struct placement_listener *listener)
{
	return placement_read(child->start, &child->config->scheme, listener);
}

static struct placement_listener to_log(const struct sandbox *sandbox)
{
	return (struct placement_listener){ (void *) sandbox->owner, log_fault, log_fault };
}

void placement_explain(struct sandbox *sandbox, const struct kin_node *config)
{
	const struct placement_listener listener = to_log(sandbox);

	placement_scheme_read(config, &listener);
}

void placement_explain_child(struct child *child)
{
	const struct placement_listener listener = to_log(child->sandbox);

	placement_of(child, &listener);
}

static int apply_priority(const struct placement *placement, struct kin_args *args)
{
	char text[KIN_ARG_VALUE_MAX + 1];
	uint32_t priority = placement_priority(placement, kin_args_number(args, "priority", 0));

	if (placement->levels == 1)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu32, priority);
	return kin_args_set(args, "priority", text);
}

int placement_apply(struct child *child, const char *service, struct kin_args *args,
	struct kin_affinity *affinity)
{
	const struct owner *owner = child->sandbox->owner;
	const struct placement placement = placement_of(child, NULL);
	int r = placement_affinity(&placement, affinity, affinity);

	if (r == -EINVAL) {
		owner_log(owner, OWNER_ERROR, "%s: malformed affinity for service \"%s\"",
			child->name, service);
		return KIN_DENIED;
	}
	if (r == -ERANGE)
		owner_log(owner, OWNER_WARNING,
			"%s: affinity for service \"%s\" is too fine, its own is taken",
			child->name, service);
	if (strcmp(service, "CPU") != 0 || apply_priority(&placement, args) == 0)
		return 0;
	owner_log(owner, OWNER_ERROR, "%s: CPU session has too many arguments for a priority",
		child->name);
	return KIN_DENIED;
}
