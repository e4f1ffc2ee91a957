/*
 * Watching a config; see the header.
 *
 * It is the folder that is watched: most editors write another file and give it the name.
 */
#include "cli/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/apply.h"
#include "cli/link.h"

#define EVENTS_BYTES 4096

struct watch {
	struct options options;
	const struct place *place;
	const char *name; /* of the file in its folder */
	int inotify;
	int core;   /* pidfd of the process that becomes core */
	int folder; /* where the tree's socket is, by its name */
	char tree[KIN_NAME_MAX + 1];
	char *text; /* that was applied last, or could not be */
	size_t n;
};

/* Return: whether it is another text than before, which is kept from now on */
static bool is_news(struct watch *watch, const struct config *config)
{
	if (config->n == watch->n && memcmp(config->text, watch->text, watch->n) == 0)
		return false;
	free(watch->text);
	watch->text = malloc(config->n + 1);
	watch->n = watch->text ? config->n : 0;
	if (watch->text)
		memcpy(watch->text, config->text, config->n);
	return true;
}

/* A new connection each time: core may close an idle one for the sake of others. */
static int apply_by_link(struct watch *watch, const struct config *config)
{
	struct link link;
	int r = link_open_name(watch->folder, watch->tree, &link);

	if (r < 0) {
		strcpy(link.info.name, watch->tree);
		link_explain(&link, r);
		return CLI_TREE_FAILED;
	}
	int status = apply_config(&link, config, watch->options.file, watch->options.timeout_ms);

	link_close(&link);
	return status;
}

static void apply(struct watch *watch, struct config *config)
{
	const char *file = watch->options.file;

	if (!config->tree || watch->options.volume != OPTIONS_QUIET)
		problems_print(&config->problems, stderr);
	if (!config->tree) {
		fprintf(stderr, "kin: '%s' is not applied\n", file);
		return;
	}
	int status = apply_by_link(watch, config);

	if (status == CLI_OK && watch->options.volume != OPTIONS_QUIET)
		fprintf(stderr, "kin: '%s' is applied\n", file);
}

static void look(struct watch *watch)
{
	struct config config;

	if (config_open(&watch->options, watch->place, &config) < 0)
		return;
	if (is_news(watch, &config))
		apply(watch, &config);
	config_close(&config);
}

/* Return: whether the file was among what changed */
static bool take_events(struct watch *watch)
{
	_Alignas(struct inotify_event) char events[EVENTS_BYTES];
	ssize_t n = read(watch->inotify, events, sizeof(events));
	bool changed = false;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *) (events + at);

		if (event->mask & IN_IGNORED) {
			fprintf(stderr, "kin: the folder of '%s' is gone, it is watched no more\n",
				watch->options.file);
			_exit(CLI_TREE_FAILED);
		}
		if (event->mask & IN_Q_OVERFLOW ||
			(event->len && strcmp(event->name, watch->name) == 0))
			changed = true;
		at += (ssize_t) sizeof(*event) + event->len;
	}
	return changed;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/*
 * Waits for a change of the file, and then until it has not changed for a while, however much is
 * going on beside it.
 */
_Noreturn static void watch_run(struct watch *watch)
{
	struct pollfd fds[] = { { .fd = watch->inotify, .events = POLLIN },
		{ .fd = watch->core, .events = POLLIN } };
	/* It may have changed already since it was read for the start. */
	int64_t due_ms = now_ms() + WATCH_SETTLE_MS;

	for (;;) {
		int64_t left_ms = due_ms - now_ms();

		if (due_ms && left_ms <= 0) {
			due_ms = 0;
			look(watch);
		}
		if (poll(fds, 2, due_ms ? (int) left_ms : -1) < 0 && errno != EINTR)
			_exit(CLI_TREE_FAILED);
		if (fds[1].revents)
			_exit(CLI_OK);
		if (fds[0].revents && take_events(watch))
			due_ms = now_ms() + WATCH_SETTLE_MS;
	}
}

/* Return: 0, negative errno */
static int watch_open(struct watch *watch, const char *file)
{
	const char *slash = strrchr(file, '/');
	char folder[PATH_MAX] = ".";

	watch->name = slash ? slash + 1 : file;
	if (slash && snprintf(folder, sizeof(folder), "%.*s", (int) (slash - file + 1), file) >=
			     (int) sizeof(folder))
		return -ENAMETOOLONG;
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->core = pidfd_open(getpid(), 0);
	if (watch->core < 0 || watch->inotify < 0 ||
		inotify_add_watch(
			watch->inotify, folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return -errno;
	return 0;
}

static void watch_close(struct watch *watch)
{
	if (watch->inotify >= 0)
		close(watch->inotify);
	if (watch->core >= 0)
		close(watch->core);
}

/* In the new process, which must not keep alive what is core's. */
_Noreturn static void child_run(
	struct watch *watch, const struct config *config, const struct runtime_socket *socket)
{
	close(socket->listener);
	watch->folder = socket->folder;
	strcpy(watch->tree, socket->name);
	is_news(watch, config);
	watch_run(watch);
}

int watch_start(const struct options *options, const struct place *place,
	const struct config *config, const struct runtime_socket *socket)
{
	struct watch watch = { .options = *options, .place = place, .inotify = -1, .core = -1 };
	int r = watch_open(&watch, options->file);
	pid_t pid = r == 0 ? fork() : -1;

	if (pid == 0)
		child_run(&watch, config, socket);
	if (r == 0 && pid < 0)
		r = -errno;
	watch_close(&watch);
	if (r < 0)
		fprintf(stderr, "kin: can't watch '%s': %s\n", options->file, strerror(-r));
	return r;
}
