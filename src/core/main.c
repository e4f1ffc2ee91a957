/*
 * kin-core: the root of a tree
 *
 * Started by `kin run`, which checks everything a person can get wrong; the options here are
 * between the two programs. The config comes as a descriptor, so that core reads no file but those
 * of the ROM directories.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <kin/number.h>

#include "core/core.h"

static const struct option options[] = {
	{ "ram", required_argument, NULL, 'r' },
	{ "caps", required_argument, NULL, 'c' },
	{ "rom", required_argument, NULL, 'd' },
	{ "config-fd", required_argument, NULL, 'f' },
	{ "for-ms", required_argument, NULL, 't' },
	{ "init", required_argument, NULL, 'i' },
	{ "control-fd", required_argument, NULL, 'l' },
	{ "control-folder-fd", required_argument, NULL, 'o' },
	{ "name", required_argument, NULL, 'n' },
	{ "file", required_argument, NULL, 'p' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ 0 },
};

static int bad_option(const char *what)
{
	fprintf(stderr,
		"kin-core: bad or missing option %s; it is meant to be started by 'kin run'\n",
		what);
	return -EINVAL;
}

/* One that is out of the way of those that components start with. */
static int read_descriptor(const char *option, int *ret)
{
	uint64_t number = 0;

	if (kin_number_parse(optarg, &number) || number < SPAWN_DESCRIPTOR_END ||
		number > INT32_MAX || fcntl((int) number, F_SETFD, FD_CLOEXEC) < 0)
		return bad_option(option);
	*ret = (int) number;
	return 0;
}

static int read_option(int option, struct core_settings *settings, const char **directories)
{
	switch (option) {
	case 'r':
		return kin_number_parse(optarg, &settings->total.ram) ? bad_option("--ram") : 0;
	case 'c':
		return kin_number_parse(optarg, &settings->total.caps) ? bad_option("--caps") : 0;
	case 'd':
		if (settings->n_rom_directories == CORE_ROM_DIRECTORIES_MAX)
			return bad_option("--rom: too many directories");
		directories[settings->n_rom_directories++] = optarg;
		return 0;
	case 'f':
		return read_descriptor("--config-fd", &settings->config);
	case 'l':
		return read_descriptor("--control-fd", &settings->control_listener);
	case 'o':
		return read_descriptor("--control-folder-fd", &settings->control_folder);
	case 'n':
		settings->name = optarg;
		return 0;
	case 'p':
		settings->file = optarg;
		return 0;
	case 't':
		return kin_number_parse(optarg, &settings->for_ms) ? bad_option("--for-ms") : 0;
	case 'i':
		settings->init = optarg;
		return 0;
	case 'q':
		settings->quiet = true;
		return 0;
	case 'v':
		settings->verbose = true;
		return 0;
	default:
		return bad_option("");
	}
}

/* Descriptors 0 to 2 must be taken, else a channel could land there and be taken for none. */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	const char *directories[CORE_ROM_DIRECTORIES_MAX];
	struct core_settings settings = { .init = "kin-init", .rom_directories = directories };
	struct spawn_fault fault;
	struct spawner spawner;
	int option;

	signal(SIGPIPE, SIG_IGN); /* a reader of our output that goes away is no reason to end */
	occupy_standard_descriptors();
	raise_descriptor_limit();
	if (spawner_init(&spawner, &fault) < 0) {
		fprintf(stderr, "kin: %s\n", fault.text);
		return CORE_FAILED;
	}
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (read_option(option, &settings, directories) < 0)
			return CORE_FAILED;
	if (!settings.config || !settings.total.ram || !settings.total.caps ||
		!settings.n_rom_directories) {
		bad_option("(--ram, --caps, --rom and --config-fd are needed)");
		return CORE_FAILED;
	}
	if (settings.control_listener &&
		(!settings.control_folder || !settings.name || !settings.file)) {
		bad_option("(--control-fd needs --control-folder-fd, --name and --file)");
		return CORE_FAILED;
	}
	int status = core_run(&spawner, &settings);

	spawner_done(&spawner);
	return status;
}
