/*
 * History; see the header.
 *
 * Deciding and acting are apart: step_make() looks what may happen, the functions of the table in
 * kinds.c do it if it still can.
 */
#include "sim/history.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/kinds.h"

static void print_step(const struct program *program, const struct step *step)
{
	const struct step_kind *kind = &step_kinds[step->kind];

	fprintf(stderr, "%-7s %s", program->name, kind->text);
	if (kind->shows & ID)
		fprintf(stderr, " %d", ENV_END + step->id % WORLD_IDS_MAX);
	if (kind->shows & SERVICE)
		fprintf(stderr, " of %s \"%.10s\"", step_services[step->what % STEP_SERVICES],
			step_labels[(step->how >> 1) % STEP_LABELS]);
	if (kind->shows & AMOUNT)
		fprintf(stderr, " with %" PRIu64 " bytes, %" PRIu64 " caps", step->amount.ram,
			step->amount.caps);
	if (kind->shows & NUMBERS)
		fprintf(stderr, " (%u, %u)", step->what, step->how);
	if ((kind->shows & WAIT) && (step->how & 1))
		fprintf(stderr, " and waits");
	fprintf(stderr, "\n");
}

static bool can_take(const struct program *program, const struct step *step)
{
	const struct step_kind *kind = &step_kinds[step->kind];

	if (kind->who == ANYWHERE)
		return true;
	if (!program->parent)
		return step->kind == ADVANCE || kind->who == CORE;
	if (kind->who == CORE || !program_can_call(program) ||
		(kind->who == COMPONENTS && program->is_init) ||
		(kind->who == INITS && !program->is_init))
		return false;
	return !program->call.active || step->kind == RESUME || step->kind == ARRIVE ||
	       step->kind == MISBEHAVE || step->kind == URGE || step->kind == CRASH;
}

void step_run(struct world *world, const struct step *step)
{
	struct program *program = &world->programs[step->who % world->n_programs];
	const struct step_kind *kind = &step_kinds[step->kind];

	if (!can_take(program, step))
		return;
	if (world->verbose)
		print_step(program, step);
	if (program->parent && kind->who != ANYWHERE && step->kind != URGE && step->kind != ARRIVE)
		step_flush(program);
	int r = kind->run(program, step);

	if (world->verbose && r != STEP_SILENT)
		fprintf(stderr, "        -> %s\n", kin_answer_text(r));
	world_bury(world);
}

/*
 * What may happen next
 */

/* Return: a kind that lets something arrive at or from the program, ACTIONS if nothing is on its
 * way */
static enum kind news_of(const struct program *program, uint32_t first)
{
	const bool there[ACTIONS] = {
		[BOOT] = program->is_init && program->running && !program->booted,
		[ADVANCE] = program->running && program->scheduled,
		[EVENTS] = program->running && program->signal && !program->call.active,
		[RESUME] = program->call.active && program->call.answered,
		[ARRIVE] = program->n_outbox > 0,
		[REAP] = program->unreaped && program->child,
		[SERVE] = program->server_signal && !program->call.active && !program->is_init,
		[FORWARD] = program->server_signal && program->is_init && program->booted,
		[DECIDE] = !program->parent && program->world->n_owed,
		[STARTED] = program->starting && program->parent->running,
	};

	for (uint32_t i = 0; i < ACTIONS; i++)
		if (there[(first + i) % ACTIONS])
			return (enum kind)((first + i) % ACTIONS);
	return ACTIONS;
}

static struct quota some_quota(const struct program *program, struct random *random)
{
	switch (random_below(random, 12)) {
	case 0:
		return (struct quota){ random_next(random), random_next(random) };
	case 1:
		return (struct quota){ random_below(random, 2 * SESSION_COST_BYTES),
			random_below(random, 2) };
	case 2:
		return world_available(program);
	default:
		return (struct quota){ SESSION_COST_BYTES + random_below(random, 24 * 1024),
			random_below(random, 5) };
	}
}

static uint8_t some_action(struct random *random)
{
	unsigned sum = 0;
	size_t i = ACTIONS;

	for (size_t k = 0; k < KINDS; k++)
		sum += step_kinds[k].weight;
	for (uint32_t pick = random_below(random, sum); pick >= step_kinds[i].weight; i++)
		pick -= step_kinds[i].weight;
	return (uint8_t) i;
}

static bool is_likely(
	const struct program *program, uint8_t kind, struct random *random, bool dishonest)
{
	if (kind == SPEND)
		return dishonest;
	if (kind < ENDS)
		return true;
	/* The whole tree below an init goes with it: not before much has happened. */
	return random_once_in(random, !program->is_init ? 4 : program->index == 1 ? 100 : 30);
}

#define ATTEMPTS_MAX 400

bool step_make(struct world *world, struct random *random, bool dishonest, struct step *ret)
{
	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		uint32_t who = random_below(random, world->n_programs);
		const struct program *program = &world->programs[who];
		enum kind news = news_of(program, random_below(random, ACTIONS));

		*ret = (struct step){ .who = (uint8_t) who,
			.id = (uint16_t) random_below(random, WORLD_IDS_MAX),
			.what = (uint16_t) random_next(random),
			.how = (uint16_t) random_next(random),
			.amount = some_quota(program, random) };
		ret->kind = news != ACTIONS && !random_once_in(random, 4) ? (uint8_t) news
									  : some_action(random);
		if (can_take(program, ret) && is_likely(program, ret->kind, random, dishonest))
			return true;
	}
	return false;
}

/*
 * Coming to rest
 */

static bool has_requests(const struct program *program)
{
	return program_can_call(program) && !program->is_init && !program->call.active &&
	       program->child->requests;
}

/* Return: whether there was something to do */
static bool settle(struct program *program, unsigned round)
{
	struct step step = { .how = 24, .what = (uint16_t) round };
	enum kind kind = news_of(program, round);
	bool busy = kind != ACTIONS;

	step.who = (uint8_t) program->index;
	step.kind = (uint8_t) kind;
	if (busy && !can_take(program, &step))
		return false;
	if (busy)
		step_run(program->world, &step);
	if (has_requests(program)) {
		step_serve(program, &step);
		step_flush(program);
		busy = true;
	}
	return busy;
}

/* Ends one of those that wait for what can't come. Return: whether there was one */
static bool end_a_waiting_one(struct world *world)
{
	for (unsigned i = 0; i < world->n_programs; i++) {
		struct program *program = &world->programs[i];

		if (!program->call.active || program->call.answered || !program_can_call(program))
			continue;
		if (program->child->state != CHILD_ALIVE)
			continue;
		child_misbehaved(program->child, "waits for ever");
		return true;
	}
	return false;
}

/* Rounds grow with what is open: a session passes each program on its way a few times. */
#define ROUNDS_MAX 2000

void world_settle(struct world *world)
{
	bool busy = true;

	for (unsigned round = 0; busy; round++) {
		assert(round < ROUNDS_MAX);
		busy = false;
		for (unsigned i = 0; i < world->n_programs; i++)
			busy |= settle(&world->programs[i], round);
		world_check(world);
		busy = busy || end_a_waiting_one(world);
	}
}
