/*
 * scenario: drives an init under test, step by step
 *
 * What is here are the services that the init uses: the ROM that its config is, the Report that its
 * state goes to, and the LOG of it and of all below it. What the steps are is in step.c, in what
 * order they are taken in scenario.c.
 */
#include "scenario.h"

#include <kin/interface/log.h>

#include <stdlib.h>
#include <string.h>

struct server {
	struct scenario scenario;
	struct kin_config config;
	struct kin_service log, rom, report;
};

static struct scenario *scenario_of(const struct kin_client *client)
{
	return &((struct server *) client->service->data)->scenario;
}

static int log_handle(void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	const struct kin_client *client = self;

	scenario_line(
		scenario_of(client), client->args.label, request->text, strlen(request->text));
	return 0;
}

/* The resource that init itself asks for, as opposed to its children. */
static bool is_init_s(const struct kin_client *client, const char *resource)
{
	const char *label = client->args.label;
	const char *last = kin_label_last(label);
	const char *identity = strstr(label, KIN_LABEL_SEPARATOR);

	return strcmp(last, resource) == 0 && identity &&
	       identity + strlen(KIN_LABEL_SEPARATOR) == last;
}

static int rom_create(struct kin_client *client)
{
	struct scenario *scenario = scenario_of(client);

	if (!is_init_s(client, "config")) {
		kin_error(scenario->env, "no ROM for \"%s\"", client->args.label);
		return KIN_DENIED;
	}
	kin_module_join(&scenario->config, (struct kin_module_reader *) client);
	return 0;
}

static int rom_destroy(struct kin_client *client)
{
	kin_module_reader_done((struct kin_module_reader *) client);
	return 0;
}

static int report_create(struct kin_client *client)
{
	if (!is_init_s(client, "state")) {
		kin_error(scenario_of(client)->env, "no report for \"%s\"", client->args.label);
		return KIN_DENIED;
	}
	return kin_reporter_open((struct kin_reporter *) client, 0);
}

static int report_destroy(struct kin_client *client)
{
	kin_reporter_close((struct kin_reporter *) client);
	return 0;
}

static int report_submit_handle(
	void *self, struct report_submit_request *request, struct report_submit_reply *reply)
{
	const struct kin_reporter *reporter = self;

	if (request->length > reporter->buffer_bytes)
		return KIN_INVALID;
	char *text = malloc(request->length + 1);

	if (!text)
		return -ENOMEM;
	int r = kin_reporter_read(reporter, request->length, text);

	if (r == 0)
		scenario_state(scenario_of(&reporter->client), text, request->length);
	free(text);
	return r;
}

static const struct log_handlers log_handlers = { .write = log_handle };
static const struct report_handlers report_handlers = { .dataspace = kin_reporter_dataspace,
	.submit = report_submit_handle };

static int services_announce(struct server *server)
{
	struct kin_env *env = server->scenario.env;

	server->log = (struct kin_service){ .interface = &log_interface,
		.handlers = &log_handlers,
		.client_size = sizeof(struct kin_client),
		.data = server };
	server->rom = (struct kin_service){ .interface = &rom_interface,
		.handlers = &kin_module_handlers,
		.client_size = sizeof(struct kin_module_reader),
		.create = rom_create,
		.destroy = rom_destroy,
		.data = server };
	server->report = (struct kin_service){ .interface = &report_interface,
		.handlers = &report_handlers,
		.client_size = sizeof(struct kin_reporter),
		.create = report_create,
		.destroy = report_destroy,
		.data = server };
	int r = kin_service_announce(env, &server->log);

	if (r == 0)
		r = kin_service_announce(env, &server->rom);
	return r ? r : kin_service_announce(env, &server->report);
}

static int open(struct server *server)
{
	struct scenario *scenario = &server->scenario;
	int r = kin_timer_open(scenario->env, &scenario->timer, scenario_time, scenario);

	if (r == 0)
		r = kin_modules_open(scenario->env, &scenario->modules);
	if (r)
		return r;
	kin_module_init(&scenario->config, &scenario->modules);
	/* Before anybody can ask: so init's first config is that of the first step. */
	scenario_start(scenario);
	return services_announce(server);
}

int kin_main(struct kin_env *env)
{
	struct server server = { .scenario.env = env };
	int r = kin_config_open(env, &server.config, NULL, NULL);

	server.scenario.steps = server.config.node;
	if (r == 0 && (!server.config.node || !scenario_check(env, server.config.node)))
		return 1;
	if (r == 0)
		r = open(&server);
	if (r) {
		kin_error(env, "can't start: %s", kin_answer_text(r));
		return 1;
	}
	return kin_run(env);
}
