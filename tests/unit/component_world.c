/* The world of a component under test; see the header. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/signal.h"

#define DEADLINE_S 20

static int answer_next(struct world *w)
{
	return w->next_answer < w->n_answers ? w->answers[w->next_answer++] : 0;
}

static struct world_session *session_by_id(struct world *w, uint32_t id)
{
	for (unsigned i = 0; i < w->n_sessions; i++)
		if (w->sessions[i].request.id == id)
			return &w->sessions[i];
	return NULL;
}

static void session_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct world_session *session = CONTAINER_OF(source, struct world_session, source);
	struct world *w = session->world;
	const char *service = session->request.service;
	int r;

	pthread_mutex_lock(&w->lock);
	if (strcmp(service, "ROM") == 0)
		r = kin_dispatch(session->server_end, &rom_interface, &world_rom_handlers, session);
	else if (strcmp(service, "Timer") == 0)
		r = kin_dispatch(
			session->server_end, &timer_interface, &world_timer_handlers, session);
	else
		r = kin_dispatch(
			session->server_end, &report_interface, &world_report_handlers, session);
	if (r < 0 && r != -EAGAIN)
		loop_remove(&w->loop, source);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static int session_make(struct world *w, struct world_session *session)
{
	int client_end;

	assert_int_equal(channel_pair(&session->server_end, &client_end), 0);
	session->open = true;
	assert_int_equal(
		loop_add(&w->loop, &session->source, session->server_end, session_handle), 0);
	return client_end;
}

static void session_end(struct world *w, struct world_session *session)
{
	if (!session->open)
		return;
	loop_remove(&w->loop, &session->source);
	close(session->server_end);
	if (session->signal)
		close(session->signal);
	session->open = false;
}

/* The parent */

static int parent_session_handle(
	void *self, struct parent_session_request *request, struct parent_session_reply *reply)
{
	struct world *w = self;
	struct world_session *session = &w->sessions[w->n_sessions];

	assert_true(w->n_sessions < WORLD_ITEMS_MAX);
	*session = (struct world_session){ .world = w, .request = *request };
	w->n_sessions++;
	if (w->defer && !request->wait) {
		session->outcome = KIN_PENDING;
		return KIN_PENDING;
	}
	int answer = answer_next(w);

	if (answer == 0)
		reply->session = session_make(w, session);
	return answer;
}

static int parent_session_cap_handle(void *self, struct parent_session_cap_request *request,
	struct parent_session_cap_reply *reply)
{
	struct world *w = self;
	struct world_session *session = session_by_id(w, request->id);

	if (!session || session->closing)
		return session ? session->outcome : KIN_CLOSED;
	if (session->outcome == 0 && !session->open)
		reply->session = session_make(w, session);
	return session->outcome;
}

static int parent_upgrade_handle(
	void *self, struct parent_upgrade_request *request, struct parent_upgrade_reply *reply)
{
	struct world *w = self;
	struct world_session *session = session_by_id(w, request->id);

	w->upgrade = *request;
	w->n_upgrades++;
	if (w->defer && !request->wait) {
		session->outcome = KIN_PENDING;
		return KIN_PENDING;
	}
	return answer_next(w);
}

static int parent_close_handle(
	void *self, struct parent_close_request *request, struct parent_close_reply *reply)
{
	struct world *w = self;
	struct world_session *session = session_by_id(w, request->id);

	w->n_closes++;
	session_end(w, session);
	session->closing = true;
	session->outcome = w->defer && !request->wait ? KIN_PENDING : KIN_CLOSED;
	return session->outcome == KIN_PENDING ? KIN_PENDING : 0;
}

static int parent_announce_handle(
	void *self, struct parent_announce_request *request, struct parent_announce_reply *reply)
{
	struct world *w = self;
	int answer = answer_next(w);

	if (answer)
		return answer;
	if (w->announce_signal)
		close(w->announce_signal);
	w->announce_signal = request->signal;
	request->signal = 0;
	w->n_announcements++;
	return 0;
}

/* Two at a time, so that a component has to ask again. */
static int parent_requests_handle(
	void *self, struct parent_requests_request *request, struct parent_requests_reply *reply)
{
	struct world *w = self;

	for (unsigned i = 0; i < w->n_requests; i++) {
		if (w->requests[i].sequence <= request->after)
			continue;
		if (reply->n_requests == 2) {
			reply->more = 1;
			break;
		}
		reply->requests[reply->n_requests++] = w->requests[i];
	}
	return 0;
}

static int parent_deliver_handle(
	void *self, struct parent_deliver_request *request, struct parent_deliver_reply *reply)
{
	struct world *w = self;

	w->deliveries[w->n_deliveries++] = (struct world_delivery){ request->id, request->session };
	request->session = 0;
	return 0;
}

static int parent_response_handle(
	void *self, struct parent_response_request *request, struct parent_response_reply *reply)
{
	struct world *w = self;

	w->responses[w->n_responses++] = *request;
	return 0;
}

static void grant(struct world *w)
{
	w->ram_left += w->grant_ram;
	w->caps_left += w->grant_caps;
	w->grant_ram = w->grant_caps = 0;
	w->events |= PARENT_EVENT_RESOURCE;
	signal_trigger(w->signal);
}

static void beat_or_grant(struct world *w)
{
	if (!w->beats_before_grant) {
		grant(w);
		return;
	}
	w->beats_before_grant--;
	w->events |= PARENT_EVENT_HEARTBEAT;
	signal_trigger(w->signal);
}

static int parent_resource_request_handle(void *self,
	struct parent_resource_request_request *request,
	struct parent_resource_request_reply *reply)
{
	struct world *w = self;

	w->shortage = *request;
	w->n_shortages++;
	if (w->grant_ram || w->grant_caps)
		beat_or_grant(w);
	return 0;
}

static int parent_handle_handle(
	void *self, struct parent_handle_request *request, struct parent_handle_reply *reply)
{
	((struct world *) self)->handled = request->events;
	return 0;
}

static int parent_events_handle(
	void *self, struct parent_events_request *request, struct parent_events_reply *reply)
{
	struct world *w = self;

	*reply = (struct parent_events_reply){ w->events, w->yield_ram, w->yield_caps, 7 };
	strcpy(reply->state_path, w->asked ? w->asked : "");
	w->events = 0;
	return 0;
}

static int parent_yield_response_handle(void *self, struct parent_yield_response_request *request,
	struct parent_yield_response_reply *reply)
{
	((struct world *) self)->n_yields++;
	return 0;
}

static int parent_heartbeat_response_handle(void *self,
	struct parent_heartbeat_response_request *request,
	struct parent_heartbeat_response_reply *reply)
{
	struct world *w = self;

	w->n_beats++;
	if (w->grant_ram || w->grant_caps)
		beat_or_grant(w);
	return 0;
}

static int parent_state_handle(
	void *self, struct parent_state_request *request, struct parent_state_reply *reply)
{
	struct world *w = self;

	w->state = *request;
	w->n_states++;
	return 0;
}

static const struct parent_handlers parent_handlers = {
	.session = parent_session_handle,
	.session_cap = parent_session_cap_handle,
	.upgrade = parent_upgrade_handle,
	.close = parent_close_handle,
	.announce = parent_announce_handle,
	.requests = parent_requests_handle,
	.deliver = parent_deliver_handle,
	.response = parent_response_handle,
	.resource_request = parent_resource_request_handle,
	.handle = parent_handle_handle,
	.events = parent_events_handle,
	.yield_response = parent_yield_response_handle,
	.heartbeat_response = parent_heartbeat_response_handle,
	.state = parent_state_handle,
};

/* The thread */

static void dispatch(struct world *w, struct loop_source *source,
	const struct kin_interface *interface, const void *handlers)
{
	pthread_mutex_lock(&w->lock);
	int r = kin_dispatch(source->fd, interface, handlers, w);

	if (r < 0 && r != -EAGAIN)
		loop_remove(&w->loop, source);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void parent_source_handle(struct loop_source *source, uint32_t epoll_events)
{
	dispatch(CONTAINER_OF(source, struct world, parent), source, &parent_interface,
		&parent_handlers);
}

static void pd_source_handle(struct loop_source *source, uint32_t epoll_events)
{
	dispatch(CONTAINER_OF(source, struct world, pd), source, &pd_interface, &world_pd_handlers);
}

static void log_source_handle(struct loop_source *source, uint32_t epoll_events)
{
	dispatch(CONTAINER_OF(source, struct world, log), source, &log_interface,
		&world_log_handlers);
}

static void stop_source_handle(struct loop_source *source, uint32_t epoll_events)
{
	loop_stop(&CONTAINER_OF(source, struct world, stop)->loop);
}

static void *world_run(void *data)
{
	struct world *w = data;

	assert_int_equal(loop_run(&w->loop), 0);
	return NULL;
}

static void source_open(struct world *w, struct loop_source *source, int *ret_component,
	void (*handle)(struct loop_source *source, uint32_t epoll_events))
{
	int server;

	assert_int_equal(channel_pair(&server, ret_component), 0);
	assert_int_equal(loop_add(&w->loop, source, server, handle), 0);
}

static void world_prepare(struct world *w)
{
	*w = (struct world){ .ram_left = 1 << 30, .caps_left = 1000, .rom_text = "<config/>" };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	assert_int_equal(loop_init(&w->loop), 0);
	source_open(w, &w->parent, &w->component.parent, parent_source_handle);
	source_open(w, &w->pd, &w->component.pd, pd_source_handle);
	source_open(w, &w->log, &w->component.log, log_source_handle);
	assert_int_equal(signal_context_open(&w->signal), 0);
	w->component.signal = dup(w->signal);
	w->component.loop = epoll_create1(EPOLL_CLOEXEC);
	assert_true(w->component.loop > 0);
	assert_int_equal(signal_context_open(&w->stop_fd), 0);
	assert_int_equal(loop_add(&w->loop, &w->stop, w->stop_fd, stop_source_handle), 0);
}

static void component_close(struct world *w)
{
	close(w->component.parent);
	close(w->component.pd);
	close(w->component.log);
	close(w->component.signal);
	close(w->component.loop);
}

void world_open(struct world *w)
{
	world_prepare(w);
	assert_int_equal(pthread_create(&w->thread, NULL, world_run, w), 0);
	assert_int_equal(env_init(&w->env, &w->component), 0);
}

void world_open_process(
	struct world *w, int (*kin_main_)(struct kin_env *env), const char *rom_text)
{
	world_prepare(w);
	w->rom_text = rom_text;
	w->process = fork();
	if (w->process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (env_init(&w->env, &w->component) < 0)
			_exit(99);
		_exit(kin_main_(&w->env));
	}
	component_close(w);
	assert_int_equal(pthread_create(&w->thread, NULL, world_run, w), 0);
}

static void world_free(struct world *w)
{
	for (unsigned i = 0; i < w->n_sessions; i++)
		session_end(w, &w->sessions[i]);
	for (unsigned i = 0; i < w->n_deliveries; i++)
		if (w->deliveries[i].cap)
			close(w->deliveries[i].cap);
	for (unsigned i = 0; i < w->n_lines; i++)
		free(w->lines[i]);
	const int descriptors[] = { w->parent.fd, w->pd.fd, w->log.fd, w->signal, w->stop_fd,
		w->announce_signal, w->report_buffer };

	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
		if (descriptors[i])
			close(descriptors[i]);
	loop_done(&w->loop);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

void world_close(struct world *w)
{
	if (w->process) {
		kill(w->process, SIGKILL);
		assert_int_equal(waitpid(w->process, NULL, 0), w->process);
	} else {
		env_done(&w->env);
		WORLD_WAIT(w, w->n_objects == 0);
		component_close(w);
	}
	signal_trigger(w->stop_fd);
	pthread_join(w->thread, NULL);
	world_free(w);
}

void world_wait(struct world *w, const char *condition)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	if (pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
		return;
	pthread_mutex_unlock(&w->lock);
	fail_msg("never happened: %s", condition);
}

void world_answer(struct world *w, int answer)
{
	pthread_mutex_lock(&w->lock);
	w->answers[w->n_answers++] = answer;
	pthread_mutex_unlock(&w->lock);
}

void world_event(struct world *w, uint32_t events)
{
	pthread_mutex_lock(&w->lock);
	w->events |= events;
	pthread_mutex_unlock(&w->lock);
	signal_trigger(w->signal);
}

void world_decide(struct world *w, struct world_session *session, int outcome)
{
	pthread_mutex_lock(&w->lock);
	session->outcome = outcome;
	pthread_mutex_unlock(&w->lock);
	world_event(w, PARENT_EVENT_SESSION);
}

void world_request(struct world *w, const struct parent_pending_request *request)
{
	pthread_mutex_lock(&w->lock);
	w->requests[w->n_requests] = *request;
	w->requests[w->n_requests].sequence = w->n_requests + 1;
	w->n_requests++;
	pthread_mutex_unlock(&w->lock);
	signal_trigger(w->announce_signal);
}

void world_rounds(struct world *w)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_round(&w->env.loop, 0), 0);
}

struct remote {
	int channel, done;
	const struct kin_interface *interface;
	uint32_t operation;
	const void *request;
	void *reply;
	int answer;
	bool finished;
};

static void *remote_run(void *data)
{
	struct remote *remote = data;

	remote->answer = kin_call(remote->channel, remote->interface, remote->operation,
		remote->request, remote->reply);
	signal_trigger(remote->done);
	return NULL;
}

static void remote_done(void *data)
{
	((struct remote *) data)->finished = true;
}

int world_call(struct world *w, int channel, const struct kin_interface *interface,
	uint32_t operation, const void *request, void *ret_reply)
{
	struct remote remote = { channel, 0, interface, operation, request, ret_reply, 0, false };
	struct kin_watch watch = { 0 };
	pthread_t thread;

	assert_int_equal(signal_context_open(&remote.done), 0);
	assert_int_equal(kin_watch_start(&w->env, &watch, remote.done, remote_done, &remote), 0);
	assert_int_equal(pthread_create(&thread, NULL, remote_run, &remote), 0);
	while (!remote.finished)
		assert_int_equal(loop_round(&w->env.loop, DEADLINE_S * 1000), 0);
	pthread_join(thread, NULL);
	kin_watch_stop(&watch);
	close(remote.done);
	return remote.answer;
}

unsigned world_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
