/* Trees; see the header. */
#include "tree.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFIG_DESCRIPTOR_MIN 32 /* core takes 3 to 31 for itself */

/* Of every init; what is missing is what its parent provides beyond core's services. */
#define HEAD \
	"<config><default caps=\"30\" ram=\"1M\"/>" \
	"<default-route><any-service><parent/><any-child/></any-service></default-route>" \
	"<parent-provides><service name=\"PD\"/><service name=\"CPU\"/>" \
	"<service name=\"ROM\"/><service name=\"LOG\"/>"

/* What one level of nesting takes beyond what is in it. */
#define LEVEL_RAM_MIB 8
#define LEVEL_CAPS    300

/* Of what is in the innermost init. */
#define CONTENT_RAM_MIB 64
#define CONTENT_CAPS    2000

static FILE *config_begin(char config[TREE_CONFIG_MAX])
{
	FILE *file = fmemopen(config, TREE_CONFIG_MAX, "w");

	if (!file)
		bench_fail("config");
	fputs(HEAD "</parent-provides>", file);
	return file;
}

/* From the outermost init to the innermost: in each the next one, whose end is its end. */
static void config_nest(FILE *file, unsigned levels)
{
	for (unsigned level = 2; level <= levels; level++) {
		unsigned inner = levels + 1 - level;

		fprintf(file,
			"<start name=\"init-%u\" ram=\"%uM\" caps=\"%u\"><binary "
			"name=\"kin-init\"/>"
			"<exit propagate=\"yes\"/>" HEAD
			"<service name=\"Bench\"/></parent-provides>",
			level, CONTENT_RAM_MIB + inner * LEVEL_RAM_MIB,
			CONTENT_CAPS + inner * LEVEL_CAPS);
	}
}

static void config_end(FILE *file, unsigned levels)
{
	for (unsigned level = 2; level <= levels; level++)
		fputs("</config></start>", file);
	fputs("</config>", file);
	if (fclose(file) != 0)
		bench_fail("the config is too large");
}

void tree_config_idle(unsigned count, unsigned levels, char config[TREE_CONFIG_MAX])
{
	FILE *file = config_begin(config);

	config_nest(file, levels);
	for (unsigned i = 0; i < count; i++)
		fprintf(file, "<start name=\"idle-%u\"><binary name=\"idle\"/></start>", i);
	config_end(file, levels);
}

void tree_config_client(
	const char *measure, unsigned long count, unsigned levels, char config[TREE_CONFIG_MAX])
{
	FILE *file = config_begin(config);

	fputs("<start name=\"server\"><provides><service name=\"Bench\"/></provides></start>",
		file);
	config_nest(file, levels);
	fprintf(file,
		"<start name=\"client\"><exit propagate=\"yes\"/>"
		"<config measure=\"%s\" count=\"%lu\"/></start>",
		measure, count);
	config_end(file, levels);
}

static int config_open(const char *config)
{
	int fd = memfd_create("config", 0);
	size_t n = strlen(config);

	if (fd < 0 || write(fd, config, n) != (ssize_t) n)
		bench_fail("config");
	return fd;
}

void tree_command_init(struct tree_command *command, const char *config)
{
	const char *const argv[] = { BENCH_CORE, "--ram", "1G", "--caps", "100000", "--quiet",
		"--rom", BENCH_INIT_DIRECTORY, "--rom", BENCH_COMPONENT_DIRECTORY, "--config-fd",
		command->config_text, NULL };

	memcpy(command->argv, argv, sizeof(argv));
	int fd = config_open(config);

	command->config = fcntl(fd, F_DUPFD, CONFIG_DESCRIPTOR_MIN);
	if (command->config < 0)
		bench_fail("config");
	close(fd);
	snprintf(command->config_text, sizeof(command->config_text), "%d", command->config);
}

void tree_command_done(struct tree_command *command)
{
	close(command->config);
}

void tree_start(struct tree *tree, const char *config, enum cores cores)
{
	struct tree_command command;
	cpu_set_t before;
	int output;

	sched_getaffinity(0, sizeof(before), &before);
	lines_open(&tree->lines, &output);
	tree_command_init(&command, config);
	cores_apply(cores);
	tree->core = process_start(command.argv, output);
	sched_setaffinity(0, sizeof(before), &before);
	tree_command_done(&command);
	close(output);
}

static void tree_ended(struct tree *tree, int exit_value)
{
	lines_close(&tree->lines);
	if (exit_value != 0)
		bench_fail("a tree ended with an error");
}

void tree_stop(struct tree *tree)
{
	tree_ended(tree, process_end(tree->core, SIGTERM));
}

void tree_wait(struct tree *tree)
{
	tree_ended(tree, process_end(tree->core, 0));
}
