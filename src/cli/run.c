/*
 * kin run: starts a tree
 *
 * Checks what a person can get wrong, then becomes kin-core: same process, so that signals, exit
 * status and the terminal are its own. The config goes along as a sealed memfd, and so does the
 * control socket, which is made here, where names and folders are known. Core wants the low
 * descriptor numbers for itself, so nothing that was inherited is passed on but the standard ones.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/apply.h"
#include "cli/runtime.h"
#include "cli/sealed.h"
#include "cli/watch.h"
#include "wire/control.h"

#define PASSED_FD_MIN 32 /* below are the descriptors that core hands to children */

#define ARGUMENTS_MAX (32 + 2 * OPTIONS_ROM_MAX)
#define DIGITS_MAX    21

struct command_line {
	const char *words[ARGUMENTS_MAX];
	size_t n;
	char ram[DIGITS_MAX], caps[DIGITS_MAX], fd[DIGITS_MAX], for_ms[DIGITS_MAX];
	char listener[DIGITS_MAX], folder[DIGITS_MAX], file[CONTROL_FILE_MAX + 1];
};

/* Return: 0 and a descriptor that outlives exec and is out of core's way; negative errno */
static int move_up(int take_fd, int *ret)
{
	int moved = fcntl(take_fd, F_DUPFD, PASSED_FD_MIN), r = moved < 0 ? -errno : 0;

	close(take_fd);
	if (r == 0)
		*ret = moved;
	return r;
}

/* What core is given as descriptors. */
struct passed {
	int config;
	bool controlled; /* it has the socket */
	struct runtime_socket socket;
};

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

static void add_control(
	struct command_line *line, const char *file, const struct runtime_socket *socket)
{
	apply_file_name(file, line->file, sizeof(line->file));
	add(line, "--control-fd", digits(line->listener, (uint64_t) socket->listener));
	add(line, "--control-folder-fd", digits(line->folder, (uint64_t) socket->folder));
	add(line, "--name", socket->name);
	add(line, "--file", line->file);
}

static void command_line_fill(struct command_line *line, const struct options *options,
	const struct place *place, const struct passed *passed)
{
	line->n = 0;
	add(line, place->core, NULL);
	add(line, "--ram", digits(line->ram, options->total.ram));
	add(line, "--caps", digits(line->caps, options->total.caps));
	for (size_t i = 0; i < place->n_rom_directories; i++)
		add(line, "--rom", place->rom_directories[i]);
	add(line, "--config-fd", digits(line->fd, (uint64_t) passed->config));
	if (passed->controlled)
		add_control(line, options->file, &passed->socket);
	if (options->strict)
		add(line, "--strict", NULL);
	if (options->cgroup)
		add(line, "--cgroup", options->cgroup);
	if (options->uid_range)
		add(line, "--uid-range", options->uid_range);
	if (options->nice)
		add(line, "--nice", options->nice);
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

/*
 * A name that somebody chose must be free; without a place for the socket the tree runs all the
 * same. Return: CLI_OK or the exit status
 */
static int claim_socket(const struct options *options, struct passed *passed)
{
	char name[KIN_NAME_MAX + 1];
	int folder;

	if (options->no_control || runtime_open(true, &folder) < 0)
		return CLI_OK;
	runtime_name_of(options->file, name);
	int r = runtime_claim(
		folder, options->name ? options->name : name, options->name, &passed->socket);

	passed->controlled = r == 0;
	if (r == 0)
		return CLI_OK;
	close(folder);
	if (r == -EADDRINUSE && options->name) {
		fprintf(stderr, "kin: a tree '%s' runs already\n", options->name);
		return CLI_USAGE;
	}
	fprintf(stderr, "kin: no control socket: %s\n", strerror(-r));
	return CLI_OK;
}

/* Return: CLI_OK or the exit status */
static int watch_config(const struct options *options, const struct place *place,
	const struct config *config, const struct passed *passed)
{
	if (!options->watch)
		return CLI_OK;
	if (passed->controlled)
		return watch_start(options, place, config, &passed->socket) < 0 ? CLI_TREE_FAILED
										: CLI_OK;
	fprintf(stderr, "kin: '%s' can't be watched without a control socket\n", options->file);
	return CLI_TREE_FAILED;
}

static int pass_descriptors(const struct config *config, struct passed *passed)
{
	int fd, r = sealed_text(config->text, config->n, &fd);

	if (r == 0)
		r = move_up(fd, &passed->config);
	if (r == 0 && passed->controlled)
		r = move_up(passed->socket.listener, &passed->socket.listener);
	if (r == 0 && passed->controlled)
		r = move_up(passed->socket.folder, &passed->socket.folder);
	if (r < 0)
		fprintf(stderr, "kin: the config can't be passed on: %s\n", strerror(-r));
	return r;
}

/* Return: exit status, if it returns */
static int become_core(const struct options *options, const struct place *place,
	const struct config *config, struct passed *passed)
{
	int status = watch_config(options, place, config, passed);
	struct command_line line;

	if (status != CLI_OK)
		return status;
	if (pass_descriptors(config, passed) < 0)
		return CLI_TREE_FAILED;
	command_line_fill(&line, options, place, passed);
	execv(place->core, (char **) line.words);
	fprintf(stderr, "kin: can't start %s: %s\n", place->core, strerror(errno));
	return CLI_USAGE;
}

/* Return: exit status, if it returns */
static int start_tree(
	const struct options *options, const struct place *place, const struct config *config)
{
	struct passed passed = { 0 };
	int status = claim_socket(options, &passed);

	if (status == CLI_OK)
		status = become_core(options, place, config, &passed);
	if (passed.controlled)
		runtime_release(&passed.socket);
	return status;
}

static bool can_be_watched(const struct options *options)
{
	if (!options->watch || (strcmp(options->file, "-") != 0 && !options->no_control))
		return true;
	fprintf(stderr, "kin run: --watch can't be combined with %s; see 'kin help run'\n",
		options->no_control ? "--no-control" : "standard input");
	return false;
}

int run_command(const struct options *options)
{
	struct config config;
	struct place place;

	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (!can_be_watched(options) || place_find(options, &place) < 0)
		return CLI_USAGE;
	int r = config_open(options, &place, &config);

	if (r < 0)
		return r == -ENOMEM ? CLI_TREE_FAILED : CLI_CONFIG_UNUSABLE;
	if (!config.tree || options->volume != OPTIONS_QUIET)
		problems_print(&config.problems, stderr);
	r = config.tree ? start_tree(options, &place, &config) : CLI_CONFIG_UNUSABLE;
	config_close(&config);
	return r;
}
