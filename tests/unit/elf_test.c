/*
 * elf: every way in which a file is not a component has its own sentence; hostile headers are
 * survived
 */
#include "core/linux/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define HERE      EM_X86_64
#define ELSEWHERE EM_AARCH64
#else
#define HERE      EM_AARCH64
#define ELSEWHERE EM_X86_64
#endif

/* A small sound static-pie program, which each test spoils in one way */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr code, data, extra;
	char interpreter[32];
	char rest[256];
};

#define PAGE 65536 /* a multiple of every page size */

static struct image image_sound(void)
{
	struct image image = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				    ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = HERE,
			.e_version = EV_CURRENT,
			.e_entry = 0x100,
			.e_phoff = offsetof(struct image, code),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 3 },
		.code = { .p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_filesz = sizeof(struct image),
			.p_memsz = sizeof(struct image) },
		.data = { .p_type = PT_LOAD,
			.p_flags = PF_R | PF_W,
			.p_vaddr = PAGE + 0x10,
			.p_offset = 0x10,
			.p_filesz = 0x20,
			.p_memsz = 2 * PAGE },
		.extra = { .p_type = PT_NULL },
		.interpreter = "/lib/ld-test.so.1",
	};

	return image;
}

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static void fd_is_refused(int fd, const char *sentence)
{
	struct elf_fault fault = { "" };
	struct elf_info info;

	assert_int_equal(elf_check(fd, &info, &fault), ELF_E_INVALID);
	if (!strstr(fault.text, sentence))
		fail_msg("'%s' does not say '%s'", fault.text, sentence);
	close(fd);
}

static void image_is_refused(const struct image *image, const char *sentence)
{
	fd_is_refused(file_of(image, sizeof(*image)), sentence);
}

static void sound_program_is_described(void **state)
{
	struct image image = image_sound();
	int fd = file_of(&image, sizeof(image));
	struct elf_fault fault;
	struct elf_info info;

	(void) state;
	assert_int_equal(elf_check(fd, &info, &fault), 0);
	assert_int_equal(info.machine, HERE);
	assert_true(info.pie);
	assert_int_equal(info.entry, 0x100);
	assert_string_equal(info.interpreter, "");
	/* memory of whole pages that starts within one touches one more */
	assert_int_equal(info.data_bytes, 2 * PAGE + sysconf(_SC_PAGESIZE));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), sizeof(image));
	close(fd);
}

static void static_program_at_a_fixed_address_is_accepted(void **state)
{
	struct image image = image_sound();
	struct elf_fault fault;
	struct elf_info info;
	int fd;

	(void) state;
	image.header.e_type = ET_EXEC;
	fd = file_of(&image, sizeof(image));
	assert_int_equal(elf_check(fd, &info, &fault), 0);
	assert_false(info.pie);
	close(fd);
}

static void dynamic_program_names_its_linker(void **state)
{
	struct image image = image_sound();
	struct elf_fault fault;
	struct elf_info info;
	int fd;

	(void) state;
	image.extra.p_type = PT_INTERP;
	image.extra.p_offset = offsetof(struct image, interpreter);
	image.extra.p_filesz = sizeof("/lib/ld-test.so.1");
	fd = file_of(&image, sizeof(image));
	assert_int_equal(elf_check(fd, &info, &fault), ELF_E_DYNAMIC);
	assert_string_equal(info.interpreter, "/lib/ld-test.so.1");
	assert_non_null(strstr(fault.text, "dynamically linked (by /lib/ld-test.so.1)"));
	close(fd);

	image.extra.p_filesz = 4;
	image_is_refused(&image, "linker's path is not a string");
	image.extra.p_filesz = 1;
	image_is_refused(&image, "absurd length of the dynamic linker's path");
	image.extra.p_filesz = 4096;
	image_is_refused(&image, "absurd length of the dynamic linker's path");
	image.extra.p_filesz = 16;
	image.extra.p_offset = UINT64_MAX - 3;
	image_is_refused(&image, "linker's path beyond the end");
}

/* The image as a library that needs others: a dynamic section and names, in the rest of its file */
struct library {
	Elf64_Dyn dynamic[5];
	char names[64];
};

_Static_assert(sizeof(struct library) <= sizeof(((struct image *) NULL)->rest), "no room");

#define REST offsetof(struct image, rest)

static struct image image_needing(const Elf64_Dyn dynamic[5], const char names[64])
{
	struct image image = image_sound();
	struct library library;

	memcpy(library.dynamic, dynamic, sizeof(library.dynamic));
	memcpy(library.names, names, sizeof(library.names));
	memcpy(image.rest, &library, sizeof(library));
	image.extra.p_type = PT_DYNAMIC;
	image.extra.p_offset = REST;
	image.extra.p_filesz = sizeof(library.dynamic);
	image.header.e_entry = 0;
	return image;
}

#define NAMES "\0liba.so.1\0/lib/deep/libb.so\0/"
#define SOUND_DYNAMIC \
	{ \
		{ DT_STRTAB, { REST + offsetof(struct library, names) } }, { DT_STRSZ, { 64 } }, \
			{ DT_NEEDED, { 1 } }, { DT_NEEDED, { 11 } }, \
		{ \
			DT_NULL, \
			{ \
				0 \
			} \
		} \
	}

static int image_needed(const struct image *image, struct elf_needed *ret, struct elf_fault *fault)
{
	int fd = file_of(image, sizeof(*image));
	struct elf_info info;
	int answer;

	assert_int_equal(elf_survey(fd, &info, fault), 0);
	assert_int_equal(elf_judge_library(&info, fault), 0);
	answer = elf_needed(fd, &info, ret, fault);
	close(fd);
	return answer;
}

static void a_library_names_those_it_needs_without_their_folders(void **state)
{
	const char names[64] = NAMES;
	struct image image = image_needing((Elf64_Dyn[]) SOUND_DYNAMIC, names);
	struct elf_needed needed;
	struct elf_fault fault;

	(void) state;
	assert_int_equal(image_needed(&image, &needed, &fault), 0);
	assert_int_equal(needed.n, 2);
	assert_string_equal(needed.names[0], "liba.so.1");
	assert_string_equal(needed.names[1], "libb.so");
	image.extra.p_filesz -= 2 * sizeof(Elf64_Dyn);
	assert_int_equal(image_needed(&image, &needed, &fault), 0);
	assert_int_equal(needed.n, 1);
	image.extra.p_type = PT_NULL;
	assert_int_equal(image_needed(&image, &needed, &fault), 0);
	assert_int_equal(needed.n, 0);
}

static void needed_is_refused(const struct image *image, const char *sentence)
{
	struct elf_needed needed;
	struct elf_fault fault = { "" };

	assert_int_equal(image_needed(image, &needed, &fault), ELF_E_INVALID);
	if (!strstr(fault.text, sentence))
		fail_msg("'%s' does not say '%s'", fault.text, sentence);
}

static void absurd_dynamic_sections_are_refused(void **state)
{
	const char names[64] = NAMES;
	struct image image;

	(void) state;
	/* each is spoiled in one entry: where the names are, how many bytes, which of them */
	static const struct {
		unsigned entry;
		uint64_t value;
		const char *sentence;
	} spoiled[] = {
		{ 0, 0x7fff0000, "has no name" },
		{ 0, UINT64_MAX, "has no name" },
		{ 1, 0, "has no name" },
		{ 2, 64, "has no name" },
		{ 2, UINT64_MAX, "has no name" },
		{ 2, 0, "absurd name" },
		{ 2, 28, "absurd name" },
	};
	for (size_t i = 0; i < sizeof(spoiled) / sizeof(*spoiled); i++) {
		Elf64_Dyn dynamic[5] = SOUND_DYNAMIC;

		dynamic[spoiled[i].entry].d_un.d_val = spoiled[i].value;
		image = image_needing(dynamic, names);
		needed_is_refused(&image, spoiled[i].sentence);
	}
	Elf64_Dyn dynamic[5] = SOUND_DYNAMIC;

	dynamic[1].d_un.d_val = 1 << 20;
	dynamic[2].d_un.d_val = 1 << 19;
	image = image_needing(dynamic, names);
	needed_is_refused(&image, "name of a library beyond the end");
	image = image_needing((Elf64_Dyn[]) SOUND_DYNAMIC, names);
	image.extra.p_filesz = sizeof(image);
	image_is_refused(&image, "dynamic section beyond the end");
}

static void the_limits_of_dynamic_sections_hold(void **state)
{
	static struct {
		struct image image;
		Elf64_Dyn dynamic[ELF_DYNAMIC_MAX + 1];
		char names[8];
	} large = { .names = "\0x" };
	struct elf_fault fault;
	struct elf_needed needed;
	struct elf_info info;
	int fd;

	(void) state;
	large.image = image_sound();
	large.image.code.p_filesz = large.image.code.p_memsz = sizeof(large);
	large.image.extra.p_type = PT_DYNAMIC;
	large.image.extra.p_offset = sizeof(large.image);
	large.image.extra.p_filesz = sizeof(large.dynamic);
	for (size_t i = 0; i <= ELF_DYNAMIC_MAX; i++)
		large.dynamic[i] = (Elf64_Dyn){ DT_DEBUG, { 0 } };
	fd = file_of(&large, sizeof(large));
	assert_int_equal(elf_survey(fd, &info, &fault), 0);
	assert_int_equal(elf_needed(fd, &info, &needed, &fault), ELF_E_INVALID);
	assert_non_null(strstr(fault.text, "more than 1024 entries"));
	close(fd);

	large.dynamic[0] =
		(Elf64_Dyn){ DT_STRTAB, { (uint64_t) ((char *) large.names - (char *) &large) } };
	large.dynamic[1] = (Elf64_Dyn){ DT_STRSZ, { sizeof(large.names) } };
	for (size_t i = 2; i < 2 + ELF_NEEDED_MAX; i++)
		large.dynamic[i] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	large.dynamic[2 + ELF_NEEDED_MAX].d_tag = DT_NULL;
	fd = file_of(&large, sizeof(large));
	assert_int_equal(elf_needed(fd, &info, &needed, &fault), 0);
	assert_int_equal(needed.n, ELF_NEEDED_MAX);
	close(fd);
	large.dynamic[2 + ELF_NEEDED_MAX] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	large.dynamic[3 + ELF_NEEDED_MAX].d_tag = DT_NULL;
	fd = file_of(&large, sizeof(large));
	assert_int_equal(elf_needed(fd, &info, &needed, &fault), ELF_E_INVALID);
	assert_non_null(strstr(fault.text, "needs more than 16 libraries"));
	close(fd);
}

typedef int judge_function(const struct elf_info *info, struct elf_fault *fault);

static void image_is_judged(
	const struct image *image, judge_function *judge, int answer, const char *sentence)
{
	int fd = file_of(image, sizeof(*image));
	struct elf_fault fault = { "" };
	struct elf_info info;

	if (elf_survey(fd, &info, &fault))
		fail_msg("%s", fault.text);
	assert_int_equal(judge(&info, &fault), answer);
	if (!strstr(fault.text, sentence))
		fail_msg("'%s' does not say '%s'", fault.text, sentence);
	close(fd);
}

static void programs_linkers_and_libraries_are_told_apart(void **state)
{
	struct image image = image_sound();

	(void) state;
	image_is_judged(&image, elf_judge_linker, 0, "");
	image_is_judged(&image, elf_judge_library, 0, "");
	image.header.e_type = ET_EXEC;
	image_is_judged(&image, elf_judge_linker, ELF_E_INVALID, "at a fixed address");
	image_is_judged(&image, elf_judge_library, ELF_E_INVALID, "at a fixed address");
	image = image_sound();
	image.header.e_entry = 0;
	image_is_judged(&image, elf_judge_linker, ELF_E_INVALID, "no dynamic linker");
	image_is_judged(&image, elf_judge_library, 0, "");
	image = image_sound();
	image.extra.p_type = PT_INTERP;
	image.extra.p_offset = offsetof(struct image, interpreter);
	image.extra.p_filesz = sizeof("/lib/ld-test.so.1");
	image_is_judged(&image, elf_judge_linker, ELF_E_INVALID, "dynamically linked itself");
	image_is_judged(&image, elf_judge_library, 0, "");
	image.data.p_flags |= PF_X;
	image_is_judged(&image, elf_judge_program, ELF_E_INVALID, "written and executed");
	image_is_judged(&image, elf_judge_library, ELF_E_INVALID, "written and executed");
	image.extra.p_type = PT_NULL;
	image_is_judged(&image, elf_judge_program, 0, "");
	image.extra.p_type = PT_INTERP;
	image.data.p_flags = PF_R | PF_W;
	image.code.p_offset = image.code.p_vaddr = 0;
	image.code.p_filesz = sizeof(Elf64_Ehdr);
	image.data.p_filesz = 0;
	image_is_judged(&image, elf_judge_program, ELF_E_INVALID, "headers are not in its memory");
}

static void the_real_programs_here_are_what_they_are(void **state)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_fault fault;
	struct elf_info info;

	(void) state;
	assert_int_equal(elf_check(self, &info, &fault), ELF_E_DYNAMIC);
	assert_int_equal(info.interpreter[0], '/');
	struct elf_needed needed;
	bool libc = false;

	assert_int_equal(elf_needed(self, &info, &needed, &fault), 0);
	for (unsigned i = 0; i < needed.n; i++)
		libc |= strncmp(needed.names[i], "libc.so", 7) == 0;
	assert_true(libc);
	close(self);
}

static void what_is_no_program_at_all_is_said(void **state)
{
	(void) state;
	fd_is_refused(open("/", O_RDONLY | O_CLOEXEC), "is a directory");
	fd_is_refused(open("/dev/null", O_RDONLY | O_CLOEXEC), "is a special file");
	fd_is_refused(file_of("", 0), "is empty");
	fd_is_refused(file_of("x", 1), "is not an ELF executable");
	fd_is_refused(file_of("hello, this is no program", 25), "is not an ELF executable");
	fd_is_refused(file_of("#!/bin/sh\n", 10), "is a script");
}

static void unreadable_descriptor_is_an_error(void **state)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct elf_fault fault;
	struct elf_info info;

	(void) state;
	assert_int_equal(elf_check(-1, &info, &fault), -EBADF);
	assert_int_equal(elf_check(fd, &info, &fault), -EBADF);
	assert_non_null(strstr(fault.text, "cannot be read"));
	close(fd);
}

static void other_machines_are_named(void **state)
{
	struct image image = image_sound();
	bool here_is_x86 = HERE == EM_X86_64;

	(void) state;
	image.header.e_machine = ELSEWHERE;
	image_is_refused(&image, here_is_x86 ? "for aarch64, this machine is x86-64"
					     : "for x86-64, this machine is aarch64");
	image.header.e_machine = 4711;
	image_is_refused(&image, "for ELF machine 4711, this");
	image = image_sound();
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	image_is_refused(&image, "32-bit");
	image.header.e_ident[EI_CLASS] = 9;
	image_is_refused(&image, "unknown word size");
	image = image_sound();
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	image_is_refused(&image, "opposite byte order");
	image = image_sound();
	image.header.e_ident[EI_VERSION] = 2;
	image_is_refused(&image, "unknown version");
}

static void other_kinds_of_elf_are_named(void **state)
{
	struct image image = image_sound();

	(void) state;
	image.header.e_type = ET_REL;
	image_is_refused(&image, "object file");
	image.header.e_type = ET_CORE;
	image_is_refused(&image, "core dump");
	image.header.e_type = 77;
	image_is_refused(&image, "ELF type 77");
	image.header.e_type = ET_DYN;
	image.header.e_entry = 0;
	image_is_refused(&image, "shared library");
	image.header.e_type = ET_EXEC;
	image.header.e_entry = PAGE + 0x20;
	image_is_refused(&image, "entry point is not in its code");
}

static void absurd_program_headers_are_refused(void **state)
{
	struct image image = image_sound();

	(void) state;
	image.header.e_phnum = 0;
	image_is_refused(&image, "no program headers");
	image.header.e_phnum = UINT16_MAX;
	image_is_refused(&image, "65535 program headers");
	image = image_sound();
	image.header.e_phentsize = 1;
	image_is_refused(&image, "program headers of 1 bytes");
	image = image_sound();
	image.header.e_phoff = sizeof(image) - 8;
	image_is_refused(&image, "program headers beyond the end");
	image.header.e_phoff = UINT64_MAX - 60;
	image_is_refused(&image, "program headers beyond the end");
	image = image_sound();
	image.code.p_type = image.data.p_type = PT_NULL;
	image_is_refused(&image, "nothing to load");
}

static void absurd_segments_are_refused(void **state)
{
	struct image image = image_sound();

	(void) state;
	image.data.p_filesz = image.data.p_memsz + 1;
	image_is_refused(&image, "segment larger in file");
	image = image_sound();
	image.data.p_offset += PAGE;
	image_is_refused(&image, "segment beyond the end");
	image.data.p_offset = UINT64_MAX - 0xffef;
	image_is_refused(&image, "segment beyond the end");
	image = image_sound();
	image.data.p_memsz = UINT64_MAX - 5;
	image_is_refused(&image, "beyond the address space");
	image = image_sound();
	image.data.p_vaddr = UINT64_MAX - 0xffef;
	image_is_refused(&image, "beyond the address space");
	image = image_sound();
	image.data.p_vaddr += 8;
	image_is_refused(&image, "misaligned");
}

static void every_truncation_is_refused(void **state)
{
	struct image image = image_sound();

	(void) state;
	for (size_t size = 1; size < sizeof(image); size++)
		fd_is_refused(file_of(&image, size), size < SELFMAG ? "is not an ELF" : "");
}

/* Any answer will do, but the check must come back, with sanitizers watching */
static void random_damage_is_survived(void **state)
{
	unsigned seed = 1;

	(void) state;
	for (int round = 0; round < 20000; round++) {
		const char names[64] = NAMES;
		struct image image = round % 2 ? image_sound()
					       : image_needing((Elf64_Dyn[]) SOUND_DYNAMIC, names);
		struct elf_needed needed;
		struct elf_fault fault;
		struct elf_info info;
		int fd, answer;

		for (int i = 0; i < 3; i++) {
			size_t at = (size_t) rand_r(&seed) % (REST + sizeof(struct library));

			((unsigned char *) &image)[at] = (unsigned char) rand_r(&seed);
		}
		fd = file_of(&image, sizeof(image));
		answer = elf_check(fd, &info, &fault);
		assert_in_range(answer, 0, ELF_E_DYNAMIC);
		if (elf_survey(fd, &info, &fault) == 0)
			assert_in_range(elf_needed(fd, &info, &needed, &fault), 0, ELF_E_INVALID);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_program_is_described),
		cmocka_unit_test(static_program_at_a_fixed_address_is_accepted),
		cmocka_unit_test(dynamic_program_names_its_linker),
		cmocka_unit_test(a_library_names_those_it_needs_without_their_folders),
		cmocka_unit_test(absurd_dynamic_sections_are_refused),
		cmocka_unit_test(the_limits_of_dynamic_sections_hold),
		cmocka_unit_test(programs_linkers_and_libraries_are_told_apart),
		cmocka_unit_test(the_real_programs_here_are_what_they_are),
		cmocka_unit_test(what_is_no_program_at_all_is_said),
		cmocka_unit_test(unreadable_descriptor_is_an_error),
		cmocka_unit_test(other_machines_are_named),
		cmocka_unit_test(other_kinds_of_elf_are_named),
		cmocka_unit_test(absurd_program_headers_are_refused),
		cmocka_unit_test(absurd_segments_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
