/* Runtime folder; see the header. */
#include "cli/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <kin/label.h>

#include "wire/control.h"

#define FALLBACK_NAME   "tree"
#define SUFFIX_MAX      4 /* "-99" and its end */
#define LOCK_LOOK_MS    10
#define CONNECT_WAIT_MS 2000

/*
 * The folder
 */

static bool is_own_folder(const char *path, uid_t user)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == user;
}

int runtime_path(const struct runtime_roots *roots, char ret[PATH_MAX])
{
	char run[PATH_MAX];
	int n;

	snprintf(run, sizeof(run), "%s/%u", roots->run, (unsigned) roots->user);
	if (roots->xdg && roots->xdg[0] == '/' && is_own_folder(roots->xdg, roots->user))
		n = snprintf(ret, PATH_MAX, "%s/kin", roots->xdg);
	else if (is_own_folder(run, roots->user))
		n = snprintf(ret, PATH_MAX, "%s/kin", run);
	else
		n = snprintf(ret, PATH_MAX, "%s/kin-%u", roots->tmp, (unsigned) roots->user);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int fail(const char *path, const char *what, int error)
{
	fprintf(stderr, "kin: runtime folder %s: %s\n", path, what);
	return error;
}

static int check(int folder, const char *path)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return fail(path, strerror(errno), -errno);
	if (st.st_uid != geteuid())
		return fail(path, "belongs to somebody else", -EPERM);
	if (st.st_mode & 077)
		return fail(path, "is open to others, its mode must be 0700", -EPERM);
	return 0;
}

int runtime_open_path(const char *path, bool make, int *ret_folder)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(path, strerror(errno), -errno);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (folder < 0 && (errno == ELOOP || errno == ENOTDIR))
		return fail(path, "is not a folder", -ENOTDIR);
	if (folder < 0)
		return fail(path, strerror(errno), -errno);
	int r = check(folder, path);

	if (r < 0)
		close(folder);
	else
		*ret_folder = folder;
	return r;
}

int runtime_open(bool make, int *ret_folder)
{
	const struct runtime_roots roots = { getenv("XDG_RUNTIME_DIR"), "/run/user", "/tmp",
		geteuid() };
	char path[PATH_MAX];
	int r = runtime_path(&roots, path);

	return r < 0 ? fail(roots.xdg, strerror(-r), r) : runtime_open_path(path, make, ret_folder);
}

/* flock() knows no time limit. */
static int lock(int folder)
{
	for (int left_ms = RUNTIME_LOCK_MS; flock(folder, LOCK_EX | LOCK_NB) < 0;) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (left_ms <= 0)
			return -EBUSY;
		poll(NULL, 0, LOCK_LOOK_MS);
		left_ms -= LOCK_LOOK_MS;
	}
	return 0;
}

static void unlock(int folder)
{
	flock(folder, LOCK_UN);
}

/*
 * Names
 */

bool runtime_name_valid(const char *name)
{
	return kin_name_valid(name) && name[0] != '.';
}

void runtime_name_of(const char *file, char ret[KIN_NAME_MAX + 1])
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');
	size_t length = dot && dot > base ? (size_t) (dot - base) : strlen(base);

	if (strcmp(file, "-") == 0) {
		strcpy(ret, "stdin");
		return;
	}
	/* There must be room for a number. */
	if (length <= KIN_NAME_MAX + 1 - SUFFIX_MAX)
		snprintf(ret, KIN_NAME_MAX + 1, "%.*s", (int) length, base);
	if (length > KIN_NAME_MAX + 1 - SUFFIX_MAX || !runtime_name_valid(ret))
		strcpy(ret, FALLBACK_NAME);
}

/*
 * Sockets
 */

/* By the folder's descriptor, which also keeps the address short. */
static struct sockaddr_un address_of(int folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, name);
	return address;
}

/* @flags: SOCK_NONBLOCK or 0 */
static int socket_connect(int folder, const char *name, int flags, int *ret_channel)
{
	const struct timeval patience = { CONNECT_WAIT_MS / 1000, CONNECT_WAIT_MS % 1000 * 1000 };
	struct sockaddr_un address = address_of(folder, name);
	int channel = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	if (channel < 0)
		return -errno;
	setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(channel, (struct sockaddr *) &address, sizeof(address)) < 0) {
		int r = -errno;

		close(channel);
		return r;
	}
	*ret_channel = channel;
	return 0;
}

int runtime_connect(int folder, const char *name, int *ret_channel)
{
	return socket_connect(folder, name, 0, ret_channel);
}

static bool is_socket(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_dead(int folder, const char *name)
{
	int channel, r = socket_connect(folder, name, SOCK_NONBLOCK, &channel);

	if (r == 0)
		close(channel);
	return r == -ECONNREFUSED && is_socket(folder, name);
}

static int socket_bind(int folder, const char *name, int *ret_listener)
{
	struct sockaddr_un address = address_of(folder, name);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r = 0;

	if (listener < 0)
		return -errno;
	mode_t mask = umask(0177);

	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0)
		r = -errno;
	umask(mask);
	if (r == 0 && listen(listener, CONTROL_CLIENTS_MAX) < 0) {
		r = -errno;
		unlinkat(folder, name, 0);
	}
	if (r < 0)
		close(listener);
	else
		*ret_listener = listener;
	return r;
}

/* With the lock held. */
static int claim(int folder, const char *name, struct runtime_socket *ret)
{
	int r = socket_bind(folder, name, &ret->listener);

	if (r == -EADDRINUSE && is_dead(folder, name)) {
		unlinkat(folder, name, 0);
		r = socket_bind(folder, name, &ret->listener);
	}
	if (r < 0)
		return r;
	ret->folder = folder;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

int runtime_claim(int folder, const char *name, bool exact, struct runtime_socket *ret)
{
	char numbered[KIN_NAME_MAX + SUFFIX_MAX];
	int r = lock(folder);

	if (r < 0)
		return r;
	r = claim(folder, name, ret);
	for (int i = 2; r == -EADDRINUSE && !exact && i <= RUNTIME_SAME_NAME_MAX; i++) {
		snprintf(numbered, sizeof(numbered), "%s-%d", name, i);
		r = claim(folder, numbered, ret);
	}
	unlock(folder);
	return r;
}

void runtime_release(struct runtime_socket *socket)
{
	unlinkat(socket->folder, socket->name, 0);
	close(socket->listener);
	close(socket->folder);
}

/*
 * All of them
 */

static int compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* Those that are there, whether they have a tree or not. */
static int sockets_read(int folder, runtime_name *ret, size_t *ret_n)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	if (!directory)
		return -errno;
	while (n <= RUNTIME_TREES_MAX && (entry = readdir(directory)))
		if (runtime_name_valid(entry->d_name) && is_socket(folder, entry->d_name) &&
			n++ < RUNTIME_TREES_MAX)
			strcpy(ret[n - 1], entry->d_name);
	closedir(directory);
	*ret_n = n;
	return n > RUNTIME_TREES_MAX ? -E2BIG : 0;
}

static size_t remove_dead(int folder, runtime_name *names, size_t n)
{
	bool locked = flock(folder, LOCK_EX | LOCK_NB) == 0;
	size_t n_alive = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_dead(folder, names[i]))
			memmove(names[n_alive++], names[i], sizeof(runtime_name));
		else if (locked)
			unlinkat(folder, names[i], 0);
	if (locked)
		unlock(folder);
	return n_alive;
}

int runtime_names(int folder, runtime_name **ret, size_t *ret_n)
{
	runtime_name *names = calloc(RUNTIME_TREES_MAX, sizeof(*names));
	size_t n = 0;
	int r = names ? sockets_read(folder, names, &n) : -ENOMEM;

	if (r < 0) {
		free(names);
		return r;
	}
	n = remove_dead(folder, names, n);
	qsort(names, n, sizeof(*names), compare);
	*ret = names;
	*ret_n = n;
	return 0;
}
