/* World; see the header. owner.c connects the engines. */
#include "sim/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "sim/kinds.h"

/*
 * Capabilities
 */

int cap_new(struct program *holder)
{
	struct world *world = holder->world;

	assert(world->last_cap + 1 < WORLD_CAPS_MAX);
	world->holders[++world->last_cap] = (uint8_t) (holder->index + 1);
	world->n_caps++;
	holder->n_caps++;
	return world->last_cap;
}

void cap_check(const struct program *holder, int cap)
{
	const struct world *world = holder->world;

	assert(cap > 0 && cap <= world->last_cap);
	assert(world->holders[cap] == holder->index + 1);
}

void cap_move(struct program *holder, int cap, struct program *to)
{
	cap_check(holder, cap);
	holder->world->holders[cap] = (uint8_t) (to->index + 1);
	holder->n_caps--;
	to->n_caps++;
}

void cap_close(struct program *holder, int cap)
{
	cap_check(holder, cap);
	holder->world->holders[cap] = 0;
	holder->world->n_caps--;
	holder->n_caps--;
}

static void close_all_caps(struct program *program)
{
	for (int cap = program->world->last_cap; cap && program->n_caps; cap--)
		if (program->world->holders[cap] == program->index + 1)
			cap_close(program, cap);
}

/*
 * Programs
 */

struct quota world_available(const struct program *program)
{
	return program->pd ? account_available(&program->pd->account) : (struct quota){ 0, 0 };
}

bool program_can_call(const struct program *program)
{
	return program->running && program->child && program->parent->running;
}

bool program_reaches_core(const struct program *program)
{
	const struct program *above = program->parent;

	while (above && above->running)
		above = above->parent;
	return !above;
}

static struct kin_tree *config_of(const struct program *program)
{
	char text[WORLD_CONFIG_BYTES + WORLD_POLICY_BYTES];
	struct kin_tree *tree = NULL;

	snprintf(text, sizeof(text), "%s%s</config>", program->config,
		program->policies[program->policy]);
	int r = kin_tree_parse(text, strlen(text), NULL, &tree);

	assert(r == 0);
	return tree;
}

void program_configure(struct program *program)
{
	sandbox_apply(&program->sandbox, config_of(program));
}

void program_boot(struct program *program)
{
	program->booted = true;
	if (program->child)
		child_handles(program->child, CHILD_EVENT_SESSION | CHILD_EVENT_RESOURCE);
	sandbox_init(&program->sandbox, &program->owner);
	program_configure(program);
}

void program_end(struct program *program, bool reap)
{
	program->starting = false;
	if (!program->running)
		return;
	program->running = false;
	program->unreaped = reap;
	program->signal = program->server_signal = false;
	program->call.active = program->scheduled = false;
	program->n_outbox = 0;
	close_all_caps(program);
}

void program_stop(struct program *program, int64_t value)
{
	struct child *self = program->child;

	if (program->booted)
		sandbox_done(&program->sandbox);
	program->booted = false;
	step_flush(program);
	for (unsigned i = 0; i < program->world->n_programs; i++)
		if (program->world->programs[i].parent == program)
			program->world->programs[i].child = NULL;
	assert(program->n_caps == 0);
	child_exit(self, value);
	program_end(program, false);
}

static void forget_objects(struct program *server)
{
	struct object *object, *next;

	DL_FOREACH_SAFE (server->world->objects, object, next) {
		if (object->server != server)
			continue;
		assert(object->kind == OBJECT_OTHER);
		assert(server->parent || object->owes == OWES_CLOSE);
		DL_DELETE(server->world->objects, object);
		free(object);
	}
}

static void bury(struct program *program)
{
	struct world *world = program->world;

	for (unsigned i = 0; i < world->n_programs; i++)
		if (world->programs[i].parent == program)
			world->programs[i].child = NULL;
	owner_bury(program);
	sandbox_done(&program->sandbox);
	program->booted = false;
	forget_objects(program);
}

void program_begin(struct program *program)
{
	assert(!program->running && !program->child && !program->n_caps);
	if (program->booted)
		bury(program);
	memset(program->promises, 0, sizeof(program->promises));
	memset(program->caps, 0, sizeof(program->caps));
	memset(program->accounts, 0, sizeof(program->accounts));
	program->n_accounts = 0;
	program->charged = (struct quota){ 0, 0 };
	program->seen_sequence = program->seen_id = 0;
	program->signal = program->server_signal = program->unreaped = program->ending = false;
	if (program->is_init)
		owner_fill(program);
}

void world_bury(struct world *world)
{
	for (unsigned i = 1; i < world->n_programs; i++) {
		struct program *program = &world->programs[i];

		if (program->running && program->ending)
			program_stop(program, program->exit_value);
		if (!program->running && program->booted)
			bury(program);
	}
}

/*
 * Life
 */

struct world *world_new(uint64_t seed, bool verbose)
{
	struct world *world = calloc(1, sizeof(*world));

	assert(world);
	world->holders = calloc(WORLD_CAPS_MAX, 1);
	assert(world->holders);
	world->verbose = verbose;
	plan_make(world, seed);
	for (unsigned i = 0; i < world->n_programs; i++)
		if (world->programs[i].is_init)
			owner_fill(&world->programs[i]);
	ledger_init(&world->ledger, &world->root, world->total);
	world->programs[0].running = true;
	program_boot(&world->programs[0]);
	return world;
}

void world_free(struct world *world)
{
	struct program *core = &world->programs[0];

	sandbox_done(&core->sandbox);
	core->booted = false;
	for (unsigned i = 1; i < world->n_programs; i++)
		assert(!world->programs[i].running);
	world_bury(world);
	forget_objects(core); /* that core still owes an answer about */
	assert(!world->objects && world->n_caps == 0);
	ledger_check(&world->ledger);
	assert(!world->root.children);
	assert(world->root.quota.ram == world->total.ram);
	assert(world->root.quota.caps == world->total.caps);
	free(world->holders);
	free(world);
}
