/* Place; see the header. */
#include "cli/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kin/label.h>

/* KIN_BUILD_DIR is the folder of the build, KIN_BUILD_ROMS are folders below it, colon separated.
 */

#define CORE_NAME  "kin-core"
#define CORE_BUILT "src/core/" CORE_NAME
#define INSTALLED  "libexec/kin"

static int fail(int error, const char *what)
{
	fprintf(stderr, "kin: %s: %s\n", what, strerror(-error));
	return error;
}

/* Makes "LEFT/RIGHT". */
static int path_join(char ret[PATH_MAX], const char *left, const char *right)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", left, right);

	return n < 0 || n >= PATH_MAX ? fail(-ENAMETOOLONG, left) : 0;
}

static int self_path(char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (n < 0)
		return fail(-errno, "/proc/self/exe");
	ret[n] = '\0';
	return 0;
}

static bool is_built(const char *self)
{
	char build[PATH_MAX];

	if (!realpath(KIN_BUILD_DIR, build))
		return false;
	size_t n = strlen(build);

	return strncmp(self, build, n) == 0 && self[n] == '/';
}

/* Folders that a build left out are no fault. */
static int add_directory(struct place *place, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (place->n_rom_directories == OPTIONS_ROM_MAX) {
		fprintf(stderr, "kin: more than %d ROM directories, kin's own included\n",
			OPTIONS_ROM_MAX);
		return -E2BIG;
	}
	place->rom_directories[place->n_rom_directories++] = path;
	return 0;
}

/* Writes the full paths one behind the other into place->own. */
static int add_built(struct place *place)
{
	const char *name = KIN_BUILD_ROMS;
	size_t used = 0;
	int r = 0;

	while (r == 0 && *name) {
		size_t length = strcspn(name, ":");
		size_t room = sizeof(place->own) - used;
		char *path = place->own + used;
		int n = snprintf(path, room, "%s/%.*s", KIN_BUILD_DIR, (int) length, name);

		if (n < 0 || (size_t) n >= room)
			return fail(-ENAMETOOLONG, KIN_BUILD_DIR);
		used += (size_t) n + 1;
		name += length + (name[length] == ':');
		r = add_directory(place, path);
	}
	return r;
}

static int add_installed(struct place *place, char *self)
{
	char prefix[PATH_MAX];

	/* PREFIX/bin/kin */
	*strrchr(self, '/') = '\0';
	int r = path_join(prefix, self, "../" INSTALLED);

	if (r < 0)
		return r;
	if (!realpath(prefix, place->own))
		strcpy(place->own, prefix);
	r = path_join(place->core, place->own, CORE_NAME);
	return r < 0 ? r : add_directory(place, place->own);
}

int place_find(const struct options *options, struct place *ret)
{
	char self[PATH_MAX];
	int r = self_path(self);

	if (r < 0)
		return r;
	ret->n_rom_directories = options->n_rom_directories;
	memcpy(ret->rom_directories, options->rom_directories, sizeof(ret->rom_directories));
	if (!is_built(self))
		return add_installed(ret, self);
	r = path_join(ret->core, KIN_BUILD_DIR, CORE_BUILT);
	return r < 0 ? r : add_built(ret);
}

bool place_has_rom(const struct place *place, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!kin_name_valid(name) || name[0] == '.')
		return false;
	for (size_t i = 0; i < place->n_rom_directories; i++) {
		snprintf(path, sizeof(path), "%s/%s", place->rom_directories[i], name);
		if (lstat(path, &st) == 0)
			return S_ISREG(st.st_mode);
	}
	return false;
}
