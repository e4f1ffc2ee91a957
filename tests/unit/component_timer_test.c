/* timer, the component, in a process of its own: what it asks its parent for on behalf of whom. */
#include "component_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ENOUGH_RAM  (2u * KIN_SESSION_RAM)
#define ENOUGH_CAPS 10
#define DEADLINE_MS 10000

static void setup_open(struct peers *peers)
{
	peers_open(peers, kin_main, "<config/>", 1);
}

static int client_open(struct peers *peers)
{
	return peer_open(peers, "Timer", "client", ENOUGH_RAM, ENOUGH_CAPS);
}

static unsigned upstream_open(struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_sessions; i++)
		n += w->sessions[i].open;
	return n;
}

static void each_client_gets_a_timer_of_its_own(void **state)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1000 } };
	struct timer_timer_reply one, other;
	struct peers peers;

	setup_open(&peers);
	int first = client_open(&peers), second = client_open(&peers);

	assert_int_equal(timer_timer(first, NULL, &one), 0);
	assert_int_equal(timer_timer(second, NULL, &other), 0);
	assert_int_equal(timerfd_settime(one.timer, 0, &soon, NULL), 0);
	assert_int_equal(poll(&(struct pollfd){ one.timer, POLLIN, 0 }, 1, DEADLINE_MS), 1);
	assert_int_equal(poll(&(struct pollfd){ other.timer, POLLIN, 0 }, 1, 0), 0);
	close(one.timer);
	close(other.timer);
	WORLD_WAIT(&peers.world, upstream_open(&peers.world) == 2);
	peer_close(&peers, 1);
	WORLD_WAIT(&peers.world, upstream_open(&peers.world) == 1);
	assert_int_equal(timer_timer(second, NULL, &other), 0);
	close(other.timer);
	peer_close(&peers, 2);
	/* Left is the signal for requests. */
	WORLD_WAIT(&peers.world, upstream_open(&peers.world) == 0 && peers.world.n_objects == 1);
	peers_close(&peers);
}

static void the_client_pays_for_the_session_at_the_parent(void **state)
{
	struct peers peers;

	setup_open(&peers);
	assert_int_equal(peer_open(&peers, "Timer", "poor", KIN_SESSION_RAM, ENOUGH_CAPS),
		-KIN_INSUFFICIENT_RAM);
	assert_int_equal(peer_open(&peers, "Timer", "poor", ENOUGH_RAM, KIN_SESSION_CAPS + 1),
		-KIN_INSUFFICIENT_CAPS);
	assert_int_equal(peers.world.n_sessions, 0);
	assert_true(peer_open(&peers, "Timer", "c", ENOUGH_RAM, KIN_SESSION_CAPS + 2) > 0);
	assert_int_equal(peers.world.sessions[0].request.args.cap_quota, KIN_SESSION_CAPS + 1);
	peers_close(&peers);
}

static void a_parent_that_wants_more_is_paid_by_the_client_too(void **state)
{
	struct peers peers;

	setup_open(&peers);
	world_answer(&peers.world, KIN_INSUFFICIENT_RAM);
	assert_int_equal(peer_open(&peers, "Timer", "poor", 2 * KIN_SESSION_RAM, ENOUGH_CAPS),
		-KIN_INSUFFICIENT_RAM);
	WORLD_WAIT(&peers.world, upstream_open(&peers.world) == 0);
	world_answer(&peers.world, KIN_INSUFFICIENT_RAM);
	assert_true(peer_open(&peers, "Timer", "rich", 3 * KIN_SESSION_RAM, ENOUGH_CAPS) > 0);
	peers_close(&peers);
}

static void what_the_parent_denies_is_denied(void **state)
{
	struct peers peers;

	setup_open(&peers);
	world_answer(&peers.world, KIN_DENIED);
	assert_int_equal(client_open(&peers), -KIN_DENIED);
	WORLD_WAIT(&peers.world, peers.world.n_lines == 1);
	assert_string_equal(peers.world.lines[0], "Warning: no timer for \"client\": denied");
	assert_true(client_open(&peers) > 0);
	peers_close(&peers);
}

/* Closed while the parent makes up its mind: served first, then ended. */
static void nobody_waits_for_the_parent(void **state)
{
	struct peers peers;
	struct world *w = &peers.world;
	struct parent_pending_request request = { .kind = PARENT_REQUEST_CREATE,
		.id = 1,
		.service = "Timer",
		.version = 1,
		.args = { .label = "slow", .ram_quota = ENOUGH_RAM, .cap_quota = ENOUGH_CAPS } };

	setup_open(&peers);
	pthread_mutex_lock(&w->lock);
	w->defer = true;
	pthread_mutex_unlock(&w->lock);
	world_request(w, &request);
	WORLD_WAIT(w, w->n_sessions == 1);
	pthread_mutex_lock(&w->lock);
	w->defer = false;
	pthread_mutex_unlock(&w->lock);
	peers.id = 1;
	int other = client_open(&peers);
	struct timer_timer_reply reply;

	assert_int_equal(timer_timer(other, NULL, &reply), 0);
	close(reply.timer);
	world_decide(w, &w->sessions[0], 0);
	WORLD_WAIT(w, w->n_deliveries == 2);
	assert_int_equal(w->deliveries[1].id, 1);
	peers_close(&peers);
}

static void a_route_that_leads_back_ends(void **state)
{
	struct peers peers;

	setup_open(&peers);
	assert_int_equal(kin_args_set(&peers.args, "hops", "7"), 0);
	assert_true(client_open(&peers) > 0);
	assert_string_equal(kin_args_get(&peers.world.sessions[0].request.args, "hops"), "8");
	assert_int_equal(kin_args_set(&peers.args, "hops", "8"), 0);
	assert_int_equal(client_open(&peers), -KIN_DENIED);
	assert_int_equal(peers.world.n_sessions, 1);
	peers_close(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_client_gets_a_timer_of_its_own),
		cmocka_unit_test(the_client_pays_for_the_session_at_the_parent),
		cmocka_unit_test(a_parent_that_wants_more_is_paid_by_the_client_too),
		cmocka_unit_test(what_the_parent_denies_is_denied),
		cmocka_unit_test(nobody_waits_for_the_parent),
		cmocka_unit_test(a_route_that_leads_back_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
