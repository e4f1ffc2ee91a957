/* Sessions: opening, upgrading and closing, with and without waiting. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/resource.h>
#include <string.h>
#include <unistd.h>

struct outcome {
	unsigned n;
	int answer;
};

static void outcome_note(struct kin_session *session, int answer, void *data)
{
	struct outcome *outcome = data;

	outcome->n++;
	outcome->answer = answer;
}

static void opening_tells_service_version_and_the_usual_donation(void **state)
{
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), 0);
	assert_true(session.channel > 0);
	assert_string_equal(w.sessions[0].request.service, "ROM");
	assert_int_equal(w.sessions[0].request.version, rom_interface.version);
	assert_true(w.sessions[0].request.id >= PARENT_ID_FIRST);
	assert_int_equal(w.sessions[0].request.args.ram_quota, KIN_SESSION_RAM);
	assert_int_equal(w.sessions[0].request.args.cap_quota, KIN_SESSION_CAPS);
	assert_int_equal(session.ram_quota, KIN_SESSION_RAM);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 1);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 1);
	world_close(&w);
}

static void opening_passes_on_a_refusal(void **state)
{
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_DENIED);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), KIN_DENIED);
	assert_int_equal(session.channel, 0);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 0);
	world_close(&w);
}

static void an_insufficient_donation_is_raised_and_tried_again(void **state)
{
	const struct kin_args args = { .label = "x", .ram_quota = 1000, .cap_quota = 2 };
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_INSUFFICIENT_RAM);
	world_answer(&w, KIN_INSUFFICIENT_CAPS);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, &args), 0);
	assert_int_equal(w.n_sessions, 3);
	assert_int_equal(w.sessions[1].request.args.ram_quota, 2000);
	assert_int_equal(w.sessions[1].request.args.cap_quota, 2);
	assert_int_equal(w.sessions[2].request.args.cap_quota, 2 + KIN_SESSION_CAPS);
	assert_int_equal(session.ram_quota, 2000);
	assert_int_not_equal(w.sessions[0].request.id, w.sessions[2].request.id);
	kin_session_close(&session);
	world_close(&w);
}

static void donations_are_raised_a_bounded_number_of_times(void **state)
{
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	for (int i = 0; i < 2 * KIN_SESSION_ATTEMPTS_MAX; i++)
		world_answer(&w, KIN_INSUFFICIENT_RAM);
	assert_int_equal(
		kin_session_open(&w.env, &session, &rom_interface, NULL), KIN_INSUFFICIENT_RAM);
	assert_int_equal(w.n_sessions, KIN_SESSION_ATTEMPTS_MAX);
	world_close(&w);
}

static void out_of_ram_asks_the_parent_waits_and_tries_again(void **state)
{
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	w.grant_ram = 1 << 20;
	world_answer(&w, KIN_OUT_OF_RAM);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), 0);
	assert_int_equal(w.n_shortages, 1);
	assert_int_equal(w.shortage.ram_quota, KIN_SESSION_RAM);
	assert_int_equal(w.shortage.cap_quota, 0);
	kin_session_close(&session);
	world_close(&w);
}

static void upgrading_adds_to_the_donation(void **state)
{
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), 0);
	assert_int_equal(kin_session_upgrade(&session, 100, 2), 0);
	assert_int_equal(w.upgrade.id, w.sessions[0].request.id);
	assert_int_equal(w.upgrade.ram_quota, 100);
	assert_int_equal(w.upgrade.cap_quota, 2);
	assert_int_equal(session.ram_quota, KIN_SESSION_RAM + 100);
	assert_int_equal(session.cap_quota, KIN_SESSION_CAPS + 2);
	kin_session_close(&session);
	world_close(&w);
}

static void a_pending_session_calls_back_from_the_loop_once(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct world w;

	world_open(&w);
	w.defer = true;
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	world_event(&w, PARENT_EVENT_SESSION); /* of something else */
	world_rounds(&w);
	assert_int_equal(opened.n, 0);
	world_decide(&w, &w.sessions[0], 0);
	assert_int_equal(opened.n, 0);
	world_rounds(&w);
	assert_int_equal(opened.n, 1);
	assert_int_equal(opened.answer, 0);
	assert_true(session.channel > 0);
	world_event(&w, PARENT_EVENT_SESSION);
	world_rounds(&w);
	assert_int_equal(opened.n, 1);
	kin_session_close(&session);
	world_close(&w);
}

static void an_answer_at_once_calls_back_from_the_loop_as_well(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_INSUFFICIENT_CAPS);
	world_answer(&w, KIN_DENIED);
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	assert_int_equal(opened.n, 0);
	world_rounds(&w);
	assert_int_equal(opened.n, 1);
	assert_int_equal(opened.answer, KIN_DENIED);
	assert_int_equal(w.n_sessions, 2);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 0);
	world_close(&w);
}

static void asynchronous_opening_goes_on_after_a_grant(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct world w;

	world_open(&w);
	world_answer(&w, KIN_OUT_OF_CAPS);
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	world_rounds(&w);
	assert_int_equal(opened.n, 0);
	WORLD_WAIT(&w, w.n_shortages == 1);
	assert_int_equal(w.shortage.cap_quota, KIN_SESSION_CAPS);
	world_event(&w, PARENT_EVENT_RESOURCE);
	world_rounds(&w);
	assert_int_equal(opened.n, 1);
	assert_int_equal(opened.answer, 0);
	kin_session_close(&session);
	world_close(&w);
}

static void closing_a_pending_session_silences_its_callback(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct world w;

	world_open(&w);
	w.defer = true;
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 1);
	world_event(&w, PARENT_EVENT_SESSION);
	world_rounds(&w);
	assert_int_equal(opened.n, 0);
	world_close(&w);
}

static void closing_before_the_callback_ran_silences_it(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct world w;

	world_open(&w);
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 1);
	world_rounds(&w);
	assert_int_equal(opened.n, 0);
	world_close(&w);
}

static void upgrade_and_close_can_be_waited_for_by_callback(void **state)
{
	struct outcome upgraded = { 0 }, closed = { 0 };
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), 0);
	w.defer = true;
	assert_int_equal(kin_session_upgrade_async(&session, 5, 6, outcome_note, &upgraded), 0);
	assert_int_equal(kin_session_upgrade(&session, 5, 6), -EBUSY);
	world_rounds(&w);
	assert_int_equal(upgraded.n, 0);
	world_decide(&w, &w.sessions[0], 0);
	world_rounds(&w);
	assert_int_equal(upgraded.n, 1);
	assert_int_equal(session.cap_quota, KIN_SESSION_CAPS + 6);

	assert_int_equal(kin_session_close_async(&session, outcome_note, &closed), 0);
	assert_int_equal(session.channel, 0);
	world_rounds(&w);
	assert_int_equal(closed.n, 0);
	world_decide(&w, &w.sessions[0], KIN_CLOSED);
	world_rounds(&w);
	assert_int_equal(closed.n, 1);
	assert_int_equal(closed.answer, 0);
	world_close(&w);
}

static void a_session_that_cant_be_sent_for_now_is_asked_for_again(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session = { 0 };
	struct world w;

	world_open(&w);
	world_answer(&w, -ETOOMANYREFS);
	assert_int_equal(kin_session_open(&w.env, &session, &rom_interface, NULL), 0);
	assert_true(session.channel > 0);
	assert_int_equal(w.n_sessions, 1);
	kin_session_close(&session);
	world_answer(&w, -ETOOMANYREFS);
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	world_rounds(&w);
	assert_int_equal(opened.n, 1);
	assert_int_equal(opened.answer, 0);
	assert_true(session.channel > 0);
	assert_int_equal(w.n_sessions, 2);
	kin_session_close(&session);
	assert_int_equal(w.n_closes, 2);
	world_close(&w);
}

struct shortage_closes {
	struct kin_session *victim;
};

static enum kin_shortage close_instead(uint64_t ram, uint64_t caps, void *data)
{
	struct shortage_closes *closes = data;

	kin_session_close(closes->victim);
	return KIN_SHORTAGE_FAIL;
}

static void a_shortage_handler_may_close_the_very_session(void **state)
{
	struct outcome opened = { 0 };
	struct kin_session session;
	struct shortage_closes closes = { &session };
	struct world w;

	world_open(&w);
	kin_on_shortage(&w.env, close_instead, &closes);
	world_answer(&w, KIN_OUT_OF_RAM);
	assert_int_equal(kin_session_open_async(
				 &w.env, &session, &rom_interface, NULL, outcome_note, &opened),
		0);
	world_rounds(&w);
	assert_int_equal(opened.n, 0);
	world_close(&w);
}

static void nothing_stays_open(void **state)
{
	unsigned before = world_descriptors();

	a_pending_session_calls_back_from_the_loop_once(NULL);
	closing_a_pending_session_silences_its_callback(NULL);
	upgrade_and_close_can_be_waited_for_by_callback(NULL);
	assert_int_equal(world_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_tells_service_version_and_the_usual_donation),
		cmocka_unit_test(opening_passes_on_a_refusal),
		cmocka_unit_test(an_insufficient_donation_is_raised_and_tried_again),
		cmocka_unit_test(donations_are_raised_a_bounded_number_of_times),
		cmocka_unit_test(out_of_ram_asks_the_parent_waits_and_tries_again),
		cmocka_unit_test(upgrading_adds_to_the_donation),
		cmocka_unit_test(a_pending_session_calls_back_from_the_loop_once),
		cmocka_unit_test(an_answer_at_once_calls_back_from_the_loop_as_well),
		cmocka_unit_test(asynchronous_opening_goes_on_after_a_grant),
		cmocka_unit_test(closing_a_pending_session_silences_its_callback),
		cmocka_unit_test(closing_before_the_callback_ran_silences_it),
		cmocka_unit_test(upgrade_and_close_can_be_waited_for_by_callback),
		cmocka_unit_test(a_session_that_cant_be_sent_for_now_is_asked_for_again),
		cmocka_unit_test(a_shortage_handler_may_close_the_very_session),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
