/*
 * Looking at a binary before it is started
 *
 * The kernel answers ENOEXEC, EACCES or a SIGSEGV to whatever is wrong with a binary. People who
 * compose a system deserve the reason, so the header is read first and the answer is a sentence.
 * It also tells how much private memory the component starts with, which its budget must hold, and
 * which other modules a dynamically linked one needs.
 *
 * The file may be hostile: nothing in it is believed without a check.
 */
#ifndef CORE_LINUX_ELF_H
#define CORE_LINUX_ELF_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_INTERPRETER_MAX 255  /* bytes of a dynamic linker's path */
#define ELF_HEADERS_MAX     128  /* program headers of one binary; a linker makes about ten */
#define ELF_DYNAMIC_MAX     1024 /* entries of a dynamic section; a linker makes about thirty */
#define ELF_NEEDED_MAX      16   /* libraries that one binary names */
#define ELF_NAME_MAX        63   /* bytes of a module's name */

enum {
	ELF_E_INVALID = 1, /* can't be started on this machine, whoever tries */
	ELF_E_DYNAMIC = 2, /* sound, but needs a dynamic linker */
};

struct elf_info {
	unsigned machine; /* EM_… of <elf.h> */
	bool pie;
	bool entry_in_code;
	bool headers_loaded; /* its program headers are part of its memory */
	bool writable_code;  /* some memory of it can be written and executed */
	uint64_t entry;      /* virtual address, before any relocation */
	char interpreter[ELF_INTERPRETER_MAX +
			 1]; /* path of its dynamic linker, "" if it has none */
	uint64_t file_bytes; /* of the file that matter, from its start */
	uint64_t data_bytes; /* private memory it starts with, in whole pages, without its stack */
	uint64_t dynamic_offset, dynamic_bytes; /* its dynamic section in the file; 0: none */
};

struct elf_fault {
	char text[384]; /* what is wrong, for people; goes after "NAME: " */
};

/* The libraries that a binary names, without the folders that it may name before them */
struct elf_needed {
	char names[ELF_NEEDED_MAX][ELF_NAME_MAX + 1];
	unsigned n;
};

/**
 * elf_survey() - read all headers
 * @fd:    descriptor open for reading; its file position does not matter and does not move
 * @ret:   written on 0
 * @fault: written on any answer but 0
 *
 * Return: 0 if it can be mapped as a program or library; ELF_E_INVALID; or the negative errno of a
 * read that failed.
 */
int elf_survey(int fd, struct elf_info *ret, struct elf_fault *fault);

/**
 * elf_judge_program() - can what was surveyed be started as a component?
 *
 * Native components are static-pie; a static binary at a fixed address is accepted too.
 *
 * Return: 0, ELF_E_INVALID, or ELF_E_DYNAMIC if it needs a dynamic linker and can be mapped by the
 * loader.
 */
int elf_judge_program(const struct elf_info *info, struct elf_fault *fault);

/* Can it be mapped as a library? Return: 0, ELF_E_INVALID */
int elf_judge_library(const struct elf_info *info, struct elf_fault *fault);

/* Can it be started as a dynamic linker? Return: 0, ELF_E_INVALID */
int elf_judge_linker(const struct elf_info *info, struct elf_fault *fault);

/* Both for a program: elf_survey() and elf_judge_program(); @ret is written on ELF_E_DYNAMIC too.
 */
int elf_check(int fd, struct elf_info *ret, struct elf_fault *fault);

/**
 * elf_needed() - the libraries that a surveyed binary names
 * @fd, @info: of the same file, which must not have changed since
 * @fault:     written on any answer but 0
 *
 * Return: 0, ELF_E_INVALID, or negative errno.
 */
int elf_needed(
	int fd, const struct elf_info *info, struct elf_needed *ret, struct elf_fault *fault);

/* The last part of a path. */
const char *elf_name(const char *path);

#endif
