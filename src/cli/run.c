/*
 * kin run: starts a tree
 *
 * Checks what a person can get wrong, then becomes kin-core: same process, so that signals, exit
 * status and the terminal are its own. The config goes along as a sealed memfd. Core wants the low
 * descriptor numbers for itself, so nothing that was inherited is passed on but the standard ones.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/config.h"

#define CONFIG_FD_MIN 16 /* below are the descriptors that core hands to children */

#define ARGUMENTS_MAX (16 + 2 * OPTIONS_ROM_MAX)
#define DIGITS_MAX    21

struct command_line {
	const char *words[ARGUMENTS_MAX];
	size_t n;
	char ram[DIGITS_MAX], caps[DIGITS_MAX], fd[DIGITS_MAX], for_ms[DIGITS_MAX];
};

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			text += done;
			n -= (size_t) done;
		}
	}
	return 0;
}

/* Return: a descriptor that outlives exec and is out of core's way, or negative errno */
static int seal_and_move(int fd)
{
	int moved = -1;

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		moved = fcntl(fd, F_DUPFD, CONFIG_FD_MIN);
	return moved < 0 ? -errno : moved;
}

static int config_memfd(const struct config *config)
{
	int fd = memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int r = write_all(fd, config->text, config->n);

	if (r == 0)
		r = seal_and_move(fd);
	close(fd);
	return r;
}

static void add(struct command_line *line, const char *option, const char *value)
{
	line->words[line->n++] = option;
	if (value)
		line->words[line->n++] = value;
}

static const char *digits(char buf[DIGITS_MAX], uint64_t number)
{
	snprintf(buf, DIGITS_MAX, "%" PRIu64, number);
	return buf;
}

static void command_line_fill(struct command_line *line, const struct options *options,
	const struct place *place, int config_fd)
{
	line->n = 0;
	add(line, place->core, NULL);
	add(line, "--ram", digits(line->ram, options->total.ram));
	add(line, "--caps", digits(line->caps, options->total.caps));
	for (size_t i = 0; i < place->n_rom_directories; i++)
		add(line, "--rom", place->rom_directories[i]);
	add(line, "--config-fd", digits(line->fd, (uint64_t) config_fd));
	if (options->for_ms)
		add(line, "--for-ms", digits(line->for_ms, options->for_ms));
	switch (options->volume) {
	case OPTIONS_NORMAL:
		break;
	case OPTIONS_QUIET:
		add(line, "--quiet", NULL);
		break;
	case OPTIONS_VERBOSE:
		add(line, "--verbose", NULL);
		break;
	}
	line->words[line->n] = NULL;
}

/* Return: exit status, if it returns */
static int become_core(
	const struct options *options, const struct place *place, const struct config *config)
{
	int config_fd = config_memfd(config);
	struct command_line line;

	if (config_fd < 0) {
		fprintf(stderr, "kin: the config can't be passed on: %s\n", strerror(-config_fd));
		return CLI_TREE_FAILED;
	}
	command_line_fill(&line, options, place, config_fd);
	execv(place->core, (char **) line.words);
	fprintf(stderr, "kin: can't start %s: %s\n", place->core, strerror(errno));
	return CLI_USAGE;
}

int run_command(const struct options *options)
{
	struct config config;
	struct place place;

	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (place_find(options, &place) < 0)
		return CLI_USAGE;
	int r = config_open(options, &place, &config);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	if (!config.tree || options->volume != OPTIONS_QUIET)
		problems_print(&config.problems, stderr);
	r = config.tree ? become_core(options, &place, &config) : CLI_CONFIG_UNUSABLE;
	config_close(&config);
	return r;
}
