/*
 * A hosted child
 *
 * Each message on the parent channel becomes one call of the engine. A child that wants to wait for
 * a session gets its reply when the engine says that it is answered; until then it is the child
 * that waits, not we. Everything sent to a child is sent without waiting: who does not take its
 * replies is ended. Only a session for which there are too many capabilities under way is kept, and
 * the child asks again.
 */
#include "host/child.h"
#include "host/rom.h"

#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "ipc/channel.h"
#include "ipc/signal.h"
#include "wire/parent.h"

_Static_assert(PARENT_EVENT_SESSION == (int) CHILD_EVENT_SESSION &&
		       PARENT_EVENT_RESOURCE == (int) CHILD_EVENT_RESOURCE &&
		       PARENT_EVENT_YIELD == (int) CHILD_EVENT_YIELD &&
		       PARENT_EVENT_HEARTBEAT == (int) CHILD_EVENT_HEARTBEAT &&
		       PARENT_EVENT_STATE == (int) CHILD_EVENT_STATE,
	"events on the wire are the engine's");
_Static_assert(PARENT_REQUEST_CREATE == (int) SERVER_CREATE &&
		       PARENT_REQUEST_UPGRADE == (int) SERVER_UPGRADE &&
		       PARENT_REQUEST_CLOSE == (int) SERVER_CLOSE,
	"kinds of requests on the wire are the engine's");

static int defer(struct host_child *hc, uint32_t operation, uint32_t id, int answer, bool wait)
{
	if (answer != KIN_PENDING || !wait || hc->deferred.active)
		return answer;
	hc->deferred = (struct host_deferred){ true, operation, id };
	return KIN_DEFERRED;
}

static void deaf(struct host_child *hc)
{
	child_misbehaved(hc->child, "it does not take the answers of its parent");
}

_Static_assert(sizeof(struct parent_session_reply) == sizeof(struct parent_session_cap_reply),
	"both replies are a session and nothing else");

/* Replies with a session, if there is one; takes it. */
static void session_reply(
	struct host_child *hc, uint32_t operation, uint32_t id, int answer, int session)
{
	const struct parent_session_reply reply = { session };
	int parent = hc->ends.parent;
	int r = channel_reply(parent, &parent_interface, operation, answer, &reply);

	if (r == -ETOOMANYREFS) {
		child_session_keep(hc->child, id, session);
		r = channel_reply(parent, &parent_interface, operation, r, NULL);
	} else if (session) {
		close(session);
	}
	if (r == -ENOBUFS)
		deaf(hc);
}

static int on_session(
	void *self, struct parent_session_request *rq, struct parent_session_reply *rp)
{
	struct host_child *hc = self;
	struct session_request request = { rq->id, rq->service, rq->version, &rq->args,
		&rq->affinity };
	int session = 0, r = child_session(hc->child, &request, &session);

	r = defer(hc, parent_session_operation, rq->id, r, rq->wait);
	if (r != KIN_DEFERRED)
		session_reply(hc, parent_session_operation, rq->id, r, session);
	return KIN_DEFERRED;
}

static int on_session_cap(
	void *self, struct parent_session_cap_request *rq, struct parent_session_cap_reply *rp)
{
	struct host_child *hc = self;
	int session, r = child_session_cap(hc->child, rq->id, &session);

	session_reply(hc, parent_session_cap_operation, rq->id, r, session);
	return KIN_DEFERRED;
}

static int on_upgrade(
	void *self, struct parent_upgrade_request *rq, struct parent_upgrade_reply *rp)
{
	struct host_child *hc = self;
	int r = child_upgrade(hc->child, rq->id, (struct quota){ rq->ram_quota, rq->cap_quota });

	return defer(hc, parent_upgrade_operation, rq->id, r, rq->wait);
}

static int on_close(void *self, struct parent_close_request *rq, struct parent_close_reply *rp)
{
	struct host_child *hc = self;

	return defer(hc, parent_close_operation, rq->id, child_close(hc->child, rq->id), rq->wait);
}

static struct host_announced *find_announced(struct host_child *hc, const char *service)
{
	struct host_announced *a;

	LL_FOREACH (hc->announced, a)
		if (strcmp(a->service, service) == 0)
			break;
	return a;
}

static int on_announce(
	void *self, struct parent_announce_request *rq, struct parent_announce_reply *rp)
{
	struct host_child *hc = self;
	int r = server_announce(hc->child, rq->service);

	if (r)
		return r;
	if (!signal_check(rq->signal) || find_announced(hc, rq->service))
		return KIN_DENIED;
	struct host_announced *announced = calloc(1, sizeof(*announced));

	if (!announced)
		return -ENOMEM;
	strcpy(announced->service, rq->service);
	announced->signal = rq->signal;
	rq->signal = 0;
	LL_PREPEND(hc->announced, announced);
	if (hc->child->requests)
		signal_trigger(announced->signal);
	return 0;
}

static int on_requests(
	void *self, struct parent_requests_request *rq, struct parent_requests_reply *rp)
{
	struct host_child *hc = self;
	struct server_request requests[PARENT_REQUESTS_MAX];
	size_t n = server_requests(hc->child, rq->after, requests, PARENT_REQUESTS_MAX);

	rp->n_requests = (uint32_t) n;
	for (size_t i = 0; i < n; i++) {
		struct parent_pending_request *to = &rp->requests[i];
		const struct session *session = requests[i].session;

		to->kind = (uint8_t) requests[i].kind;
		to->id = session->server_id;
		to->sequence = session->sequence;
		strcpy(to->service, session->service->name->name);
		to->version = session->version;
		to->args = session->args;
		to->affinity = session->affinity;
		if (requests[i].kind == SERVER_UPGRADE) {
			to->args.ram_quota = session->upgrade.ram;
			to->args.cap_quota = session->upgrade.caps;
		}
	}
	rp->more = n == PARENT_REQUESTS_MAX;
	return 0;
}

static int on_deliver(
	void *self, struct parent_deliver_request *rq, struct parent_deliver_reply *rp)
{
	struct host_child *hc = self;

	if (channel_check(rq->session))
		server_deliver(hc->child, rq->id, &rq->session);
	else
		server_response(hc->child, rq->id, KIN_DENIED);
	return 0;
}

static int on_response(
	void *self, struct parent_response_request *rq, struct parent_response_reply *rp)
{
	struct host_child *hc = self;

	server_response(hc->child, rq->id, rq->answer);
	return 0;
}

static int on_resource_request(void *self, struct parent_resource_request_request *rq,
	struct parent_resource_request_reply *rp)
{
	struct host_child *hc = self;

	child_resource_request(hc->child, (struct quota){ rq->ram_quota, rq->cap_quota });
	return 0;
}

static int on_handle(void *self, struct parent_handle_request *rq, struct parent_handle_reply *rp)
{
	struct host_child *hc = self;

	if (rq->protocol_version != PARENT_PROTOCOL_VERSION)
		child_misbehaved(hc->child, "it speaks another version of the parent protocol");
	else
		child_handles(hc->child, rq->events);
	return 0;
}

static int on_events(void *self, struct parent_events_request *rq, struct parent_events_reply *rp)
{
	struct host_child *hc = self;
	struct quota yield;

	rp->events = child_events(hc->child, &yield);
	rp->yield_ram = yield.ram;
	rp->yield_caps = yield.caps;
	if (rp->events & PARENT_EVENT_STATE)
		host_question_fetch(hc, rp);
	return 0;
}

static int on_yield_response(void *self, struct parent_yield_response_request *rq,
	struct parent_yield_response_reply *rp)
{
	struct host_child *hc = self;

	child_yield_response(hc->child);
	return 0;
}

static int on_heartbeat_response(void *self, struct parent_heartbeat_response_request *rq,
	struct parent_heartbeat_response_reply *rp)
{
	struct host_child *hc = self;

	child_heartbeat_response(hc->child);
	return 0;
}

static int on_exit_message(void *self, struct parent_exit_request *rq, struct parent_exit_reply *rp)
{
	struct host_child *hc = self;

	child_exit(hc->child, rq->value);
	return 0;
}

static int on_state(void *self, struct parent_state_request *rq, struct parent_state_reply *rp)
{
	host_question_answer(self, rq);
	return 0;
}

static const struct parent_handlers handlers = { on_session, on_session_cap, on_upgrade, on_close,
	on_announce, on_requests, on_deliver, on_response, on_resource_request, on_handle,
	on_events, on_yield_response, on_heartbeat_response, on_exit_message, on_state };

/*
 * The end of the channel is either the end of the process, which follows in a moment, or a child
 * that wants to live without its parent, and must not.
 */
static void hang_up(struct host_child *hc)
{
	loop_remove(hc->host->loop, &hc->channel);
	hc->hung_up = hc->host->ops->kill(hc->host, hc->child->account) == 0;
}

static int dispatch(struct host_child *hc)
{
	int r = kin_dispatch(hc->ends.parent, &parent_interface, &handlers, hc);

	if (r == -EPIPE) {
		hang_up(hc);
	} else if (r < 0 && r != -EAGAIN) {
		loop_remove(hc->host->loop, &hc->channel);
		if (r == -ENOBUFS)
			deaf(hc);
		else
			child_misbehaved(
				hc->child, "it sends what is no message of the parent protocol");
	}
	return r;
}

static void on_channel(struct loop_source *source, uint32_t epoll_events)
{
	struct host_child *hc =
		(struct host_child *) ((char *) source - offsetof(struct host_child, channel));

	dispatch(hc);
}

/* Messages that fit into the channel of a process that has ended, whoever else may hold it. */
#define LAST_MESSAGES_MAX 256

/* What it sent before it ended counts, its exit value above all. */
static void on_process(struct loop_source *source, uint32_t epoll_events)
{
	struct host_child *hc =
		(struct host_child *) ((char *) source - offsetof(struct host_child, process));
	int64_t value = 0;

	for (int i = 0; i < LAST_MESSAGES_MAX && hc->channel.armed && dispatch(hc) == 0; i++)
		;
	int signal = hc->host->ops->status(hc->host, hc->child->account, &value);

	if (signal == -EAGAIN)
		return;
	loop_remove(hc->host->loop, &hc->process);
	if (hc->hung_up)
		child_misbehaved(hc->child, "it closed the channel to its parent");
	else
		child_died(hc->child, signal > 0 ? signal : 0, value);
}

static void on_answer(struct loop_task *task)
{
	struct host_child *hc =
		(struct host_child *) ((char *) task - offsetof(struct host_child, answer));
	uint32_t operation = hc->deferred.operation, id = hc->deferred.id;
	int session;

	hc->deferred.active = false;
	if (operation == parent_session_operation) {
		int r = child_session_cap(hc->child, id, &session);

		session_reply(hc, operation, id, r, session);
	} else if (kin_reply(hc->ends.parent, &parent_interface, operation, 0, NULL) == -ENOBUFS) {
		deaf(hc);
	}
}

int host_child_open(struct host *host, struct child *child, const struct host_process *ends)
{
	struct host_child *hc = calloc(1, sizeof(*hc));
	int r = hc ? 0 : -ENOMEM;

	if (hc) {
		*hc = (struct host_child){
			.host = host, .child = child, .ends = *ends, .answer = { .run = on_answer }
		};
		child->host = hc;
		r = loop_add(host->loop, &hc->channel, ends->parent, on_channel);
		if (r == 0)
			r = loop_add(host->loop, &hc->process, ends->process, on_process);
		if (r)
			host_child_close(child);
		return r;
	}
	close(ends->parent);
	close(ends->signal);
	close(ends->process);
	return r;
}

void host_child_close(struct child *child)
{
	struct host_child *hc = child->host;
	struct host_announced *announced, *next;

	host_question_drop(hc);
	loop_remove(hc->host->loop, &hc->channel);
	loop_remove(hc->host->loop, &hc->process);
	loop_cancel(hc->host->loop, &hc->answer);
	LL_FOREACH_SAFE (hc->announced, announced, next) {
		close(announced->signal);
		free(announced);
	}
	close(hc->ends.parent);
	close(hc->ends.signal);
	close(hc->ends.process);
	free(hc);
	child->host = NULL;
}

void host_child_wake(void *ctx, struct child *child)
{
	struct host_child *hc = child->host;

	signal_trigger(hc->ends.signal);
}

void host_child_wake_server(void *ctx, struct child *child)
{
	struct host_child *hc = child->host;
	struct host_announced *a;

	LL_FOREACH (hc->announced, a)
		signal_trigger(a->signal);
	host_rom_requests_changed(child);
}

bool host_child_answered(void *ctx, struct child *child, uint32_t id, enum session_event event)
{
	static const uint32_t operations[] = {
		[SESSION_EVENT_CREATED] = parent_session_operation,
		[SESSION_EVENT_UPGRADED] = parent_upgrade_operation,
		[SESSION_EVENT_CLOSED] = parent_close_operation,
	};
	struct host_child *hc = child->host;

	if (!hc->deferred.active || hc->deferred.id != id ||
		hc->deferred.operation != operations[event])
		return false;
	loop_queue(hc->host->loop, &hc->answer);
	return true;
}
