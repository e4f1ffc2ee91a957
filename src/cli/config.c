/* A config; see the header. */
#include "cli/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kin/node.h>

#include "engine/check.h"

/* One byte more than can be used shows that there is too much; the reader of trees says so. */
#define TEXT_SIZE (KIN_NODE_TEXT_MAX + 1)

/* Return: bytes read until the end or @size, or negative errno */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got == 0)
			break;
		if (got > 0)
			n += (size_t) got;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t) n;
}

static ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = read_all(fd, buf, size);

	close(fd);
	return n;
}

static int read_text(const char *file, struct config *config)
{
	bool from_stdin = strcmp(file, "-") == 0;
	ssize_t n = -ENOMEM;

	config->text = malloc(TEXT_SIZE);
	if (config->text)
		n = from_stdin ? read_all(STDIN_FILENO, config->text, TEXT_SIZE)
			       : read_file(file, config->text, TEXT_SIZE);
	if (n < 0) {
		fprintf(stderr, "kin: can't read config '%s': %s\n", file, strerror((int) -n));
		return (int) n;
	}
	config->n = (size_t) n;
	problems_init(&config->problems, from_stdin ? "<stdin>" : file);
	return 0;
}

static int out_of_memory(void)
{
	fprintf(stderr, "kin: out of memory\n");
	return -ENOMEM;
}

static int parse(struct config *config)
{
	int r = kin_tree_parse(config->text, config->n, &config->problems.diag, &config->tree);

	return r == -ENOMEM ? out_of_memory() : 0;
}

int config_read(const char *file, struct config *ret)
{
	*ret = (struct config){ 0 };
	int r = read_text(file, ret);

	if (r == 0)
		r = parse(ret);
	if (r < 0)
		config_close(ret);
	return r;
}

static bool binary_exists(void *ctx, const char *name)
{
	return place_has_rom(ctx, name);
}

int config_open(const struct options *options, const struct place *place, struct config *ret)
{
	const struct check_facts facts = { options->total, (void *) place, binary_exists };
	int r = config_read(options->file, ret);

	if (r < 0 || !ret->tree)
		return r;
	r = check_config(ret->tree, &facts, &ret->problems.diag);
	if (r < 0) {
		out_of_memory();
		config_close(ret);
	}
	return r;
}

void config_close(struct config *config)
{
	problems_done(&config->problems);
	kin_tree_free(config->tree);
	free(config->text);
}
