/*
 * Signals: they coalesce, never wait, and nothing else passes for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/signal.h"

static int open_signal(void)
{
	int signal = 0;

	alarm(30);
	assert_int_equal(signal_context_open(&signal), 0);
	return signal;
}

static void signals_coalesce(void **state)
{
	int signal = open_signal();

	assert_false(signal_take(signal));
	for (int i = 0; i < 5; i++)
		signal_trigger(signal);
	assert_true(signal_take(signal));
	assert_false(signal_take(signal));
	close(signal);
}

static void triggering_never_waits(void **state)
{
	int signal = open_signal();
	uint64_t full = UINT64_MAX - 1;

	assert_int_equal(write(signal, &full, sizeof(full)), sizeof(full));
	signal_trigger(signal);
	assert_true(signal_take(signal));
	close(signal);
}

static void a_context_is_non_blocking_and_closes_on_exec(void **state)
{
	int signal = open_signal();

	assert_true(fcntl(signal, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(signal, F_GETFD) & FD_CLOEXEC);
	close(signal);
}

static void only_a_non_blocking_context_passes_for_one(void **state)
{
	int signal = open_signal(), blocking = eventfd(0, EFD_CLOEXEC), pipe_ends[2], sockets[2];
	int null = open("/dev/null", O_RDWR | O_NONBLOCK), file = memfd_create("signal", 0);

	assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets), 0);
	fcntl(file, F_SETFL, O_NONBLOCK);

	assert_true(signal_check(signal));
	int others[] = { blocking, null, file, pipe_ends[0], pipe_ends[1], sockets[0], sockets[1] };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(others[i] > 0);
		assert_false(signal_check(others[i]));
		close(others[i]);
		assert_false(signal_check(others[i]));
	}
	assert_false(signal_check(-1));
	close(signal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_coalesce),
		cmocka_unit_test(triggering_never_waits),
		cmocka_unit_test(a_context_is_non_blocking_and_closes_on_exec),
		cmocka_unit_test(only_a_non_blocking_context_passes_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
