/*
 * Any file as a binary: elf_check() reads nothing beyond it, and what it accepts or says about it
 * makes sense.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/linux/elf.h"
#include "fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd;
	struct elf_fault fault = { "" };
	struct elf_info info;

	if (!fd)
		fd = memfd_create("binary", MFD_CLOEXEC);
	int r = ftruncate(fd, 0);

	assert(r == 0 && pwrite(fd, data, size, 0) == (ssize_t) size);
	r = elf_check(fd, &info, &fault);
	assert(r == 0 || r == ELF_E_INVALID || r == ELF_E_DYNAMIC);
	assert((r == 0) == !*fault.text);
	assert(memchr(fault.text, 0, sizeof(fault.text)));
	if (r == ELF_E_INVALID)
		return 0;
	assert(info.file_bytes > 0 && info.file_bytes <= size);
	assert(info.data_bytes % 4096 == 0);
	assert(memchr(info.interpreter, 0, sizeof(info.interpreter)));
	assert((r == ELF_E_DYNAMIC) == (info.interpreter[0] != 0));
	return 0;
}
