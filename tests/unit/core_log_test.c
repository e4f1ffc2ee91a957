/* Unit tests of core's LOG service and output. */
#include "core_fixture.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kin/interface/log.h>
#include <kin/interface/timer.h>

static int say(int cap, const char *text)
{
	struct log_write_request request;

	snprintf(request.text, sizeof(request.text), "%s", text);
	return log_write(cap, &request);
}

/* What core makes of one message. */
static void assert_shown(struct fixture *f, const char *text, const char *expected)
{
	int cap;
	struct core_session *log = fixture_open_session(f, "LOG", "a -> b", &cap);

	assert_int_equal(say(cap, text), 0);
	fixture_settle(f);
	assert_string_equal(fixture_heard(f), expected);
	core_session_close(log);
	close(cap);
}

static void each_line_has_the_label_in_front(void **state)
{
	assert_shown(*state, "hello", "[a -> b] hello\n");
	assert_shown(*state, "hello\n", "[a -> b] hello\n");
	assert_shown(*state, "one\n\nthree", "[a -> b] one\n[a -> b] \n[a -> b] three\n");
	assert_shown(*state, "", "[a -> b] \n");
	assert_shown(*state, "\n\n", "[a -> b] \n[a -> b] \n");
}

static void control_characters_are_made_visible(void **state)
{
	assert_shown(*state, "\033[2Jx\ty\r\x7f", "[a -> b] \\x1b[2Jx\ty\\x0d\\x7f\n");
	assert_shown(*state,
		"\xc2\x9b"
		"2J\xc2\xa0",
		"[a -> b] \\u009b2J\xc2\xa0\n");
}

static void malformed_utf8_is_shown_as_replacement(void **state)
{
	assert_shown(*state, "gr\xc3\xbc\xc3\x9f \xe2\x94\x80",
		"[a -> b] gr\xc3\xbc\xc3\x9f \xe2\x94\x80\n");
	assert_shown(*state, "a\xffz\xc0\x80\xe2\x94",
		"[a -> b] a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
}

static void the_longest_message_with_the_longest_label_is_shown_whole(void **state)
{
	struct fixture *f = *state;
	char label[KIN_LABEL_MAX + 1] = "", text[KIN_LOG_TEXT_MAX + 1] = "";
	int cap;

	memset(label, 'l', KIN_LABEL_MAX);
	memset(text, '\001', KIN_LOG_TEXT_MAX);
	struct core_session *log = fixture_open_session(f, "LOG", label, &cap);

	say(cap, text);
	fixture_settle(f);
	assert_int_equal(strlen(fixture_heard(f)), KIN_LABEL_MAX + 4 * KIN_LOG_TEXT_MAX + 4);
	core_session_close(log);
	close(cap);
}

static void core_speaks_in_lines_of_its_own(void **state)
{
	struct fixture *f = *state;

	core_log(&f->services, OWNER_INFO, "plain %d", 1);
	core_log(&f->services, OWNER_WARNING, "careful\n[init] forged");
	core_log(&f->services, OWNER_ERROR, "bad");
	assert_string_equal(fixture_heard(f),
		"[core] plain 1\n[core] Warning: careful\\x0a[init] forged\n[core] Error: bad\n");
}

static void closing_a_session_shows_what_was_sent_before(void **state)
{
	struct fixture *f = *state;
	int cap;
	struct core_session *log = fixture_open_session(f, "LOG", "a", &cap);

	say(cap, "last");
	say(cap, "words");
	close(cap);
	core_session_close(log);
	fixture_settle(f);
	assert_string_equal(fixture_heard(f), "[a] last\n[a] words\n");
}

static void the_end_of_a_writer_does_not_keep_core_busy(void **state)
{
	struct fixture *f = *state;
	struct epoll_event event;
	int cap;
	struct core_session *log = fixture_open_session(f, "LOG", "a", &cap);

	say(cap, "bye");
	close(cap);
	fixture_settle(f);
	assert_string_equal(fixture_heard(f), "[a] bye\n");
	assert_int_equal(epoll_wait(f->loop.epoll, &event, 1, 0), 0);
	core_session_close(log);
}

/* Writes numbered lines until the channel is full; gives the number of the next one. */
static int flood(int cap, int number)
{
	char text[600];

	for (;; number++) {
		snprintf(text, sizeof(text), "%d %0500d", number, 0);
		if (say(cap, text) < 0)
			return number;
	}
}

static void ask_timer(void *context)
{
	int *cap = context;
	struct timer_timer_request request;
	struct timer_timer_reply reply;

	assert_int_equal(timer_timer(*cap, &request, &reply), 0);
	close(reply.timer);
}

static int lines_expect(struct fixture *f, const char *label, int next)
{
	char expected[64];

	for (char *line = strtok((char *) fixture_heard(f), "\n"); line;
		line = strtok(NULL, "\n")) {
		int n = snprintf(expected, sizeof(expected), "[%s] %d ", label, next++);

		assert_int_equal(strncmp(line, expected, (size_t) n), 0);
		assert_int_equal(strlen(line), n + 500);
	}
	return next;
}

static void a_reader_that_does_not_read_holds_up_writers_alone(void **state)
{
	struct fixture *f = *state;
	struct epoll_event event;
	int log_cap, timer_cap, sent = 0, heard = 0;
	struct core_session *log = fixture_open_session(f, "LOG", "a", &log_cap);
	struct core_session *timer = fixture_open_session(f, "Timer", "t", &timer_cap);

	fcntl(log_cap, F_SETFL, O_NONBLOCK);
	/* More than the pipe and the channel hold together. */
	for (int i = 0; i < 40; i++) {
		sent = flood(log_cap, sent);
		fixture_settle(f);
	}
	assert_int_equal(flood(log_cap, sent), sent);
	assert_true(output_stalled(&f->services.output));
	assert_false(log->source.armed);
	fixture_as_client(f, ask_timer, &timer_cap);
	/* Nobody reads, and the writer is gone: core has nothing to do. */
	close(log_cap);
	assert_int_equal(epoll_wait(f->loop.epoll, &event, 1, 0), 0);
	while (heard < sent) {
		heard = lines_expect(f, "a", heard);
		fixture_settle(f);
	}
	assert_int_equal(heard, sent);
	assert_false(output_stalled(&f->services.output));
	core_session_close(log);
	core_session_close(timer);
	close(timer_cap);
}

static void a_paused_writer_can_be_closed(void **state)
{
	struct fixture *f = *state;
	struct core_session *logs[3];
	int caps[3], sent[3] = { 0 };

	for (int i = 0; i < 3; i++) {
		logs[i] = fixture_open_session(f, "LOG", "a", &caps[i]);
		fcntl(caps[i], F_SETFL, O_NONBLOCK);
	}
	for (int round = 0; round < 40; round++)
		for (int i = 0; i < 3; i++) {
			sent[i] = flood(caps[i], sent[i]);
			fixture_settle(f);
		}
	core_session_close(logs[1]);
	fixture_heard(f);
	fixture_settle(f);
	core_session_close(logs[0]);
	core_session_close(logs[2]);
	for (int i = 0; i < 3; i++)
		close(caps[i]);
}

static void lines_beyond_the_queue_are_counted_and_told(void **state)
{
	struct fixture *f = *state;
	unsigned lost;
	const char *told;

	for (int i = 0; i < 2000; i++)
		core_log(&f->services, OWNER_INFO, "%0500d", i);
	lost = f->services.output.lost_lines;
	assert_true(lost > 0);
	while (output_stalled(&f->services.output)) {
		told = fixture_heard(f);
		fixture_settle(f);
	}
	told = fixture_heard(f);
	told = strstr(told, "[core] Warning: output too slow, ");
	assert_non_null(told);
	assert_int_equal(atoi(told + strlen("[core] Warning: output too slow, ")), lost);
}

static void no_writer_is_ahead_of_others_by_more_than_a_burst(void **state)
{
	struct fixture *f = *state;
	struct core_session *logs[2];
	int caps[2];
	char *text;

	for (int i = 0; i < 2; i++) {
		logs[i] = fixture_open_session(f, "LOG", i ? "b" : "a", &caps[i]);
		fcntl(caps[i], F_SETFL, O_NONBLOCK);
		for (int j = 0; j < 10; j++)
			assert_int_equal(say(caps[i], "x"), 0);
	}
	loop_round(&f->loop, 0);
	text = (char *) fixture_heard(f);
	assert_non_null(strstr(text, "[a] x\n"));
	assert_non_null(strstr(text, "[b] x\n"));
	assert_int_equal(strlen(text), 2 * core_log_service.burst * strlen("[a] x\n"));
	for (int i = 0; i < 2; i++) {
		core_session_close(logs[i]);
		close(caps[i]);
	}
}

static void a_reader_that_is_gone_stops_nobody(void **state)
{
	struct fixture *f = *state;
	int cap, sent = 0;
	struct core_session *log = fixture_open_session(f, "LOG", "a", &cap);

	fcntl(cap, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 40; i++) {
		sent = flood(cap, sent);
		fixture_settle(f);
	}
	close(f->output);
	f->output = 0;
	fixture_settle(f);
	assert_false(output_stalled(&f->services.output));
	assert_int_equal(say(cap, "into the void"), 0);
	fixture_settle(f);
	assert_true(log->source.armed);
	core_session_close(log);
	close(cap);
}

static void those_who_share_the_descriptor_stay_blocking(void **state)
{
	struct loop loop;
	struct output output;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(output_init(&output, &loop, ends[1], NULL), 0);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(output.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	output_done(&output);
	loop_done(&loop);
	close(ends[0]);
	close(ends[1]);
}

static void ignore(struct output *output)
{
}

static void a_socket_is_written_without_waiting(void **state)
{
	struct loop loop;
	struct output output;
	char text[512];
	int ends[2];
	ssize_t n, total = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(output_init(&output, &loop, ends[1], ignore), 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 900; i++)
		output_line(&output, "a", text);
	assert_true(output_stalled(&output));
	while (output_stalled(&output)) {
		while ((n = read(ends[0], text, sizeof(text))) > 0)
			total += n;
		loop_round(&loop, 0);
	}
	while ((n = read(ends[0], text, sizeof(text))) > 0)
		total += n;
	assert_int_equal(total, 900 * (511 + 5));
	output_done(&output);
	loop_done(&loop);
	close(ends[0]);
	close(ends[1]);
}

static void a_terminal_gets_colours(void **state)
{
	struct loop loop;
	struct output output;
	char text[256] = "";
	int master, slave;

	unsetenv("NO_COLOR");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(output_init(&output, &loop, slave, ignore), 0);
	output_lines(&output, "a", "x\nError: y\nWarning: z");
	assert_int_equal(loop_round(&loop, 0), 0);
	assert_true(read(master, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "\033[2m[a]\033[0m x\r\n"
				  "\033[2m[a]\033[0m \033[31mError: y\033[0m\r\n"
				  "\033[2m[a]\033[0m \033[33mWarning: z\033[0m\r\n");
	output_done(&output);
	loop_done(&loop);
	close(master);
	close(slave);
}

static void a_file_is_written_at_the_shared_position(void **state)
{
	struct loop loop;
	struct output output;
	FILE *file = tmpfile();
	char text[64] = "";

	assert_int_equal(write(fileno(file), "first\n", 6), 6);
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(output_init(&output, &loop, fileno(file), ignore), 0);
	output_line(&output, "a", "second");
	assert_int_equal(pread(fileno(file), text, sizeof(text), 0), 17);
	assert_string_equal(text, "first\n[a] second\n");
	output_done(&output);
	loop_done(&loop);
	fclose(file);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(each_line_has_the_label_in_front),
		WITH_CORE(control_characters_are_made_visible),
		WITH_CORE(malformed_utf8_is_shown_as_replacement),
		WITH_CORE(the_longest_message_with_the_longest_label_is_shown_whole),
		WITH_CORE(core_speaks_in_lines_of_its_own),
		WITH_CORE(closing_a_session_shows_what_was_sent_before),
		WITH_CORE(the_end_of_a_writer_does_not_keep_core_busy),
		WITH_CORE(a_reader_that_does_not_read_holds_up_writers_alone),
		WITH_CORE(a_paused_writer_can_be_closed),
		WITH_CORE(lines_beyond_the_queue_are_counted_and_told),
		WITH_CORE(no_writer_is_ahead_of_others_by_more_than_a_burst),
		WITH_CORE(a_reader_that_is_gone_stops_nobody),
		cmocka_unit_test(those_who_share_the_descriptor_stay_blocking),
		cmocka_unit_test(a_socket_is_written_without_waiting),
		cmocka_unit_test(a_terminal_gets_colours),
		cmocka_unit_test(a_file_is_written_at_the_shared_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
