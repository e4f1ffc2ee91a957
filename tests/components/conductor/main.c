/*
 * conductor: reports that follow what others log
 *
 * Its config is a list of steps:
 *
 *     <report label="NAME"> one node: the report </report>
 *     <await string="TEXT"/>  a line that a client of its LOG service has to write first
 *
 * It prints every line that it is told as "[label] text". So a test can change a component's config
 * exactly when the component is done with the one before.
 */
#include <stdlib.h>
#include <string.h>

#include <kin/interface/log.h>
#include <kin/kin.h>

#define REPORT_BYTES 4096

struct publisher {
	char label[KIN_LABEL_MAX + 1];
	struct kin_report report;
	struct publisher *next;
};

struct conductor {
	struct kin_env *env;
	struct kin_config config;
	struct kin_service service;
	const struct kin_node *step;
	struct publisher *publishers;
};

static struct publisher *publisher_get(struct conductor *conductor, const char *label)
{
	struct publisher *publisher = conductor->publishers;

	while (publisher && strcmp(publisher->label, label) != 0)
		publisher = publisher->next;
	if (publisher)
		return publisher;
	publisher = calloc(1, sizeof(*publisher));
	if (!publisher)
		return NULL;
	strncpy(publisher->label, label, KIN_LABEL_MAX);
	int r = kin_report_open(conductor->env, &publisher->report, label, REPORT_BYTES);

	if (r) {
		kin_error(conductor->env, "no report \"%s\": %s", label, kin_answer_text(r));
		free(publisher);
		return NULL;
	}
	publisher->next = conductor->publishers;
	conductor->publishers = publisher;
	return publisher;
}

static void report_publish(struct conductor *conductor, const struct kin_node *step)
{
	const char *label = kin_node_attribute(step, "label");
	struct publisher *publisher = publisher_get(conductor, label ? label : "");
	struct kin_generator generator;

	if (!publisher)
		return;
	kin_report_begin(&publisher->report, &generator);
	kin_generator_node(&generator, kin_node_first(step));
	int r = kin_report_end(&publisher->report, &generator);

	if (r)
		kin_error(conductor->env, "report: %s", kin_answer_text(r));
}

/* Publishes up to the next line that has to be waited for. */
static void steps_advance(struct conductor *conductor)
{
	const struct kin_node *step = conductor->step;

	for (; step && strcmp(kin_node_type(step), "report") == 0; step = kin_node_next(step))
		report_publish(conductor, step);
	conductor->step = step;
	if (!step)
		kin_log(conductor->env, "all is said");
}

static int session_write(
	void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	const struct kin_client *client = self;
	struct conductor *conductor = client->service->data;
	const char *awaited = kin_node_attribute(conductor->step, "string");

	kin_log(conductor->env, "[%s] %s", client->args.label, request->text);
	if (awaited && strcmp(awaited, request->text) == 0) {
		conductor->step = kin_node_next(conductor->step);
		steps_advance(conductor);
	}
	return 0;
}

static const struct log_handlers handlers = { .write = session_write };

int kin_main(struct kin_env *env)
{
	struct conductor conductor = { .env = env };

	if (kin_config_open(env, &conductor.config, NULL, NULL))
		return 1;
	conductor.step = kin_node_first(conductor.config.node);
	steps_advance(&conductor);
	conductor.service = (struct kin_service){ .interface = &log_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct kin_client),
		.data = &conductor };
	if (kin_service_announce(env, &conductor.service))
		return 1;
	return kin_run(env);
}
