/*
 * confine: what a started component can't do, and what it can; limits that hold and move
 */
#include "confined_host.h"

#include "core/linux/elf.h"
#include "core/linux/landlock.h"
#include "core/linux/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1u << 20)

/* A component with a dataspace as its second descriptor */
static struct confined_child start_with_dataspace(struct confined *host, const char *probe)
{
	struct spawn_request request = confined_request(host, probe);
	struct confined_child child;

	request.n_descriptors = 2;
	assert_int_equal(ram_memfd_create("dataspace", 1, &request.descriptors[1]), 0);
	child = confined_start(host, &request);
	close(request.descriptors[1]);
	return child;
}

static void what_components_need_works(void **state)
{
	struct confined *host = *state;
	struct confined_child child = start_with_dataspace(host, "allowed");
	char text[128];
	int n = 0;

	for (; confined_hear(&child, text); n++) {
		if (strcmp(strchr(text, ' '), " 0") != 0)
			fail_msg("does not work: %s", text);
	}
	assert_int_equal(n, 10);
	assert_int_equal(confined_end(&child).value, 0);
}

/* Behind the rules alone, as a child process; the answer is its exit code, 0 if all was denied */
static int landlock_try(int ruleset)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) ||
		syscall(SYS_landlock_restrict_self, ruleset, 0))
		return 1;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 2;
	if (open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 3;
	if (mkdir("/tmp/landlock-must-deny-this", 0700) == 0 || errno != EACCES)
		return 4;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0L, 1L) < 4)
		return 0;
	if (connect(tcp, (struct sockaddr *) &address, sizeof(address)) == 0 || errno != EACCES)
		return 5;
	return 0;
}

static void landlock_alone_denies_files_and_network(void **state)
{
	int ruleset, status;
	int answer = landlock_deny_all(&ruleset);
	pid_t pid;

	(void) state;
	if (answer == -ENOSYS || answer == -EOPNOTSUPP)
		skip();
	assert_int_equal(answer, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(landlock_try(ruleset));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ruleset);
}

static void foreign_system_calls_kill(void **state)
{
#if defined(__x86_64__)
	static const char *const probes[] = { "foreign", "foreign-32" };

	for (int i = 0; i < 2; i++) {
		struct confined *host = *state;
		struct spawn_request request = confined_request(host, probes[i]);
		struct confined_child child = confined_start(host, &request);
		struct process_end end = confined_end(&child);

		assert_true(end.killed);
		/* a kernel without 32-bit programs faults instead of asking the filter */
		if (i == 0 || end.value != SIGSEGV)
			assert_int_equal(end.value, SIGSYS);
	}
#else
	(void) state;
	skip();
#endif
}

static void abort_ends_the_component_alone(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "abort");
	struct confined_child child = confined_start(host, &request);

	assert_true(confined_end(&child).killed);
}

/* What the growing probe got this time, in MiB */
static int grown(const struct confined_child *child)
{
	char text[128];
	int n, error;

	assert_true(confined_hear(child, text));
	assert_int_equal(sscanf(text, "%d %d", &n, &error), 2);
	assert_int_equal(error, ENOMEM);
	return n;
}

static void grow_again(const struct confined_child *child)
{
	assert_int_equal(send(child->channel, "", 1, 0), 1);
}

static void malloc_ends_at_the_limit_and_follows_it(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "grow");
	struct confined_child child = confined_start(host, &request);
	uint64_t bytes;
	int statm;

	assert_int_equal(limits_open_statm(child.pid, &statm), 0);
	assert_in_range(grown(&child), 14, 15);
	assert_int_equal(limits_read_data(statm, &bytes), 0);
	assert_in_range(bytes, 14 * MIB, 16 * MIB);

	assert_int_equal(limits_set_data(&host->spawner.limits, child.pid, 32 * MIB), 0);
	grow_again(&child);
	assert_in_range(grown(&child), 15, 16);
	assert_int_equal(limits_read_data(statm, &bytes), 0);
	assert_in_range(bytes, 30 * MIB, 32 * MIB);

	/* nothing means nothing, though the kernel takes a limit of zero for none */
	assert_int_equal(limits_set_data(&host->spawner.limits, child.pid, 0), 0);
	grow_again(&child);
	assert_int_equal(grown(&child), 0);

	assert_int_equal(limits_set_data(&host->spawner.limits, child.pid, UINT64_MAX), 0);
	assert_int_equal(limits_set_data(&host->spawner.limits, child.pid, 40 * MIB), 0);
	grow_again(&child);
	assert_in_range(grown(&child), 7, 8);

	shutdown(child.channel, SHUT_WR);
	assert_int_equal(confined_end(&child).value, 0);
	assert_int_equal(limits_read_data(statm, &bytes), -ESRCH);
	assert_int_equal(limits_set_data(&host->spawner.limits, child.pid, MIB), -ESRCH);
	close(statm);
}

/* elf_check() says what a budget must hold at least; less than that never runs */
static void binary_that_exceeds_its_limit_never_runs(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child;
	struct elf_fault fault;
	struct elf_info info;
	uint64_t bytes;
	char text[128];
	int statm;

	assert_int_equal(elf_check(host->binary_fd, &info, &fault), 0);
	child = confined_start(host, &request);
	assert_true(confined_hear(&child, text));
	assert_int_equal(limits_open_statm(child.pid, &statm), 0);
	assert_int_equal(limits_read_data(statm, &bytes), 0);
	/* what it has beyond is the heap that its C library starts with */
	assert_in_range(bytes, info.data_bytes, info.data_bytes + (256 << 10));
	close(statm);
	shutdown(child.channel, SHUT_WR);
	confined_end(&child);

	request.limits.data_bytes = info.data_bytes - 4096;
	child = confined_start(host, &request);
	assert_false(confined_hear(&child, text));
	assert_true(confined_end(&child).killed);

	request.limits.data_bytes = 0;
	child = confined_start(host, &request);
	assert_false(confined_hear(&child, text));
	assert_true(confined_end(&child).killed);
}

static void descriptors_end_at_the_limit(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "duplicate");
	struct confined_child child;
	char text[128], expected[128];

	request.limits.descriptors_max = 10;
	child = confined_start(host, &request);
	assert_true(confined_hear(&child, text));
	/* all numbers below ten but its channel's */
	snprintf(expected, sizeof(expected), "9 %d", EMFILE);
	assert_string_equal(text, expected);
	confined_end(&child);
}

static void stack_has_its_fixed_size_from_the_start(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "wait");
	struct confined_child child = confined_start(host, &request);
	unsigned long from, to, size = 0;
	char text[128], path[64], line[256];
	FILE *maps;

	assert_true(confined_hear(&child, text));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int) child.pid);
	maps = fopen(path, "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &from, &to) == 2)
			size = to - from;
	}
	fclose(maps);
	assert_int_equal(size, KIN_PROCESS_STACK_BYTES);
	shutdown(child.channel, SHUT_WR);
	confined_end(&child);
}

static void recursion_ends_the_component_alone(void **state)
{
	struct confined *host = *state;
	struct spawn_request request = confined_request(host, "recurse");
	struct confined_child child = confined_start(host, &request);
	struct process_end end = confined_end(&child);

	assert_true(end.killed);
	assert_int_equal(end.value, SIGSEGV);
}

int main(int argc, char **argv)
{
	struct confined host;
	int n_failed;

	confined_init(&host, argc, argv);
#define TEST(name) cmocka_unit_test_prestate(name, &host)
	const struct CMUnitTest tests[] = {
		TEST(what_components_need_works),
		TEST(landlock_alone_denies_files_and_network),
		TEST(foreign_system_calls_kill),
		TEST(abort_ends_the_component_alone),
		TEST(malloc_ends_at_the_limit_and_follows_it),
		TEST(binary_that_exceeds_its_limit_never_runs),
		TEST(descriptors_end_at_the_limit),
		TEST(stack_has_its_fixed_size_from_the_start),
		TEST(recursion_ends_the_component_alone),
	};
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	confined_done(&host);
	return n_failed;
}
