/*
 * report_rom: turns reports into ROM modules
 *
 * Two services over one registry. What is here is who may: the sessions and their policies. What
 * happens to content is in registry.c.
 */
#include "registry.h"

#include <string.h>

/* A writer pays, besides its buffer, for the content and for what replaces it. */
#define CONTENTS_MAX 2

struct report_rom {
	struct kin_env *env;
	struct kin_config config;
	struct registry registry;
	struct kin_service rom, report;
};

static struct report_rom *main_of(const struct kin_client *client)
{
	return client->service->data;
}

/* The report that a reader may read; NULL if there is none. */
static const char *policy_report(const struct report_rom *main, const char *label)
{
	const struct kin_node *policy = kin_policy_find(main->config.node, label);
	const char *report = kin_node_attribute(policy, "report");

	return report && kin_label_valid(report) ? report : NULL;
}

static int reader_create(struct kin_client *client)
{
	struct report_rom *main = main_of(client);
	const char *report = policy_report(main, client->args.label);

	if (!report) {
		kin_error(main->env, "no policy for ROM client \"%s\"", client->args.label);
		return KIN_DENIED;
	}
	struct slot *slot = slot_get(&main->registry, report);

	if (!slot)
		return KIN_INSUFFICIENT_RAM;
	kin_module_join(&slot->module, (struct kin_module_reader *) client);
	return 0;
}

static int reader_destroy(struct kin_client *client)
{
	struct kin_module_reader *reader = (struct kin_module_reader *) client;
	struct slot *slot = slot_of(reader);

	kin_module_reader_done(reader);
	slot_release(slot);
	return 0;
}

static int writer_create(struct kin_client *client)
{
	struct report_rom *main = main_of(client);
	struct writer *writer = (struct writer *) client;
	struct slot *slot = slot_get(&main->registry, client->args.label);

	if (!slot)
		return KIN_INSUFFICIENT_RAM;
	if (slot->writer) {
		kin_error(main->env, "report \"%s\" has a writer already", client->args.label);
		return KIN_DENIED;
	}
	int r = kin_reporter_open(&writer->reporter, CONTENTS_MAX);

	if (r) {
		slot_release(slot);
		return r;
	}
	writer->slot = slot;
	slot->writer = writer;
	return 0;
}

/* One policy for the report that says so is enough. */
static bool content_is_kept(const struct report_rom *main, const char *report)
{
	KIN_NODE_FOREACH (policy, main->config.node, NULL) {
		const char *name = kin_node_attribute(policy, "report");

		if (name && strcmp(name, report) == 0 && !kin_node_boolean(policy, "keep", true))
			return false;
	}
	return true;
}

static int writer_destroy(struct kin_client *client)
{
	struct writer *writer = (struct writer *) client;

	writer_leave(writer, content_is_kept(main_of(client), writer->slot->name));
	return 0;
}

static int writer_submit(
	void *self, struct report_submit_request *request, struct report_submit_reply *reply)
{
	struct writer *writer = self;
	const struct slot *slot = writer->slot;
	const struct report_rom *main = main_of(&writer->reporter.client);
	int r = writer_write(writer, request->length);

	if (r == 0 && kin_node_boolean(main->config.node, "verbose", false)) {
		kin_log(main->env, "report '%s'", slot->name);
		if (slot->module.size)
			kin_log_text(main->env, slot->module.content.data, slot->module.size);
	}
	return r;
}

static const struct report_handlers report_handlers = { .dataspace = kin_reporter_dataspace,
	.submit = writer_submit };

static int services_announce(struct report_rom *main)
{
	main->rom = (struct kin_service){ .interface = &rom_interface,
		.handlers = &kin_module_handlers,
		.client_size = sizeof(struct kin_module_reader),
		.create = reader_create,
		.destroy = reader_destroy,
		.data = main };
	main->report = (struct kin_service){ .interface = &report_interface,
		.handlers = &report_handlers,
		.client_size = sizeof(struct writer),
		.create = writer_create,
		.destroy = writer_destroy,
		.data = main };
	int r = kin_service_announce(main->env, &main->report);

	return r ? r : kin_service_announce(main->env, &main->rom);
}

/* Lets a reader read what its policy names now. */
static void reader_update(struct report_rom *main, struct kin_module_reader *reader)
{
	const char *report = policy_report(main, reader->client.args.label);
	struct slot *slot = report ? slot_get(&main->registry, report) : NULL;

	kin_module_join(slot ? &slot->module : &main->registry.nowhere.module, reader);
}

static void readers_update(struct report_rom *main, struct kin_module *module)
{
	struct kin_module_reader *reader = module->readers, *next;

	for (; reader; reader = next) {
		next = reader->next;
		reader_update(main, reader);
	}
}

/*
 * A reader may be visited again in the module that it moved to; it stays there. Slots are made at
 * the front of the list, behind us, and none ends before the sweep.
 */
static void config_changed(void *data)
{
	struct report_rom *main = data;

	readers_update(main, &main->registry.nowhere.module);
	for (struct slot *slot = main->registry.first; slot; slot = slot->next)
		readers_update(main, &slot->module);
	registry_sweep(&main->registry);
}

int kin_main(struct kin_env *env)
{
	struct report_rom main = { .env = env };
	int r = kin_config_open(env, &main.config, config_changed, &main);

	if (r && r != KIN_DENIED) {
		kin_error(env, "no config: %s", kin_answer_text(r));
		return 1;
	}
	r = registry_open(&main.registry, env);
	if (r == 0)
		r = services_announce(&main);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}
