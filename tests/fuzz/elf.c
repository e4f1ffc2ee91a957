/*
 * Any file as a binary: elf_check() reads nothing beyond it, and what it accepts or says about it
 * makes sense. The same for what it needs.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/linux/elf.h"
#include "fuzz/input.h"

static void check_needed(int fd, const struct elf_info *info)
{
	struct elf_fault fault = { "" };
	struct elf_needed needed;
	int r = elf_needed(fd, info, &needed, &fault);

	assert(r == 0 || r == ELF_E_INVALID);
	assert((r == 0) == !*fault.text);
	assert(needed.n <= ELF_NEEDED_MAX);
	for (unsigned i = 0; i < needed.n; i++) {
		assert(memchr(needed.names[i], 0, sizeof(needed.names[i])));
		assert(*needed.names[i] && !strchr(needed.names[i], '/'));
	}
}

static void check_judgement(
	const struct elf_info *info, int (*judge)(const struct elf_info *, struct elf_fault *))
{
	struct elf_fault fault = { "" };
	int r = judge(info, &fault);

	assert(r == 0 || r == ELF_E_INVALID);
	assert((r == 0) == !*fault.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd;
	struct elf_fault fault = { "" };
	struct elf_info info;

	if (!fd)
		fd = memfd_create("binary", MFD_CLOEXEC);
	int r = ftruncate(fd, 0);

	assert(r == 0 && pwrite(fd, data, size, 0) == (ssize_t) size);
	r = elf_survey(fd, &info, &fault);
	assert(r == 0 || r == ELF_E_INVALID);
	assert((r == 0) == !*fault.text);
	assert(memchr(fault.text, 0, sizeof(fault.text)));
	if (r == 0) {
		assert(info.file_bytes > 0 && info.file_bytes <= size);
		assert(info.data_bytes % 4096 == 0);
		assert(memchr(info.interpreter, 0, sizeof(info.interpreter)));
		check_needed(fd, &info);
		check_judgement(&info, elf_judge_library);
		check_judgement(&info, elf_judge_linker);
	}
	r = elf_check(fd, &info, &fault);
	assert(r == 0 || r == ELF_E_INVALID || r == ELF_E_DYNAMIC);
	assert((r == 0) == !*fault.text);
	assert(r == ELF_E_INVALID || (r == ELF_E_DYNAMIC) == (info.interpreter[0] != 0));
	return 0;
}
