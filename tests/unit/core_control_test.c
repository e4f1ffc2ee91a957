/*
 * The control socket: what clients get, who is cut off, what is left behind.
 *
 * Core's services are real, init is played: the test fetches its questions and answers them.
 */
#include "core_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <kin/interface/rom.h>
#include <kin/node.h>

#include "core/control.h"
#include "core/core.h"
#include "core/descriptor.h"
#include "core/linux/memfd.h"
#include "core/rom.h"
#include "ipc/channel.h"
#include "model/hosted.h"
#include "wire/control.h"
#include "wire/parent.h"

#define NAME   "tour"
#define SEALED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

struct scene {
	struct fixture *f;
	struct hosted *hosted;
	struct control *control;
	char folder_path[32];
};

static struct sockaddr_un address_of(const struct scene *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" NAME, s->folder_path);
	return address;
}

static void listen_as(struct scene *s, struct control_options *ret)
{
	struct sockaddr_un address = address_of(s);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(listener, CONTROL_CLIENTS_MAX), 0);
	*ret = (struct control_options){ listener,
		open(s->folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), NAME, "/tour.xml",
		{ FIXTURE_RAM, FIXTURE_CAPS } };
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct control_options options;
	void *part;

	fixture_open(&part);
	s->f = part;
	hosted_set_up(&part);
	s->hosted = part;
	strcpy(s->folder_path, "/tmp/kin-control-XXXXXX");
	assert_non_null(mkdtemp(s->folder_path));
	listen_as(s, &options);
	assert_int_equal(control_open(&s->f->services, &s->hosted->host, &options, &s->control), 0);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	void *part = s->hosted;

	control_close(s->control);
	rom_modules_done(&s->f->services);
	hosted_tear_down(&part);
	assert_int_equal(rmdir(s->folder_path), 0);
	part = s->f;
	fixture_close(&part);
	free(s);
	return 0;
}

static int client_open(struct scene *s)
{
	struct sockaddr_un address = address_of(s);
	int channel = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(channel, (struct sockaddr *) &address, sizeof(address)), 0);
	fixture_settle(s->f);
	return channel;
}

static void ask(struct scene *s, int channel, uint32_t operation, const void *request)
{
	assert_int_equal(channel_ask(channel, &control_interface, operation, request), 0);
	fixture_settle(s->f);
}

static int answer(int channel, uint32_t operation, void *ret)
{
	return channel_answer(channel, &control_interface, operation, ret);
}

static int call(struct scene *s, int channel, uint32_t operation, const void *request, void *ret)
{
	ask(s, channel, operation, request);
	return answer(channel, operation, ret);
}

/* A text that came as an answer: whole, sealed; valid until the next one. */
static const char *text_of(int take_fd)
{
	static char text[1 << 16];
	ssize_t n = pread(take_fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(fcntl(take_fd, F_GET_SEALS) & SEALED, SEALED);
	close(take_fd);
	return text;
}

/* If core did not read all that was sent, that is said before. */
static void assert_cut_off(int channel)
{
	char byte;
	ssize_t n = recv(channel, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && errno == ECONNRESET)
		n = recv(channel, &byte, 1, MSG_DONTWAIT);
	assert_int_equal(n, 0);
	close(channel);
}

static void info_says_which_tree_it_is(void **state)
{
	struct control_info_reply reply;
	int client = client_open(*state);

	assert_int_equal(call(*state, client, control_info_operation, NULL, &reply), 0);
	assert_int_equal(reply.version, CONTROL_PROTOCOL_VERSION);
	assert_string_equal(reply.name, NAME);
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

	assert_int_equal(call(s, client, control_tree_operation, NULL, &reply), 0);
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

	assert_int_equal(call(s, client, control_roms_operation, NULL, &reply), 0);
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
	ask(s, client, control_state_operation, &request);
}

static int state_answer(int client, const char **ret_text)
{
	struct control_state_reply reply;
	int r = answer(client, control_state_operation, &reply);

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

static int read_log(struct scene *s, int client, const char *prefix, uint64_t from, bool wait,
	struct control_log_reply *ret)
{
	struct control_log_request request = { .from = from, .wait = wait };

	strcpy(request.prefix, prefix);
	return call(s, client, control_log_operation, &request, ret);
}

static void the_log_is_given_by_prefix_and_followed(void **state)
{
	struct scene *s = *state;
	struct output *output = &s->f->services.output;
	struct control_log_reply reply;
	int client = client_open(s);

	output_line(output, "init -> a", "one\033");
	output_lines(output, "init -> b", "two\nthree");
	assert_int_equal(read_log(s, client, "init -> b", 0, true, &reply), 0);
	assert_string_equal(text_of(reply.text), "[init -> b] two\n[init -> b] three\n");
	assert_int_equal(reply.next, 3);
	assert_int_equal(read_log(s, client, "init -> a", 0, false, &reply), 0);
	assert_string_equal(text_of(reply.text), "[init -> a] one\\x1b\n");
	assert_int_equal(read_log(s, client, "c", 0, false, &reply), 0);
	assert_int_equal(reply.text, 0);
	assert_int_equal(read_log(s, client, "init -> b", 3, true, &reply), -EAGAIN);
	output_line(output, "init -> a", "four");
	fixture_settle(s->f);
	assert_int_equal(answer(client, control_log_operation, &reply), -EAGAIN);
	output_line(output, "init -> b", "five");
	fixture_settle(s->f);
	assert_int_equal(answer(client, control_log_operation, &reply), 0);
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
	int r = call(s, client, control_apply_operation, &request, &reply);

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
	assert_int_equal(call(s, a, control_fetched_operation, &request, NULL), -EAGAIN);
	/* A younger one is as good. */
	assert_int_equal(apply(s, b, config_of("<config a='1'/>", SEALED), &newer), 0);
	assert_true(newer > request.revision);
	assert_int_equal(answer(a, control_fetched_operation, NULL), -EAGAIN);
	fetch_config(s);
	assert_int_equal(answer(a, control_fetched_operation, NULL), 0);
	request.revision = newer;
	assert_int_equal(call(s, b, control_fetched_operation, &request, NULL), 0);
	assert_int_equal(call(s, b, control_info_operation, NULL, &info), 0);
	assert_string_equal(info.file, "/other.xml");
	close(a);
	close(b);
}

/*
 * Clients that misbehave
 */

static void who_does_not_speak_the_protocol_is_cut_off(void **state)
{
	static char bytes[KIN_MESSAGE_MAX + 1];
	struct scene *s = *state;
	const size_t sizes[] = { 0, 1, 7, 100, sizeof(bytes) - 1, sizeof(bytes) };

	memset(bytes, 0xa5, sizeof(bytes));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int client = client_open(s);

		assert_int_equal(send(client, bytes, sizes[i], MSG_NOSIGNAL), sizes[i]);
		fixture_settle(s->f);
		assert_cut_off(client);
	}
}

static void who_asks_before_it_takes_its_answer_is_cut_off(void **state)
{
	struct scene *s = *state;
	struct control_info_reply reply;
	int client = client_open(s);

	ask(s, client, control_info_operation, NULL);
	ask(s, client, control_info_operation, NULL);
	assert_int_equal(answer(client, control_info_operation, &reply), 0);
	assert_cut_off(client);
}

static void who_asks_while_it_waits_is_cut_off(void **state)
{
	struct scene *s = *state;
	struct control_log_reply reply;
	int client = client_open(s);

	assert_int_equal(read_log(s, client, "", 0, true, &reply), -EAGAIN);
	ask(s, client, control_info_operation, NULL);
	assert_cut_off(client);
}

static void one_more_client_takes_the_place_of_who_is_idle_for_longest(void **state)
{
	struct scene *s = *state;
	int clients[CONTROL_CLIENTS_MAX + 1];
	struct control_info_reply info;
	struct control_log_reply reply;

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		clients[i] = client_open(s);
	assert_int_equal(read_log(s, clients[0], "", 0, true, &reply), -EAGAIN);
	assert_int_equal(call(s, clients[1], control_info_operation, NULL, &info), 0);
	clients[CONTROL_CLIENTS_MAX] = client_open(s);
	assert_cut_off(clients[2]);
	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		if (i != 0 && i != 2)
			assert_int_equal(
				call(s, clients[i], control_info_operation, NULL, &info), 0);
	output_line(&s->f->services.output, "a", "hello");
	fixture_settle(s->f);
	assert_int_equal(answer(clients[0], control_log_operation, &reply), 0);
	assert_string_equal(text_of(reply.text), "[a] hello\n");
	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		if (i != 2)
			close(clients[i]);
}

static void while_all_wait_one_more_is_turned_away(void **state)
{
	struct scene *s = *state;
	int clients[CONTROL_CLIENTS_MAX];
	struct control_log_reply reply;

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		clients[i] = client_open(s);
		assert_int_equal(read_log(s, clients[i], "", 0, true, &reply), -EAGAIN);
	}
	assert_cut_off(client_open(s));
	close(clients[0]);
	fixture_settle(s->f);
	clients[0] = client_open(s);
	assert_int_equal(read_log(s, clients[0], "", 0, true, &reply), -EAGAIN);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(clients[i]);
}

static void without_descriptors_who_connects_has_to_wait(void **state)
{
	struct scene *s = *state;
	struct control_info_reply info;
	struct rlimit limit, low;
	int client, r;

	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	client = fcntl(0, F_DUPFD_CLOEXEC, 3);
	low.rlim_cur = (rlim_t) client + 1;
	close(client);
	setrlimit(RLIMIT_NOFILE, &low);
	client = client_open(s);
	/* The loop has nothing to do meanwhile, although somebody is there. */
	assert_int_equal(channel_ask(client, &control_interface, control_info_operation, NULL), 0);
	fixture_settle(s->f);
	assert_int_equal(answer(client, control_info_operation, &info), -EAGAIN);
	setrlimit(RLIMIT_NOFILE, &limit);
	while ((r = answer(client, control_info_operation, &info)) == -EAGAIN)
		assert_int_equal(loop_round(&s->f->loop, -1), 0);
	assert_int_equal(r, 0);
	close(client);
}

static void the_name_goes_with_core_unless_it_is_anothers(void **state)
{
	struct scene *s = *state;
	struct sockaddr_un address = address_of(s);
	struct control_options options;
	struct stat st;
	int client = client_open(s);

	control_close(s->control);
	assert_cut_off(client);
	assert_int_equal(stat(address.sun_path, &st), -1);
	listen_as(s, &options);
	assert_int_equal(control_open(&s->f->services, &s->hosted->host, &options, &s->control), 0);
	unlink(address.sun_path);
	listen_as(s, &options);
	control_close(s->control);
	s->control = NULL;
	assert_int_equal(stat(address.sun_path, &st), 0);
	unlink(address.sun_path);
	close(options.listener);
	close(options.folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(who_does_not_speak_the_protocol_is_cut_off),
		TEST(who_asks_before_it_takes_its_answer_is_cut_off),
		TEST(who_asks_while_it_waits_is_cut_off),
		TEST(one_more_client_takes_the_place_of_who_is_idle_for_longest),
		TEST(while_all_wait_one_more_is_turned_away),
		TEST(without_descriptors_who_connects_has_to_wait),
		TEST(the_name_goes_with_core_unless_it_is_anothers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
