/* Host; see the header. */
#include "host/host.h"

#include <unistd.h>

#include "host/child.h"
#include "host/program.h"
#include "host/rom.h"

static int adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account)
{
	struct host *host = ctx;

	return host->ops->adopt(host, pd, quota, ret_account);
}

static int start(void *ctx, struct child *child, const struct child_start *what)
{
	return host_program_start(ctx, child, what);
}

static void stop(void *ctx, struct child *child)
{
	if (child->started)
		host_child_close(child);
	else
		host_program_cancel(child);
}

static void propagate_exit(void *ctx, int64_t value)
{
	struct host *host = ctx;

	host->ops->exit(host, value);
}

static void changed(void *ctx, struct child *child, enum child_change change)
{
	struct host *host = ctx;

	if (host->ops->changed)
		host->ops->changed(host, child, change);
}

static const struct child_ops child_ops = { adopt, start, stop, host_child_wake,
	host_child_wake_server, host_child_answered, propagate_exit, changed,
	host_rom_config_changed };

static void on_timer(struct loop_timer *timer)
{
	struct host_timer *due =
		(struct host_timer *) ((char *) timer - offsetof(struct host_timer, timer));

	sandbox_timer(&due->host->sandbox, (enum owner_timer)(due - due->host->timers));
}

static void arm(void *ctx, enum owner_timer which, uint64_t ms, bool periodic)
{
	struct host *host = ctx;
	struct host_timer *due = &host->timers[which];

	if (ms)
		loop_arm(host->loop, &due->timer, ms, periodic ? ms : 0);
	else
		loop_disarm(host->loop, &due->timer);
}

static const struct time_ops time_ops = { arm };

static void report(void *ctx)
{
	struct host *host = ctx;

	host->ops->report(host);
}

static bool local_exists(void *ctx, const char *service)
{
	struct host *host = ctx;

	return host->ops->local && host->ops->local->exists(host, service);
}

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	struct host *host = ctx;

	return session->special ? host_rom_create(host, session, ret_cap)
				: host->ops->local->create(host, session, ret_cap);
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	struct host *host = ctx;

	return session->special ? 0 : host->ops->local->upgrade(host, session, amount);
}

static int local_close(void *ctx, struct session *session)
{
	struct host *host = ctx;

	if (!session->special)
		return host->ops->local->close(host, session);
	host_rom_close(host, session);
	return 0;
}

static const struct local_ops local_ops = { local_exists, local_create, local_upgrade,
	local_close };

static void cap_close(void *ctx, int cap)
{
	close(cap);
}

static void schedule(void *ctx)
{
	struct host *host = ctx;

	loop_queue(host->loop, &host->step);
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	struct host *host = ctx;

	host->ops->log(host, level, text);
}

static void on_step(struct loop_task *task)
{
	struct host *host = (struct host *) ((char *) task - offsetof(struct host, step));

	sandbox_step(&host->sandbox);
}

void host_init(struct host *host, struct loop *loop, const struct host_ops *ops)
{
	*host = (struct host){ .loop = loop, .ops = ops, .step = { .run = on_step } };
	for (size_t i = 0; i < OWNER_TIMERS; i++)
		host->timers[i] = (struct host_timer){ { .run = on_timer }, host };
	host->owner = (struct owner){
		.ctx = host,
		.up = ops->up,
		.accounts = ops->accounts,
		.children = &child_ops,
		.local = &local_ops,
		.time = &time_ops,
		.report = ops->report ? report : NULL,
		.cap_close = cap_close,
		.schedule = schedule,
		.log = log_text,
		.forward = ops->forward,
	};
	sandbox_init(&host->sandbox, &host->owner);
}

void host_done(struct host *host)
{
	sandbox_done(&host->sandbox);
	loop_cancel(host->loop, &host->step);
	for (size_t i = 0; i < OWNER_TIMERS; i++)
		loop_disarm(host->loop, &host->timers[i].timer);
}
