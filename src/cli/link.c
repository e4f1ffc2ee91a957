/* Link; see the header. */
#include "cli/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/runtime.h"
#include "ipc/dataspace.h"

int link_call(const struct link *link, uint32_t operation, const void *request, void *ret_reply,
	unsigned patience_ms)
{
	const struct timeval patience = { patience_ms / 1000, patience_ms % 1000 * 1000 };

	setsockopt(link->channel, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return kin_call(link->channel, &control_interface, operation, request, ret_reply);
}

void link_explain(const struct link *link, int error)
{
	const char *name = link->info.name;

	if (error == -EPIPE)
		fprintf(stderr, "kin: tree '%s' has ended\n", name);
	else if (error == -EAGAIN)
		fprintf(stderr, "kin: tree '%s' does not answer\n", name);
	else
		fprintf(stderr, "kin: tree '%s': %s\n", name, strerror(-error));
}

int link_text(int take_text, char **ret, size_t *ret_size)
{
	struct stat st;
	int r = fstat(take_text, &st) < 0 ? -errno : 0;
	char *text = r == 0 ? malloc((size_t) st.st_size + 1) : NULL;

	if (r == 0)
		r = text ? dataspace_read(take_text, 0, text, (size_t) st.st_size) : -ENOMEM;
	close(take_text);
	if (r < 0) {
		free(text);
		return r;
	}
	text[st.st_size] = '\0';
	*ret = text;
	*ret_size = (size_t) st.st_size;
	return 0;
}

int link_open_name(int folder, const char *name, struct link *ret)
{
	int r = runtime_connect(folder, name, &ret->channel);

	if (r < 0)
		return r;
	r = link_call(ret, control_info_operation, NULL, &ret->info, LINK_PATIENCE_MS);
	if (r < 0)
		close(ret->channel);
	return r;
}

void link_close(struct link *link)
{
	close(link->channel);
}

static void print_names(const runtime_name *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", names[i]);
	fprintf(stderr, "\n");
}

/* Return: its index; @n if there is none, and that was said */
static size_t choose_by_name(const runtime_name *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fprintf(stderr, "kin: no tree '%s' runs", name);
	if (n) {
		fprintf(stderr, ", but: ");
		print_names(names, n);
	} else {
		fprintf(stderr, "\n");
	}
	return n;
}

/* Return: CLI_OK and an index; else the exit status, and why was said */
static int choose(const struct options *options, const runtime_name *names, size_t n, size_t *ret)
{
	if (options->tree) {
		*ret = choose_by_name(names, n, options->tree);
		return *ret < n ? CLI_OK : CLI_TREE_FAILED;
	}
	*ret = 0;
	if (n == 1)
		return CLI_OK;
	if (n == 0) {
		fprintf(stderr, "kin: no tree runs\n");
		return CLI_TREE_FAILED;
	}
	fprintf(stderr, "kin: several trees run, choose one by --tree: ");
	print_names(names, n);
	return CLI_USAGE;
}

static int check_version(struct link *link)
{
	if (link->info.version == CONTROL_PROTOCOL_VERSION)
		return CLI_OK;
	fprintf(stderr, "kin: tree '%s' was started by another version of kin\n", link->info.name);
	link_close(link);
	return CLI_TREE_FAILED;
}

static int open_one(const struct options *options, int folder, const runtime_name *names, size_t n,
	struct link *ret)
{
	size_t chosen;
	int status = choose(options, names, n, &chosen);

	if (status != CLI_OK)
		return status;
	strcpy(ret->info.name, names[chosen]);
	int r = link_open_name(folder, names[chosen], ret);

	if (r < 0) {
		link_explain(ret, r);
		return CLI_TREE_FAILED;
	}
	return check_version(ret);
}

int link_open(const struct options *options, struct link *ret)
{
	runtime_name *names = NULL;
	size_t n = 0;
	int folder = -1, r = runtime_open(false, &folder);

	if (r < 0 && r != -ENOENT)
		return CLI_TREE_FAILED;
	if (r == 0)
		r = runtime_names(folder, &names, &n);
	if (r < 0 && r != -ENOENT) {
		fprintf(stderr, "kin: can't look for running trees: %s\n", strerror(-r));
		close(folder);
		return CLI_TREE_FAILED;
	}
	r = open_one(options, folder, names, n, ret);
	free(names);
	if (folder >= 0)
		close(folder);
	return r;
}
