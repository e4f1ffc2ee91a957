/*
 * report_rom: turns reports into ROM modules
 *
 * Two services over one set of modules. What is here is who may: the sessions, their policies and
 * what they cost. What happens to content is in module.c.
 */
#include "module.h"

#include <string.h>

#define BUFFER_BYTES_DEFAULT 4096
#define BUFFER_BYTES_MAX     KIN_NODE_TEXT_MAX
#define CONTENTS_MAX         3 /* of a writer: its buffer, the content, and what replaces it */

struct report_rom {
	struct kin_env *env;
	struct kin_config config;
	struct modules modules;
	struct kin_service rom, report;
};

static struct report_rom *main_of(const struct kin_client *client)
{
	return client->service->data;
}

static int reader_create(struct kin_client *client)
{
	struct report_rom *main = main_of(client);
	const struct kin_node *policy = kin_policy_find(main->config.node, client->args.label);
	const char *report = kin_node_attribute(policy, "report");

	if (!report || strlen(report) > KIN_LABEL_MAX) {
		kin_error(main->env, "no policy for ROM client \"%s\"", client->args.label);
		return KIN_DENIED;
	}
	struct module *module = module_get(&main->modules, report);

	if (!module)
		return KIN_INSUFFICIENT_RAM;
	module_join(module, (struct reader *) client);
	return 0;
}

static int reader_destroy(struct kin_client *client)
{
	module_leave((struct reader *) client);
	return 0;
}

static int reader_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	const struct reader *reader = self;

	return module_dataspace(reader->module, &reply->dataspace, &reply->size);
}

static int reader_signal(
	void *self, struct rom_signal_request *request, struct rom_signal_reply *reply)
{
	struct reader *reader = self;
	struct kin_quota *quota = &reader->client.quota;

	if (request->signal && !kin_signal_check(request->signal))
		return KIN_INVALID;
	if (reader->signal) {
		kin_cap_close(reader->signal);
		kin_quota_release(quota, 0, 1);
		reader->signal = 0;
	}
	int r = request->signal ? kin_quota_charge(quota, 0, 1) : 0;

	if (r)
		return r;
	reader->signal = request->signal;
	request->signal = 0;
	return 0;
}

static int writer_create(struct kin_client *client)
{
	struct report_rom *main = main_of(client);
	struct writer *writer = (struct writer *) client;
	uint64_t bytes = kin_args_number(&client->args, "buffer_size", BUFFER_BYTES_DEFAULT);

	if (bytes == 0 || bytes > BUFFER_BYTES_MAX) {
		kin_error(main->env, "buffer of \"%s\" is of no sensible size", client->args.label);
		return KIN_DENIED;
	}
	if (client->quota.ram - client->quota.ram_used < CONTENTS_MAX * bytes)
		return KIN_INSUFFICIENT_RAM;
	if (client->quota.caps - client->quota.caps_used < CONTENTS_MAX)
		return KIN_INSUFFICIENT_CAPS;
	struct module *module = module_get(&main->modules, client->args.label);

	if (!module)
		return KIN_INSUFFICIENT_RAM;
	if (module->writer) {
		kin_error(main->env, "report \"%s\" has a writer already", client->args.label);
		return KIN_DENIED;
	}
	int r = kin_ram_alloc(main->env, &client->quota, bytes, 0, &writer->buffer);

	if (r) {
		module_release(module);
		return r;
	}
	writer->module = module;
	writer->buffer_bytes = bytes;
	module->writer = writer;
	return 0;
}

static bool content_is_kept(const struct report_rom *main, const char *report)
{
	KIN_NODE_FOREACH (policy, main->config.node, "policy") {
		const char *name = kin_node_attribute(policy, "report");

		if (name && strcmp(name, report) == 0 && !kin_node_boolean(policy, "keep", true))
			return false;
	}
	return true;
}

static int writer_destroy(struct kin_client *client)
{
	struct writer *writer = (struct writer *) client;

	module_writer_leave(writer, content_is_kept(main_of(client), writer->module->name));
	return 0;
}

static int writer_dataspace(
	void *self, struct report_dataspace_request *request, struct report_dataspace_reply *reply)
{
	const struct writer *writer = self;
	int dataspace = kin_cap_duplicate(writer->buffer.dataspace);

	if (dataspace < 0)
		return dataspace;
	reply->dataspace = dataspace;
	reply->size = writer->buffer_bytes;
	return 0;
}

static int writer_submit(
	void *self, struct report_submit_request *request, struct report_submit_reply *reply)
{
	struct writer *writer = self;
	const struct module *module = writer->module;
	const struct report_rom *main = main_of(&writer->client);

	if (request->length > writer->buffer_bytes)
		return KIN_INVALID;
	int r = module_write(writer->module, request->length);

	if (r == 0 && kin_node_boolean(main->config.node, "verbose", false)) {
		kin_log(main->env, "report '%s'", module->name);
		if (module->size)
			kin_log_text(main->env, module->content.data, module->size);
	}
	return r;
}

static const struct rom_handlers rom_handlers = { .dataspace = reader_dataspace,
	.signal = reader_signal };
static const struct report_handlers report_handlers = { .dataspace = writer_dataspace,
	.submit = writer_submit };

static int services_announce(struct report_rom *main)
{
	main->rom = (struct kin_service){ .interface = &rom_interface,
		.handlers = &rom_handlers,
		.client_size = sizeof(struct reader),
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

/* Policies are looked up when they are needed, so there is nothing to do about a change. */
static void config_changed(void *data)
{
}

int kin_main(struct kin_env *env)
{
	struct report_rom main = { .env = env };
	int r = kin_config_open(env, &main.config, config_changed, &main);

	if (r && r != KIN_DENIED) {
		kin_error(env, "no config: %s", kin_answer_text(r));
		return 1;
	}
	r = modules_init(&main.modules, env);
	if (r == 0)
		r = services_announce(&main);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}
