/*
 * kin-core: the root of a tree
 *
 * Started by `kin run`, which checks everything a person can get wrong; the options here are
 * between the two programs. The config comes as a descriptor, so that core reads no file but those
 * of the ROM directories.
 *
 * It can also be the first process of a machine. Then the kernel starts it, with the options behind
 * "--" on its command line and the config by its path:
 *
 *     rdinit=/kin-core -- --ram 64M --caps 2000 --rom /rom --config /config.xml
 *
 * It mounts what it needs, and turns the machine off when the tree has ended.
 *
 * With --overcommit-caps it gives out more capabilities than it has descriptors for at worst. That
 * is for measuring many components that are known to be modest; `kin run` does not offer it.
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <kin/number.h>

#include "core/core.h"
#include "core/doctor.h"
#include "core/linux/machine.h"
#include "core/linux/memfd.h"
#include "ipc/descriptors.h"

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
	{ "config", required_argument, NULL, 'F' },
	{ "cgroup", required_argument, NULL, 'g' },
	{ "uid-range", required_argument, NULL, 'u' },
	{ "nice", required_argument, NULL, 'N' },
	{ "overcommit-caps", no_argument, NULL, 'O' },
	{ "strict", no_argument, NULL, 's' },
	{ "doctor", no_argument, NULL, 'D' },
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

/* What is not core's but for how it is started */
struct arguments {
	struct core_settings settings;
	const char *directories[CORE_ROM_DIRECTORIES_MAX];
	const char *config; /* path; NULL: it comes as a descriptor */
	const char *cgroup; /* path of a folder that was left to us; NULL: our own, if it was */
	uint64_t uid_first, uid_last;
	int nice; /* core's own, valid if nice_given */
	bool nice_given, doctor, overcommit_caps, strict;
};

/* "A-B" */
static int read_range(struct arguments *arguments)
{
	char text[48], *dash;

	snprintf(text, sizeof(text), "%s", optarg);
	dash = strchr(text, '-');
	if (!dash)
		return bad_option("--uid-range");
	*dash = '\0';
	if (kin_number_parse(text, &arguments->uid_first) ||
		kin_number_parse(dash + 1, &arguments->uid_last) ||
		arguments->uid_first > INT32_MAX || arguments->uid_last > INT32_MAX)
		return bad_option("--uid-range");
	return 0;
}

static int read_nice(struct arguments *arguments)
{
	char behind;

	arguments->nice_given = true;
	return sscanf(optarg, "%d%c", &arguments->nice, &behind) == 1 ? 0 : bad_option("--nice");
}

static int read_flag(int option, struct arguments *arguments)
{
	switch (option) {
	case 'q':
		arguments->settings.quiet = true;
		return 0;
	case 'v':
		arguments->settings.verbose = true;
		return 0;
	case 'O':
		arguments->overcommit_caps = true;
		return 0;
	case 's':
		arguments->strict = true;
		return 0;
	case 'D':
		arguments->doctor = true;
		return 0;
	default:
		return bad_option("");
	}
}

static int read_option(int option, struct arguments *arguments)
{
	struct core_settings *settings = &arguments->settings;

	switch (option) {
	case 'r':
		return kin_number_parse(optarg, &settings->total.ram) ? bad_option("--ram") : 0;
	case 'c':
		return kin_number_parse(optarg, &settings->total.caps) ? bad_option("--caps") : 0;
	case 'd':
		if (settings->n_rom_directories == CORE_ROM_DIRECTORIES_MAX)
			return bad_option("--rom: too many directories");
		arguments->directories[settings->n_rom_directories++] = optarg;
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
	case 'F':
		arguments->config = optarg;
		return 0;
	case 'g':
		arguments->cgroup = optarg;
		return 0;
	case 'u':
		return read_range(arguments);
	case 'N':
		return read_nice(arguments);
	default:
		return read_flag(option, arguments);
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

/*
 * Raises our limit of descriptors to the hard one, and that if we may, as the first process of a
 * machine may, to what the tree's capabilities can take. Return: 0; -EMFILE (said) if that is more.
 */
static int descriptors_provide(uint64_t caps, bool overcommit)
{
	uint64_t need = descriptors_for_caps(caps);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_max < need && setrlimit(RLIMIT_NOFILE, &(struct rlimit){ need, need }) == 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= need || overcommit)
		return 0;
	fprintf(stderr,
		"kin: --caps %" PRIu64 ": at most %" PRIu64 " are possible with %" PRIu64
		" descriptors (the hard RLIMIT_NOFILE), as core has up to %d for each and %d for "
		"itself; raise the limit to %" PRIu64 ", by LimitNOFILE= or as root by 'ulimit "
		"-Hn', or give out less\n",
		caps, descriptors_caps_max(limit.rlim_max), (uint64_t) limit.rlim_max,
		DESCRIPTORS_PER_CAP, DESCRIPTORS_BASE, need);
	return -EMFILE;
}

static int config_open(const char *path, int *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : rom_memfd_snapshot(fd, "config", KIN_NODE_TEXT_MAX, ret);

	if (fd >= 0)
		close(fd);
	if (r < 0)
		fprintf(stderr, "kin-core: %s: %s\n", path, strerror(-r));
	return r;
}

static int arguments_check(const struct arguments *arguments)
{
	const struct core_settings *settings = &arguments->settings;

	if (!settings->config || !settings->total.ram || !settings->total.caps ||
		!settings->n_rom_directories)
		return bad_option("(--ram, --caps, --rom and --config-fd are needed)");
	if (settings->control_listener &&
		(!settings->control_folder || !settings->name || !settings->file))
		return bad_option("(--control-fd needs --control-folder-fd, --name and --file)");
	return 0;
}

static int nice_take(const struct arguments *arguments)
{
	if (!arguments->nice_given || setpriority(PRIO_PROCESS, 0, arguments->nice) == 0)
		return 0;
	int error = errno;

	fprintf(stderr, "kin: --nice %d: %s%s\n", arguments->nice, strerror(error),
		error == EACCES ? "; it takes CAP_SYS_NICE or a limit such as LimitNICE=-4" : "");
	return -error;
}

/* Walls that are not always there. */
static int walls_build(const struct arguments *arguments, struct spawner *spawner)
{
	int r = nice_take(arguments);

	if (r < 0)
		return r;
	r = cgroups_init(&spawner->cgroups, arguments->cgroup);
	if (r < 0) {
		fprintf(stderr, "kin: control group %s: %s\n", arguments->cgroup, strerror(-r));
		return r;
	}
	if (arguments->uid_first || arguments->uid_last)
		r = identities_init(&spawner->identities, (uid_t) arguments->uid_first,
			(uid_t) arguments->uid_last);
	if (r < 0)
		fprintf(stderr, "kin: --uid-range: %s\n",
			r == -EPERM ? "it takes CAP_SETUID, CAP_SETGID and CAP_SYS_RESOURCE"
				    : strerror(-r));
	return r;
}

static void walls_release(struct spawner *spawner)
{
	cgroups_done(&spawner->cgroups);
	identities_done(&spawner->identities);
}

static int tree_run(struct arguments *arguments, struct spawner *spawner)
{
	struct core_settings *settings = &arguments->settings;

	if (arguments->strict && doctor_insist(spawner, stderr) > 0)
		return CORE_FAILED;
	if (arguments->config && config_open(arguments->config, &settings->config) < 0)
		return CORE_FAILED;
	if (arguments_check(arguments) < 0 ||
		descriptors_provide(settings->total.caps, arguments->overcommit_caps) < 0)
		return CORE_FAILED;
	return core_run(spawner, settings);
}

static int arguments_read(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (read_option(option, arguments) < 0)
			return -EINVAL;
	return 0;
}

/* Return: exit status */
static int core_main(int argc, char **argv, bool machine)
{
	struct arguments arguments = { .settings = { .init = "kin-init", .machine = machine } };
	struct spawn_fault fault;
	struct spawner spawner;
	int status = CORE_FAILED;

	arguments.settings.rom_directories = arguments.directories;
	if (spawner_init(&spawner, &fault) < 0) {
		fprintf(stderr, "kin: %s\n", fault.text);
		return CORE_FAILED;
	}
	if (arguments_read(argc, argv, &arguments) == 0 && walls_build(&arguments, &spawner) == 0) {
		if (arguments.doctor)
			status = doctor_report(&spawner, stdout) > 0;
		else
			status = tree_run(&arguments, &spawner);
	}
	walls_release(&spawner);
	spawner_done(&spawner);
	return status;
}

int main(int argc, char **argv)
{
	bool machine = machine_is_ours();
	int r = machine ? machine_begin() : 0;

	signal(SIGPIPE, SIG_IGN); /* a reader of our output that goes away is no reason to end */
	occupy_standard_descriptors();
	if (r < 0)
		fprintf(stderr, "kin-core: /proc can't be mounted: %s\n", strerror(-r));
	int status = r < 0 ? CORE_FAILED : core_main(argc, argv, machine);

	if (machine) {
		printf("kin-core: the tree has ended with status %d\n", status);
		fflush(stdout);
		machine_end();
	}
	return status;
}
