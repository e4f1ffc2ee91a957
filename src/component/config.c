/*
 * Config: the ROM module "config" and the tree made of it
 */
#include <kin/config.h>

#include <kin/diag.h>
#include <kin/log.h>

#include "component/rom.h"

static void diagnostic_log(void *ctx, const struct kin_diagnostic *diagnostic)
{
	if (diagnostic->severity == KIN_WARNING)
		kin_warning(ctx, "%s:%u:%u: %s", diagnostic->source, diagnostic->line,
			diagnostic->column, diagnostic->text);
	else
		kin_error(ctx, "%s:%u:%u: %s", diagnostic->source, diagnostic->line,
			diagnostic->column, diagnostic->text);
}

/* Return: whether there is a new tree. */
static bool config_parse(struct kin_config *config)
{
	struct kin_diag diag = { .report = diagnostic_log, .ctx = config->env, .source = "config" };
	struct kin_tree *tree;

	/* A module that is not filled yet is nothing to complain about. */
	if (!config->rom.size)
		return false;
	int r = kin_tree_parse(config->rom.data, config->rom.size, &diag, &tree);

	if (r == -ENOMEM)
		kin_error(config->env, "config: out of memory");
	if (r < 0)
		return false;
	kin_tree_free(config->tree);
	config->tree = tree;
	config->node = kin_tree_root(tree);
	return true;
}

static void config_changed(void *data)
{
	struct kin_config *config = data;
	int r = kin_rom_update(&config->rom);

	if (r) {
		kin_error(config->env, "config: %s", kin_answer_text(r));
		return;
	}
	if (config_parse(config))
		config->changed(config->data);
}

int kin_config_open(
	struct kin_env *env, struct kin_config *config, kin_handler *changed, void *data)
{
	*config = (struct kin_config){ .env = env, .changed = changed, .data = data };
	int r = rom_session_open(env, &config->rom, "config");

	if (r)
		return r;
	/* Watch first, look then: a change in between would be missed. */
	if (changed)
		r = kin_rom_watch(&config->rom, config_changed, config);
	if (r == 0)
		r = kin_rom_update(&config->rom);
	if (r) {
		kin_config_close(config);
		return r;
	}
	config_parse(config);
	return 0;
}

void kin_config_close(struct kin_config *config)
{
	if (!config->env)
		return;
	kin_rom_close(&config->rom);
	config->tree = kin_tree_free(config->tree);
	config->node = NULL;
}
