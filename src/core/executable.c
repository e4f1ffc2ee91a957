/* Executables; see the header. */
#include "core/executable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/descriptor.h"
#include "core/linux/memfd.h"

static int version_of(int file, struct executable_version *ret)
{
	struct stat st;

	if (fstat(file, &st) < 0)
		return -errno;
	*ret = (struct executable_version){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size_bytes = (uint64_t) st.st_size,
		.changed_s = st.st_ctim.tv_sec,
		.changed_ns = st.st_ctim.tv_nsec,
	};
	return 0;
}

/*
 * The file is checked first, so that what is no binary at all is not copied, and then the copy, as
 * the file may have changed in between: only the copy counts.
 */
static int executable_fill(struct executable *executable, int file, const char *name,
	struct elf_info *ret_info, struct elf_fault *ret_fault)
{
	int r = elf_survey(file, ret_info, ret_fault);

	if (r)
		return r;
	r = rom_memfd_snapshot(file, name, ret_info->file_bytes, &executable->memfd);
	if (r)
		return r;
	r = elf_survey(executable->memfd, ret_info, ret_fault);
	if (r)
		return r;
	executable->info = *ret_info;
	return 0;
}

static int executable_new(struct executable **table, const struct executable_version *version,
	struct executable **ret)
{
	struct executable *executable = calloc(1, sizeof(*executable));

	if (!executable)
		return -ENOMEM;
	executable->version = *version;
	if (TABLE_ADD(by_version, *table, version, executable) < 0) {
		free(executable);
		return -ENOMEM;
	}
	*ret = executable;
	return 0;
}

int executable_get(struct executable **table, int file, const char *name, struct executable **ret,
	struct elf_info *ret_info, struct elf_fault *ret_fault)
{
	struct executable_version version;
	struct executable *executable;

	int r = version_of(file, &version);
	if (r < 0)
		return r;
	executable = TABLE_FIND(by_version, *table, &version);
	if (!executable)
		r = executable_new(table, &version, &executable);
	if (r < 0)
		return r;
	executable->n_users++;
	if (!executable->memfd)
		r = executable_fill(executable, file, name, ret_info, ret_fault);
	if (r) {
		executable_put(table, executable);
		return r;
	}
	*ret_info = executable->info;
	*ret = executable;
	return 0;
}

void executable_put(struct executable **table, struct executable *executable)
{
	if (!executable || --executable->n_users > 0)
		return;
	HASH_DELETE(by_version, *table, executable);
	descriptor_close(&executable->memfd);
	free(executable);
}
