/* Unit tests of core's ROM service. */
#include "core_children.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/executable.h"
#include "core/rom.h"
#include "ipc/signal.h"

/* Opens a module that must be there and gives its content as one string. */
static void assert_content(struct fixture *f, const char *label, const char *expected)
{
	struct rom_dataspace_reply reply = { 0 };
	char text[64] = "";
	int cap;
	struct core_session *rom = fixture_open_session(f, "ROM", label, &cap);

	assert_int_equal(((const struct rom_handlers *) core_rom_service.handlers)
				 ->dataspace(rom, NULL, &reply),
		0);
	assert_int_equal(reply.size, strlen(expected));
	assert_int_equal(read(reply.dataspace, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
	close(reply.dataspace);
	core_session_close(rom);
	close(cap);
}

static void assert_denied(struct fixture *f, const char *label, const char *line)
{
	struct core_session *rom;
	int cap;

	fixture_heard(f);
	assert_int_equal(
		fixture_session(f, "ROM", label, SESSION_RAM_BYTES, 1, &rom, &cap), KIN_DENIED);
	assert_string_equal(fixture_heard(f), line);
}

static int memfd_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void directories_are_searched_in_order(void **state)
{
	struct fixture *f = *state;

	fixture_file(f, 1, "both", "second", 6);
	fixture_file(f, 0, "both", "first", 5);
	fixture_file(f, 1, "other", "other", 5);
	assert_content(f, "both", "first");
	assert_content(f, "init -> x -> both", "first");
	assert_content(f, "init -> other", "other");
}

static void a_missing_module_is_denied_and_named(void **state)
{
	assert_denied(*state, "init -> none",
		"[core] Warning: ROM module \"none\" not found (requested by init -> none)\n");
}

static void names_that_could_lead_elsewhere_are_refused(void **state)
{
	static const char *const NAMES[] = { "", ".", "..", "../x", "/etc/passwd", "a/b",
		".hidden" };
	struct fixture *f = *state;
	char label[64], line[160];

	fixture_file(f, 0, ".hidden", "x", 1);
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		snprintf(label, sizeof(label), "init -> %s", NAMES[i]);
		snprintf(line, sizeof(line),
			"[core] Warning: ROM module \"%s\" refused: not a module's name "
			"(requested by %s)\n",
			NAMES[i], label);
		assert_denied(f, label, line);
	}
}

static void only_regular_files_are_modules(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkfifo(fixture_path(f, 0, "fifo"), 0600), 0);
	assert_int_equal(symlink("/etc/passwd", fixture_path(f, 0, "link")), 0);
	fixture_file(f, 1, "link", "hidden behind the first", 23);
	assert_denied(f, "fifo",
		"[core] Warning: ROM module \"fifo\" refused: not a regular file (requested by "
		"fifo)\n");
	assert_denied(f, "link",
		"[core] Warning: ROM module \"link\" refused: symbolic link (requested by link)\n");
	assert_int_equal(mkdir(fixture_path(f, 1, "dir"), 0700), 0);
	assert_denied(f, "dir",
		"[core] Warning: ROM module \"dir\" refused: not a regular file (requested by "
		"dir)\n");
	rmdir(fixture_path(f, 1, "dir"));
}

static void each_dataspace_is_an_open_file_of_its_own_for_reading(void **state)
{
	struct fixture *f = *state;
	const struct rom_handlers *handlers = core_rom_service.handlers;
	struct rom_dataspace_reply one = { 0 }, two = { 0 };
	char byte;
	int cap;

	fixture_file(f, 0, "m", "abc", 3);
	struct core_session *rom = fixture_open_session(f, "ROM", "m", &cap);

	assert_int_equal(handlers->dataspace(rom, NULL, &one), 0);
	assert_int_equal(handlers->dataspace(rom, NULL, &two), 0);
	assert_int_equal(read(one.dataspace, &byte, 1), 1);
	assert_int_equal(lseek(two.dataspace, 0, SEEK_CUR), 0);
	assert_int_equal(fcntl(one.dataspace, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
	close(one.dataspace);
	close(two.dataspace);
	core_session_close(rom);
	close(cap);
}

static void a_module_of_core_is_for_its_label_only(void **state)
{
	struct fixture *f = *state;

	fixture_file(f, 0, "config", "file", 4);
	assert_int_equal(core_rom_set(&f->services, "init -> config", memfd_of("core's")), 0);
	assert_content(f, "init -> config", "core's");
	assert_content(f, "init -> init -> config", "file");
	assert_content(f, "config", "file");
}

static void readers_are_signalled_when_core_changes_a_module(void **state)
{
	struct fixture *f = *state;
	const struct rom_handlers *handlers = core_rom_service.handlers;
	struct rom_dataspace_reply reply = { 0 };
	struct rom_signal_request request;
	int cap, signal;

	assert_int_equal(signal_context_open(&signal), 0);
	assert_int_equal(core_rom_set(&f->services, "m", memfd_of("one")), 0);
	struct core_session *rom = fixture_open_session(f, "ROM", "m", &cap);

	assert_int_equal(descriptor_dup(signal, &request.signal), 0);
	assert_int_equal(handlers->signal(rom, &request, NULL), 0);
	assert_int_equal(request.signal, 0);
	assert_false(signal_take(signal));
	assert_int_equal(core_rom_set(&f->services, "m", memfd_of("three")), 0);
	assert_true(signal_take(signal));
	assert_int_equal(handlers->dataspace(rom, NULL, &reply), 0);
	assert_int_equal(reply.size, 5);
	close(reply.dataspace);
	core_session_close(rom);
	assert_int_equal(core_rom_set(&f->services, "m", memfd_of("")), 0);
	assert_false(signal_take(signal));
	close(cap);
	close(signal);
}

/* A file never changes for who has it open, so core keeps none of its descriptors for that. */
static void readers_of_a_file_leave_no_signal(void **state)
{
	struct fixture *f = *state;
	const struct rom_handlers *handlers = core_rom_service.handlers;
	struct rom_signal_request request;
	int cap;

	fixture_file(f, 0, "config", "file", 4);
	struct core_session *rom = fixture_open_session(f, "ROM", "config", &cap);

	assert_int_equal(signal_context_open(&request.signal), 0);
	assert_int_equal(handlers->signal(rom, &request, NULL), 0);
	assert_int_not_equal(request.signal, 0);
	close(request.signal);
	core_session_close(rom);
	close(cap);
}

static void what_is_no_signal_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct rom_handlers *handlers = core_rom_service.handlers;
	struct rom_signal_request request;
	int cap;

	fixture_file(f, 0, "m", "abc", 3);
	struct core_session *rom = fixture_open_session(f, "ROM", "m", &cap);

	request.signal = cap;
	assert_int_equal(handlers->signal(rom, &request, NULL), -EINVAL);
	assert_int_equal(request.signal, cap);
	core_session_close(rom);
	close(cap);
}

static int executable_of(struct core_session *rom)
{
	struct elf_info info;
	struct elf_fault fault;
	int memfd = 0;

	assert_int_equal(core_rom_executable((struct rom_session *) rom, &memfd, &info, &fault), 0);
	assert_true(info.data_bytes > 0);
	return memfd;
}

/* The same bytes into the same file, until its clock has seen it. */
static void rewrite(struct fixture *f, const char *name)
{
	struct stat before, after;

	assert_int_equal(stat(fixture_path(f, 0, name), &before), 0);
	do {
		child_install(f, name);
		assert_int_equal(stat(fixture_path(f, 0, name), &after), 0);
	} while (after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
}

static void snapshots_are_shared_by_those_who_run_the_same_file(void **state)
{
	struct fixture *f = *state;
	struct core_session *roms[4];
	int caps[4], memfd;

	child_install(f, "child");
	for (int i = 0; i < 2; i++)
		roms[i] = fixture_open_session(f, "ROM", "child", &caps[i]);
	memfd = executable_of(roms[0]);
	assert_int_equal(executable_of(roms[1]), memfd);
	assert_int_equal(fcntl(memfd, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
	/* A new version under the same name is another file's snapshot. */
	unlink(fixture_path(f, 0, "child"));
	child_install(f, "child");
	roms[2] = fixture_open_session(f, "ROM", "child", &caps[2]);
	assert_int_not_equal(executable_of(roms[2]), memfd);
	rewrite(f, "child");
	roms[3] = fixture_open_session(f, "ROM", "child", &caps[3]);
	assert_int_not_equal(executable_of(roms[3]), executable_of(roms[2]));
	core_session_close(roms[3]);
	core_session_close(roms[0]);
	assert_int_equal(HASH_CNT(by_version, f->services.executables), 2);
	core_session_close(roms[1]);
	core_session_close(roms[2]);
	assert_null(f->services.executables);
	for (int i = 0; i < 4; i++)
		close(caps[i]);
}

static int attempt_executable(void *context)
{
	struct core_session *rom;
	struct elf_info info;
	struct elf_fault fault;
	int cap, memfd;

	int r = fixture_session(context, "ROM", "child", 65536, 9, &rom, &cap);
	if (r)
		return r;
	r = core_rom_executable((struct rom_session *) rom, &memfd, &info, &fault);
	core_session_close(rom);
	close(cap);
	return r;
}

static void a_snapshot_that_lacks_a_descriptor_leaves_nothing(void **state)
{
	child_install(*state, "child");
	fixture_sweep_descriptors(*state, attempt_executable, *state);
}

static void what_is_no_executable_leaves_no_snapshot(void **state)
{
	struct fixture *f = *state;
	struct elf_info info;
	struct elf_fault fault;
	int cap, memfd;

	fixture_file(f, 0, "text", "#!/bin/sh", 9);
	struct core_session *rom = fixture_open_session(f, "ROM", "text", &cap);

	assert_int_equal(core_rom_executable((struct rom_session *) rom, &memfd, &info, &fault),
		ELF_E_INVALID);
	assert_null(f->services.executables);
	core_session_close(rom);
	close(cap);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(directories_are_searched_in_order),
		WITH_CORE(a_missing_module_is_denied_and_named),
		WITH_CORE(names_that_could_lead_elsewhere_are_refused),
		WITH_CORE(only_regular_files_are_modules),
		WITH_CORE(each_dataspace_is_an_open_file_of_its_own_for_reading),
		WITH_CORE(a_module_of_core_is_for_its_label_only),
		WITH_CORE(readers_are_signalled_when_core_changes_a_module),
		WITH_CORE(readers_of_a_file_leave_no_signal),
		WITH_CORE(what_is_no_signal_is_refused),
		WITH_CORE(snapshots_are_shared_by_those_who_run_the_same_file),
		WITH_CORE(a_snapshot_that_lacks_a_descriptor_leaves_nothing),
		WITH_CORE(what_is_no_executable_leaves_no_snapshot),
	};

	children_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
