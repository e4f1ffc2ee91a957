/*
 * Sequences of messages at a hosted child
 *
 * Two children, the client and the server of a service, say to their parent what the input says:
 * messages of its protocol, others, and descriptors beside them; they take their replies or don't,
 * hang up, exit and are killed, while the parent above makes up its mind. After each step the
 * engine's tables fit each other, who was not refused for good has its one reply or waits for it,
 * and in the end no descriptor and no object is left.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include <kin/interface/rom.h>

#include "fuzz/interfaces.h"
#include "host/child.h"
#include "ipc/channel.h"
#include "ipc/signal.h"
#include "model/hosted.h"
#include "wire/parent.h"

static const char *const texts[] = { "", "X", "P", "ROM", "LOG", "config", "session_requests",
	"label", NULL };
static const char *const names[] = { "client", "server" };

struct scene {
	struct input in;
	struct hosted *hosted;
	bool rude[2]; /* the client, the server: it called again while it waited for an answer */
	int session;  /* the client's end of one that it got, 0 if it has none */
};

/*
 * What holds between steps
 */

static bool waits(const struct session *session)
{
	return session->state == SESSION_CREATE_REQUESTED ||
	       session->state == SESSION_UPGRADE_REQUESTED ||
	       session->state == SESSION_CLOSE_REQUESTED;
}

static void check_as_client(struct child *child)
{
	struct session *session, *next;

	HASH_ITER (by_id, child->sessions, session, next) {
		assert(session->client == child && session->listed && !session->closing);
		assert(session->environment ==
			(session->id < ENV_END || session->id >= ENV_LIBRARY_FIRST));
		assert((session->state == SESSION_AVAILABLE) <= (session->cap > 0));
	}
	DL_FOREACH2 (child->closing, session, closing_next)
		assert(session->client == child && session->closing && waits(session));
}

static void check_as_server(struct child *child)
{
	struct session *session, *next;
	uint64_t sequence = 0;

	HASH_ITER (by_server_id, child->served, session, next) {
		assert(session->service && session->service->server == child);
		assert(session->requested == waits(session));
	}
	DL_FOREACH2 (child->requests, session, request_next) {
		assert(session->sequence > sequence && session->requested);
		sequence = session->sequence;
	}
}

/* What it announced can be triggered; a call that waits is about something that will be answered.
 */
static void check_host_child(struct child *child, bool rude)
{
	const struct host_child *hc = child->host;
	const struct host_announced *announced;
	const struct session *session;

	assert((child->state == CHILD_ALIVE) == child->started && child->started == !!hc);
	if (!hc)
		return;
	LL_FOREACH (hc->announced, announced)
		assert(signal_check(announced->signal));
	if (!hc->deferred.active || rude)
		return;
	session = session_find(child, hc->deferred.id);
	assert((session && waits(session)) || session_find_closing(child, hc->deferred.id));
}

static void check(struct scene *scene)
{
	struct child *child;

	hosted_settle(scene->hosted);
	assert(!scene->hosted->host.sandbox.scheduled);
	DL_FOREACH (scene->hosted->host.sandbox.children, child) {
		check_as_client(child);
		check_as_server(child);
		check_host_child(child, scene->rude[strcmp(child->name, names[0]) != 0]);
	}
	scene->hosted->log[0] = '\0';
}

/*
 * Steps
 */

static bool waiting(struct scene *scene, const char *name)
{
	const struct host_child *hc = sandbox_child(&scene->hosted->host.sandbox, name)->host;

	return hc && hc->deferred.active;
}

/* One that has not been answered yet may still be: the client gives up waiting with a close. */
static void say(struct scene *scene, const char *name, struct hosted_process *process)
{
	struct wire_header header;

	scene->rude[name != names[0]] |= waiting(scene, name);
	int operation = message_send_some(&scene->in, process->parent, &parent_interface, texts);

	if (input_below(&scene->in, 8) == 7) /* does not look at what it gets */
		return;
	check(scene);
	unsigned n = 0;

	while (message_receive(process->parent, &parent_interface, &header, &scene->session))
		n++;
	if (operation >= 0 && parent_interface.operations[operation].mode == KIN_MODE_CALL)
		assert(n > 0 || waiting(scene, name) ||
			hosted_state(scene->hosted, name) != CHILD_ALIVE);
}

/* A ROM session that the parent serves itself, or one at nobody. */
static void say_to_rom(struct scene *scene)
{
	struct wire_header header;

	if (!scene->session)
		return;
	if (channel_check(scene->session)) {
		fcntl(scene->session, F_SETFL, O_NONBLOCK);
		message_send_some(&scene->in, scene->session, &rom_interface, texts);
		check(scene);
		message_receive(scene->session, &rom_interface, &header, NULL);
	}
	if (input_below(&scene->in, 4) == 3) {
		close(scene->session);
		scene->session = 0;
	}
}

static void parent_decides(struct scene *scene)
{
	static const int answers[] = { 0, KIN_PENDING, KIN_DENIED, KIN_OUT_OF_RAM, -ENOMEM };

	scene->hosted->up_answer = answers[input_below(&scene->in, N(answers))];
	scene->hosted->up_decided = input_byte(&scene->in) % 2;
	if (scene->hosted->up_decided)
		sandbox_up_answers(&scene->hosted->host.sandbox);
}

/* Of whom: a child, somebody below it, nobody. */
static void parent_asks_for_state(struct scene *scene)
{
	static const char *const paths[] = { "client", "server -> below -> deep", "nobody", "" };
	uint32_t serial = input_byte(&scene->in) % 4;
	size_t path = input_below(&scene->in, N(paths));
	int r = host_state_ask(&scene->hosted->host, serial, paths[path]);

	assert(path < 2 ? r == 0 || r == KIN_CLOSED : r == KIN_INVALID);
}

static void step(struct scene *scene)
{
	uint8_t what = input_byte(&scene->in);
	const char *name = names[what & 1];
	struct hosted_process *process = hosted_process(scene->hosted, name);

	switch (what >> 1 & 15) {
	case 11:
		parent_asks_for_state(scene);
		break;
	case 12:
		say_to_rom(scene);
		break;
	case 13:
		parent_decides(scene);
		break;
	case 14:
		hosted_end(process, input_byte(&scene->in) % 2 ? 11 : 0, input_byte(&scene->in));
		break;
	case 15:
		if (input_byte(&scene->in) % 4 == 0 && process->parent > 0) {
			close(process->parent);
			process->parent = 0;
		}
		break;
	default:
		if (process->parent > 0)
			say(scene, name, process);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene scene = { .in = { data, data + size } };
	void *state = NULL;

	setenv("CMOCKA_TEST_ABORT", "1", 1); /* the model asserts by cmocka */
	int r = hosted_set_up(&state);

	assert(r == 0);
	scene.hosted = state;
	for (size_t i = 0; i < N(names); i++)
		fcntl(hosted_process(scene.hosted, names[i])->parent, F_SETFL, O_NONBLOCK);
	while (input_left(&scene.in)) {
		step(&scene);
		check(&scene);
	}
	if (scene.session)
		close(scene.session);
	hosted_tear_down(&state);
	return 0;
}
