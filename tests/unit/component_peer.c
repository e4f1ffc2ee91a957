/* Peers; see the header */
#include "component_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/ram.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ipc/signal.h"

#define CONTENT_BYTES 4096
#define DEADLINE_MS   10000

void peers_open(struct peers *peers, int (*kin_main_)(struct kin_env *env), const char *config,
	unsigned n_services)
{
	peers->id = 0;
	peers->args = (struct kin_args){ .n_extra = 0 };
	world_open_process(&peers->world, kin_main_, config);
	WORLD_WAIT(&peers->world, peers->world.n_announcements == n_services);
}

void peers_close(struct peers *peers)
{
	world_close(&peers->world);
}

int peer_open(
	struct peers *peers, const char *service, const char *label, uint64_t ram, uint64_t caps)
{
	struct world *w = &peers->world;
	struct parent_pending_request request = {
		.kind = PARENT_REQUEST_CREATE, .id = ++peers->id, .version = 1, .args = peers->args
	};
	unsigned n = w->n_deliveries;

	request.args.ram_quota = ram;
	request.args.cap_quota = caps;
	strcpy(request.service, service);
	strcpy(request.args.label, label);
	w->n_responses = 0;
	world_request(w, &request);
	WORLD_WAIT(w, w->n_deliveries == n + 1 || w->n_responses == 1);
	return w->n_responses ? -(int) w->responses[0].answer : w->deliveries[n].cap;
}

int peer_read(struct peers *peers, const char *label)
{
	return peer_open(peers, "ROM", label, KIN_SESSION_RAM, 3);
}

void peer_close(struct peers *peers, uint32_t id)
{
	const struct parent_pending_request request = { .kind = PARENT_REQUEST_CLOSE, .id = id };

	peers->world.n_responses = 0;
	world_request(&peers->world, &request);
	WORLD_WAIT(&peers->world, peers->world.n_responses == 1);
	assert_int_equal(peers->world.responses[0].answer, KIN_CLOSED);
}

void peers_config(struct peers *peers, const char *config)
{
	struct world *w = &peers->world;

	pthread_mutex_lock(&w->lock);
	w->rom_text = config;
	signal_trigger(w->sessions[0].signal);
	pthread_mutex_unlock(&w->lock);
}

void content_expect(int channel, const char *text)
{
	struct rom_dataspace_reply reply;
	char copy[CONTENT_BYTES + 1] = "";

	assert_int_equal(rom_dataspace(channel, NULL, &reply), 0);
	assert_true(reply.size <= CONTENT_BYTES);
	assert_int_equal(kin_dataspace_read(reply.dataspace, 0, copy, reply.size), 0);
	assert_string_equal(copy, text);
	assert_int_equal(write(reply.dataspace, "x", 1), -1);
	close(reply.dataspace);
}

void signal_await(int signal)
{
	struct pollfd fd = { .fd = signal, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
	assert_true(signal_take(signal));
}
