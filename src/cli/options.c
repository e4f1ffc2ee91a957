/* Options of the commands; see the header. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kin/label.h>
#include <kin/number.h>

#include "cli/runtime.h"
#include "ipc/descriptors.h"

__attribute__((format(printf, 2, 3))) static int refuse(
	const struct cli_command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kin %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see 'kin help %s'\n", command->name);
	return -EINVAL;
}

static uint64_t default_ram(void)
{
	uint64_t pages = (uint64_t) sysconf(_SC_PHYS_PAGES);
	uint64_t half = pages * (uint64_t) sysconf(_SC_PAGESIZE) / 2;

	return half < OPTIONS_RAM_MAX ? half : OPTIONS_RAM_MAX;
}

static uint64_t default_caps(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
		descriptors_caps_max(limit.rlim_max) >= OPTIONS_CAPS)
		return OPTIONS_CAPS;
	return descriptors_caps_max(limit.rlim_max);
}

static int read_amount(const struct cli_command *command, const char *option, uint64_t *ret)
{
	if (kin_number_parse(optarg, ret) < 0 || *ret == 0)
		return refuse(command, "%s takes an amount above 0 such as 64 or 4M, not '%s'",
			option, optarg);
	return 0;
}

static int read_rom(const struct cli_command *command, struct options *options)
{
	struct stat st;

	if (options->n_rom_directories == OPTIONS_ROM_MAX)
		return refuse(command, "at most %d ROM directories can be given", OPTIONS_ROM_MAX);
	if (stat(optarg, &st) < 0)
		return refuse(command, "--rom %s: %s", optarg, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(command, "--rom %s: %s", optarg, strerror(ENOTDIR));
	options->rom_directories[options->n_rom_directories++] = optarg;
	return 0;
}

static int read_duration(const struct cli_command *command, const char *option, uint64_t *ret_ms)
{
	if (kin_duration_parse(optarg, ret_ms) < 0 || *ret_ms == 0)
		return refuse(command,
			"%s takes a duration above 0 such as 500ms, 3s or 2m, not '%s'", option,
			optarg);
	return 0;
}

static int read_name(const struct cli_command *command, const char *option, const char **ret)
{
	if (!runtime_name_valid(optarg))
		return refuse(command, "%s takes a name, not '%s'", option, optarg);
	*ret = optarg;
	return 0;
}

static int read_uid_range(const struct cli_command *command, const char **ret)
{
	unsigned first, last;
	char behind;

	if (sscanf(optarg, "%u-%u%c", &first, &last, &behind) != 2 || first == 0 || last < first)
		return refuse(command,
			"--uid-range takes user IDs above 0 such as 100000-100999, not '%s'",
			optarg);
	*ret = optarg;
	return 0;
}

static int read_nice(const struct cli_command *command, const char **ret)
{
	char behind;
	int nice;

	if (sscanf(optarg, "%d%c", &nice, &behind) != 1 || nice < -20 || nice > 19)
		return refuse(command, "--nice takes a nice value of -20 to 19, not '%s'", optarg);
	*ret = optarg;
	return 0;
}

static int turn_on(bool *ret)
{
	*ret = true;
	return 0;
}

static int set_volume(struct options *options, enum options_volume volume)
{
	options->volume = volume;
	return 0;
}

static int read_syntax(const struct cli_command *command, struct options *options)
{
	if (kin_syntax_parse(optarg, &options->to) < 0)
		return refuse(command, "--to takes xml or lines, not '%s'", optarg);
	options->to_given = true;
	return 0;
}

static int refuse_option(const struct cli_command *command, char **argv)
{
	/* getopt_long() names short options only; of long ones the word itself is at hand */
	if (optopt > 0 && optopt < 256)
		return refuse(command, "unknown option '-%c'", optopt);
	return refuse(command, "unknown option '%s'", argv[optind - 1]);
}

static int read_option(
	const struct cli_command *command, int code, char **argv, struct options *options)
{
	switch (code) {
	case OPTIONS_RAM:
		return read_amount(command, "--ram", &options->total.ram);
	case OPTIONS_CAPABILITIES:
		return read_amount(command, "--caps", &options->total.caps);
	case OPTIONS_ROM:
		return read_rom(command, options);
	case OPTIONS_FOR:
		return read_duration(command, "--for", &options->for_ms);
	case OPTIONS_TIMEOUT:
		return read_duration(command, "--timeout", &options->timeout_ms);
	case OPTIONS_BE_QUIET:
		return set_volume(options, OPTIONS_QUIET);
	case OPTIONS_BE_VERBOSE:
		return set_volume(options, OPTIONS_VERBOSE);
	case OPTIONS_TO:
		return read_syntax(command, options);
	case OPTIONS_TREE:
		return read_name(command, "--tree", &options->tree);
	case OPTIONS_FROM:
		options->from = optarg;
		return 0;
	case OPTIONS_NAME:
		return read_name(command, "--name", &options->name);
	case OPTIONS_NO_CONTROL:
		return turn_on(&options->no_control);
	case OPTIONS_WATCH:
		return turn_on(&options->watch);
	case OPTIONS_SESSIONS:
		return turn_on(&options->sessions);
	case OPTIONS_STRICT:
		return turn_on(&options->strict);
	case OPTIONS_WALLS:
		return turn_on(&options->walls);
	case OPTIONS_CGROUP:
		options->cgroup = optarg;
		return 0;
	case OPTIONS_UID_RANGE:
		return read_uid_range(command, &options->uid_range);
	case OPTIONS_NICE:
		return read_nice(command, &options->nice);
	case OPTIONS_FOLLOW:
		return turn_on(&options->follow);
	case OPTIONS_HELP:
		return OPTIONS_HELP;
	case ':':
		return refuse(command, "option '%s' needs a value", argv[optind - 1]);
	default:
		return refuse_option(command, argv);
	}
}

static int read_argument(
	const struct cli_command *command, int n, char **words, struct options *options)
{
	switch (command->argument) {
	case CLI_NO_ARGUMENT:
		return n == 0 ? 0 : refuse(command, "no argument is taken, not '%s'", words[0]);
	case CLI_FILE:
		if (n == 0)
			return refuse(command, "FILE is missing ('-' means standard input)");
		options->file = words[0];
		return n == 1 ? 0
			      : refuse(command, "only one FILE is taken, not '%s' as well",
					words[1]);
	case CLI_LABEL:
		if (n > 1)
			return refuse(command,
				"only one label is taken, not '%s' as well; quote it because of "
				"its blanks",
				words[1]);
		if (n == 1 && !kin_label_valid(words[0]))
			return refuse(command, "'%s' is not a label", words[0]);
		options->label = n == 1 ? words[0] : "";
		return 0;
	}
	return -EINVAL;
}

int options_read(const struct cli_command *command, int argc, char **argv, struct options *ret)
{
	struct options options = { .total = { default_ram(), default_caps() },
		.label = "",
		.timeout_ms = OPTIONS_TIMEOUT_MS };
	const char *letters = command->letters ? command->letters : ":";
	int code, r;

	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, letters, command->options, NULL)) >= 0) {
		r = read_option(command, code, argv, &options);
		if (r)
			return r;
	}
	r = read_argument(command, argc - optind, argv + optind, &options);
	if (r == 0)
		*ret = options;
	return r;
}
