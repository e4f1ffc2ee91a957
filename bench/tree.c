/* Trees; see the header. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/control.h"

#define CONFIG_DESCRIPTOR_MIN 32 /* core takes 3 to 31 for itself */

/* Of every init; what is missing is what its parent provides beyond core's services. */
#define PARENT_PROVIDES \
	"<parent-provides><service name=\"PD\"/><service name=\"CPU\"/>" \
	"<service name=\"ROM\"/><service name=\"LOG\"/>"
#define ANY_ROUTE "<any-service><parent/><any-child/></any-service>"
#define HEAD \
	"<config><default caps=\"30\" ram=\"1M\"/>" \
	"<default-route>" ANY_ROUTE "</default-route>" PARENT_PROVIDES

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

void tree_config_scene(const struct tree_scene *scene, char config[TREE_CONFIG_MAX])
{
	FILE *file = fmemopen(config, TREE_CONFIG_MAX, "w");

	if (!file)
		bench_fail("config");
	fprintf(file,
		"<config><default caps=\"30\" ram=\"1M\"/>" PARENT_PROVIDES
		"</parent-provides><default-route>%s" ANY_ROUTE "</default-route>",
		scene->restarted ? "<service name=\"LOG\"><parent label=\"x\"/></service>" : "");
	if (scene->report)
		fputs("<report child_ram=\"yes\" child_caps=\"yes\"/>", file);
	for (unsigned i = 0; i < scene->idle; i++)
		fprintf(file, "<start name=\"idle-%u\"><binary name=\"idle\"/></start>", i);
	if (scene->clients)
		fprintf(file,
			"<start name=\"server\"><provides><service name=\"Bench\"/></provides>"
			"<route><service name=\"LOG\"><parent "
			"label=\"log-%u\"/></service>" ANY_ROUTE "</route></start>",
			scene->label);
	for (unsigned i = 0; i < scene->clients; i++)
		fprintf(file, "<start name=\"user-%u\"><binary name=\"user\"/></start>", i);
	if (scene->added)
		fprintf(file, "<start name=\"new-%u\"><binary name=\"idle\"/></start>",
			scene->added);
	fputs("</config>", file);
	if (fclose(file) != 0)
		bench_fail("the config is too large");
}

static int config_open(const char *config)
{
	int fd = memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t n = strlen(config);

	if (fd < 0 || write(fd, config, n) != (ssize_t) n || lseek(fd, 0, SEEK_SET) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
			0)
		bench_fail("config");
	return fd;
}

/* Gives an argument that is a descriptor, out of core's way. Return: its number there */
static int command_pass(struct tree_command *command, unsigned slot, const char *option, int fd)
{
	char *text = command->texts[slot];
	int passed = fcntl(fd, F_DUPFD, CONFIG_DESCRIPTOR_MIN);

	if (passed < 0)
		bench_fail("a descriptor");
	close(fd);
	snprintf(text, sizeof(command->texts[slot]), "%d", passed);
	command->argv[command->n++] = option;
	command->argv[command->n++] = text;
	return passed;
}

void tree_command_init(struct tree_command *command, const char *config)
{
	const char *const argv[] = { BENCH_CORE, "--ram", "2G", "--caps", "100000",
		"--overcommit-caps", "--quiet", "--rom", BENCH_INIT_DIRECTORY, "--rom",
		BENCH_COMPONENT_DIRECTORY };

	*command = (struct tree_command){ .n = sizeof(argv) / sizeof(*argv) };
	memcpy(command->argv, argv, sizeof(argv));
	command->config = command_pass(command, 0, "--config-fd", config_open(config));
}

void tree_command_done(struct tree_command *command)
{
	close(command->config);
	if (command->listener)
		close(command->listener);
	if (command->folder)
		close(command->folder);
}

/* Takes the command. */
static void tree_launch(struct tree *tree, struct tree_command *command, enum cores cores)
{
	cpu_set_t before;
	int output;

	sched_getaffinity(0, sizeof(before), &before);
	lines_open(&tree->lines, &output);
	cores_apply(cores);
	tree->core = process_start(command->argv, output);
	sched_setaffinity(0, sizeof(before), &before);
	tree_command_done(command);
	close(output);
}

void tree_start(struct tree *tree, const char *config, enum cores cores)
{
	struct tree_command command;

	tree_command_init(&command, config);
	tree_launch(tree, &command, cores);
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

/*
 * Working on it
 */

#define CONTROL_NAME "bench"

static struct sockaddr_un control_address(const struct tree_controlled *tree)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_NAME, tree->folder);
	return address;
}

static int control_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_fail("socket");
	return fd;
}

static void command_control(struct tree_command *command, struct tree_controlled *tree)
{
	struct sockaddr_un address = control_address(tree);
	int listener = control_socket();

	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
		listen(listener, CONTROL_CLIENTS_MAX) < 0)
		bench_fail(address.sun_path);
	command->listener = command_pass(command, 1, "--control-fd", listener);
	command->folder = command_pass(command, 2, "--control-folder-fd",
		open(tree->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const char *const more[] = { "--name", CONTROL_NAME, "--file", "bench.xml" };

	memcpy(command->argv + command->n, more, sizeof(more));
}

void tree_controlled_start(struct tree_controlled *tree, const char *config)
{
	struct tree_command command;

	*tree = (struct tree_controlled){ .folder = "/tmp/kin-bench-XXXXXX" };
	if (!mkdtemp(tree->folder))
		bench_fail(tree->folder);
	tree_command_init(&command, config);
	command_control(&command, tree);
	tree_launch(&tree->tree, &command, CORES_ALL);

	struct sockaddr_un address = control_address(tree);

	tree->channel = control_socket();
	if (connect(tree->channel, (struct sockaddr *) &address, sizeof(address)) < 0)
		bench_fail(address.sun_path);
}

void tree_controlled_stop(struct tree_controlled *tree)
{
	close(tree->channel);
	tree_stop(&tree->tree);
	if (rmdir(tree->folder) < 0)
		bench_fail(tree->folder);
}

static void control_call(
	struct tree_controlled *tree, uint32_t operation, const void *request, void *reply)
{
	int r = kin_call(tree->channel, &control_interface, operation, request, reply);

	if (r) {
		errno = r < 0 ? -r : EPROTO;
		bench_fail("core refuses");
	}
}

void tree_apply(struct tree_controlled *tree, const char *config)
{
	struct control_apply_request request = { config_open(config), "bench.xml" };
	struct control_apply_reply reply;

	control_call(tree, control_apply_operation, &request, &reply);
	close(request.config);
	tree->revision = reply.revision;
}

char *tree_state(struct tree_controlled *tree)
{
	struct control_fetched_request fetched = { tree->revision };
	struct control_state_reply reply;
	struct stat st;

	control_call(tree, control_fetched_operation, &fetched, NULL);
	control_call(
		tree, control_state_operation, &(struct control_state_request){ "init" }, &reply);
	char *text = fstat(reply.text, &st) == 0 ? malloc((size_t) st.st_size + 1) : NULL;

	if (!text || pread(reply.text, text, (size_t) st.st_size, 0) != st.st_size)
		bench_fail("the state report");
	text[st.st_size] = '\0';
	close(reply.text);
	return text;
}
