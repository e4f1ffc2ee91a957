/*
 * The component library, with each allocation, watch, send and receive failing once
 *
 * A component opens what the library offers and closes it again; its parent, PD and servers run in
 * a thread of their own, which the faults don't touch. What fails is answered by the function that
 * was called. Afterwards nothing is left at PD and parent, but what a message was about that never
 * arrived. The same for a component that serves: each request of its parent is answered, whatever
 * fails, and the next client is served.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include <kin/log.h>
#include <kin/ram.h>
#include <kin/report.h>
#include <kin/resource.h>
#include <kin/rom.h>
#include <kin/timer.h>

#include "component_world.h"
#include "fault/fault.h"

static void nothing(void *data)
{
}

static int use_ram(struct kin_env *env)
{
	struct kin_ram ram;
	int r = kin_ram_alloc(env, NULL, 8192, KIN_RAM_SHARE, &ram);

	if (r == 0)
		kin_ram_free(&ram);
	return r;
}

static int use_rom(struct kin_env *env)
{
	struct kin_rom rom;
	int r = kin_rom_open(env, &rom, "module");

	if (r)
		return r;
	r = kin_rom_watch(&rom, nothing, NULL);
	if (r == 0)
		r = kin_rom_update(&rom);
	kin_rom_close(&rom);
	return r;
}

static int use_timer(struct kin_env *env)
{
	struct kin_timer timer;
	int r = kin_timer_open(env, &timer, nothing, NULL);

	if (r == 0)
		kin_timer_close(&timer);
	return r;
}

static int use_report(struct kin_env *env)
{
	struct kin_report report;
	int r = kin_report_open(env, &report, "state", 1000);

	if (r)
		return r;
	r = kin_report_submit(&report, "<state/>", 8);
	kin_report_close(&report);
	return r;
}

static int use_signal(struct kin_env *env)
{
	struct kin_signal signal;
	int r = kin_signal_open(env, &signal, nothing, NULL);

	if (r == 0)
		kin_signal_close(&signal);
	return r;
}

static void opened(struct kin_session *session, int answer, void *data)
{
	assert_int_equal(*(int *) data, KIN_PENDING); /* it is told once */
	*(int *) data = answer;
}

static int use_session_async(struct kin_env *env)
{
	struct kin_session session = { 0 };
	int answer = KIN_PENDING;
	int r = kin_session_open_async(env, &session, &timer_interface, NULL, opened, &answer);

	if (r)
		return r;
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_round(&env->loop, 0), 0);
	assert_int_not_equal(answer, KIN_PENDING);
	if (answer == 0)
		kin_session_close(&session);
	return answer;
}

static int (*const uses[])(struct kin_env *env) = { use_ram, use_rom, use_timer, use_report,
	use_signal, use_session_async };

struct left {
	unsigned objects, sessions;
};

/* What the component left elsewhere: the call makes sure that all before it has arrived. */
static struct left left_behind(struct world *w)
{
	struct kin_account account;
	struct left left = { 0, 0 };

	assert_int_equal(kin_account_read(&w->env, &account), 0);
	pthread_mutex_lock(&w->lock);
	left.objects = w->n_objects;
	for (unsigned i = 0; i < w->n_sessions; i++)
		left.sessions += w->sessions[i].open;
	w->n_objects = 0;
	if (w->report_buffer) /* the world has one for one report */
		close(w->report_buffer);
	w->report_buffer = 0;
	pthread_mutex_unlock(&w->lock);
	return left;
}

/* Return: whether the fault came to pass */
static bool run(int (*use)(struct kin_env *env), struct left most)
{
	unsigned n = world_descriptors();
	struct world w;

	fault_suspend();
	world_open(&w);
	kin_set_shortage_policy(&w.env, KIN_SHORTAGE_FAIL);
	fault_resume();
	int r = use(&w.env);
	bool failed = fault_end();
	struct left left = left_behind(&w);

	assert_true(failed || r == 0);
	assert_true(left.objects <= (failed ? most.objects : 0));
	assert_true(left.sessions <= (failed ? most.sessions : 0));
	/* The next time it works, and leaves nothing more. */
	assert_int_equal(use(&w.env), 0);
	assert_int_equal(left_behind(&w).objects, 0);
	assert_int_equal(left_behind(&w).sessions, left.sessions);
	world_close(&w);
	assert_int_equal(world_descriptors(), n);
	return failed;
}

static void sweep(unsigned kind, struct left most)
{
	unsigned failures = 0;

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		for (unsigned nth = 1; fault_sweep(kind, nth); nth++)
			failures += run(uses[i], most);
	print_message("%u failures\n", failures);
	assert_true(failures > 0);
}

static void each_allocation_may_fail(void **state)
{
	sweep(FAULT_ALLOC, (struct left){ 0, 0 });
}

static void each_watch_may_fail(void **state)
{
	sweep(FAULT_WATCH, (struct left){ 0, 0 });
}

/* Who can't say that it gives something back still has it. */
static void each_send_may_fail(void **state)
{
	sweep(FAULT_SEND, (struct left){ 1, 1 });
}

/* The name of an object is lost with it, the name of a session was the component's choice. */
static void each_receive_may_fail(void **state)
{
	sweep(FAULT_RECEIVE, (struct left){ 1, 0 });
}

/* Return: whether that many capabilities were enough */
static bool run_poor(int (*use)(struct kin_env *env), uint64_t caps)
{
	unsigned n = world_descriptors();
	struct world w;

	world_open(&w);
	kin_set_shortage_policy(&w.env, KIN_SHORTAGE_FAIL);
	pthread_mutex_lock(&w.lock);
	w.caps_left = caps;
	pthread_mutex_unlock(&w.lock);
	int r = use(&w.env);
	struct left left = left_behind(&w);

	assert_true(r == 0 || r == KIN_OUT_OF_CAPS);
	assert_int_equal(left.objects + left.sessions, 0);
	world_close(&w);
	assert_int_equal(world_descriptors(), n);
	return r == 0;
}

static void a_pd_may_refuse_each_object(void **state)
{
	unsigned refused = 0;

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		for (uint64_t caps = 0; !run_poor(uses[i], caps); caps++)
			refused++;
	print_message("%u refusals\n", refused);
	assert_true(refused > 0);
}

/*
 * Serving
 */

struct guest {
	struct kin_client client;
	struct kin_ram ram;
};

/* As most servers do, it allocates something for each client. */
static int guest_create(struct kin_client *client)
{
	struct guest *guest = (struct guest *) client;

	return kin_ram_alloc(client->service->env, &client->quota, 4096, 0, &guest->ram);
}

static int guest_destroy(struct kin_client *client)
{
	kin_ram_free(&((struct guest *) client)->ram);
	return 0;
}

static int guest_now(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	return KIN_INVALID;
}

static const struct rom_handlers guest_handlers = { .dataspace = guest_now };

static void ask(struct world *w, enum parent_request_kind kind, uint32_t id)
{
	struct parent_pending_request request = { .kind = kind,
		.id = id,
		.version = 1,
		.service = "ROM",
		.args = { .label = "init -> client", .ram_quota = 65536, .cap_quota = 5 } };

	world_request(w, &request);
	world_rounds(w);
}

/* Return: whether the session was made and closed again, and not refused */
static bool serve_one(struct world *w, uint32_t id)
{
	unsigned deliveries = w->n_deliveries, responses = w->n_responses;

	ask(w, PARENT_REQUEST_CREATE, id);
	WORLD_WAIT(w, w->n_deliveries + w->n_responses == deliveries + responses + 1);
	if (w->n_deliveries == deliveries)
		return false;
	ask(w, PARENT_REQUEST_UPGRADE, id);
	ask(w, PARENT_REQUEST_CLOSE, id);
	WORLD_WAIT(w, w->n_responses == responses + 2);
	assert_int_equal(w->responses[responses + 1].answer, KIN_CLOSED);
	return true;
}

/* As in left_behind(), all before it has arrived. */
static unsigned objects_at_pd(struct world *w)
{
	struct kin_account account;

	assert_int_equal(kin_account_read(&w->env, &account), 0);
	pthread_mutex_lock(&w->lock);
	unsigned n = w->n_objects;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* Return: whether the fault came to pass */
static bool run_server(void)
{
	unsigned n = world_descriptors();
	struct world w;
	struct kin_service service = { .interface = &rom_interface,
		.handlers = &guest_handlers,
		.client_size = sizeof(struct guest),
		.create = guest_create,
		.destroy = guest_destroy };

	fault_suspend();
	world_open(&w);
	kin_set_shortage_policy(&w.env, KIN_SHORTAGE_FAIL);
	assert_int_equal(kin_service_announce(&w.env, &service), 0);
	unsigned objects = objects_at_pd(&w);

	fault_resume();
	bool served = serve_one(&w, 1), failed = fault_end();

	assert_true(served || failed);
	assert_true(serve_one(&w, 2));
	assert_int_equal(objects_at_pd(&w), objects);
	world_close(&w);
	assert_int_equal(world_descriptors(), n);
	return failed;
}

static void whatever_fails_a_server_answers_its_parent(void **state)
{
	static const unsigned kinds[] = { FAULT_ALLOC, FAULT_WATCH };
	unsigned failures = 0;

	for (size_t i = 0; i < 2; i++)
		for (unsigned nth = 1; fault_sweep(kinds[i], nth); nth++)
			failures += run_server();
	print_message("%u failures\n", failures);
	assert_true(failures > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(each_watch_may_fail),
		cmocka_unit_test(each_send_may_fail),
		cmocka_unit_test(each_receive_may_fail),
		cmocka_unit_test(a_pd_may_refuse_each_object),
		cmocka_unit_test(whatever_fails_a_server_answers_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
