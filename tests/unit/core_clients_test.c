/*
 * Clients of the control socket: who is cut off, who has to wait, what is left behind.
 */
#include "control_scene.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/channel.h"

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

	client_ask(s, client, control_info_operation, NULL);
	client_ask(s, client, control_info_operation, NULL);
	assert_int_equal(client_answer(client, control_info_operation, &reply), 0);
	assert_cut_off(client);
}

static void who_asks_while_it_waits_is_cut_off(void **state)
{
	struct scene *s = *state;
	struct control_log_reply reply;
	int client = client_open(s);

	assert_int_equal(client_read_log(s, client, "", 0, true, &reply), -EAGAIN);
	client_ask(s, client, control_info_operation, NULL);
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
	assert_int_equal(client_read_log(s, clients[0], "", 0, true, &reply), -EAGAIN);
	assert_int_equal(client_call(s, clients[1], control_info_operation, NULL, &info), 0);
	clients[CONTROL_CLIENTS_MAX] = client_open(s);
	assert_cut_off(clients[2]);
	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		if (i != 0 && i != 2)
			assert_int_equal(
				client_call(s, clients[i], control_info_operation, NULL, &info), 0);
	output_line(&s->f->services.output, "a", "hello");
	fixture_settle(s->f);
	assert_int_equal(client_answer(clients[0], control_log_operation, &reply), 0);
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
		assert_int_equal(client_read_log(s, clients[i], "", 0, true, &reply), -EAGAIN);
	}
	assert_cut_off(client_open(s));
	close(clients[0]);
	fixture_settle(s->f);
	clients[0] = client_open(s);
	assert_int_equal(client_read_log(s, clients[0], "", 0, true, &reply), -EAGAIN);
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
	assert_int_equal(client_answer(client, control_info_operation, &info), -EAGAIN);
	setrlimit(RLIMIT_NOFILE, &limit);
	while ((r = client_answer(client, control_info_operation, &info)) == -EAGAIN)
		assert_int_equal(loop_round(&s->f->loop, -1), 0);
	assert_int_equal(r, 0);
	close(client);
}

static void the_name_goes_with_core_unless_it_is_anothers(void **state)
{
	struct scene *s = *state;
	struct sockaddr_un address = scene_address(s);
	struct control_options options;
	struct stat st;
	int client = client_open(s);

	control_close(s->control);
	assert_cut_off(client);
	assert_int_equal(stat(address.sun_path, &st), -1);
	scene_listen(s, &options);
	assert_int_equal(control_open(&s->f->services, &s->hosted->host, &options, &s->control), 0);
	unlink(address.sun_path);
	scene_listen(s, &options);
	control_close(s->control);
	s->control = NULL;
	assert_int_equal(stat(address.sun_path, &st), 0);
	unlink(address.sun_path);
	close(options.listener);
	close(options.folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
