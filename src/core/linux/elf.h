/*
 * Looking at a binary before it is started
 *
 * The kernel answers ENOEXEC, EACCES or a SIGSEGV to whatever is wrong with a binary. People who
 * compose a system deserve the reason, so the header is read first and the answer is a sentence.
 * It also tells how much private memory the component starts with, which its budget must hold.
 */
#ifndef CORE_LINUX_ELF_H
#define CORE_LINUX_ELF_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_INTERPRETER_MAX 255 /* bytes of a dynamic linker's path */
#define ELF_HEADERS_MAX     128 /* program headers of one binary; a linker makes about ten */

enum {
	ELF_E_INVALID = 1, /* can't be started on this machine, whoever tries */
	ELF_E_DYNAMIC = 2, /* sound, but needs a dynamic linker, which a native component has not */
};

struct elf_info {
	unsigned machine; /* EM_… of <elf.h> */
	bool pie;
	uint64_t entry;                            /* virtual address, before any relocation */
	char interpreter[ELF_INTERPRETER_MAX + 1]; /* "" unless the answer is ELF_E_DYNAMIC */
	uint64_t file_bytes;                       /* of the file that matter, from its start */
	uint64_t data_bytes; /* private memory it starts with, in whole pages, without its stack */
};

struct elf_fault {
	char text[384]; /* what is wrong, for people; goes after "NAME: " */
};

/**
 * elf_check() - can this file be started as a component?
 * @fd:    descriptor open for reading; its file position does not matter and does not move
 * @ret:   written on 0 and on ELF_E_DYNAMIC
 * @fault: written on any answer but 0
 *
 * Native components are static-pie; a static binary at a fixed address is accepted too.
 * The file may be hostile: nothing in it is believed without a check.
 *
 * Return: 0, ELF_E_INVALID, ELF_E_DYNAMIC, or the negative errno of a read that failed.
 */
int elf_check(int fd, struct elf_info *ret, struct elf_fault *fault);

#endif
