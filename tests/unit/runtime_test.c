/*
 * The runtime folder: where it is, who may have it, and the names of trees in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/runtime.h"

#define DEADLINE_S 60

static char folder_path[64];

static int set_up(void **state)
{
	alarm(DEADLINE_S);
	strcpy(folder_path, "/tmp/kin-runtime-XXXXXX");
	return mkdtemp(folder_path) && chdir(folder_path) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder_path);
	return chdir("/") | system(command);
}

static int open_folder(void)
{
	int folder = -1;

	assert_int_equal(runtime_open_path("trees", true, &folder), 0);
	return folder;
}

/* Claims a name in the folder. */
static int claim(const char *name, bool exact, struct runtime_socket *ret)
{
	int folder = open_folder(), r = runtime_claim(folder, name, exact, ret);

	if (r < 0)
		close(folder);
	return r;
}

static bool is_there(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "trees/%s", name);
	return lstat(path, &st) == 0;
}

static void assert_path(const struct runtime_roots *roots, const char *expected)
{
	char path[PATH_MAX];

	assert_int_equal(runtime_path(roots, path), 0);
	assert_string_equal(path, expected);
}

static void the_first_place_whose_parent_is_ours_is_taken(void **state)
{
	uid_t user = geteuid();
	char xdg[128], own[128], expected[256];
	struct runtime_roots roots = { NULL, "run", "tmp", user };

	snprintf(xdg, sizeof(xdg), "%s/xdg", folder_path);
	snprintf(own, sizeof(own), "run/%u", (unsigned) user);
	snprintf(expected, sizeof(expected), "tmp/kin-%u", (unsigned) user);
	assert_path(&roots, expected);
	assert_int_equal(mkdir("run", 0755) | mkdir(own, 0700), 0);
	snprintf(expected, sizeof(expected), "%s/kin", own);
	assert_path(&roots, expected);
	roots.xdg = xdg;
	assert_path(&roots, expected); /* it is not there */
	assert_int_equal(mkdir("xdg", 0700), 0);
	roots.xdg = "xdg"; /* and this is no absolute name */
	assert_path(&roots, expected);
	roots.xdg = xdg;
	snprintf(expected, sizeof(expected), "%s/kin", xdg);
	assert_path(&roots, expected);
	/* Whoever it is that has none of them: these are somebody else's. */
	roots.user = user + 1;
	snprintf(expected, sizeof(expected), "tmp/kin-%u", (unsigned) user + 1);
	assert_path(&roots, expected);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	char path[PATH_MAX], tmp[PATH_MAX];
	const struct runtime_roots roots = { NULL, "run", tmp, geteuid() };

	memset(tmp, 'x', sizeof(tmp) - 1);
	tmp[sizeof(tmp) - 1] = '\0';
	assert_int_equal(runtime_path(&roots, path), -ENAMETOOLONG);
}

static void a_folder_is_made_for_its_user_alone(void **state)
{
	struct stat st;
	int folder;

	assert_int_equal(runtime_open_path("new", false, &folder), -ENOENT);
	assert_int_equal(runtime_open_path("new", true, &folder), 0);
	assert_int_equal(fstat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(folder);
	assert_int_equal(runtime_open_path("new", true, &folder), 0);
	close(folder);
}

static void what_is_no_private_folder_of_ours_is_refused(void **state)
{
	int folder;

	assert_int_equal(mkdir("open", 0700) | chmod("open", 0770), 0);
	assert_int_equal(runtime_open_path("open", true, &folder), -EPERM);
	assert_int_equal(chmod("open", 0701), 0);
	assert_int_equal(runtime_open_path("open", false, &folder), -EPERM);
	assert_int_equal(chmod("open", 0700) | symlink("open", "link"), 0);
	assert_int_equal(runtime_open_path("link", true, &folder), -ENOTDIR);
	close(open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(runtime_open_path("file", true, &folder), -ENOTDIR);
	if (geteuid() == 0) {
		assert_int_equal(mkdir("foreign", 0700) | chown("foreign", 1234, 1234), 0);
		assert_int_equal(runtime_open_path("foreign", true, &folder), -EPERM);
	}
}

static void a_tree_is_named_by_its_file(void **state)
{
	static const struct {
		const char *file, *name;
	} rows[] = { { "tour.xml", "tour" }, { "/a/b/tour.xml", "tour" }, { "tour", "tour" },
		{ "a.b/tour.d.xml", "tour.d" }, { "-", "stdin" }, { ".hidden.xml", "tree" },
		{ "a -> b", "tree" }, { "/", "tree" }, { "", "tree" }, { "\xff.xml", "tree" },
		{ "x23456789012345678901234567890123456789012345678901234567890.xml",
			"x23456789012345678901234567890123456789012345678901234567890" },
		{ "x234567890123456789012345678901234567890123456789012345678901.xml", "tree" } };
	char name[KIN_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		runtime_name_of(rows[i].file, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void a_socket_is_for_its_user_and_can_be_connected_to(void **state)
{
	struct runtime_socket socket;
	struct stat st;
	int channel;

	assert_int_equal(claim("tour", false, &socket), 0);
	assert_string_equal(socket.name, "tour");
	assert_int_equal(stat("trees/tour", &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(runtime_connect(socket.folder, "tour", &channel), 0);
	close(channel);
	assert_int_equal(runtime_connect(socket.folder, "other", &channel), -ENOENT);
	runtime_release(&socket);
	assert_false(is_there("tour"));
}

static void a_name_in_use_gets_a_number_or_is_refused(void **state)
{
	struct runtime_socket sockets[RUNTIME_SAME_NAME_MAX], more;
	char name[16];

	for (int i = 0; i < RUNTIME_SAME_NAME_MAX; i++) {
		assert_int_equal(claim("tour", false, &sockets[i]), 0);
		snprintf(name, sizeof(name), "tour-%d", i + 1);
		assert_string_equal(sockets[i].name, i ? name : "tour");
	}
	assert_int_equal(claim("tour", false, &more), -EADDRINUSE);
	assert_int_equal(claim("tour-2", true, &more), -EADDRINUSE);
	runtime_release(&sockets[1]);
	assert_int_equal(claim("tour", false, &sockets[1]), 0);
	assert_string_equal(sockets[1].name, "tour-2");
	for (int i = 0; i < RUNTIME_SAME_NAME_MAX; i++)
		runtime_release(&sockets[i]);
}

/* As after a crash: nobody listens, nobody has removed the name. */
static void leave_dead(const char *name)
{
	struct runtime_socket socket;

	assert_int_equal(claim(name, true, &socket), 0);
	close(socket.listener);
	close(socket.folder);
	assert_true(is_there(name));
}

static void a_dead_name_is_given_away_again(void **state)
{
	struct runtime_socket socket;

	leave_dead("tour");
	assert_int_equal(claim("tour", true, &socket), 0);
	runtime_release(&socket);
}

static void what_is_no_socket_is_left_alone(void **state)
{
	struct runtime_socket socket;
	runtime_name *names;
	int folder = open_folder();
	size_t n;

	close(openat(folder, "note", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(claim("note", true, &socket), -EADDRINUSE);
	assert_int_equal(runtime_names(folder, &names, &n), 0);
	assert_int_equal(n, 0);
	free(names);
	assert_true(is_there("note"));
	close(folder);
}

static void names_are_those_of_live_trees_and_dead_ones_go(void **state)
{
	struct runtime_socket b, a;
	int folder = open_folder();
	runtime_name *names;
	size_t n;

	assert_int_equal(claim("b", true, &b), 0);
	leave_dead("c");
	assert_int_equal(claim("a", true, &a), 0);
	assert_int_equal(runtime_names(folder, &names, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_false(is_there("c"));
	free(names);
	runtime_release(&a);
	runtime_release(&b);
	close(folder);
}

static void a_lock_that_somebody_keeps_is_not_waited_for_without_end(void **state)
{
	struct runtime_socket socket;
	int folder = open_folder(), holder = open_folder();
	runtime_name *names;
	size_t n;

	leave_dead("dead");
	assert_int_equal(flock(holder, LOCK_EX), 0);
	assert_int_equal(runtime_claim(folder, "tour", false, &socket), -EBUSY);
	/* What runs can be seen all the same; what is dead may be about to live. */
	assert_int_equal(runtime_names(folder, &names, &n), 0);
	assert_int_equal(n, 0);
	assert_true(is_there("dead"));
	free(names);
	close(holder);
	assert_int_equal(runtime_claim(folder, "tour", false, &socket), 0);
	runtime_release(&socket);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_place_whose_parent_is_ours_is_taken),
		TEST(a_name_that_is_too_long_is_refused),
		TEST(a_folder_is_made_for_its_user_alone),
		TEST(what_is_no_private_folder_of_ours_is_refused),
		TEST(a_tree_is_named_by_its_file),
		TEST(a_socket_is_for_its_user_and_can_be_connected_to),
		TEST(a_name_in_use_gets_a_number_or_is_refused),
		TEST(a_dead_name_is_given_away_again),
		TEST(what_is_no_socket_is_left_alone),
		TEST(names_are_those_of_live_trees_and_dead_ones_go),
		TEST(a_lock_that_somebody_keeps_is_not_waited_for_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
