/*
 * Plans: random trees
 *
 * Programs are numbered as they are made, parents before their children. An init's children are
 * known before its config is written, because routes name them. PD and CPU sessions lead to core,
 * as they have to; the LOG and the binary of a child's environment may come from a sibling.
 *
 * Each part of a config is written by a seed of its own, so that one can change and the others not.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/random.h"
#include "sim/world.h"

#define DEPTH_MAX 4 /* core, init, and nested inits below */

/* That components provide. */
static const char *const services[] = { "A", "B", "C", "D", "LOG", "ROM" };

#define N_SERVICES WORLD_SERVICES
#define N_OWN      4 /* of them not known to core */

_Static_assert(sizeof(services) / sizeof(services[0]) == N_SERVICES, "a service without a name");

struct plan {
	struct world *world;
	struct random random;
};

/* The children of one init. */
struct siblings {
	struct program *program[WORLD_CHILDREN_MAX];
	size_t n;
};

static uint32_t below(struct plan *plan, uint32_t bound)
{
	return random_below(&plan->random, bound);
}

static bool once_in(struct plan *plan, uint32_t times)
{
	return random_once_in(&plan->random, times);
}

__attribute__((format(printf, 2, 3))) static void write(struct program *init, const char *fmt, ...)
{
	size_t used = strlen(init->config);
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(init->config + used, WORLD_CONFIG_BYTES - used, fmt, ap);
	va_end(ap);
	assert(n >= 0 && used + (size_t) n < WORLD_CONFIG_BYTES);
}

static struct program *add(struct plan *plan, struct program *parent, bool is_init)
{
	struct program *program = &plan->world->programs[plan->world->n_programs];
	unsigned index = plan->world->n_programs++;

	program->world = plan->world;
	program->index = index;
	program->parent = parent;
	program->is_init = is_init;
	snprintf(program->name, sizeof(program->name), "%s%u", is_init ? "init" : "c", index);
	program->start_seed = random_next(&plan->random);
	program->config_seed = random_next(&plan->random);
	for (size_t i = 0; parent && i < N_SERVICES; i++)
		program->provides[i] = once_in(plan, is_init || i >= N_OWN ? 4 : 3);
	return program;
}

/* Aliases that routes may name, there or not. */
static const char *const nicknames[] = { "nick", "pal" };

#define N_NICKNAMES (sizeof(nicknames) / sizeof(nicknames[0]))

/* What a target says about the label that the server sees. */
static const char *rewriting(struct plan *plan)
{
	static const char *const attributes[] = { "", "", "", "", " label='fixed'",
		" label='fixed -> one'", " identity='someone'", " resource='thing'",
		" prepend_resource='my_'" };

	return attributes[below(plan, sizeof(attributes) / sizeof(attributes[0]))];
}

static void write_target(
	struct plan *plan, struct program *init, const struct siblings *siblings, size_t service)
{
	const struct program *first = siblings->program[below(plan, (uint32_t) siblings->n)];
	size_t n = siblings->n;

	/* Rather one that has the service. */
	for (size_t i = 0; i < n && !first->provides[service]; i++)
		first = siblings->program[i];
	switch (below(plan, 5)) {
	case 0:
		write(init, "<parent%s/>", rewriting(plan));
		return;
	case 2:
		write(init, "<child name='%s'%s/>", nicknames[below(plan, N_NICKNAMES)],
			rewriting(plan));
		return;
	case 1:
		write(init, "<any-child%s/>", rewriting(plan));
		return;
	default:
		write(init, "<child name='%s'%s/>", first->name, rewriting(plan));
	}
}

static void write_rules(struct plan *plan, struct program *init, const struct siblings *siblings)
{
	write(init, "<service name='PD'><parent/></service><service name='CPU'><parent/>"
		    "</service>");
	for (size_t i = 0; i < N_SERVICES; i++) {
		if (!once_in(plan, i < N_OWN ? 2 : 3))
			continue;
		write(init, "<service name='%s'>", services[i]);
		write_target(plan, init, siblings, i);
		if (i >= N_OWN)
			write(init, "<parent/>");
		write(init, "</service>");
	}
	write(init, "<any-service>%s</any-service>",
		once_in(plan, 2) ? "<parent/><any-child/>" : "<any-child/><parent/>");
}

static void write_start(
	struct program *init, const struct program *child, const struct siblings *siblings)
{
	struct plan seeded = { init->world, { child->start_seed } }, *plan = &seeded;
	uint32_t ram_kib = child->is_init ? 1500 + below(plan, 3000) : 80 + below(plan, 600);
	uint32_t caps = child->is_init ? 150 + below(plan, 200) : 14 + below(plan, 60);

	write(init, "\n<start name='%s' version='%u' ram='%" PRIu32 "K' caps='%" PRIu32 "'>",
		child->name, child->version, ram_kib, caps);
	write(init, "<binary name='%s'/><provides>", child->is_init ? "init" : "component");
	for (size_t i = 0; i < N_SERVICES; i++)
		if (child->provides[i])
			write(init, "<service name='%s'/>", services[i]);
	write(init, "</provides>");
	if (once_in(plan, 8))
		write(init, "<exit propagate='yes'/>");
	if (!once_in(plan, 3)) {
		write(init, "<route>");
		write_rules(plan, init, siblings);
		write(init, "</route>");
	}
	write(init, "</start>");
}

static const char *forward_target(
	struct plan *plan, const struct siblings *siblings, size_t service)
{
	const struct program *first = siblings->program[below(plan, (uint32_t) siblings->n)];

	for (size_t i = 0; i < siblings->n && !first->provides[service]; i++)
		first = siblings->program[i];
	return once_in(plan, 12) ? "nobody" : first->name;
}

/* For some of what it provides: sessions of its parent's children that it forwards to its own. */
static void write_policies(struct plan *plan, char text[WORLD_POLICY_BYTES],
	const struct program *init, const struct siblings *siblings)
{
	static const char *const conditions[] = { "policy label_suffix='x'", "policy label='fixed'",
		"policy label_prefix='c'", "default-policy" };
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < N_SERVICES; i++) {
		if (!init->provides[i] || once_in(plan, 5))
			continue;
		used += (size_t) snprintf(
			text + used, WORLD_POLICY_BYTES - used, "<service name='%s'>", services[i]);
		for (size_t k = 0; k < 4; k++) {
			if (once_in(plan, k < 3 ? 2 : 8))
				continue;
			used += (size_t) snprintf(text + used, WORLD_POLICY_BYTES - used,
				"<%s><child name='%s'%s/></%.*s>", conditions[k],
				forward_target(plan, siblings, i),
				once_in(plan, 3) ? " label='forwarded'" : "", k < 3 ? 6 : 14,
				conditions[k]);
		}
		used += (size_t) snprintf(text + used, WORLD_POLICY_BYTES - used, "</service>");
		assert(used < WORLD_POLICY_BYTES);
	}
}

static void write_config(struct program *init, const struct siblings *siblings)
{
	struct plan seeded = { init->world, { init->config_seed } }, *plan = &seeded;

	init->config[0] = '\0';
	write(init, "<config><parent-provides>");
	for (size_t i = 0; i < N_SERVICES; i++)
		if (i >= N_OWN || once_in(plan, 2))
			write(init, "<service name='%s'/>", services[i]);
	write(init, "<service name='PD'/><service name='CPU'/><service name='Core'/>"
		    "</parent-provides><default-route>");
	write_rules(plan, init, siblings);
	write(init, "</default-route><resource name='RAM' preserve='%" PRIu32 "K'/>",
		32 + below(plan, 300));
	for (size_t i = 0; i < N_NICKNAMES; i++)
		if (!once_in(plan, 3))
			write(init, "<alias name='%s' child='%s'/>", nicknames[i],
				siblings->program[below(plan, (uint32_t) siblings->n)]->name);
	for (size_t i = 0; i < siblings->n; i++)
		if (!siblings->program[i]->absent)
			write_start(init, siblings->program[i], siblings);
	for (size_t i = 0; i < WORLD_POLICIES; i++)
		write_policies(plan, init->policies[i], init, siblings);
}

/* Recursion is bounded by DEPTH_MAX. */
static void make_children(struct plan *plan, struct program *init, unsigned depth)
{
	uint32_t n = 2 + below(plan, 5), inner = below(plan, n);
	struct siblings siblings = { .n = 0 };

	for (uint32_t i = 0; i < n && plan->world->n_programs < WORLD_PROGRAMS_MAX; i++) {
		bool nests = depth < DEPTH_MAX &&
			     (i == inner ? depth < 3 || once_in(plan, 3) : once_in(plan, 8));

		siblings.program[siblings.n++] = add(plan, init, nests);
	}
	if (siblings.n)
		write_config(init, &siblings);
	else
		write(init, "<config>");
	for (size_t i = 0; i < siblings.n; i++)
		if (siblings.program[i]->is_init)
			make_children(plan, siblings.program[i], depth + 1);
}

static void change_start(struct plan *plan, struct program *child)
{
	bool *provides = &child->provides[below(plan, N_SERVICES)];

	switch (below(plan, 5)) {
	case 0:
		child->start_seed = random_next(&plan->random);
		break;
	case 1:
	case 2:
		child->absent = !child->absent;
		break;
	case 3:
		child->version++;
		break;
	default:
		*provides = !*provides;
	}
}

void plan_change(struct program *init, uint64_t seed)
{
	struct plan plan = { init->world, { seed } };
	struct siblings siblings = { .n = 0 };

	for (unsigned i = 1; i < init->world->n_programs; i++)
		if (init->world->programs[i].parent == init)
			siblings.program[siblings.n++] = &init->world->programs[i];
	if (!siblings.n)
		return;
	for (uint32_t n = 1 + below(&plan, 2); n > 0; n--)
		change_start(&plan, siblings.program[below(&plan, (uint32_t) siblings.n)]);
	if (once_in(&plan, 6))
		init->config_seed = random_next(&plan.random);
	write_config(init, &siblings);
}

void plan_make(struct world *world, uint64_t seed)
{
	struct plan plan = { .world = world, .random = { seed } };
	struct program *core = add(&plan, NULL, true), *init = add(&plan, core, true);

	strcpy(core->name, "core");
	world->total = (struct quota){ (8u + below(&plan, 24)) << 20, 600 + below(&plan, 1500) };
	write(core,
		"<config><default-route><any-service><local/></any-service></default-route>"
		"<start name='%s' ram='1T' caps='1M'><binary name='init'/></start>",
		init->name);
	make_children(&plan, init, 2);
}
