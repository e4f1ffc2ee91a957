/*
 * Looking at a binary before it is started: see elf.h
 *
 * Four looks, each on ground that the one before made safe: the file, its identification, its
 * header, its program headers one by one. Program headers are gathered into a `struct survey` and
 * judged afterwards, so that no verdict depends on their order. What a binary needs is read
 * from its dynamic section, by the same rules. Reads with pread alone, a few dozen bytes at a time,
 * and allocates nothing.
 */
#include "core/linux/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE_HERE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE_HERE EM_AARCH64
#else
#error "kin knows x86-64 and aarch64"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_HERE ELFDATA2LSB
#else
#define BYTE_ORDER_HERE ELFDATA2MSB
#endif

/* Nothing lies above this on the machines of today; the sums below can't overflow beneath it. */
#define ADDRESS_MAX (UINT64_C(1) << 56)

struct binary {
	int fd;
	uint64_t size;
	uint64_t page_size;
	Elf64_Ehdr header;
	struct elf_fault *fault;
};

/* What all program headers together say */
struct survey {
	struct elf_info info;
	unsigned n_loaded;
};

/* Where the names of libraries are, in the file */
struct strings {
	uint64_t address, offset, bytes;
};

__attribute__((format(printf, 2, 3))) static int fault_set(
	struct elf_fault *fault, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	return ELF_E_INVALID;
}

static int fault_truncated(struct elf_fault *fault, const char *what)
{
	return fault_set(fault, "invalid ELF executable: %s beyond the end of the file", what);
}

/* Reads all @size bytes at @offset or answers why not; @what names them for the reader */
static int binary_read(
	struct binary *binary, void *buffer, size_t size, uint64_t offset, const char *what)
{
	ssize_t got;

	if (offset > binary->size || size > binary->size - offset)
		return fault_truncated(binary->fault, what);
	do
		got = pread(binary->fd, buffer, size, (off_t) offset);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		int error = errno;

		fault_set(binary->fault, "cannot be read: %s", strerror(error));
		return -error;
	}
	/* it shrank since it was measured */
	if ((size_t) got != size)
		return fault_truncated(binary->fault, what);
	return 0;
}

static int file_check(struct binary *binary)
{
	struct stat status;

	if (fstat(binary->fd, &status) < 0) {
		int error = errno;

		fault_set(binary->fault, "cannot be read: %s", strerror(error));
		return -error;
	}
	if (S_ISDIR(status.st_mode))
		return fault_set(binary->fault, "is a directory, not a program");
	if (!S_ISREG(status.st_mode))
		return fault_set(binary->fault, "is a special file, not a program");
	if (status.st_size == 0)
		return fault_set(binary->fault, "is empty");
	binary->size = (uint64_t) status.st_size;
	return 0;
}

static int identification_check(struct binary *binary)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	size_t size = binary->size < sizeof(ident) ? (size_t) binary->size : sizeof(ident);
	int answer = binary_read(binary, ident, size, 0, "identification");

	if (answer)
		return answer;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return fault_set(binary->fault, memcmp(ident, "#!", 2) == 0
							? "is a script, not an ELF executable"
							: "is not an ELF executable");
	if (ident[EI_CLASS] == ELFCLASS32)
		return fault_set(binary->fault, "is a 32-bit program, only 64-bit ones are run");
	if (ident[EI_CLASS] != ELFCLASS64)
		return fault_set(binary->fault, "invalid ELF executable: unknown word size");
	if (ident[EI_DATA] != BYTE_ORDER_HERE)
		return fault_set(
			binary->fault, "is a program for machines of the opposite byte order");
	if (ident[EI_VERSION] != EV_CURRENT)
		return fault_set(binary->fault, "invalid ELF executable: unknown version");
	return 0;
}

/* A machine's name, written to @buffer if it has none */
static const char *machine_name(unsigned machine, char *buffer, size_t size)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i386";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "mips";
	default:
		snprintf(buffer, size, "ELF machine %u", machine);
		return buffer;
	}
}

static int type_check(struct binary *binary)
{
	switch (binary->header.e_type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		return fault_set(
			binary->fault, "is an object file that is not linked yet, not a program");
	case ET_CORE:
		return fault_set(binary->fault, "is a core dump, not a program");
	default:
		return fault_set(binary->fault, "is not an executable (ELF type %u)",
			(unsigned) binary->header.e_type);
	}
}

static int header_check(struct binary *binary)
{
	const Elf64_Ehdr *header = &binary->header;
	char theirs[24], ours[24];
	int answer = binary_read(binary, &binary->header, sizeof(*header), 0, "header");

	if (answer)
		return answer;
	if (header->e_machine != MACHINE_HERE)
		return fault_set(binary->fault, "is a program for %s, this machine is %s",
			machine_name(header->e_machine, theirs, sizeof(theirs)),
			machine_name(MACHINE_HERE, ours, sizeof(ours)));
	answer = type_check(binary);
	if (answer)
		return answer;
	if (header->e_phnum == 0)
		return fault_set(binary->fault, "invalid ELF executable: no program headers");
	if (header->e_phnum > ELF_HEADERS_MAX)
		return fault_set(binary->fault,
			"invalid ELF executable: %u program headers, at most %u are accepted",
			(unsigned) header->e_phnum, ELF_HEADERS_MAX);
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return fault_set(binary->fault,
			"invalid ELF executable: program headers of %u bytes instead of %zu",
			(unsigned) header->e_phentsize, sizeof(Elf64_Phdr));
	return 0;
}

/* A part of the file that becomes memory. Writable ones are what the budget pays for. */
static int loaded_take(struct binary *binary, const Elf64_Phdr *part, struct survey *survey)
{
	uint64_t mask = binary->page_size - 1;
	uint64_t entry = binary->header.e_entry;

	if (part->p_filesz > part->p_memsz)
		return fault_set(binary->fault,
			"invalid ELF executable: segment larger in file than in memory");
	if (part->p_offset > binary->size || part->p_filesz > binary->size - part->p_offset)
		return fault_truncated(binary->fault, "segment");
	if (part->p_vaddr >= ADDRESS_MAX || part->p_memsz >= ADDRESS_MAX - part->p_vaddr)
		return fault_set(
			binary->fault, "invalid ELF executable: segment beyond the address space");
	if ((part->p_vaddr & mask) != (part->p_offset & mask))
		return fault_set(binary->fault, "invalid ELF executable: segment is misaligned");

	survey->n_loaded++;
	if (part->p_offset + part->p_filesz > survey->info.file_bytes)
		survey->info.file_bytes = part->p_offset + part->p_filesz;
	if (part->p_flags & PF_W)
		survey->info.data_bytes +=
			((part->p_vaddr + part->p_memsz + mask) & ~mask) - (part->p_vaddr & ~mask);
	if ((part->p_flags & PF_X) && entry >= part->p_vaddr &&
		entry - part->p_vaddr < part->p_memsz)
		survey->info.entry_in_code = true;
	if ((part->p_flags & PF_X) && (part->p_flags & PF_W))
		survey->info.writable_code = true;
	if (binary->header.e_phoff >= part->p_offset &&
		binary->header.e_phoff - part->p_offset < part->p_filesz)
		survey->info.headers_loaded = true;
	return 0;
}

static int interpreter_take(struct binary *binary, const Elf64_Phdr *part, struct survey *survey)
{
	char *path = survey->info.interpreter;
	size_t size = (size_t) part->p_filesz;
	int answer;

	if (part->p_filesz < 2 || part->p_filesz > sizeof(survey->info.interpreter))
		return fault_set(binary->fault,
			"invalid ELF executable: absurd length of the dynamic linker's path");
	answer = binary_read(binary, path, size, part->p_offset, "dynamic linker's path");
	if (answer)
		return answer;
	if (path[0] == '\0' || path[size - 1] != '\0')
		return fault_set(binary->fault,
			"invalid ELF executable: dynamic linker's path is not a string");
	return 0;
}

static int dynamic_take(struct binary *binary, const Elf64_Phdr *part, struct survey *survey)
{
	if (part->p_offset > binary->size || part->p_filesz > binary->size - part->p_offset)
		return fault_truncated(binary->fault, "dynamic section");
	survey->info.dynamic_offset = part->p_offset;
	survey->info.dynamic_bytes = part->p_filesz;
	return 0;
}

static int part_read(struct binary *binary, unsigned i, Elf64_Phdr *ret)
{
	uint64_t skip = i * sizeof(*ret);

	/* a table offset near the top of the numbers would wrap around */
	if (binary->header.e_phoff > UINT64_MAX - skip)
		return fault_truncated(binary->fault, "program headers");
	return binary_read(
		binary, ret, sizeof(*ret), binary->header.e_phoff + skip, "program headers");
}

static int part_take(struct binary *binary, const Elf64_Phdr *part, struct survey *survey)
{
	switch (part->p_type) {
	case PT_LOAD:
		return loaded_take(binary, part, survey);
	case PT_INTERP:
		return interpreter_take(binary, part, survey);
	case PT_DYNAMIC:
		return dynamic_take(binary, part, survey);
	default:
		return 0;
	}
}

static int headers_survey(struct binary *binary, struct survey *survey)
{
	int answer = 0;

	for (unsigned i = 0; i < binary->header.e_phnum && !answer; i++) {
		Elf64_Phdr part;

		answer = part_read(binary, i, &part);
		if (!answer)
			answer = part_take(binary, &part, survey);
	}
	if (!answer && survey->n_loaded == 0)
		return fault_set(binary->fault, "invalid ELF executable: nothing to load");
	return answer;
}

static int binary_open(struct binary *binary, int fd, struct elf_fault *fault)
{
	*binary = (struct binary){
		.fd = fd, .page_size = (uint64_t) sysconf(_SC_PAGESIZE), .fault = fault
	};
	int answer = file_check(binary);

	if (!answer)
		answer = identification_check(binary);
	if (!answer)
		answer = header_check(binary);
	return answer;
}

int elf_survey(int fd, struct elf_info *ret, struct elf_fault *fault)
{
	struct survey survey = { 0 };
	struct binary binary;
	int answer = binary_open(&binary, fd, fault);

	if (!answer)
		answer = headers_survey(&binary, &survey);
	if (answer)
		return answer;

	/* neither the headers nor the dynamic section need be part of a segment */
	uint64_t headers_end = binary.header.e_phoff + binary.header.e_phnum * sizeof(Elf64_Phdr);
	uint64_t dynamic_end = survey.info.dynamic_offset + survey.info.dynamic_bytes;

	if (survey.info.file_bytes < headers_end)
		survey.info.file_bytes = headers_end;
	if (survey.info.file_bytes < dynamic_end)
		survey.info.file_bytes = dynamic_end;
	survey.info.machine = binary.header.e_machine;
	survey.info.pie = binary.header.e_type == ET_DYN;
	survey.info.entry = binary.header.e_entry;
	*ret = survey.info;
	return 0;
}

/* What the loader and a dynamic linker can't map. */
static int judge_mapped(const struct elf_info *info, struct elf_fault *fault)
{
	if (info->writable_code)
		return fault_set(fault,
			"has memory that is both written and executed, which only a static "
			"component may have");
	return 0;
}

int elf_judge_program(const struct elf_info *info, struct elf_fault *fault)
{
	if (info->pie && info->entry == 0 && !*info->interpreter)
		return fault_set(
			fault, "is a shared library without an entry point, not a program");
	if (!info->entry_in_code)
		return fault_set(fault, "invalid ELF executable: entry point is not in its code");
	if (!*info->interpreter)
		return 0;
	if (!info->headers_loaded)
		return fault_set(
			fault, "invalid ELF executable: program headers are not in its memory");
	if (judge_mapped(info, fault))
		return ELF_E_INVALID;
	fault_set(fault, "is dynamically linked (by %s)", info->interpreter);
	return ELF_E_DYNAMIC;
}

int elf_judge_library(const struct elf_info *info, struct elf_fault *fault)
{
	if (!info->pie)
		return fault_set(fault, "is a program at a fixed address, not a shared library");
	return judge_mapped(info, fault);
}

int elf_judge_linker(const struct elf_info *info, struct elf_fault *fault)
{
	if (*info->interpreter)
		return fault_set(fault,
			"is dynamically linked itself (by %s), not a dynamic linker",
			info->interpreter);
	if (!info->entry || !info->entry_in_code)
		return fault_set(fault, "is no dynamic linker: it has no entry point in its code");
	return elf_judge_library(info, fault);
}

int elf_check(int fd, struct elf_info *ret, struct elf_fault *fault)
{
	int answer = elf_survey(fd, ret, fault);

	return answer ? answer : elf_judge_program(ret, fault);
}

const char *elf_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Addresses mean what the segments have there. Leaves @strings->offset 0 if they have nothing. */
static int strings_locate(struct binary *binary, struct strings *strings)
{
	for (unsigned i = 0; i < binary->header.e_phnum; i++) {
		Elf64_Phdr part;
		int answer = part_read(binary, i, &part);

		if (answer)
			return answer;
		if (part.p_type == PT_LOAD && strings->address >= part.p_vaddr &&
			strings->address - part.p_vaddr < part.p_filesz)
			strings->offset = strings->address - part.p_vaddr + part.p_offset;
	}
	return 0;
}

static int dynamic_read(
	struct binary *binary, const struct elf_info *info, unsigned i, Elf64_Dyn *ret)
{
	*ret = (Elf64_Dyn){ .d_tag = DT_NULL };
	if ((i + 1) * sizeof(*ret) > info->dynamic_bytes)
		return 0;
	if (i == ELF_DYNAMIC_MAX)
		return fault_set(binary->fault,
			"invalid ELF executable: more than %u entries in its dynamic section",
			ELF_DYNAMIC_MAX);
	return binary_read(binary, ret, sizeof(*ret), info->dynamic_offset + i * sizeof(*ret),
		"dynamic section");
}

static int strings_find(struct binary *binary, const struct elf_info *info, struct strings *ret)
{
	Elf64_Dyn entry;
	int answer;

	for (unsigned i = 0; !(answer = dynamic_read(binary, info, i, &entry)); i++) {
		if (entry.d_tag == DT_NULL)
			return strings_locate(binary, ret);
		if (entry.d_tag == DT_STRTAB)
			ret->address = entry.d_un.d_ptr;
		if (entry.d_tag == DT_STRSZ)
			ret->bytes = entry.d_un.d_val;
	}
	return answer;
}

static int needed_take(struct binary *binary, const struct strings *strings, uint64_t at,
	struct elf_needed *needed)
{
	char path[ELF_INTERPRETER_MAX + 1] = "";
	uint64_t size = at < strings->bytes ? strings->bytes - at : 0;
	const char *name;
	int answer;

	if (size > sizeof(path))
		size = sizeof(path);
	if (!strings->offset || !size || strings->offset > UINT64_MAX - at)
		return fault_set(binary->fault,
			"invalid ELF executable: a library that it needs has no name");
	answer = binary_read(binary, path, size, strings->offset + at, "name of a library");
	if (answer)
		return answer;
	name = memchr(path, '\0', size) ? elf_name(path) : "";
	if (!*name || strlen(name) > ELF_NAME_MAX)
		return fault_set(binary->fault,
			"invalid ELF executable: absurd name of a library that it needs");
	if (needed->n == ELF_NEEDED_MAX)
		return fault_set(binary->fault, "needs more than %u libraries", ELF_NEEDED_MAX);
	strcpy(needed->names[needed->n++], name);
	return 0;
}

int elf_needed(int fd, const struct elf_info *info, struct elf_needed *ret, struct elf_fault *fault)
{
	struct strings strings = { 0 };
	struct binary binary;
	Elf64_Dyn entry;
	int answer = binary_open(&binary, fd, fault);

	ret->n = 0;
	if (!answer)
		answer = strings_find(&binary, info, &strings);
	for (unsigned i = 0; !answer; i++) {
		answer = dynamic_read(&binary, info, i, &entry);
		if (answer || entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_NEEDED)
			answer = needed_take(&binary, &strings, entry.d_un.d_val, ret);
	}
	return answer;
}
