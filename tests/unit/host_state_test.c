/*
 * Questions for the state of a child or of somebody below it, and their answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/channel.h"
#include "ipc/signal.h"
#include "model/hosted.h"
#include "wire/parent.h"

static void handle_events(struct hosted *hosted, const char *name, uint32_t events)
{
	hosted_send(hosted, name, parent_handle_operation,
		&(struct parent_handle_request){ PARENT_PROTOCOL_VERSION, events });
}

static struct parent_events_reply question_of(struct hosted *hosted, const char *name)
{
	struct parent_events_reply reply;

	assert_true(signal_take(hosted_process(hosted, name)->signal));
	assert_int_equal(hosted_call(hosted, name, parent_events_operation, NULL, &reply), 0);
	assert_int_equal(reply.events, PARENT_EVENT_STATE);
	return reply;
}

static int answer_state(
	struct hosted *hosted, const char *name, uint32_t serial, uint8_t answer, int dataspace)
{
	return hosted_call(hosted, name, parent_state_operation,
		&(struct parent_state_request){ serial, answer, dataspace, 5 }, NULL);
}

static void a_question_for_a_state_goes_down_without_the_name_and_its_answer_up(void **state)
{
	struct hosted *hosted = *state;
	struct parent_events_reply question;
	int dataspace = memfd_create("state", 0);

	assert_int_equal(write(dataspace, "hello", 5), 5);
	handle_events(hosted, "client", PARENT_EVENT_STATE);
	assert_int_equal(host_state_ask(&hosted->host, 3, "client"), 0);
	question = question_of(hosted, "client");
	assert_string_equal(question.state_path, "");
	assert_int_equal(
		answer_state(hosted, "client", question.state_serial, KIN_OK, dataspace), 0);
	assert_int_equal(hosted->n_states, 1);
	assert_int_equal(hosted->state.serial, 3);
	assert_int_equal(hosted->state.size, 5);
	assert_string_equal(hosted->state_text, "hello");

	assert_int_equal(host_state_ask(&hosted->host, 4, "client -> inner -> deeper"), 0);
	assert_string_equal(question_of(hosted, "client").state_path, "inner -> deeper");
	assert_int_equal(answer_state(hosted, "client", 4, KIN_OUT_OF_RAM, dataspace), 0);
	assert_int_equal(hosted->state.answer, KIN_OUT_OF_RAM);
	assert_int_equal(hosted->state.dataspace, 0);

	assert_int_equal(host_state_ask(&hosted->host, 5, "client"), 0);
	question_of(hosted, "client");
	assert_int_equal(answer_state(hosted, "client", 5, KIN_OK, 0), 0);
	assert_int_equal(hosted->state.answer, KIN_DENIED);
	close(dataspace);
}

static void nobody_below_of_that_name_is_said_at_once(void **state)
{
	struct hosted *hosted = *state;
	char name[2 * KIN_NAME_MAX + 1] = "";

	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(host_state_ask(&hosted->host, 1, "nobody -> client"), KIN_INVALID);
	assert_int_equal(host_state_ask(&hosted->host, 1, ""), KIN_INVALID);
	assert_int_equal(host_state_ask(&hosted->host, 1, name), KIN_INVALID);
	hosted_send(hosted, "client", parent_exit_operation, &(struct parent_exit_request){ 0 });
	assert_int_equal(host_state_ask(&hosted->host, 1, "client"), KIN_CLOSED);
	assert_int_equal(hosted->n_states, 0);
}

static void only_the_last_question_counts(void **state)
{
	struct hosted *hosted = *state;

	handle_events(hosted, "client", PARENT_EVENT_STATE);
	assert_int_equal(answer_state(hosted, "client", 0, KIN_DENIED, 0), 0);
	assert_int_equal(hosted->n_states, 0);
	assert_int_equal(host_state_ask(&hosted->host, 1, "client"), 0);
	question_of(hosted, "client");
	assert_int_equal(host_state_ask(&hosted->host, 2, "client -> inner"), 0);
	assert_int_equal(answer_state(hosted, "client", 1, KIN_DENIED, 0), 0);
	assert_int_equal(hosted->n_states, 0);
	assert_string_equal(question_of(hosted, "client").state_path, "inner");
	assert_int_equal(answer_state(hosted, "client", 2, KIN_DENIED, 0), 0);
	assert_int_equal(answer_state(hosted, "client", 2, KIN_DENIED, 0), 0);
	assert_int_equal(hosted->n_states, 1);
	assert_int_equal(hosted->state.serial, 2);
}

static void the_end_of_a_child_answers_what_it_was_asked(void **state)
{
	struct hosted *hosted = *state;

	assert_int_equal(host_state_ask(&hosted->host, 9, "client"), 0);
	hosted_end(hosted_process(hosted, "client"), 11, 0);
	hosted_settle(hosted);
	assert_int_equal(hosted->n_states, 1);
	assert_int_equal(hosted->state.serial, 9);
	assert_int_equal(hosted->state.answer, KIN_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hosted_set_up, hosted_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_for_a_state_goes_down_without_the_name_and_its_answer_up),
		TEST(nobody_below_of_that_name_is_said_at_once),
		TEST(only_the_last_question_counts),
		TEST(the_end_of_a_child_answers_what_it_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
