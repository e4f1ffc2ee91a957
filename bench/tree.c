/* Trees; see the header. */
#include "tree.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFIG_DESCRIPTOR_MIN 16 /* core takes 3 to 15 for itself */

static const char HEAD[] = "<config><default caps=\"30\" ram=\"1M\"/>"
			   "<parent-provides><service name=\"PD\"/><service name=\"CPU\"/>"
			   "<service name=\"ROM\"/><service name=\"LOG\"/></parent-provides>"
			   "<default-route><any-service><parent/><any-child/></any-service>"
			   "</default-route>";

void tree_config_idle(unsigned count, char config[TREE_CONFIG_MAX])
{
	FILE *file = fmemopen(config, TREE_CONFIG_MAX, "w");

	if (!file)
		bench_fail("config");
	fputs(HEAD, file);
	for (unsigned i = 0; i < count; i++)
		fprintf(file, "<start name=\"idle-%u\"><binary name=\"idle\"/></start>", i);
	fputs("</config>", file);
	if (fclose(file) != 0)
		bench_fail("the config is too large");
}

void tree_config_client(const char *measure, unsigned long count, char config[TREE_CONFIG_MAX])
{
	snprintf(config, TREE_CONFIG_MAX,
		"%s<start name=\"server\"><provides><service name=\"Bench\"/></provides></start>"
		"<start name=\"client\"><exit propagate=\"yes\"/>"
		"<config measure=\"%s\" count=\"%lu\"/></start></config>",
		HEAD, measure, count);
}

static int config_open(const char *config)
{
	int fd = memfd_create("config", 0);
	size_t n = strlen(config);

	if (fd < 0 || write(fd, config, n) != (ssize_t) n)
		bench_fail("config");
	return fd;
}

void tree_command_init(struct tree_command *command, const char *config, const char *for_ms)
{
	const char *const argv[] = { BENCH_CORE, "--ram", "1G", "--caps", "100000", "--quiet",
		"--rom", BENCH_INIT_DIRECTORY, "--rom", BENCH_COMPONENT_DIRECTORY, "--config-fd",
		command->config_text, "--for-ms", for_ms, NULL };

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
	tree_command_init(&command, config, "0");
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
