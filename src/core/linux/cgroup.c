/*
 * Control groups: see cgroup.h
 */
#include "core/linux/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270
#define OWN_LEAF      "core"
#define MOUNT_POINTS \
	{ \
		"/sys/fs/cgroup", "/sys/fs/cgroup/unified" \
	}
#define TEXT_MAX 4096

static int file_write(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int number_write(int folder, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return file_write(folder, name, text);
}

static int file_read(int folder, const char *name, char ret[TEXT_MAX])
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, ret, TEXT_MAX - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	ret[got > 0 ? got : 0] = '\0';
	return got < 0 ? (int) got : 0;
}

/* Opens a folder if it is one of a cgroup v2 hierarchy. */
static int folder_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &status) == 0 && status.f_type == CGROUP2_MAGIC)
		return fd;
	close(fd);
	return -ENOTSUP;
}

/* Our own group's folder, or negative errno */
static int folder_own(void)
{
	static const char *const mounts[] = MOUNT_POINTS;
	char text[TEXT_MAX], path[TEXT_MAX + 64];
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", text);
	char *own = r < 0 ? NULL : strstr(text, "0::/");

	if (!own)
		return -ENOENT;
	own[strcspn(own, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		snprintf(path, sizeof(path), "%s%s", mounts[i], own + strlen("0::"));
		r = folder_open(path);
		if (r >= 0)
			return r;
	}
	return -ENOENT;
}

/* Was it left to us, and to us alone? Root may write everywhere, which says nothing. */
static bool folder_is_ours(int folder)
{
	char text[TEXT_MAX], own[24];

	snprintf(own, sizeof(own), "%d\n", (int) getpid());
	return geteuid() != 0 && faccessat(folder, "cgroup.procs", W_OK, 0) == 0 &&
	       faccessat(folder, "cgroup.subtree_control", W_OK, 0) == 0 &&
	       file_read(folder, "cgroup.procs", text) == 0 && strcmp(text, own) == 0;
}

static int own_leaf_enter(int folder)
{
	if (mkdirat(folder, OWN_LEAF, 0755) < 0 && errno != EEXIST)
		return -errno;
	return number_write(folder, OWN_LEAF "/cgroup.procs", (uint64_t) getpid());
}

static bool controller_enable(int folder, const char *change)
{
	return file_write(folder, "cgroup.subtree_control", change) == 0;
}

int cgroups_init(struct cgroups *cgroups, const char *path)
{
	int folder = path ? folder_open(path) : folder_own();

	*cgroups = (struct cgroups){ 0 };
	if (!path && (folder < 0 || !folder_is_ours(folder))) {
		if (folder >= 0)
			close(folder);
		return 0;
	}
	if (folder < 0)
		return folder;
	int r = own_leaf_enter(folder);

	if (r < 0) {
		close(folder);
		return path ? r : 0;
	}
	cgroups->folder = folder;
	cgroups->memory = controller_enable(folder, "+memory");
	cgroups->cpu = controller_enable(folder, "+cpu");
	cgroups->pids = controller_enable(folder, "+pids");
	return 0;
}

void cgroups_done(struct cgroups *cgroups)
{
	if (!cgroups->folder)
		return;
	if (cgroups->memory)
		file_write(cgroups->folder, "cgroup.subtree_control", "-memory");
	if (cgroups->cpu)
		file_write(cgroups->folder, "cgroup.subtree_control", "-cpu");
	if (cgroups->pids)
		file_write(cgroups->folder, "cgroup.subtree_control", "-pids");
	number_write(cgroups->folder, "cgroup.procs", (uint64_t) getpid());
	unlinkat(cgroups->folder, OWN_LEAF, AT_REMOVEDIR);
	close(cgroups->folder);
	*cgroups = (struct cgroups){ 0 };
}

static void leaf_name(uint64_t number, char ret[32])
{
	snprintf(ret, 32, "component-%" PRIu64, number);
}

static int leaf_fill(const struct cgroups *cgroups, const struct cgroup_leaf *leaf,
	uint64_t memory_max, unsigned weight, unsigned tasks_max, int *ret_procs)
{
	int r = cgroup_leaf_limit(cgroups, leaf, memory_max);

	if (r == 0 && cgroups->cpu)
		r = number_write(leaf->folder, "cpu.weight", weight);
	if (r == 0 && cgroups->pids)
		r = number_write(leaf->folder, "pids.max", tasks_max);
	if (r < 0)
		return r;
	*ret_procs = openat(leaf->folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return *ret_procs < 0 ? -errno : 0;
}

int cgroup_leaf_open(struct cgroups *cgroups, uint64_t memory_max, unsigned weight,
	unsigned tasks_max, struct cgroup_leaf *ret, int *ret_procs)
{
	struct cgroup_leaf leaf = { .number = ++cgroups->last_leaf };
	char name[32];

	leaf_name(leaf.number, name);
	if (mkdirat(cgroups->folder, name, 0755) < 0)
		return -errno;
	leaf.folder = openat(cgroups->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = leaf.folder < 0
			? -errno
			: leaf_fill(cgroups, &leaf, memory_max, weight, tasks_max, ret_procs);

	if (r < 0)
		cgroup_leaf_close(cgroups, &leaf);
	else
		*ret = leaf;
	return r;
}

int cgroup_leaf_limit(
	const struct cgroups *cgroups, const struct cgroup_leaf *leaf, uint64_t memory_max)
{
	return cgroups->memory ? number_write(leaf->folder, "memory.max", memory_max) : 0;
}

void cgroup_leaf_close(struct cgroups *cgroups, struct cgroup_leaf *leaf)
{
	char name[32];

	if (!leaf->number)
		return;
	if (leaf->folder > 0)
		close(leaf->folder);
	leaf_name(leaf->number, name);
	unlinkat(cgroups->folder, name, AT_REMOVEDIR);
	*leaf = (struct cgroup_leaf){ 0 };
}
