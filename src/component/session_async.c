/*
 * Sessions without waiting
 *
 * Whatever is under way for a session is an operation: at the parent, which signals when its
 * outcome can be fetched; stalled, until the parent grants resources; or finished, with its
 * callback queued in the loop. The first two are in the list of the environment, and each signal
 * visits them.
 *
 * The shortage policy is code of the user, who may close sessions in it. So a visit takes the whole
 * list aside and puts the operations back one by one: what vanishes meanwhile vanishes from either.
 */
#include "component/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum operation_kind { OPERATION_OPEN, OPERATION_UPGRADE, OPERATION_CLOSE };
enum operation_state { OPERATION_AT_PARENT, OPERATION_STALLED, OPERATION_FINISHED };

struct session_operation {
	LIST_ENTRY(session_operation) link; /* unless finished */
	struct kin_env *env;
	struct kin_session *session; /* NULL for a close */
	enum operation_kind kind;
	enum operation_state state;
	unsigned attempts;
	int answer;                            /* once finished */
	struct parent_session_request request; /* all use the ID, an upgrade also the quotas */
	kin_session_handler *done;
	void *data;
	struct loop_task task;
};

LIST_HEAD(operation_list, session_operation);

static void operation_done(struct loop_task *task)
{
	struct session_operation *op = CONTAINER_OF(task, struct session_operation, task);
	struct session_operation ended = *op;

	if (op->session)
		op->session->operation = NULL;
	free(op);
	if (ended.done)
		ended.done(ended.session, ended.answer, ended.data);
}

static int operation_apply(struct session_operation *op, int answer, int channel)
{
	const struct kin_args *args = &op->request.args;

	switch (op->kind) {
	case OPERATION_OPEN:
		if (answer == 0 && channel)
			session_established(op->session, &op->request, channel);
		return answer == 0 && !channel ? -EPROTO : answer;
	case OPERATION_UPGRADE:
		if (answer == 0) {
			op->session->ram_quota += args->ram_quota;
			op->session->cap_quota += args->cap_quota;
		}
		break;
	case OPERATION_CLOSE:
		answer = answer < 0 ? answer : 0; /* gone is gone, whatever it is called */
		break;
	}
	if (channel)
		close(channel);
	return answer;
}

static void operation_finish(struct session_operation *op, int answer, int channel)
{
	op->answer = operation_apply(op, answer, channel);
	op->state = OPERATION_FINISHED;
	LIST_REMOVE(op, link);
	op->task.run = operation_done;
	loop_queue(&op->env->loop, &op->task);
}

static int operation_send(struct session_operation *op, int *ret_channel)
{
	const struct parent_session_request *request = &op->request;
	int parent = op->env->start.parent;
	struct parent_session_reply reply;
	int r = 0;

	switch (op->kind) {
	case OPERATION_OPEN:
		op->request.id = session_id_next(op->env);
		r = parent_session(parent, request, &reply);
		if (r == 0)
			*ret_channel = reply.session;
		r = session_take(op->env, request->id, r, ret_channel);
		break;
	case OPERATION_UPGRADE:
		r = parent_upgrade(parent,
			&(struct parent_upgrade_request){
				request->id, request->args.ram_quota, request->args.cap_quota, 0 },
			NULL);
		break;
	case OPERATION_CLOSE:
		r = parent_close(parent, &(struct parent_close_request){ request->id, 0 }, NULL);
		break;
	}
	return r;
}

static int operation_ask(struct session_operation *op, int *ret_channel)
{
	struct parent_session_cap_reply reply;
	int r = parent_session_cap(op->env->start.parent,
		&(struct parent_session_cap_request){ op->request.id }, &reply);

	if (r == 0)
		*ret_channel = reply.session;
	return session_take(op->env, op->request.id, r, ret_channel);
}

/* Goes on after an answer of the parent. May end with user code having freed the operation. */
static void operation_proceed(struct session_operation *op, int answer, int channel)
{
	struct kin_args *args = &op->request.args;

	while (op->kind == OPERATION_OPEN && session_donation_raise(args, answer, &op->attempts))
		answer = operation_send(op, &channel);
	if (answer == KIN_PENDING) {
		op->state = OPERATION_AT_PARENT;
		return;
	}
	if (answer == KIN_OUT_OF_RAM || answer == KIN_OUT_OF_CAPS) {
		struct kin_session *session = op->session;

		op->state = OPERATION_STALLED;
		bool granted_later =
			env_shortage_async(op->env, answer, args->ram_quota, args->cap_quota);

		if (granted_later || !session || session->operation != op)
			return;
	}
	operation_finish(op, answer, channel);
}

static void operations_visit(struct kin_env *env, enum operation_state state,
	int (*visit)(struct session_operation *op, int *ret_channel))
{
	struct operation_list aside = { LIST_FIRST(&env->operations) };
	struct session_operation *op;

	if (aside.lh_first)
		aside.lh_first->link.le_prev = &aside.lh_first;
	LIST_INIT(&env->operations);
	while ((op = LIST_FIRST(&aside))) {
		int channel = 0;

		LIST_REMOVE(op, link);
		LIST_INSERT_HEAD(&env->operations, op, link);
		if (op->state != state)
			continue;
		int answer = visit(op, &channel);

		operation_proceed(op, answer, channel);
	}
}

void env_sessions_changed(struct kin_env *env)
{
	operations_visit(env, OPERATION_AT_PARENT, operation_ask);
}

void env_sessions_granted(struct kin_env *env)
{
	operations_visit(env, OPERATION_STALLED, operation_send);
}

static struct session_operation *operation_new(struct kin_env *env, struct kin_session *session,
	enum operation_kind kind, kin_session_handler *done, void *data)
{
	struct session_operation *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->env = env;
	op->session = session;
	op->kind = kind;
	op->done = done;
	op->data = data;
	LIST_INSERT_HEAD(&env->operations, op, link);
	if (session)
		session->operation = op;
	return op;
}

static void operation_start(struct session_operation *op)
{
	int channel = 0, answer = operation_send(op, &channel);

	operation_proceed(op, answer, channel);
}

int kin_session_open_async(struct kin_env *env, struct kin_session *session,
	const struct kin_interface *interface, const struct kin_args *args,
	kin_session_handler *opened, void *data)
{
	*session = (struct kin_session){ .interface = interface, .env = env };
	struct session_operation *op = operation_new(env, session, OPERATION_OPEN, opened, data);

	if (!op)
		return -ENOMEM;
	session_request_prepare(interface, args, &op->request);
	operation_start(op);
	return 0;
}

int kin_session_upgrade_async(struct kin_session *session, uint64_t ram, uint64_t caps,
	kin_session_handler *upgraded, void *data)
{
	if (session->operation)
		return -EBUSY;
	struct session_operation *op =
		operation_new(session->env, session, OPERATION_UPGRADE, upgraded, data);

	if (!op)
		return -ENOMEM;
	op->request.id = session->id;
	op->request.args.ram_quota = ram;
	op->request.args.cap_quota = caps;
	operation_start(op);
	return 0;
}

int kin_session_close_async(struct kin_session *session, kin_session_handler *closed, void *data)
{
	if (!session->env)
		return 0;
	struct session_operation *op =
		operation_new(session->env, NULL, OPERATION_CLOSE, closed, data);

	if (!op)
		return -ENOMEM;
	op->request.id = session_forget(session);
	if (session->channel)
		close(session->channel);
	*session = (struct kin_session){ 0 };
	if (op->request.id)
		operation_start(op);
	else
		operation_finish(op, 0, 0);
	return 0;
}

static uint32_t operation_session_id(const struct session_operation *op)
{
	if (op->kind == OPERATION_UPGRADE || op->state == OPERATION_FINISHED)
		return op->session->id;
	return op->state == OPERATION_AT_PARENT ? op->request.id : 0;
}

uint32_t session_forget(struct kin_session *session)
{
	struct session_operation *op = session->operation;

	if (!op)
		return session->id;
	uint32_t id = operation_session_id(op);

	if (op->state == OPERATION_FINISHED)
		loop_cancel(&op->env->loop, &op->task);
	else
		LIST_REMOVE(op, link);
	free(op);
	session->operation = NULL;
	return id;
}
