/*
 * guardian: a parent whose local service answers in every way
 *
 * Its child is a dummy that opens LOG sessions at the guardian's own LOG service. The label says
 * how the service answers: at once or later, yes or no; closes are done at once or later. The
 * guardian ends itself when its child has, and says what it has seen. At the first line that a
 * child writes it asks what that one has, and for two signs of life at once.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <kin/interface/log.h>
#include <kin/kin.h>

struct guardian {
	struct kin_env *env;
	struct kin_sandbox *sandbox;
	unsigned n_created, n_upgraded, n_destroyed;
	bool looked; /* after its child */
};

struct visitor {
	struct kin_client client;
	struct kin_task task; /* what is done later */
};

static struct guardian *guardian_of(const struct visitor *visitor)
{
	return visitor->client.service->data;
}

static bool wants(const struct visitor *visitor, const char *what)
{
	return strstr(visitor->client.args.label, what) != NULL;
}

static void decide_later(void *data)
{
	struct visitor *visitor = data;

	if (wants(visitor, "no"))
		kin_client_deny(&visitor->client, KIN_DENIED);
	else
		kin_client_deliver(&visitor->client);
}

static int create(struct kin_client *client)
{
	struct visitor *visitor = (struct visitor *) client;
	struct guardian *guardian = guardian_of(visitor);

	guardian->n_created++;
	if (wants(visitor, "late")) {
		visitor->task = (struct kin_task){ .run = decide_later, .data = visitor };
		kin_task_queue(guardian->env, &visitor->task);
		return KIN_PENDING;
	}
	return wants(visitor, "no") ? KIN_DENIED : 0;
}

static void confirm_later(void *data)
{
	struct visitor *visitor = data;

	kin_client_confirm(&visitor->client);
}

static int upgraded(struct kin_client *client)
{
	struct visitor *visitor = (struct visitor *) client;

	guardian_of(visitor)->n_upgraded++;
	if (!wants(visitor, "late"))
		return 0;
	visitor->task = (struct kin_task){ .run = confirm_later, .data = visitor };
	kin_task_queue(guardian_of(visitor)->env, &visitor->task);
	return KIN_PENDING;
}

static void finish_later(void *data)
{
	struct visitor *visitor = data;

	kin_client_closed(&visitor->client);
}

static int destroy(struct kin_client *client)
{
	struct visitor *visitor = (struct visitor *) client;

	guardian_of(visitor)->n_destroyed++;
	if (!wants(visitor, "linger"))
		return 0;
	visitor->task = (struct kin_task){ .run = finish_later, .data = visitor };
	kin_task_queue(guardian_of(visitor)->env, &visitor->task);
	return KIN_PENDING;
}

/* The child can't have answered the first beat at the second: its answer has not been read. */
static void look_after(struct guardian *guardian, const char *child)
{
	struct kin_account account = { 0 };
	unsigned first = 0, second = 0;
	int r = kin_sandbox_account(guardian->sandbox, child, &account);
	bool sound = account.ram_used && account.ram_used <= account.ram_quota &&
		     account.cap_used && account.cap_used <= account.cap_quota;

	if (r == 0)
		r = kin_sandbox_heartbeat(guardian->sandbox, child, &first);
	if (r == 0)
		r = kin_sandbox_heartbeat(guardian->sandbox, child, &second);
	kin_log(guardian->env, "%s: %s, account %s, %u and %u beats before", child,
		r == -ENOENT ? "not there" : kin_answer_text(r), sound ? "sound" : "unsound", first,
		second);
}

static int write_line(void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	struct visitor *visitor = self;
	struct guardian *guardian = guardian_of(visitor);

	kin_log(guardian->env, "%s says %s", visitor->client.args.label, request->text);
	if (guardian->looked)
		return 0;
	guardian->looked = true;
	look_after(guardian, "visitor");
	look_after(guardian, "nobody");
	return 0;
}

static const struct log_handlers handlers = { .write = write_line };

static void ended(const char *child, int64_t value, void *data)
{
	struct guardian *guardian = data;

	kin_log(guardian->env, "%s ended with %d: %u created, %u upgraded, %u destroyed", child,
		(int) value, guardian->n_created, guardian->n_upgraded, guardian->n_destroyed);
	kin_stop(guardian->env, (int) value);
}

static void report(struct guardian *guardian)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, 1 << 16);
	kin_sandbox_report(guardian->sandbox, &g);
	if (kin_generator_finish(&g, &text, &size) == 0)
		kin_log_text(guardian->env, text, size);
	kin_generator_done(&g);
}

/* The config of the child is ours; what is in <child> is handed on as it is. */
static int start(struct guardian *guardian, const struct kin_node *config)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, 1 << 16);
	kin_generator_node(&g, kin_node_first_of(config, "config"));
	int r = kin_generator_finish(&g, &text, &size);

	if (r == 0)
		r = kin_sandbox_apply(guardian->sandbox, text, size);
	kin_generator_done(&g);
	return r;
}

int kin_main(struct kin_env *env)
{
	struct guardian guardian = { .env = env };
	struct kin_service service = { .interface = &log_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct visitor),
		.create = create,
		.upgraded = upgraded,
		.destroy = destroy,
		.data = &guardian };
	const struct kin_sandbox_events events = { .ended = ended, .data = &guardian };
	struct kin_account before, after;
	struct kin_config config;

	if (kin_config_open(env, &config, NULL, NULL) || kin_account_read(env, &before) ||
		kin_sandbox_open(env, &events, &guardian.sandbox))
		return 1;
	kin_sandbox_offer(guardian.sandbox, &service);
	if (start(&guardian, config.node))
		return 1;
	int value = kin_run(env);

	report(&guardian);
	kin_sandbox_close(guardian.sandbox);
	/* What was left pending finishes without us. */
	kin_account_read(env, &after);
	kin_log(env, "back: %s, %s",
		before.ram_quota == after.ram_quota ? "all RAM" : "not all RAM",
		before.cap_quota == after.cap_quota && before.cap_used == after.cap_used
			? "all caps"
			: "not all caps");
	return value;
}
