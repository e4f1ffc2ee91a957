/* History; see the header. */
#include "configs/history.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "configs/oracle.h"
#include "configs/plan.h"
#include "model/model.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define IDS       4 /* that a child uses for its sessions */
#define IDS_FIRST 10

struct scene {
	struct model *model;
	struct plan plan;
	struct history_counts *counts;
	bool tame, verbose;
	char config[PLAN_CONFIG_BYTES];
	struct oracle oracle;
};

/* Return: the child, if it runs */
static struct child *runner(struct scene *scene, const struct step *step)
{
	struct child *child =
		sandbox_child(&scene->model->sandbox, plan_names[step->who % PLAN_CHILDREN]);

	return child && child->started ? child : NULL;
}

static uint32_t id_of(const struct step *step)
{
	return IDS_FIRST + step->what % IDS;
}

/*
 * Configs
 */

static void apply(struct scene *scene)
{
	plan_print(&scene->plan, scene->config);
	if (scene->verbose)
		fprintf(stderr, "%s\n", scene->config);
	model_apply(scene->model, scene->config);
	scene->counts->applied++;
}

static void step_config(struct scene *scene, const struct step *step)
{
	struct random random = { step->what };
	struct plan before = scene->plan;

	oracle_look(&scene->oracle, &scene->model->sandbox, &before);
	if (random_once_in(&random, 40))
		plan_make(&scene->plan, &random, scene->tame);
	for (uint32_t n = random_below(&random, 4); n > 0; n--)
		plan_change(&scene->plan, &random);
	apply(scene);
	if (!scene->tame)
		return;
	oracle_predict(&scene->oracle, &scene->plan);
	oracle_compare(&scene->oracle, &scene->model->sandbox);
	scene->counts->predicted += !scene->oracle.unsure;
}

static void step_reject(struct scene *scene, const struct step *step)
{
	sandbox_reject(&scene->model->sandbox, "1:1: of the history");
}

/*
 * Children
 */

static void step_open(struct scene *scene, const struct step *step)
{
	static const char *const labels[] = { "", "x", "config", "c0", "y" };
	static const char *const services[] = { "A", "A", "B", "B", "LOG", "ROM", "ROM" };
	struct child *child = runner(scene, step);

	if (child)
		model_open(scene->model, child->name, id_of(step),
			services[(step->what >> 4) % N(services)],
			labels[(step->what >> 8) % N(labels)],
			(struct quota){ 8192, (step->what >> 12) % 4 });
}

static void step_fetch(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);

	if (child)
		model_fetch(scene->model, child->name, id_of(step), NULL);
}

static void step_upgrade(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);

	if (child)
		child_upgrade(child, id_of(step), (struct quota){ 1024, 1 });
}

static void step_close(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);

	if (child)
		child_close(child, id_of(step));
}

static void step_serve(struct scene *scene, const struct step *step)
{
	static const int refusals[] = { KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS };
	struct child *child = runner(scene, step);
	struct server_request requests[4];
	size_t n = child ? server_requests(child, 0, requests, N(requests)) : 0;

	if (!n)
		return;
	const struct server_request *request = &requests[step->what % n];
	uint32_t id = request->session->server_id;

	if (request->kind != SERVER_CREATE)
		server_response(child, id, request->kind == SERVER_UPGRADE ? KIN_OK : KIN_CLOSED);
	else if (scene->tame || (step->what >> 4) % 4)
		model_deliver(scene->model, child->name, id);
	else
		server_response(child, id, refusals[(step->what >> 8) % N(refusals)]);
}

static void step_parent(struct scene *scene, const struct step *step)
{
	static const int answers[] = { 0, 0, KIN_DENIED, KIN_INSUFFICIENT_RAM };

	model_up_answer(scene->model,
		(step->what & 1) ? plan_services[(step->what >> 1) % PLAN_SERVICES] : NULL,
		scene->tame ? 0 : answers[(step->what >> 5) % N(answers)]);
}

static void step_parent_hesitates(struct scene *scene, const struct step *step)
{
	static const enum model_call calls[] = { MODEL_SESSION, MODEL_SESSION, MODEL_CLOSE };
	static const int answers[] = { KIN_PENDING, KIN_DENIED, KIN_OUT_OF_RAM };
	enum model_call call = calls[step->what % N(calls)];
	int answer =
		call == MODEL_CLOSE || scene->tame ? KIN_PENDING : answers[(step->what >> 3) % 3];

	scene->model->n_scripts = 0;
	model_script(scene->model, call, plan_services[(step->what >> 6) % PLAN_SERVICES], answer,
		(step->what >> 10) % 4);
}

static void step_health(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);
	struct quota wanted;

	if (!child)
		return;
	switch (step->what % 4) {
	case 0:
		child_handles(child, step->what >> 2 & 15);
		break;
	case 1:
		child_events(child, &wanted);
		break;
	case 2:
		child_resource_request(child, (struct quota){ step->what >> 4, 3 });
		break;
	default:
		child_yield_response(child);
	}
}

/* Uses some of what it has, or none of it any more. */
static void step_use(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);

	if (!child || scene->tame)
		return;
	struct account *account = model_account(scene->model, child->account);
	struct quota some = account_available(account);

	if (step->what % 3 == 0) {
		account_uncharge(account, account->used);
		return;
	}
	account_charge(account, (struct quota){ some.ram / 2, some.caps / 2 });
}

static void step_end(struct scene *scene, const struct step *step)
{
	struct child *child = runner(scene, step);

	if (!child || scene->tame)
		return;
	if (step->what % 2)
		child_exit(child, step->what % 3);
	else
		child_died(child, 11, 0);
}

static void step_settle(struct scene *scene, const struct step *step)
{
	model_settle(scene->model);
}

static void (*const steps[])(struct scene *scene, const struct step *step) = { step_config,
	step_config, step_config, step_config, step_reject, step_open, step_open, step_open,
	step_open, step_open, step_open, step_fetch, step_fetch, step_upgrade, step_close,
	step_serve, step_serve, step_serve, step_serve, step_serve, step_serve, step_parent,
	step_parent_hesitates, step_health, step_use, step_end, step_settle, step_settle,
	step_settle, step_settle };

void history_make(struct history *history, struct random *random)
{
	*history = (struct history){ .seed = random_next(random),
		.tame = random_below(random, 4) > 0,
		.n = 50 + random_below(random, HISTORY_STEPS_MAX - 50) };
	for (size_t i = 0; i < history->n; i++)
		history->steps[i] = (struct step){ (uint8_t) random_below(random, N(steps)),
			(uint8_t) random_below(random, PLAN_CHILDREN),
			(uint32_t) random_next(random) };
}

/*
 * The end
 */

#define ROUNDS_MAX 1000

/* All that is asked for is answered. */
static void come_to_rest(struct model *model)
{
	unsigned n = 1;

	model->n_scripts = 0;
	model_settle(model);
	for (unsigned round = 0; n > 0; round++) {
		assert(round < ROUNDS_MAX);
		n = 0;
		model_up_answer(model, NULL, 0);
		for (unsigned i = 0; i < PLAN_CHILDREN; i++) {
			const struct child *child = sandbox_child(&model->sandbox, plan_names[i]);

			if (child && child->started)
				n += model_serve(model, plan_names[i]);
		}
	}
	assert(!model->sandbox.dying);
	assert(!model->sandbox.advancing && !model->sandbox.marked);
}

/*
 * What stops a child for a session of its own is not there in a fresh start, and whether others
 * have met a server that does not come to life depends on when that shows.
 */
static bool is_comparable(struct scene *scene)
{
	struct model *model = scene->model;
	const struct child *child;
	const struct need *need;

	DL_FOREACH (model->sandbox.children, child) {
		const struct kin_node *provides = kin_node_first_of(child->start, "provides");

		if (child->state == CHILD_EXITED ||
			((child->failed || child->stuck) && kin_node_first(provides)))
			return false;
		LL_FOREACH (child->needs, need)
			if (child->stuck && !need->by_parent)
				return false;
	}
	oracle_look(&scene->oracle, &model->sandbox, &scene->plan);
	return !oracle_has_drifted(&scene->oracle);
}

static void compare_session(const struct session *a, const struct session *b)
{
	assert(strcmp(a->args.label, b->args.label) == 0);
	assert(!a->service == !b->service);
	if (!a->service)
		return;
	assert(a->service->kind == b->service->kind);
	if (a->service->kind == SERVICE_CHILD)
		assert(strcmp(a->service->server->name, b->service->server->name) == 0);
}

static void compare_child(struct child *a, struct child *b)
{
	assert(a->state == b->state);
	assert((a->failed || a->stuck) == (b->failed || b->stuck));
	assert(strcmp(a->binary, b->binary) == 0);
	for (uint32_t id = ENV_PD; a->started && id <= ENV_BINARY; id++)
		compare_session(session_find(a, id), session_find(b, id));
	if (!a->started)
		return;
	assert(a->assigned.ram == b->assigned.ram && a->assigned.caps == b->assigned.caps);
}

static void compare_with_a_fresh_start(struct scene *scene)
{
	struct model *fresh = model_new();
	struct child *a, *b;

	fresh->missing = scene->model->missing;
	model_apply(fresh, scene->config);
	come_to_rest(fresh);
	b = fresh->sandbox.children;
	DL_FOREACH (scene->model->sandbox.children, a) {
		if (scene->verbose)
			fprintf(stderr, "%s: %d, afresh %s: %d\n", a->name, (int) a->state, b->name,
				(int) b->state);
		assert(b && strcmp(a->name, b->name) == 0);
		compare_child(a, b);
		b = b->next;
	}
	assert(!b);
	model_free(fresh);
	scene->counts->compared++;
}

void history_run(const struct history *history, bool verbose, struct history_counts *counts)
{
	struct scene scene = {
		.model = model_new(), .counts = counts, .tame = history->tame, .verbose = verbose
	};
	struct random random = { history->seed };

	scene.model->missing = "missing";
	scene.model->echo = verbose;
	plan_make(&scene.plan, &random, scene.tame);
	apply(&scene);
	for (size_t i = 0; i < history->n; i++) {
		const struct step *step = &history->steps[i];

		if (verbose)
			fprintf(stderr, "step %zu: kind %u of %s, %#x\n", i, step->kind,
				plan_names[step->who % PLAN_CHILDREN], step->what);
		steps[step->kind % N(steps)](&scene, step);
		model_check(scene.model);
	}
	come_to_rest(scene.model);
	if (scene.tame && is_comparable(&scene))
		compare_with_a_fresh_start(&scene);
	model_free(scene.model);
}
