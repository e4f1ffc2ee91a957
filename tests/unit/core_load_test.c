/*
 * Unit tests of programs that are handed over: served by somebody else, or dynamically linked
 *
 * The modules are those of the system, as far as this program itself has them loaded. The second
 * argument is the path of core_child, linked dynamically.
 */
#include "core_children.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/elf.h"
#include "core/linux/loader.h"
#include "core/program.h"

static const char *dynamic_path;
static char linker_path[256], libc_path[256];
static const char *linker_name, *libc_name;

static void last_of(const char *path, char ret[256], const char **ret_name)
{
	snprintf(ret, 256, "%s", path);
	*ret_name = strrchr(ret, '/') + 1;
}

static int module_note(struct dl_phdr_info *info, size_t size, void *data)
{
	if (strstr(info->dlpi_name, "/libc.so"))
		last_of(info->dlpi_name, libc_path, &libc_name);
	else if (strstr(info->dlpi_name, "/ld-"))
		last_of(info->dlpi_name, linker_path, &linker_name);
	return 0;
}

static void open_dynamic(struct fixture *f, struct child *c, uint64_t ram, uint64_t caps)
{
	child_install_file(f, "dynamic", dynamic_path);
	child_install_file(f, linker_name, linker_path);
	child_install_file(f, libc_name, libc_path);
	child_open(f, c, "dynamic", ram, caps);
	fixture_heard(f);
}

/* Hands over the module of that name from core's ROM service. */
static int load_module(struct fixture *f, struct child *c, const char *name, char *ret_missing)
{
	struct core_session *rom;
	int cap, r;

	rom = fixture_open_session(f, "ROM", name, &cap);
	r = child_load(f, c, cap, 0, ret_missing);
	/* what was handed over stays, whatever becomes of the session */
	core_session_close(rom);
	close(cap);
	return r;
}

static void load_all(struct fixture *f, struct child *c)
{
	char missing[KIN_NAME_MAX + 1];

	assert_int_equal(child_start(f, c), KIN_MISSING);
	assert_int_equal(child_load(f, c, c->binary_cap, 0, missing), 0);
	assert_string_equal(missing, linker_name);
	assert_int_equal(child_start(f, c), KIN_MISSING);
	assert_int_equal(load_module(f, c, linker_name, missing), 0);
	assert_string_equal(missing, libc_name);
	assert_int_equal(child_start(f, c), KIN_MISSING);
	assert_int_equal(load_module(f, c, libc_name, missing), 0);
	assert_string_equal(missing, "");
	assert_int_equal(load_module(f, c, libc_name, missing), KIN_INVALID);
}

static void assert_said(struct fixture *f, const char *what)
{
	const char *heard = fixture_heard(f);

	if (!strstr(heard, what))
		fail_msg("'%s' does not say '%s'", heard, what);
}

/* A dynamically linked program */

static void a_dynamic_program_starts_once_all_it_names_is_there(void **state)
{
	struct fixture *f = *state;
	unsigned n = fixture_count_descriptors();
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	load_all(f, &c);
	assert_int_equal(child_pd(&c)->account.used.ram, 0);
	assert_int_equal(child_start(f, &c), 0);
	assert_null(child_pd(&c)->program);
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	assert_int_equal(child_pd(&c)->account.used.ram, PROCESS_RAM_BYTES);
	assert_int_equal(child_pd(&c)->account.used.caps, PROCESS_CAPS + 3 * MODULE_CAPS);
	child_tell(&c, CORE_CHILD_EXIT, 7);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(child_status(f, &c).value, 7);
	assert_int_equal(child_account(f, &c).ram_used, 0);
	assert_int_equal(child_account(f, &c).cap_used, 0);
	assert_string_equal(fixture_heard(f), "");
	child_close(f, &c);
	assert_null(f->services.executables);
	/* what all dynamically linked components share */
	assert_int_equal(fixture_count_descriptors(), n + 1);
}

/* It runs before anybody could relocate it. */
static void the_loader_needs_nothing_and_is_relocated_by_nobody(void **state)
{
	int fd = memfd_create("loader", MFD_CLOEXEC);
	struct elf_fault fault;
	struct elf_info info;
	Elf64_Dyn entry;

	assert_int_equal(write(fd, loader_image, loader_image_bytes), loader_image_bytes);
	assert_int_equal(elf_check(fd, &info, &fault), 0);
	assert_true(info.pie && info.dynamic_bytes > 0);
	assert_true(loader_image_bytes < 16384);
	close(fd);
	for (uint64_t i = 0; i < info.dynamic_bytes / sizeof(entry); i++) {
		memcpy(&entry, loader_image + info.dynamic_offset + i * sizeof(entry),
			sizeof(entry));
		assert_true(entry.d_tag != DT_RELA && entry.d_tag != DT_JMPREL);
		assert_true(entry.d_tag != 36 /* DT_RELR */ && entry.d_tag != DT_NEEDED);
	}
}

static void its_data_limit_holds_from_the_first_instruction(void **state)
{
	struct fixture *f = *state;
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	load_all(f, &c);
	assert_int_equal(child_start(f, &c), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 9 * MIB), -ENOMEM);
	assert_int_equal(child_ask(&c, CORE_CHILD_MAP, 4 * MIB), 0);
	assert_true(child_account(f, &c).ram_used > 4 * MIB);
	child_close(f, &c);
}

static void modules_that_are_never_started_are_forgotten(void **state)
{
	struct fixture *f = *state;
	unsigned n = fixture_count_descriptors();
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	load_all(f, &c);
	child_close(f, &c);
	assert_int_equal(fixture_count_descriptors(), n);
}

static void a_budget_too_small_for_its_modules_is_named(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct child c;

	open_dynamic(f, &c, PROCESS_RAM_BYTES + PROCESS_START_BYTES, 20);
	load_all(f, &c);
	assert_int_equal(child_start(f, &c), KIN_OUT_OF_RAM);
	assert_said(f, "init -> child: out of RAM during loading (needs ");
	child_close(f, &c);
	open_dynamic(f, &c, 8 * MIB, 5);
	load_all(f, &c);
	assert_int_equal(child_start(f, &c), KIN_OUT_OF_CAPS);
	assert_said(f, "init -> child: out of caps during loading (needs 3, has 2)\n");
	child_close(f, &c);
	/* each module is a descriptor of core's, whether the child is ever started or not */
	open_dynamic(f, &c, 8 * MIB, 1);
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), 0);
	assert_int_equal(child_pd(&c)->account.used.caps, MODULE_CAPS);
	assert_int_equal(load_module(f, &c, linker_name, missing), KIN_OUT_OF_CAPS);
	assert_int_equal(child_pd(&c)->account.used.caps, MODULE_CAPS);
	child_close(f, &c);
}

static void what_a_module_can_not_be_is_named(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1], sentence[256];
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	fixture_file(f, 0, "text", "#!/bin/sh\n", 10);
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), 0);
	assert_int_equal(load_module(f, &c, libc_name, missing), KIN_DENIED);
	snprintf(sentence, sizeof(sentence),
		"[core] Error: init -> child: invalid dynamic linker \"%s\": is dynamically linked "
		"itself",
		linker_name);
	assert_said(f, sentence);
	/* it is missing still, and another one may do */
	assert_int_equal(load_module(f, &c, linker_name, missing), 0);
	assert_int_equal(load_module(f, &c, "text", missing), KIN_DENIED);
	snprintf(sentence, sizeof(sentence),
		"[core] Error: init -> child: invalid library \"%s\": is a script, not an ELF "
		"executable\n",
		libc_name);
	assert_said(f, sentence);
	assert_int_equal(child_load(f, &c, f->output, 0, missing), KIN_DENIED);
	assert_said(f, "its ROM session is no channel");
	assert_int_equal(child_start(f, &c), KIN_MISSING);
	child_close(f, &c);
}

static void what_is_no_program_can_not_be_handed_over(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct child c;

	fixture_file(f, 0, "text", "#!/bin/sh\n", 10);
	child_open(f, &c, "text", 4 * MIB, 20);
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), KIN_DENIED);
	assert_string_equal(fixture_heard(f), "[core] Error: init -> child: invalid ELF "
					      "executable: is a script, not an ELF executable\n");
	child_close(f, &c);
	fixture_file(f, 0, "child", "x", 1);
	child_run(f, &c, 4 * MIB);
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), KIN_INVALID);
	c.account = PD_ACCOUNT_SELF;
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), KIN_INVALID);
	child_close(f, &c);
}

/* A library that needs as many others as it is told */
struct needy {
	Elf64_Ehdr header;
	Elf64_Phdr parts[2];
	Elf64_Dyn dynamic[3 + 14];
	char names[1 + 14 * 2];
};

static struct needy needy(unsigned n)
{
	struct needy needy = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				    ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
#if defined(__x86_64__)
			.e_machine = EM_X86_64,
#else
			.e_machine = EM_AARCH64,
#endif
			.e_phoff = offsetof(struct needy, parts),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2 },
		.parts = { { .p_type = PT_LOAD,
				   .p_flags = PF_R,
				   .p_filesz = sizeof(struct needy),
				   .p_memsz = sizeof(struct needy) },
			{ .p_type = PT_DYNAMIC,
				.p_offset = offsetof(struct needy, dynamic),
				.p_filesz = sizeof(needy.dynamic) } },
		.dynamic = { { DT_STRTAB, { offsetof(struct needy, names) } },
			{ DT_STRSZ, { sizeof(needy.names) } } },
	};

	for (unsigned i = 0; i < n; i++) {
		needy.dynamic[2 + i] = (Elf64_Dyn){ DT_NEEDED, { 1 + 2 * i } };
		needy.names[1 + 2 * i] = (char) ('a' + i);
	}
	return needy;
}

static void the_limit_of_modules_holds(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct needy library = needy(14);
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	fixture_file(f, 0, "needy", &library, sizeof(library));
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), 0);
	assert_int_equal(load_module(f, &c, linker_name, missing), 0);
	/* program, linker, itself and 14 more */
	assert_int_equal(load_module(f, &c, "needy", missing), KIN_DENIED);
	assert_said(f, "at most 16 modules");
	library = needy(13);
	fixture_file(f, 0, "needy", &library, sizeof(library));
	assert_int_equal(load_module(f, &c, "needy", missing), 0);
	assert_string_equal(missing, "a");
	child_close(f, &c);
}

static void a_library_that_several_name_is_wanted_once(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct needy library = needy(2);
	struct child c;

	open_dynamic(f, &c, 8 * MIB, 20);
	fixture_file(f, 0, "needy", &library, sizeof(library));
	assert_int_equal(child_load(f, &c, c.binary_cap, 0, missing), 0);
	assert_int_equal(load_module(f, &c, linker_name, missing), 0);
	for (const char *const *name = (const char *const[]){ "a", "b", "", NULL }; *name; name++) {
		assert_int_equal(load_module(f, &c, "needy", missing), 0);
		assert_string_equal(missing, *name);
	}
	child_close(f, &c);
}

/* Served by somebody else */

/* A channel, but no ROM session of core's; the content comes as a dataspace */
static int load_copy(struct fixture *f, struct child *c, const char *name, char *ret_missing)
{
	int dataspace = open(fixture_path(f, 0, name), O_RDONLY | O_CLOEXEC);

	assert_int_equal(child_load(f, c, c->log_cap, 0, ret_missing), KIN_MISSING);
	int r = child_load(f, c, c->log_cap, dataspace, ret_missing);

	close(dataspace);
	return r;
}

/* Makes the last segment of a binary end behind so many bytes. */
static void binary_enlarge(const char *path, uint64_t bytes)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	Elf64_Ehdr header;
	Elf64_Phdr segment, last = { 0 };
	off_t at, last_at = 0;

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		at = (off_t) (header.e_phoff + i * sizeof(segment));
		assert_int_equal(pread(fd, &segment, sizeof(segment), at), sizeof(segment));
		if (segment.p_type != PT_LOAD || segment.p_offset < last.p_offset)
			continue;
		last = segment;
		last_at = at;
	}
	last.p_filesz = last.p_memsz = bytes - last.p_offset;
	assert_int_equal(pwrite(fd, &last, sizeof(last), last_at), sizeof(last));
	assert_int_equal(ftruncate(fd, (off_t) bytes), 0);
	close(fd);
}

static void a_large_binary_of_somebody_elses_is_not_copied(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct child c;

	child_install(f, "large");
	child_open(f, &c, "large", 4 * MIB, 20);
	binary_enlarge(fixture_path(f, 0, "large"), PROGRAM_COPY_MAX);
	assert_int_equal(load_copy(f, &c, "large", missing), KIN_OUT_OF_RAM);
	binary_enlarge(fixture_path(f, 0, "large"), PROGRAM_COPY_MAX + 1);
	assert_int_equal(load_copy(f, &c, "large", missing), KIN_DENIED);
	assert_non_null(strstr(fixture_heard(f),
		"invalid ELF executable: more than 64 MiB that would have to be copied"));
	child_close(f, &c);
}

static void a_binary_of_somebody_elses_is_copied_and_paid_for(void **state)
{
	struct fixture *f = *state;
	unsigned n = fixture_count_descriptors();
	char missing[KIN_NAME_MAX + 1];
	struct stat st;
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4 * MIB, 20);
	int session = c.binary_cap;

	c.binary_cap = c.log_cap;
	assert_int_equal(child_start(f, &c), KIN_MISSING);
	assert_int_equal(load_copy(f, &c, "child", missing), 0);
	assert_string_equal(missing, "");
	uint64_t charged = child_pd(&c)->account.used.ram;

	assert_int_equal(stat(fixture_path(f, 0, "child"), &st), 0);
	assert_true(charged > 0 && charged <= (uint64_t) st.st_size + 4096);
	assert_int_equal(child_start(f, &c), 0);
	assert_int_equal(child_pd(&c)->account.used.ram, charged + PROCESS_RAM_BYTES);
	assert_int_equal(child_pd(&c)->account.used.caps, PROCESS_CAPS);
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	child_tell(&c, CORE_CHILD_EXIT, 0);
	child_wait(f, &c);
	fixture_settle(f);
	assert_int_equal(child_account(f, &c).ram_used, 0);
	c.binary_cap = session;
	child_close(f, &c);
	assert_int_equal(fixture_count_descriptors(), n);
}

static void all_modules_of_somebody_elses_are_copied_and_paid_for(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	uint64_t before, after;
	struct child c;

	open_dynamic(f, &c, 16 * MIB, 20);
	assert_int_equal(load_copy(f, &c, "dynamic", missing), 0);
	before = child_pd(&c)->account.used.ram;
	assert_int_equal(load_copy(f, &c, linker_name, missing), 0);
	after = child_pd(&c)->account.used.ram;
	assert_true(before > 0 && after > before);
	assert_int_equal(load_copy(f, &c, libc_name, missing), 0);
	assert_true(child_pd(&c)->account.used.ram > after);
	assert_int_equal(child_start(f, &c), 0);
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	child_close(f, &c);
}

static void a_copy_that_can_not_be_paid_for_is_not_made(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct child c;

	child_install(f, "child");
	child_open(f, &c, "child", 4096, 20);
	assert_int_equal(load_copy(f, &c, "child", missing), KIN_OUT_OF_RAM);
	assert_int_equal(child_pd(&c)->account.used.ram, 0);
	child_close(f, &c);
	child_open(f, &c, "child", 4 * MIB, 20);
	fixture_file(f, 0, "text", "hello", 5);
	assert_int_equal(load_copy(f, &c, "text", missing), KIN_DENIED);
	assert_int_equal(child_pd(&c)->account.used.ram, 0);
	child_close(f, &c);
}

struct attempt {
	struct fixture *f;
	struct child *child;
};

static int attempt_copy(void *context)
{
	struct attempt *attempt = context;
	struct fixture *f = attempt->f;
	struct pd_load_reply reply;
	int dataspace = open(fixture_path(f, 0, "dynamic"), O_RDONLY | O_CLOEXEC);
	int r = dataspace < 0 ? -errno
			      : core_pd_load(&f->services.root,
					&(struct pd_load_request){ attempt->child->account,
						attempt->child->log_cap, dataspace },
					&reply);

	if (dataspace >= 0)
		close(dataspace);
	return r;
}

static int attempt_start(void *context)
{
	struct attempt *attempt = context;
	int r = child_start(attempt->f, attempt->child);

	graveyard_wait(attempt->f);
	return r;
}

static void what_lacks_a_descriptor_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char missing[KIN_NAME_MAX + 1];
	struct child c, shared;

	/* Else the first start would leave what all others share. */
	open_dynamic(f, &shared, 8 * MIB, 20);
	load_all(f, &shared);
	assert_int_equal(child_start(f, &shared), 0);
	child_close_session(&shared.pd);
	child_close(f, &shared);

	open_dynamic(f, &c, 16 * MIB, 20);
	fixture_sweep_descriptors(f, attempt_copy, &(struct attempt){ f, &c });
	assert_int_equal(load_module(f, &c, linker_name, missing), 0);
	assert_int_equal(load_module(f, &c, libc_name, missing), 0);
	fixture_sweep_descriptors(f, attempt_start, &(struct attempt){ f, &c });
	assert_int_equal(child_ask(&c, CORE_CHILD_TRIGGER, 0), 8);
	child_close(f, &c);
}

#define WITH_CORE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_CORE(a_dynamic_program_starts_once_all_it_names_is_there),
		cmocka_unit_test(the_loader_needs_nothing_and_is_relocated_by_nobody),
		WITH_CORE(its_data_limit_holds_from_the_first_instruction),
		WITH_CORE(modules_that_are_never_started_are_forgotten),
		WITH_CORE(a_budget_too_small_for_its_modules_is_named),
		WITH_CORE(what_a_module_can_not_be_is_named),
		WITH_CORE(what_is_no_program_can_not_be_handed_over),
		WITH_CORE(the_limit_of_modules_holds),
		WITH_CORE(a_library_that_several_name_is_wanted_once),
		WITH_CORE(a_binary_of_somebody_elses_is_copied_and_paid_for),
		WITH_CORE(a_large_binary_of_somebody_elses_is_not_copied),
		WITH_CORE(all_modules_of_somebody_elses_are_copied_and_paid_for),
		WITH_CORE(a_copy_that_can_not_be_paid_for_is_not_made),
		WITH_CORE(what_lacks_a_descriptor_leaves_nothing),
	};

	children_init(argc, argv);
	dl_iterate_phdr(module_note, NULL);
	if (argc != 3 || !linker_name || !libc_name)
		return 2;
	dynamic_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
