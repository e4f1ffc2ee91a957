/* Options of the commands; see the header. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kin/number.h>

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

static int read_duration(const struct cli_command *command, uint64_t *ret_ms)
{
	if (kin_duration_parse(optarg, ret_ms) < 0 || *ret_ms == 0)
		return refuse(command,
			"--for takes a duration above 0 such as 500ms, 3s or 2m, not '%s'", optarg);
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
		return read_duration(command, &options->for_ms);
	case OPTIONS_BE_QUIET:
		options->volume = OPTIONS_QUIET;
		return 0;
	case OPTIONS_BE_VERBOSE:
		options->volume = OPTIONS_VERBOSE;
		return 0;
	case OPTIONS_TO:
		return read_syntax(command, options);
	case OPTIONS_HELP:
		return OPTIONS_HELP;
	case ':':
		return refuse(command, "option '%s' needs a value", argv[optind - 1]);
	default:
		return refuse_option(command, argv);
	}
}

int options_read(const struct cli_command *command, int argc, char **argv, struct options *ret)
{
	struct options options = { .total = { default_ram(), OPTIONS_CAPS } };
	int code, r;

	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":", command->options, NULL)) >= 0) {
		r = read_option(command, code, argv, &options);
		if (r)
			return r;
	}
	if (optind == argc)
		return refuse(command, "FILE is missing ('-' means standard input)");
	if (optind + 1 < argc)
		return refuse(
			command, "only one FILE is taken, not '%s' as well", argv[optind + 1]);
	options.file = argv[optind];
	*ret = options;
	return 0;
}
