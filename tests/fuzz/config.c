/*
 * Any configs, applied one after the other
 *
 * The input is a config, and behind the first NUL what happens before and after it is applied: how
 * the parent answers, and what its children then do as clients, servers and mortals. Configs to
 * follow are behind bytes of 0xff, which no text has. The model's invariants hold after each step,
 * and in the end all quota and every capability is back.
 */
#include <stdlib.h>
#include <utlist.h>

#include "fuzz/input.h"
#include "model/model.h"

#define CHILDREN_MAX 64 /* of one config */

static const char *const services[] = { "X", "Y", "ROM", "LOG", "P", "Local", "PD", "CPU" };

struct scene {
	struct input in, configs;
	struct model *model;
};

static struct quota some_quota(struct scene *scene)
{
	uint64_t ram = input_number(&scene->in); /* the order is part of the input's meaning */

	return (struct quota){ ram, input_byte(&scene->in) % 8 };
}

static uint32_t some_id(struct scene *scene)
{
	return (uint32_t) input_below(&scene->in, ENV_END + 4);
}

/* Nobody lives at the expense of its parent. */
static void assert_no_poorer(const struct scene *scene, struct quota before)
{
	struct quota now = scene->model->self.quota;

	assert(now.ram >= before.ram && now.caps >= before.caps);
}

static void step_open(struct scene *scene, struct child *child)
{
	struct quota before = scene->model->self.quota;
	const char *service = services[input_below(&scene->in, N(services))];
	const char *label = input_byte(&scene->in) % 2 ? "label" : "config";

	model_open(scene->model, child->name, some_id(scene), service, label, some_quota(scene));
	assert_no_poorer(scene, before);
}

static void step_fetch(struct scene *scene, struct child *child)
{
	model_fetch(scene->model, child->name, some_id(scene), NULL);
}

static void step_upgrade(struct scene *scene, struct child *child)
{
	struct quota before = scene->model->self.quota;

	if (child->started)
		child_upgrade(child, some_id(scene), some_quota(scene));
	assert_no_poorer(scene, before);
}

static void step_close(struct scene *scene, struct child *child)
{
	if (child->started)
		child_close(child, some_id(scene));
}

static void step_serve(struct scene *scene, struct child *child)
{
	if (child->started)
		model_serve(scene->model, child->name);
}

static void step_answer(struct scene *scene, struct child *child)
{
	uint32_t id = child->started ? model_request(scene->model, child->name, NULL) : 0;

	if (child->started)
		server_response(child, id ? id : input_byte(&scene->in),
			(int) input_below(&scene->in, KIN_INVALID + 1));
}

static void step_parent(struct scene *scene, struct child *child)
{
	static const int answers[] = { 0, KIN_DENIED, KIN_INSUFFICIENT_RAM, KIN_PENDING };
	const char *service = services[input_below(&scene->in, N(services))];

	model_up_answer(scene->model, input_byte(&scene->in) % 2 ? service : NULL,
		answers[input_below(&scene->in, N(answers))]);
}

static void step_end(struct scene *scene, struct child *child)
{
	if (child->started)
		child_died(child, input_byte(&scene->in) % 2 ? 11 : 0, input_byte(&scene->in));
}

/* A client of the parent, whose sessions are forwarded if the config says so. */
static void step_guest(struct scene *scene, struct child *child)
{
	static const char *const labels[] = { "label", "a", "c -> x", "" };
	const struct model_guest *guest = scene->model->guests;

	switch (input_below(&scene->in, 4)) {
	case 0:
		if (guest)
			model_guest_upgrade(scene->model, guest->id, some_quota(scene));
		break;
	case 1:
		if (guest)
			model_guest_close(scene->model, guest->id);
		break;
	default:
		model_guest_open(scene->model, services[input_below(&scene->in, N(services))],
			labels[input_below(&scene->in, N(labels))], some_quota(scene));
	}
}

static void step_settle(struct scene *scene, struct child *child)
{
	model_settle(scene->model);
}

static bool apply_next(struct scene *scene);

static void step_config(struct scene *scene, struct child *child)
{
	apply_next(scene);
}

static void (*const steps[])(struct scene *scene, struct child *child) = { step_open, step_open,
	step_fetch, step_upgrade, step_close, step_serve, step_answer, step_parent, step_end,
	step_settle, step_guest, step_guest, step_config };

static void plan(struct scene *scene)
{
	static const int answers[] = { KIN_PENDING, KIN_PENDING, KIN_DENIED, KIN_INSUFFICIENT_RAM,
		KIN_INSUFFICIENT_CAPS, KIN_OUT_OF_RAM };
	static const enum model_call calls[] = { MODEL_SESSION, MODEL_SESSION, MODEL_CLOSE };

	for (size_t n = input_below(&scene->in, MODEL_SCRIPTS_MAX); n > 0; n--) {
		enum model_call call = calls[input_below(&scene->in, N(calls))];
		const char *service = services[input_below(&scene->in, N(services))];
		int answer = answers[input_below(&scene->in, N(answers))];

		model_script(scene->model, call, service,
			call == MODEL_CLOSE ? KIN_PENDING : answer, input_byte(&scene->in) % 8);
	}
	scene->model->start_answer = input_below(&scene->in, 16) == 15 ? KIN_OUT_OF_RAM : 0;
	scene->model->local = "Local";
}

static bool too_many(const struct kin_tree *tree)
{
	size_t n = 0;

	KIN_NODE_FOREACH (start, kin_tree_root(tree), "start")
		n++;
	return n > CHILDREN_MAX;
}

/* Return: whether there was another config that can be parsed */
static bool apply_next(struct scene *scene)
{
	const char *text = (const char *) scene->configs.at;
	size_t left = (size_t) (scene->configs.end - scene->configs.at);
	const char *end = left ? memchr(text, 0xff, left) : NULL;
	size_t n = end ? (size_t) (end - text) : left;
	struct kin_tree *tree = NULL;

	scene->configs.at += end ? n + 1 : n;
	if (!left || kin_tree_parse(text, n, NULL, &tree))
		return false;
	if (too_many(tree)) {
		kin_tree_free(tree);
		return false;
	}
	sandbox_apply(&scene->model->sandbox, tree);
	return true;
}

/* Whoever is in that place now. */
static struct child *some_child(struct scene *scene)
{
	struct child *child = scene->model->sandbox.children;
	size_t which = input_byte(&scene->in), n = 0, i;
	struct child *count;

	DL_FOREACH (child, count)
		n++;
	for (i = n ? which % n : 0; i > 0; i--)
		child = child->next;
	return child;
}

static void live(struct scene *scene)
{
	model_settle(scene->model);
	while (scene->model->sandbox.children && input_left(&scene->in)) {
		struct child *child = some_child(scene);

		steps[input_below(&scene->in, N(steps))](scene, child);
		model_check(scene->model);
	}
	while (input_left(&scene->configs)) {
		apply_next(scene);
		model_settle(scene->model);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size), *end = data + size;
	struct scene scene = { .in = { nul ? nul + 1 : end, end },
		.configs = { data, nul ? nul : end } };

	scene.model = model_new();
	plan(&scene);
	if (apply_next(&scene))
		live(&scene);
	model_free(scene.model);
	return 0;
}
