/*
 * Sessions: requests to the parent, and the functions that wait for their outcome
 *
 * The parent holds back its reply until the outcome is there, so waiting is one call. How a session
 * comes about without waiting is in session_async.c; what both have in common is declared in
 * session.h.
 */
#include "component/session.h"

#include <string.h>
#include <unistd.h>

#include "ipc/channel.h"

void session_request_prepare(const struct kin_interface *interface, const struct kin_args *args,
	struct parent_session_request *ret)
{
	*ret = (struct parent_session_request){ .version = interface->version };
	strncpy(ret->service, interface->name, sizeof(ret->service) - 1);
	if (args)
		ret->args = *args;
	if (!ret->args.ram_quota)
		ret->args.ram_quota = KIN_SESSION_RAM;
	if (!ret->args.cap_quota)
		ret->args.cap_quota = KIN_SESSION_CAPS;
}

bool session_donation_raise(struct kin_args *args, int answer, unsigned *attempts)
{
	if (answer != KIN_INSUFFICIENT_RAM && answer != KIN_INSUFFICIENT_CAPS)
		return false;
	if (++*attempts >= KIN_SESSION_ATTEMPTS_MAX || args->ram_quota > UINT64_MAX / 2)
		return false;
	if (answer == KIN_INSUFFICIENT_RAM)
		args->ram_quota *= 2;
	else
		args->cap_quota += KIN_SESSION_CAPS;
	return true;
}

/* IDs are not used again before all others were, so a late answer never meets a new session. */
uint32_t session_id_next(struct kin_env *env)
{
	if (++env->session_id < PARENT_ID_FIRST)
		env->session_id = PARENT_ID_FIRST;
	return env->session_id;
}

void session_established(
	struct kin_session *session, const struct parent_session_request *request, int channel)
{
	session->channel = channel;
	session->id = request->id;
	session->ram_quota = request->args.ram_quota;
	session->cap_quota = request->args.cap_quota;
}

int session_take(struct kin_env *env, uint32_t id, int answer, int *ret_channel)
{
	const struct parent_session_cap_request request = { id };
	struct parent_session_cap_reply reply;
	unsigned attempts = 0;

	while (answer == -ETOOMANYREFS && channel_crowd_wait(&attempts)) {
		answer = parent_session_cap(env->start.parent, &request, &reply);
		if (answer == 0)
			*ret_channel = reply.session;
	}
	if (answer == -EMFILE || answer == -ETOOMANYREFS)
		parent_close(env->start.parent, &(struct parent_close_request){ id, 0 }, NULL);
	return answer;
}

int kin_session_open(struct kin_env *env, struct kin_session *session,
	const struct kin_interface *interface, const struct kin_args *args)
{
	struct parent_session_request request;
	struct parent_session_reply reply;
	unsigned attempts = 0;
	int r;

	session_request_prepare(interface, args, &request);
	request.wait = 1;
	do {
		request.id = session_id_next(env);
		r = parent_session(env->start.parent, &request, &reply);
		r = session_take(env, request.id, r, &reply.session);
	} while (session_donation_raise(&request.args, r, &attempts) ||
		 env_shortage(env, r, request.args.ram_quota, request.args.cap_quota));
	if (r)
		return r;
	*session = (struct kin_session){ .interface = interface, .env = env };
	session_established(session, &request, reply.session);
	return 0;
}

int kin_session_upgrade(struct kin_session *session, uint64_t ram, uint64_t caps)
{
	const struct parent_upgrade_request request = { session->id, ram, caps, 1 };
	int r;

	if (session->operation)
		return -EBUSY;
	do
		r = parent_upgrade(session->env->start.parent, &request, NULL);
	while (env_shortage(session->env, r, ram, caps));
	if (r)
		return r;
	session->ram_quota += ram;
	session->cap_quota += caps;
	return 0;
}

void kin_session_close(struct kin_session *session)
{
	if (!session->env)
		return;
	uint32_t id = session_forget(session);

	if (id)
		parent_close(
			session->env->start.parent, &(struct parent_close_request){ id, 1 }, NULL);
	if (session->channel)
		close(session->channel);
	*session = (struct kin_session){ 0 };
}
