/* Plan; see the header. */
#include "configs/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

const char *const plan_services[PLAN_SERVICES] = { "A", "B", "LOG", "ROM", "PD", "CPU" };
const char *const plan_names[PLAN_CHILDREN] = { "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7" };
const char *const plan_aliases[PLAN_ALIASES] = { "nick", "c1" }; /* hides the child of that name */
const char *const plan_binaries[3] = { NULL, "x", "missing" };

/*
 * Making
 */

static void make_target(struct plan_target *target, struct random *random)
{
	static const char *const labels[] = { NULL, NULL, NULL, "fixed" };

	*target = (struct plan_target){
		.kind = (enum plan_target_kind) random_below(random, 4),
		.which = random_below(random, PLAN_CHILDREN),
		.label = labels[random_below(random, N(labels))],
	};
	if (target->kind == TARGET_ALIAS)
		target->which %= PLAN_ALIASES;
}

static void make_rule(struct plan_rule *rule, struct random *random)
{
	static const unsigned services[] = { PLAN_A, PLAN_A, PLAN_B, PLAN_LOG, PLAN_ROM };

	*rule = (struct plan_rule){ .service = services[random_below(random, N(services))],
		.label = random_once_in(random, 4) ? "x" : NULL,
		.n_targets = random_below(random, PLAN_TARGETS_MAX + 1) };
	for (size_t i = 0; i < rule->n_targets; i++)
		make_target(&rule->targets[i], random);
	/* Else hardly a child would come to life. */
	if (rule->service >= PLAN_LOG && !random_once_in(random, 4))
		rule->targets[rule->n_targets ? rule->n_targets - 1 : 0] =
			(struct plan_target){ TARGET_PARENT, 0, NULL };
}

static void make_route(struct plan_route *route, struct random *random)
{
	struct plan_rule *last;

	route->n_rules = random_below(random, PLAN_RULES_MAX - 1) + 1;
	for (size_t i = 0; i < route->n_rules; i++)
		make_rule(&route->rules[i], random);
	if (random_once_in(random, 12))
		return;
	last = &route->rules[route->n_rules++];
	*last = (struct plan_rule){ PLAN_ANY, NULL,
		{ { TARGET_PARENT, 0, NULL }, { TARGET_ANY_CHILD, 0, NULL } }, 2 };
}

static void make_budget(const struct plan *plan, struct plan_start *start, struct random *random)
{
	start->ram_kib = plan->tame ? 512 : random_below(random, 24000);
	start->caps = plan->tame ? 60 : random_below(random, 700);
	if (plan->tame)
		start->ram_kib += 64 * random_below(random, 8);
}

static void make_start(const struct plan *plan, struct plan_start *start, struct random *random)
{
	*start = (struct plan_start){
		.present = !random_once_in(random, 4),
		.has_route = random_once_in(random, 2),
		.has_config = random_once_in(random, 2),
		.version = random_below(random, 3),
		.binary = random_below(random, 8) / 3,
	};
	make_budget(plan, start, random);
	make_route(&start->route, random);
	for (size_t i = 0; i < PLAN_PROVIDED; i++)
		start->provides[i] = random_once_in(random, 3);
}

static void make_alias(struct plan *plan, struct random *random)
{
	unsigned i = random_below(random, PLAN_ALIASES);

	plan->has_alias[i] = !random_once_in(random, 3);
	plan->alias[i] = random_below(random, PLAN_CHILDREN);
}

static void shuffle(struct plan *plan, struct random *random)
{
	unsigned i = random_below(random, PLAN_CHILDREN), k = random_below(random, PLAN_CHILDREN);
	unsigned order = plan->order[i];

	plan->order[i] = plan->order[k];
	plan->order[k] = order;
}

void plan_make(struct plan *plan, struct random *random, bool tame)
{
	*plan = (struct plan){ .tame = tame, .preserve_mib = 1 };
	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		plan->order[i] = i;
		make_start(plan, &plan->starts[i], random);
	}
	for (size_t i = 0; i < PLAN_PROVIDED; i++)
		plan->from_parent[i] = i >= PLAN_LOG || random_once_in(random, 2);
	make_route(&plan->default_route, random);
	make_alias(plan, random);
}

static void change_start(struct plan *plan, struct random *random)
{
	struct plan_start *start = &plan->starts[random_below(random, PLAN_CHILDREN)];
	bool *provides = &start->provides[random_below(random, PLAN_PROVIDED)];

	switch (random_below(random, 12)) {
	case 0:
	case 1:
	case 2:
		start->present = !start->present;
		break;
	case 3:
		start->version = random_below(random, 3);
		break;
	case 4:
	case 5:
		*provides = !*provides;
		break;
	case 6:
		start->has_config = !start->has_config;
		break;
	case 7:
		start->content++;
		break;
	case 8:
		start->binary = random_below(random, 3);
		break;
	case 9:
		make_budget(plan, start, random);
		break;
	case 10:
		start->has_route = !start->has_route;
		break;
	default:
		make_route(&start->route, random);
	}
}

void plan_change(struct plan *plan, struct random *random)
{
	bool *from_parent = &plan->from_parent[random_below(random, PLAN_PROVIDED)];

	switch (random_below(random, 20)) {
	case 0:
		*from_parent = !*from_parent;
		break;
	case 1:
		make_route(&plan->default_route, random);
		break;
	case 2:
	case 3:
		make_alias(plan, random);
		break;
	case 4:
		shuffle(plan, random);
		break;
	case 5:
		plan->preserve_mib = plan->tame ? 1 : random_below(random, 70);
		break;
	default:
		change_start(plan, random);
	}
}

/*
 * Printing
 */

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text->at, text->left, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t) n < text->left);
	text->at += n;
	text->left -= (size_t) n;
}

static void put_target(struct text *text, const struct plan_target *target)
{
	switch (target->kind) {
	case TARGET_PARENT:
		put(text, "<parent");
		break;
	case TARGET_ANY_CHILD:
		put(text, "<any-child");
		break;
	case TARGET_CHILD:
		put(text, "<child name='%s'", plan_names[target->which]);
		break;
	case TARGET_ALIAS:
		put(text, "<child name='%s'", plan_aliases[target->which]);
		break;
	}
	if (target->label)
		put(text, " label='%s'", target->label);
	put(text, "/>");
}

static void put_rules(struct text *text, const struct plan_route *route)
{
	for (size_t i = 0; i < route->n_rules; i++) {
		const struct plan_rule *rule = &route->rules[i];
		const char *type = rule->service == PLAN_ANY ? "any-service" : "service";

		put(text, "<%s", type);
		if (rule->service != PLAN_ANY)
			put(text, " name='%s'", plan_services[rule->service]);
		if (rule->label)
			put(text, " label='%s'", rule->label);
		put(text, ">");
		for (size_t k = 0; k < rule->n_targets; k++)
			put_target(text, &rule->targets[k]);
		put(text, "</%s>", type);
	}
}

static void put_start(struct text *text, const struct plan *plan, unsigned child)
{
	const struct plan_start *start = &plan->starts[child];

	put(text, "<start name='%s' ram='%uK' caps='%u'", plan_names[child], start->ram_kib,
		start->caps);
	if (start->version)
		put(text, " version='%u'", start->version);
	put(text, "><provides>");
	for (size_t i = 0; i < PLAN_PROVIDED; i++)
		if (start->provides[i])
			put(text, "<service name='%s'/>", plan_services[i]);
	put(text, "</provides>");
	if (plan_binaries[start->binary])
		put(text, "<binary name='%s'/>", plan_binaries[start->binary]);
	if (start->has_config)
		put(text, "<config content='%u'/>", start->content);
	if (start->has_route) {
		put(text, "<route>");
		put_rules(text, &start->route);
		put(text, "</route>");
	}
	put(text, "</start>");
}

void plan_print_start(const struct plan *plan, unsigned child, char ret[PLAN_NODE_BYTES])
{
	put_start(&(struct text){ ret, PLAN_NODE_BYTES }, plan, child);
}

void plan_print(const struct plan *plan, char ret[PLAN_CONFIG_BYTES])
{
	struct text text = { ret, PLAN_CONFIG_BYTES };

	put(&text, "<config><parent-provides><service name='PD'/><service name='CPU'/>");
	for (size_t i = 0; i < PLAN_PROVIDED; i++)
		if (plan->from_parent[i])
			put(&text, "<service name='%s'/>", plan_services[i]);
	put(&text, "</parent-provides><resource name='RAM' preserve='%uM'/><default-route>",
		plan->preserve_mib);
	put_rules(&text, &plan->default_route);
	put(&text, "</default-route>");
	for (unsigned i = 0; i < PLAN_ALIASES; i++)
		if (plan->has_alias[i])
			put(&text, "<alias name='%s' child='%s'/>", plan_aliases[i],
				plan_names[plan->alias[i]]);
	for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
		if (!plan->starts[plan->order[i]].present)
			continue;
		put(&text, "\n");
		put_start(&text, plan, plan->order[i]);
	}
	put(&text, "\n</config>");
}
