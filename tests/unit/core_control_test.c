/*
 * The control socket: what clients are answered.
 */
#include "control_scene.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kin/interface/rom.h>
#include <kin/node.h>

#include "core/core.h"
#include "core/linux/memfd.h"
#include "wire/parent.h"

#define SEALED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static void info_says_which_tree_it_is(void **state)
{
	struct control_info_reply reply;
	int client = client_open(*state);

	assert_int_equal(client_call(*state, client, control_info_operation, NULL, &reply), 0);
	assert_int_equal(reply.version, CONTROL_PROTOCOL_VERSION);
	assert_string_equal(reply.name, SCENE_NAME);
	assert_string_equal(reply.file, "/tour.xml");
	assert_int_equal(reply.pid, getpid());
	assert_int_equal(reply.ram, FIXTURE_RAM);
	assert_int_equal(reply.caps, FIXTURE_CAPS);
	assert_true(reply.since > 0);
	close(client);
}

static void the_tree_is_a_document(void **state)
{
	struct scene *s = *state;
	struct control_tree_reply reply;
	struct kin_tree *tree;
	uint32_t account;
	int cap, client = client_open(s);
	struct pd *pd = fixture_open_pd(s->f, "init", 1 << 20, 10, &cap, &account);

	assert_int_equal(client_call(s, client, control_tree_operation, NULL, &reply), 0);
	const char *text = text_of(reply.text);

	assert_int_equal(kin_tree_parse_xml(text, strlen(text), NULL, &tree), 0);
	const struct kin_node *init = kin_node_first(kin_tree_root(tree));

	assert_string_equal(kin_node_attribute(init, "name"), "init");
	assert_string_equal(kin_node_attribute(init, "state"), "not started");
	assert_int_equal(kin_node_number(init, "caps", 0), 10);
	kin_tree_free(tree);
	core_session_close(&pd->session);
	close(cap);
	close(client);
}

static void the_rom_directories_are_those_of_core(void **state)
{
	struct scene *s = *state;
	struct control_roms_reply reply;
	int client = client_open(s);

	assert_int_equal(client_call(s, client, control_roms_operation, NULL, &reply), 0);
	const char *text = text_of(reply.text);

	assert_string_equal(text, s->f->directories[0]);
	assert_string_equal(text + strlen(text) + 1, s->f->directories[1]);
	close(client);
}

/*
 * States
 */

static void ask_state(struct scene *s, int client, const char *label)
{
	struct control_state_request request = { "" };

	strcpy(request.label, label);
	client_ask(s, client, control_state_operation, &request);
}

static int state_answer(int client, const char **ret_text)
{
	struct control_state_reply reply;
	int r = client_answer(client, control_state_operation, &reply);

	if (r == 0)
		*ret_text = text_of(reply.text);
	return r;
}

/* The serial of the question that "client" is asked, who stands for init. */
static uint32_t question_fetch(struct scene *s, const char *path)
{
	struct parent_events_reply reply;

	hosted_send(s->hosted, "client", parent_handle_operation,
		&(struct parent_handle_request){ PARENT_PROTOCOL_VERSION, PARENT_EVENT_STATE });
	assert_int_equal(
		hosted_call(s->hosted, "client", parent_events_operation, NULL, &reply), 0);
	assert_int_equal(reply.events, PARENT_EVENT_STATE);
	assert_string_equal(reply.state_path, path);
	return reply.state_serial;
}

static void question_answer(struct scene *s, uint32_t serial, int status, int dataspace, uint64_t n)
{
	control_state_answered(s->control, &(struct host_state){ serial, status, dataspace, n });
	fixture_settle(s->f);
}

/* A dataspace as a component has it, seen by those it is given to. */
static int dataspace_of(const char *text, int *ret_rw)
{
	int ro;

	assert_int_equal(ram_memfd_create("ram", strlen(text), ret_rw), 0);
	assert_int_equal(pwrite(*ret_rw, text, strlen(text), 0), strlen(text));
	assert_int_equal(ram_memfd_read_only(*ret_rw, &ro), 0);
	return ro;
}

static void a_state_is_what_the_component_answered(void **state)
{
	struct scene *s = *state;
	int rw, ro = dataspace_of("<state/>", &rw), client = client_open(s);
	const char *text;

	ask_state(s, client, "client -> inner");
	assert_int_equal(state_answer(client, &text), -EAGAIN);
	question_answer(s, question_fetch(s, "inner"), KIN_OK, ro, 8);
	/* It is a copy: what becomes of the dataspace does not matter any more. */
	assert_int_equal(ram_memfd_revoke(rw), 0);
	assert_int_equal(state_answer(client, &text), 0);
	assert_string_equal(text, "<state/>");
	close(ro);
	close(rw);
	close(client);
}

static void why_there_is_no_state_is_said(void **state)
{
	struct scene *s = *state;
	int client = client_open(s);
	const char *text;

	ask_state(s, client, "nobody");
	assert_int_equal(state_answer(client, &text), KIN_INVALID);
	ask_state(s, client, "client");
	question_answer(s, question_fetch(s, ""), KIN_OUT_OF_RAM, 0, 0);
	assert_int_equal(state_answer(client, &text), KIN_OUT_OF_RAM);
	close(client);
}

static void assert_unreadable(struct scene *s, int client, int dataspace, uint64_t size)
{
	const char *text;

	ask_state(s, client, "client");
	question_answer(s, question_fetch(s, ""), KIN_OK, dataspace, size);
	assert_int_equal(state_answer(client, &text), -EBADMSG);
}

static void what_is_no_readable_dataspace_is_no_state(void **state)
{
	struct scene *s = *state;
	int rw, ro = dataspace_of("<state/>", &rw), client = client_open(s);
	int pipe_ends[2], plain = memfd_create("plain", MFD_CLOEXEC);

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_unreadable(s, client, ro, 0);
	assert_unreadable(s, client, ro, 4097); /* more than there is */
	assert_unreadable(s, client, ro, UINT64_MAX);
	assert_unreadable(s, client, ro, KIN_NODE_TEXT_MAX + 1);
	assert_unreadable(s, client, rw, 8);
	assert_unreadable(s, client, plain, 8);
	assert_unreadable(s, client, pipe_ends[0], 8); /* reading it would wait */
	assert_int_equal(ram_memfd_revoke(rw), 0);
	assert_unreadable(s, client, ro, 8);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	close(plain);
	close(ro);
	close(rw);
	close(client);
}

static void init_is_asked_one_question_at_a_time(void **state)
{
	struct scene *s = *state;
	int a = client_open(s), b = client_open(s), c = client_open(s);
	const char *text;
	uint32_t first, second;

	ask_state(s, a, "client -> a");
	ask_state(s, b, "client -> b");
	ask_state(s, c, "client -> c");
	first = question_fetch(s, "a");
	question_answer(s, first + 1, KIN_DENIED, 0, 0); /* to what was not asked */
	question_answer(s, first, KIN_DENIED, 0, 0);
	assert_int_equal(state_answer(a, &text), KIN_DENIED);
	assert_int_equal(state_answer(b, &text), -EAGAIN);
	second = question_fetch(s, "b");
	question_answer(s, first, KIN_DENIED, 0, 0); /* once more */
	assert_int_equal(state_answer(b, &text), -EAGAIN);
	/* Who goes away leaves its place to the next, and its answer to nobody. */
	close(b);
	fixture_settle(s->f);
	first = question_fetch(s, "c");
	question_answer(s, second, KIN_DENIED, 0, 0);
	assert_int_equal(state_answer(c, &text), -EAGAIN);
	question_answer(s, first, KIN_CLOSED, 0, 0);
	assert_int_equal(state_answer(c, &text), KIN_CLOSED);
	close(a);
	close(c);
}

static void who_is_not_answered_is_told_in_time_and_the_next_is_asked(void **state)
{
	struct scene *s = *state;
	int a = client_open(s), b = client_open(s);
	const char *text;
	int r;

	ask_state(s, a, "client -> a");
	ask_state(s, b, "client -> b");
	question_fetch(s, "a");
	while ((r = state_answer(a, &text)) == -EAGAIN)
		assert_int_equal(loop_round(&s->f->loop, -1), 0);
	assert_int_equal(r, -ETIMEDOUT);
	question_answer(s, question_fetch(s, "b"), KIN_DENIED, 0, 0);
	assert_int_equal(state_answer(b, &text), KIN_DENIED);
	close(a);
	close(b);
}

/*
 * The log
 */

static void the_log_is_given_by_prefix_and_followed(void **state)
{
	struct scene *s = *state;
	struct output *output = &s->f->services.output;
	struct control_log_reply reply;
	int client = client_open(s);

	output_line(output, "init -> a", "one\033");
	output_lines(output, "init -> b", "two\nthree");
	assert_int_equal(client_read_log(s, client, "init -> b", 0, true, &reply), 0);
	assert_string_equal(text_of(reply.text), "[init -> b] two\n[init -> b] three\n");
	assert_int_equal(reply.next, 3);
	assert_int_equal(client_read_log(s, client, "init -> a", 0, false, &reply), 0);
	assert_string_equal(text_of(reply.text), "[init -> a] one\\x1b\n");
	assert_int_equal(client_read_log(s, client, "c", 0, false, &reply), 0);
	assert_int_equal(reply.text, 0);
	assert_int_equal(client_read_log(s, client, "init -> b", 3, true, &reply), -EAGAIN);
	output_line(output, "init -> a", "four");
	fixture_settle(s->f);
	assert_int_equal(client_answer(client, control_log_operation, &reply), -EAGAIN);
	output_line(output, "init -> b", "five");
	fixture_settle(s->f);
	assert_int_equal(client_answer(client, control_log_operation, &reply), 0);
	assert_string_equal(text_of(reply.text), "[init -> b] five\n");
	assert_int_equal(reply.next, 5);
	assert_int_equal(reply.lost, 0);
	close(client);
}

/*
 * Configs
 */

static int config_of(const char *text, int seals)
{
	int fd = memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int apply(struct scene *s, int client, int take_config, uint64_t *ret_revision)
{
	struct control_apply_request request = { take_config, "/other.xml" };
	struct control_apply_reply reply = { 0 };
	int r = client_call(s, client, control_apply_operation, &request, &reply);

	close(take_config);
	*ret_revision = reply.revision;
	return r;
}

static void a_config_that_could_still_change_is_refused(void **state)
{
	struct scene *s = *state;
	int client = client_open(s), large = config_of("", 0), pipe_ends[2];
	uint64_t revision;

	assert_int_equal(apply(s, client, config_of("<config/>", 0), &revision), -EINVAL);
	assert_int_equal(
		apply(s, client, config_of("<config/>", SEALED & ~F_SEAL_WRITE), &revision),
		-EINVAL);
	assert_int_equal(apply(s, client, config_of("", SEALED), &revision), -EINVAL);
	assert_int_equal(ftruncate(large, KIN_NODE_TEXT_MAX + 1), 0);
	assert_int_equal(fcntl(large, F_ADD_SEALS, SEALED), 0);
	assert_int_equal(apply(s, client, large, &revision), -EINVAL);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(apply(s, client, pipe_ends[0], &revision), -EINVAL);
	close(pipe_ends[1]);
	close(client);
}

static void fetch_config(struct scene *s)
{
	struct rom_dataspace_reply reply;
	int cap;
	struct core_session *rom = fixture_open_session(s->f, "ROM", CORE_CONFIG_LABEL, &cap);

	assert_int_equal(((const struct rom_handlers *) core_rom_service.handlers)
				 ->dataspace(rom, NULL, &reply),
		0);
	close(reply.dataspace);
	core_session_close(rom);
	close(cap);
	fixture_settle(s->f);
}

static void who_applies_can_wait_for_init_to_take_it(void **state)
{
	struct scene *s = *state;
	struct control_fetched_request request;
	struct control_info_reply info;
	int a = client_open(s), b = client_open(s);
	uint64_t newer;

	assert_int_equal(apply(s, a, config_of("<config/>", SEALED), &request.revision), 0);
	assert_int_equal(client_call(s, a, control_fetched_operation, &request, NULL), -EAGAIN);
	/* A younger one is as good. */
	assert_int_equal(apply(s, b, config_of("<config a='1'/>", SEALED), &newer), 0);
	assert_true(newer > request.revision);
	assert_int_equal(client_answer(a, control_fetched_operation, NULL), -EAGAIN);
	fetch_config(s);
	assert_int_equal(client_answer(a, control_fetched_operation, NULL), 0);
	request.revision = newer;
	assert_int_equal(client_call(s, b, control_fetched_operation, &request, NULL), 0);
	assert_int_equal(client_call(s, b, control_info_operation, NULL, &info), 0);
	assert_string_equal(info.file, "/other.xml");
	close(a);
	close(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(info_says_which_tree_it_is),
		TEST(the_tree_is_a_document),
		TEST(the_rom_directories_are_those_of_core),
		TEST(a_state_is_what_the_component_answered),
		TEST(why_there_is_no_state_is_said),
		TEST(what_is_no_readable_dataspace_is_no_state),
		TEST(init_is_asked_one_question_at_a_time),
		TEST(who_is_not_answered_is_told_in_time_and_the_next_is_asked),
		TEST(the_log_is_given_by_prefix_and_followed),
		TEST(a_config_that_could_still_change_is_refused),
		TEST(who_applies_can_wait_for_init_to_take_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
