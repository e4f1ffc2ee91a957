/*
 * spawn: descriptors, identity and failures of a start; nothing of it stays behind in core
 */
#include "confined_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY_DESCRIPTORS 2000

static void descriptors_arrive_at_their_numbers_and_no_others(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "list");
	int event = eventfd(0, EFD_CLOEXEC), inherited = dup(event);
	struct confined_child child;
	char text[128], all[128] = "";
	uint64_t value = 0;

	request.n_descriptors = 4;
	request.descriptors[1] = event;
	request.descriptors[2] = -1;
	request.descriptors[3] = event;
	child = confined_start(host, &request);
	while (confined_hear(&child, text)) {
		strcat(all, text);
		strcat(all, " ");
	}
	assert_string_equal(all, "3 4 6 ");
	assert_int_equal(confined_end(&child).value, 0);
	assert_int_equal(read(event, &value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 1);
	close(event);
	close(inherited);
}

static void threads_are_asked_for_where_core_alone_hears_it(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	unsigned before = confined_count_descriptors();
	int pair[2];
	char text[128];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	request.descriptors[0] = pair[1];
	for (request.threads_max = 0; request.threads_max < 4; request.threads_max++) {
		struct confined_child child = { .channel = pair[0] };
		struct spawn_result result;
		struct spawn_fault fault;

		request.limits.descriptors_max = 5; /* below the listener's number in core */
		assert_int_equal(spawner_start(&host->spawner, &request, &fault, &result), 0);
		assert_true(confined_hear(&child, text));
		assert_int_equal(result.listener != 0, request.threads_max > 1);
		if (result.listener) {
			assert_true(result.listener >= SPAWN_DESCRIPTOR_END);
			assert_int_equal(fcntl(result.listener, F_GETFD), FD_CLOEXEC);
			close(result.listener);
		}
		process_kill(result.pidfd);
		assert_int_equal(waitpid(result.pid, NULL, 0), result.pid);
		close(result.pidfd);
	}
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(confined_count_descriptors(), before);
}

static void all_twelve_descriptors_arrive(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "list");
	int event = eventfd(0, EFD_CLOEXEC);
	struct confined_child child;
	char text[128];
	int n = 0;

	request.n_descriptors = SPAWN_DESCRIPTORS_MAX;
	for (int i = 1; i < SPAWN_DESCRIPTORS_MAX; i++)
		request.descriptors[i] = event;
	child = confined_start(host, &request);
	while (confined_hear(&child, text))
		assert_int_equal(atoi(text), 3 + n++);
	assert_int_equal(n, SPAWN_DESCRIPTORS_MAX);
	assert_int_equal(confined_end(&child).value, 0);
	close(event);
}

/* The first number in the line of /proc/PID/@file that starts with @key */
static long proc_number(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	long value = -1;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, file);
	stream = fopen(path, "re");
	assert_non_null(stream);
	while (value < 0 && fgets(line, sizeof(line), stream)) {
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key));
	}
	fclose(stream);
	return value;
}

static void child_copies_no_large_descriptor_table(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child;
	int many[MANY_DESCRIPTORS];
	char text[128];

	for (int i = 0; i < MANY_DESCRIPTORS; i++) {
		many[i] = fcntl(host->binary_fd, F_DUPFD_CLOEXEC, 0);
		assert_true(many[i] >= 0);
	}
	assert_true(proc_number(getpid(), "status", "FDSize:") >= MANY_DESCRIPTORS);
	child = confined_start(host, &request);
	assert_true(confined_hear(&child, text));
	assert_in_range(proc_number(child.pid, "status", "FDSize:"), 1, 64);
	shutdown(child.channel, SHUT_WR);
	assert_int_equal(confined_end(&child).value, 0);
	for (int i = 0; i < MANY_DESCRIPTORS; i++)
		close(many[i]);
}

static void fifty_starts_leave_nothing_behind(void **state)
{
	struct confined *host = *state;
	unsigned before = confined_count_descriptors();

	for (int i = 0; i < 50; i++) {
		struct spawn_request request = confined_request(host, "exit");
		struct confined_child child = confined_start(host, &request);
		char text[128];

		/* were a reference left at the staging numbers, this would wait for ever */
		assert_false(confined_hear(&child, text));
		assert_int_equal(confined_end(&child).value, 7);
	}
	assert_int_equal(confined_count_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void name_is_all_it_is_told(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "self");
	struct confined_child child = confined_start(host, &request);
	char text[128];

	assert_true(confined_hear(&child, text));
	assert_string_equal(text, "self 1 empty");
	confined_end(&child);
}

static void signals_are_as_new(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "signals");
	struct confined_child child;
	sigset_t blocked, before;
	char text[128];

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	child = confined_start(host, &request);
	assert_true(confined_hear(&child, text));
	assert_string_equal(text, "0 0");
	confined_end(&child);

	sigprocmask(SIG_SETMASK, &before, &blocked);
	assert_true(sigismember(&blocked, SIGCHLD));
	assert_ptr_equal(signal(SIGPIPE, SIG_IGN), SIG_IGN);
}

static void group_priority_processor_and_limits_are_set(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child;
	struct rlimit limit;
	cpu_set_t first, seen;
	char text[128];

	/* whichever processor this runs on is one that it may use */
	CPU_ZERO(&first);
	CPU_SET(sched_getcpu(), &first);
	request.cpus = &first;
	request.nice = 7;
	child = confined_start(host, &request);
	assert_true(confined_hear(&child, text));

	assert_int_equal(getpgid(child.pid), child.pid);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t) child.pid), 7);
	assert_int_equal(sched_getaffinity(child.pid, sizeof(seen), &seen), 0);
	assert_true(CPU_EQUAL(&seen, &first));
	assert_int_equal(prlimit(child.pid, RLIMIT_DATA, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, 16 << 20);
	assert_int_equal(prlimit(child.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, 64);
	assert_int_equal(proc_number(child.pid, "status", "NoNewPrivs:"), 1);
	assert_int_equal(proc_number(child.pid, "status", "Seccomp:"), 2);

	shutdown(child.channel, SHUT_WR);
	assert_int_equal(confined_end(&child).value, 0);
}

static void running_killed_and_reaped_are_told_apart(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child = confined_start(host, &request);
	struct process_end end;
	char text[128];

	assert_true(confined_hear(&child, text));
	assert_int_equal(process_wait(child.pidfd, &end), PROCESS_E_RUNNING);
	assert_int_equal(process_kill(child.pidfd), 0);
	assert_false(confined_hear(&child, text));
	child.pidfd = fcntl(child.pidfd, F_DUPFD_CLOEXEC, 0);
	end = confined_end(&child);
	assert_true(end.killed);
	assert_int_equal(end.value, SIGKILL);
}

static void ended_process_answers_no_more(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "exit");
	struct confined_child child = confined_start(host, &request);
	int pidfd = fcntl(child.pidfd, F_DUPFD_CLOEXEC, 0);
	struct process_end end = confined_end(&child);

	assert_false(end.killed);
	assert_int_equal(end.value, 7);
	assert_int_equal(process_wait(pidfd, &end), -ECHILD);
	assert_int_equal(process_kill(pidfd), -ESRCH);
	close(pidfd);
}

/* Asserts that the start fails at @step for reason @error and leaves nothing */
static void start_fails(
	struct confined *host, const struct spawn_request *request, const char *step, int error)
{
	unsigned before = confined_count_descriptors();
	struct spawn_result result = { .pid = -7, .pidfd = -7 };
	struct spawn_fault fault;
	char text[192];

	assert_int_equal(spawner_start(&host->spawner, request, &fault, &result), SPAWN_E_FAILED);
	assert_string_equal(fault.step, step);
	assert_int_equal(fault.error, error);
	snprintf(text, sizeof(text), "%s: cannot start: %s: %s", request->name, step,
		strerror(error));
	assert_string_equal(fault.text, text);
	assert_int_equal(result.pid, -7);
	assert_int_equal(confined_count_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void failed_step_is_named(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "exit");
	cpu_set_t none;

	CPU_ZERO(&none);
	request.cpus = &none;
	start_fails(host, &request, "affinity", EINVAL);

	request = confined_request(host, "exit");
	request.binary_fd = memfd_create("text", MFD_CLOEXEC);
	assert_int_equal(write(request.binary_fd, "hello", 5), 5);
	start_fails(host, &request, "exec", ENOEXEC);
	request.threads_max = 2;
	start_fails(host, &request, "exec", ENOEXEC);
	close(request.binary_fd);

	request.binary_fd = -1;
	start_fails(host, &request, "descriptors", EBADF);

	request = confined_request(host, "exit");
	request.descriptors[0] = 1999;
	start_fails(host, &request, "descriptors", EBADF);
}

static void files_are_not_executed_behind_landlock(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "exit");

	if (host->spawner.landlock_fd < 0)
		skip();
	request.binary_fd = open(host->probe_path, O_RDONLY | O_CLOEXEC);
	assert_true(request.binary_fd >= 0);
	start_fails(host, &request, "exec", EACCES);
	close(request.binary_fd);
}

static void taken_numbers_are_refused_and_left_alone(void **state)
{
	unsigned before = confined_count_descriptors();
	struct spawner other;
	struct spawn_fault fault;

	(void) state;
	assert_int_equal(spawner_init(&other, &fault), -EBUSY);
	assert_non_null(strstr(fault.text, "descriptors 3 to 31"));
	assert_int_equal(confined_count_descriptors(), before);
}

/* Another process is core here, so that it can be killed */
static void child_dies_with_core(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child = { 0 };
	int pair[2];
	char text[128];
	pid_t core;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	core = fork();
	assert_true(core >= 0);
	if (core == 0) {
		struct spawn_result result;
		struct spawn_fault fault;

		request.descriptors[0] = pair[1];
		if (spawner_start(&host->spawner, &request, &fault, &result))
			_exit(1);
		for (;;)
			pause();
	}
	close(pair[1]);
	child.channel = pair[0];
	assert_true(confined_hear(&child, text));
	kill(core, SIGKILL);
	assert_int_equal(waitpid(core, NULL, 0), core);
	assert_false(confined_hear(&child, text));
	close(pair[0]);
}

int main(int argc, char **argv)
{
	struct confined host;
	int n_failed;

	signal(SIGPIPE, SIG_IGN); /* settled before the spawner, see signals_are_as_new */
	signal(SIGRTMAX, SIG_IGN);
	confined_init(&host, argc, argv);
#define TEST(name) cmocka_unit_test_prestate(name, &host)
	const struct CMUnitTest tests[] = {
		TEST(descriptors_arrive_at_their_numbers_and_no_others),
		TEST(threads_are_asked_for_where_core_alone_hears_it),
		TEST(all_twelve_descriptors_arrive),
		TEST(child_copies_no_large_descriptor_table),
		TEST(fifty_starts_leave_nothing_behind),
		TEST(name_is_all_it_is_told),
		TEST(signals_are_as_new),
		TEST(group_priority_processor_and_limits_are_set),
		TEST(running_killed_and_reaped_are_told_apart),
		TEST(ended_process_answers_no_more),
		TEST(failed_step_is_named),
		TEST(files_are_not_executed_behind_landlock),
		TEST(taken_numbers_are_refused_and_left_alone),
		TEST(child_dies_with_core),
	};
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	confined_done(&host);
	return n_failed;
}
