/*
 * dummy: a component that does what its config says
 *
 * The config is a list of commands, executed from the first to the last; the table below has them
 * all. A command may block, so what the loop does happens after the list.
 */
#include "dummy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connection {
	struct kin_session session;
	struct connection *next;
};

struct dummy {
	struct kin_env *env;
	struct kin_config config;
	char *version;      /* of the config executed last; NULL if it had none */
	unsigned n_configs; /* executed */
	struct connection *connections;
	struct consumption consumption;
	struct log_service log_service;
};

static void dummy_log(struct dummy *dummy, const struct kin_node *node)
{
	const char *text = kin_node_attribute(node, "string");

	kin_log(dummy->env, "%s", text ? text : "");
}

static int connection_create(struct dummy *dummy, uint64_t i, uint64_t ram_upgrade)
{
	struct connection *connection = kin_malloc(dummy->env, sizeof(*connection));
	struct kin_args args = { .n_extra = 0 };

	if (!connection)
		return KIN_OUT_OF_RAM;
	snprintf(args.label, sizeof(args.label), "%llu", (unsigned long long) i);
	int r = kin_session_open(dummy->env, &connection->session, &log_interface, &args);

	if (r) {
		free(connection);
		return r;
	}
	connection->next = dummy->connections;
	dummy->connections = connection;
	if (!ram_upgrade)
		return 0;
	kin_log(dummy->env, "upgrade connection %llu", (unsigned long long) i);
	return kin_session_upgrade(&connection->session, ram_upgrade, 0);
}

static void dummy_create_log_connections(struct dummy *dummy, const struct kin_node *node)
{
	uint64_t count = kin_node_number(node, "count", 0);
	uint64_t ram_upgrade = kin_node_number(node, "ram_upgrade", 0);

	kin_log(dummy->env, "going to create %llu LOG connections", (unsigned long long) count);
	for (uint64_t i = 0; i < count; i++) {
		int r = connection_create(dummy, i, ram_upgrade);

		if (r) {
			kin_error(dummy->env, "LOG connection %llu: %s", (unsigned long long) i,
				kin_answer_text(r));
			return;
		}
	}
	kin_log(dummy->env, "created all LOG connections");
}

static void dummy_destroy_log_connections(struct dummy *dummy, const struct kin_node *node)
{
	while (dummy->connections) {
		struct connection *connection = dummy->connections;

		dummy->connections = connection->next;
		kin_session_close(&connection->session);
		free(connection);
	}
	kin_log(dummy->env, "destroyed all LOG connections");
}

static void dummy_log_service(struct dummy *dummy, const struct kin_node *node)
{
	log_service_start(&dummy->log_service, node);
}

static void dummy_consume_ram(struct dummy *dummy, const struct kin_node *node)
{
	ram_consume(&dummy->consumption, kin_node_number(node, "amount", 0));
}

static void dummy_consume_caps(struct dummy *dummy, const struct kin_node *node)
{
	caps_consume(&dummy->consumption, kin_node_number(node, "amount", 0));
}

static void dummy_yield(uint64_t ram, uint64_t caps, void *data)
{
	struct dummy *dummy = data;

	kin_log(dummy->env, "got yield request");
	ram_release(&dummy->consumption);
	caps_release(&dummy->consumption);
}

static void dummy_handle_yield_requests(struct dummy *dummy, const struct kin_node *node)
{
	kin_on_yield(dummy->env, dummy_yield, dummy);
}

static void dummy_sleep(struct dummy *dummy, const struct kin_node *node)
{
	kin_sleep_us(dummy->env, kin_node_number(node, "ms", 100) * 1000);
}

static void dummy_sleep_forever(struct dummy *dummy, const struct kin_node *node)
{
	kin_sleep_us(dummy->env, UINT64_MAX);
}

static void dummy_exit(struct dummy *dummy, const struct kin_node *node)
{
	kin_exit(dummy->env, 0);
}

static const struct command {
	const char *type;
	void (*execute)(struct dummy *dummy, const struct kin_node *node);
	const char *numbers[2]; /* attributes that are amounts */
} commands[] = {
	{ "log", dummy_log, { NULL } },
	{ "create_log_connections", dummy_create_log_connections, { "count", "ram_upgrade" } },
	{ "destroy_log_connections", dummy_destroy_log_connections, { NULL } },
	{ "log_service", dummy_log_service, { "delay_close_ms" } },
	{ "consume_ram", dummy_consume_ram, { "amount" } },
	{ "consume_caps", dummy_consume_caps, { "amount" } },
	{ "handle_yield_requests", dummy_handle_yield_requests, { NULL } },
	{ "sleep", dummy_sleep, { "ms" } },
	{ "sleep_forever", dummy_sleep_forever, { NULL } },
	{ "exit", dummy_exit, { NULL } },
};

static bool numbers_check(
	struct dummy *dummy, const struct command *command, const struct kin_node *node)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof(command->numbers) / sizeof(command->numbers[0]); i++) {
		const char *name = command->numbers[i];

		if (!name || !kin_node_has(node, name) ||
			kin_node_read_number(node, name, &number) == 0)
			continue;
		kin_warning(dummy->env, "config:%u: %s=\"%s\" of <%s> is no number",
			kin_node_line(node), name, kin_node_attribute(node, name), command->type);
		return false;
	}
	return true;
}

static void node_execute(struct dummy *dummy, const struct kin_node *node)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(kin_node_type(node), commands[i].type) != 0)
			continue;
		if (numbers_check(dummy, &commands[i], node))
			commands[i].execute(dummy, node);
		return;
	}
	kin_warning(dummy->env, "config:%u: unknown command <%s>", kin_node_line(node),
		kin_node_type(node));
}

static void config_execute(struct dummy *dummy)
{
	const char *version = kin_node_attribute(dummy->config.node, "version");

	free(dummy->version);
	dummy->version = version ? strdup(version) : NULL;
	dummy->n_configs++;
	if (version)
		kin_log(dummy->env, "config %u: %s", dummy->n_configs, version);
	KIN_NODE_FOREACH (node, dummy->config.node, NULL)
		node_execute(dummy, node);
}

static void config_changed(void *data)
{
	struct dummy *dummy = data;
	const char *version = kin_node_attribute(dummy->config.node, "version");

	if (!dummy->n_configs ||
		strcmp(version ? version : "", dummy->version ? dummy->version : "") != 0)
		config_execute(dummy);
}

int kin_main(struct kin_env *env)
{
	struct dummy dummy = { .env = env, .consumption.env = env, .log_service.env = env };
	int r = kin_config_open(env, &dummy.config, config_changed, &dummy);

	if (r) {
		kin_error(env, "no config: %s", kin_answer_text(r));
		return 1;
	}
	if (dummy.config.node)
		config_execute(&dummy);
	return kin_run(env);
}
