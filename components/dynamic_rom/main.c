/*
 * dynamic_rom: ROM modules that change over time
 *
 * The config has the modules, each with the steps that it goes through (rom.h). A client reads the
 * module that the last element of its label names.
 */
#include "rom.h"

#include <string.h>
#include <stdlib.h>

struct rom_entry {
	struct rom *rom;
	const struct kin_node *node; /* of the present config; NULL if it does not name it */
	struct rom_entry *next;
};

struct dynamic_rom {
	struct kin_env *env;
	struct kin_config config;
	struct kin_modules modules;
	struct kin_service service;
	struct rom_entry *entries; /* in no order */
};

static struct rom_entry *entry_find(const struct dynamic_rom *main, const char *name)
{
	struct rom_entry *entry = main->entries;

	while (entry && strcmp(entry->rom->name, name) != 0)
		entry = entry->next;
	return entry;
}

static struct rom_entry *entry_new(struct dynamic_rom *main, const char *name)
{
	struct rom_entry *entry = calloc(1, sizeof(*entry));
	struct rom *rom = entry ? rom_new(main->env, &main->modules, name) : NULL;

	if (!rom) {
		kin_error(main->env, "no memory for ROM \"%s\"", name);
		free(entry);
		return NULL;
	}
	*entry = (struct rom_entry){ rom, NULL, main->entries };
	main->entries = entry;
	return entry;
}

static void node_read(struct dynamic_rom *main, const struct kin_node *node)
{
	const char *name = kin_node_attribute(node, "name");

	if (!name || !kin_name_valid(name)) {
		kin_warning(main->env, "config:%u: <rom> needs a name", kin_node_line(node));
		return;
	}
	struct rom_entry *entry = entry_find(main, name);

	if (!entry)
		entry = entry_new(main, name);
	if (!entry)
		return;
	if (entry->node)
		kin_warning(main->env, "config:%u: there is a ROM \"%s\" already",
			kin_node_line(node), name);
	else
		entry->node = node;
}

/* ROMs that are neither wanted nor read end here. */
static void entries_sweep(struct dynamic_rom *main)
{
	struct rom_entry **at = &main->entries;

	while (*at) {
		struct rom_entry *entry = *at;

		if (entry->node || entry->rom->module.readers) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		rom_free(entry->rom);
		free(entry);
	}
}

static void config_apply(void *data)
{
	struct dynamic_rom *main = data;
	bool verbose = kin_node_boolean(main->config.node, "verbose", false);

	for (struct rom_entry *entry = main->entries; entry; entry = entry->next)
		entry->node = NULL;
	KIN_NODE_FOREACH (node, main->config.node, NULL) {
		if (strcmp(kin_node_type(node), "rom") == 0)
			node_read(main, node);
		else
			kin_warning(main->env, "config:%u: unknown node <%s>", kin_node_line(node),
				kin_node_type(node));
	}
	for (struct rom_entry *entry = main->entries; entry; entry = entry->next) {
		entry->rom->verbose = verbose;
		rom_follow(entry->rom, entry->node);
	}
	entries_sweep(main);
}

static int reader_create(struct kin_client *client)
{
	struct dynamic_rom *main = client->service->data;
	struct rom_entry *entry = entry_find(main, kin_label_last(client->args.label));

	if (!entry || !entry->node) {
		kin_error(main->env, "no ROM for client \"%s\"", client->args.label);
		return KIN_DENIED;
	}
	kin_module_join(&entry->rom->module, (struct kin_module_reader *) client);
	return 0;
}

static int reader_destroy(struct kin_client *client)
{
	kin_module_reader_done((struct kin_module_reader *) client);
	entries_sweep(client->service->data);
	return 0;
}

int kin_main(struct kin_env *env)
{
	struct dynamic_rom main = { .env = env };

	/* Content that can't be paid is an error of one module; nobody else waits for it. */
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	int r = kin_config_open(env, &main.config, config_apply, &main);

	if (r == 0)
		r = kin_modules_open(env, &main.modules);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	config_apply(&main);
	main.service = (struct kin_service){ .interface = &rom_interface,
		.handlers = &kin_module_handlers,
		.client_size = sizeof(struct kin_module_reader),
		.create = reader_create,
		.destroy = reader_destroy,
		.data = &main };
	r = kin_service_announce(env, &main.service);
	if (r) {
		kin_error(env, "can't provide ROM: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}
