/*
 * ROM, implementation; see the header
 */
#include "rom.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_MS 1000

static void rom_advance(void *data);

struct rom *rom_new(struct kin_env *env, struct kin_modules *modules, const char *name)
{
	struct rom *rom = calloc(1, sizeof(*rom));

	if (!rom)
		return NULL;
	rom->env = env;
	strncpy(rom->name, name, KIN_NAME_MAX);
	kin_module_init(&rom->module, modules);
	return rom;
}

void rom_free(struct rom *rom)
{
	kin_timer_close(&rom->timer);
	kin_module_done(&rom->module);
	free(rom->text);
	free(rom);
}

/* Return: the text of a node, owned by the caller; NULL if there is no memory. */
static char *node_print(const struct kin_node *node)
{
	struct kin_generator g;
	const char *text = NULL;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	kin_generator_node(&g, node);
	char *copy = kin_generator_finish(&g, &text, &size) ? NULL : strdup(text);

	kin_generator_done(&g);
	return copy;
}

static void content_set(struct rom *rom, const char *text, size_t size)
{
	int r = kin_module_replace(&rom->module, NULL, text, size);

	if (r)
		kin_error(rom->env, "%s keeps its content: %s", rom->name, kin_answer_text(r));
}

/* Return: @text, which is owned and may be NULL, with more behind it; NULL if there is no memory.
 */
static char *text_append(char *text, const char *more)
{
	size_t length = text ? strlen(text) : 0;
	char *longer = more ? realloc(text, length + strlen(more) + 1) : NULL;

	if (!longer) {
		free(text);
		return NULL;
	}
	strcpy(longer + length, more);
	return longer;
}

/* The nodes within, one after the other. */
static void content_of_nodes(struct rom *rom, const struct kin_node *step)
{
	char *content = text_append(NULL, "");

	KIN_NODE_FOREACH (node, step, NULL) {
		char *text = node_print(node);

		content = text_append(content, text);
		free(text);
		if (!content)
			break;
	}
	if (content)
		content_set(rom, content, strlen(content));
	else
		kin_error(rom->env, "%s keeps its content: out of memory", rom->name);
	free(content);
}

static void step_inline(struct rom *rom, const struct kin_node *step)
{
	const char *description = kin_node_attribute(step, "description");
	const char *text = kin_node_text(step);

	if (rom->verbose)
		kin_log(rom->env, "%s: change (%s)", rom->name, description ? description : "");
	if (!kin_node_first(step)) {
		content_set(rom, text, strlen(text));
		return;
	}
	if (*text)
		kin_warning(rom->env, "config:%u: <inline> has text beside nodes, which is ignored",
			kin_node_line(step));
	content_of_nodes(rom, step);
}

static void step_empty(struct rom *rom)
{
	if (rom->verbose)
		kin_log(rom->env, "%s: remove", rom->name);
	content_set(rom, NULL, 0);
}

static void step_sleep(struct rom *rom, const struct kin_node *step)
{
	uint64_t ms = kin_node_number(step, "milliseconds", 0);
	int r = 0;

	if (!rom->timer.session.env)
		r = kin_timer_open(rom->env, &rom->timer, rom_advance, rom);
	if (r) {
		kin_error(
			rom->env, "%s stays as it is, no timer: %s", rom->name, kin_answer_text(r));
		return;
	}
	if (rom->verbose)
		kin_log(rom->env, "%s: sleep %llu milliseconds", rom->name,
			(unsigned long long) ms);
	kin_timer_once(&rom->timer, ms > UINT64_MAX / US_PER_MS ? UINT64_MAX : ms * US_PER_MS);
}

static bool step_is_sleep(const struct kin_node *step)
{
	uint64_t ms;

	return strcmp(kin_node_type(step), "sleep") == 0 &&
	       kin_node_read_number(step, "milliseconds", &ms) == 0;
}

static void step_take(struct rom *rom, const struct kin_node *step)
{
	const char *type = kin_node_type(step);

	if (strcmp(type, "inline") == 0)
		step_inline(rom, step);
	else if (strcmp(type, "empty") == 0)
		step_empty(rom);
	else if (step_is_sleep(step))
		step_sleep(rom, step);
}

static void steps_check(const struct rom *rom)
{
	KIN_NODE_FOREACH (step, rom->node, NULL) {
		const char *type = kin_node_type(step);

		if (strcmp(type, "sleep") == 0 && !step_is_sleep(step))
			kin_warning(rom->env, "config:%u: <sleep> needs a number of milliseconds",
				kin_node_line(step));
		else if (strcmp(type, "sleep") != 0 && strcmp(type, "inline") != 0 &&
			 strcmp(type, "empty") != 0)
			kin_warning(rom->env, "config:%u: unknown step <%s>", kin_node_line(step),
				type);
	}
}

static bool steps_have_sleep(const struct rom *rom)
{
	KIN_NODE_FOREACH (step, rom->node, NULL)
		if (step_is_sleep(step))
			return true;
	return false;
}

/* The step that is next, after the last one the first again; NULL if that would never end. */
static const struct kin_node *step_next(struct rom *rom)
{
	const struct kin_node *step = kin_node_first(rom->node);

	for (unsigned i = 0; i < rom->step && step; i++)
		step = kin_node_next(step);
	if (!step && steps_have_sleep(rom)) {
		rom->step = 0;
		step = kin_node_first(rom->node);
	}
	return step;
}

/* Takes steps up to the next sleep, whose end calls it again. */
static void rom_advance(void *data)
{
	struct rom *rom = data;
	const struct kin_node *step;

	do {
		step = step_next(rom);
		if (!step)
			return;
		rom->step++;
		step_take(rom, step);
	} while (!step_is_sleep(step));
}

void rom_follow(struct rom *rom, const struct kin_node *node)
{
	char *text = node ? node_print(node) : NULL;
	bool same = text && rom->text && strcmp(text, rom->text) == 0;

	free(rom->text);
	rom->text = text;
	rom->node = node;
	if (same)
		return;
	rom->step = 0;
	if (rom->timer.session.env)
		kin_timer_cancel(&rom->timer);
	if (!node) {
		content_set(rom, NULL, 0);
		return;
	}
	steps_check(rom);
	rom_advance(rom);
}
