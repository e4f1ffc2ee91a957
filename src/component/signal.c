/*
 * Signals and capabilities: signal contexts of the PD, in the loop
 *
 * The context itself is an eventfd. Its handler empties it before the owner's code runs, so that
 * what is triggered meanwhile runs it once more.
 */
#include <kin/signal.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "component/env.h"
#include "ipc/signal.h"
#include "wire/pd.h"

static void signal_handle(void *data)
{
	struct kin_signal *signal = data;

	if (signal_take(signal->cap))
		signal->handle(signal->data);
}

int kin_signal_open(struct kin_env *env, struct kin_signal *signal, kin_handler *handle, void *data)
{
	struct pd_alloc_signal_reply reply;
	int r;

	do
		r = pd_alloc_signal(env->start.pd, NULL, &reply);
	while (env_shortage(env, r, 0, 1));
	if (r)
		return r;
	*signal = (struct kin_signal){ reply.signal, env, reply.id, handle, data, { 0 } };
	if (handle)
		r = kin_watch_start(env, &signal->watch, signal->cap, signal_handle, signal);
	if (r)
		kin_signal_close(signal);
	return r;
}

void kin_signal_close(struct kin_signal *signal)
{
	if (!signal->cap)
		return;
	kin_watch_stop(&signal->watch);
	close(signal->cap);
	pd_free(signal->env->start.pd, &(struct pd_free_request){ signal->id });
	*signal = (struct kin_signal){ 0 };
}

bool kin_signal_check(int cap)
{
	return signal_check(cap);
}

void kin_signal_trigger(int cap)
{
	signal_trigger(cap);
}

int kin_cap_duplicate(int cap)
{
	int duplicate = fcntl(cap, F_DUPFD_CLOEXEC, 1);

	return duplicate < 0 ? -errno : duplicate;
}

void kin_cap_close(int cap)
{
	if (cap > 0)
		close(cap);
}
