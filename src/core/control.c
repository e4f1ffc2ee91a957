/*
 * Control socket; see the header.
 *
 * A handler answers at once what it can. What takes longer leaves a note in the client and is
 * answered by one of two tasks: `ask` puts the questions for states to init, one after the other,
 * `news` answers those who wait for the log or for init to take its config.
 */
#include "core/control.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <utlist.h>

#include <linux/sockios.h>

#include <kin/generator.h>

#include "core/container.h"
#include "core/core.h"
#include "core/descriptor.h"
#include "core/linux/memfd.h"
#include "core/log_ring.h"
#include "core/services.h"
#include "core/tree.h"
#include "ipc/channel.h"
#include "ipc/dataspace.h"
#include "wire/control.h"

enum wait { WAIT_NOTHING, WAIT_STATE, WAIT_LOG, WAIT_FETCHED };

struct client {
	struct control *control;
	struct loop_source source;
	int channel;
	enum wait waits;              /* for what it asked last */
	char text[KIN_LABEL_MAX + 1]; /* STATE: whose; LOG: the prefix */
	struct log_cursor cursor;
	uint64_t lost; /* lines, since it waits for one */
	uint64_t revision;
	struct client *prev, *next;
};

struct control {
	struct core_services *services;
	struct host *host;
	struct loop_source listener;
	struct loop_timer timer;
	struct loop_task ask, news;
	int listener_fd, folder_fd;
	struct stat socket; /* what stood under the name when we began */
	struct control_info_reply info;
	struct log_ring ring;
	struct client *clients; /* who asked last is last */
	unsigned n_clients;
	struct client *asking; /* init has its question; NULL if nobody's */
	uint32_t serial;       /* of the last question */
};

static void client_close(struct client *client)
{
	struct control *control = client->control;

	if (control->asking == client) {
		control->asking = NULL;
		loop_queue(control->services->loop, &control->ask);
	}
	loop_remove(control->services->loop, &client->source);
	close(client->channel);
	DL_DELETE(control->clients, client);
	control->n_clients--;
	free(client);
}

/* Answers what a client waits for; it is gone if it can't be answered. */
static void client_answer(struct client *client, uint32_t operation, int status, void *reply)
{
	client->waits = WAIT_NOTHING;
	if (kin_reply(client->channel, &control_interface, operation, status, reply) < 0)
		client_close(client);
}

/*
 * What a client may ask
 */

static int handle_info(
	void *self, struct control_info_request *request, struct control_info_reply *reply)
{
	*reply = ((struct client *) self)->control->info;
	return 0;
}

static int handle_tree(
	void *self, struct control_tree_request *request, struct control_tree_reply *reply)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	kin_generator_init_growing(&g, KIN_NODE_TEXT_MAX);
	core_tree_generate(((struct client *) self)->control->services, &g);
	int r = kin_generator_finish(&g, &text, &size);

	if (r == 0)
		r = text_memfd_create("tree", text, size, &reply->text);
	kin_generator_done(&g);
	return r;
}

static int handle_roms(
	void *self, struct control_roms_request *request, struct control_roms_reply *reply)
{
	const struct core_services *services = ((struct client *) self)->control->services;
	char text[CORE_ROM_DIRECTORIES_MAX * PATH_MAX], link[32];
	size_t size = 0;

	for (size_t i = 0; i < services->n_rom_directories; i++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", services->rom_directories[i]);
		ssize_t n = readlink(link, text + size, PATH_MAX - 1);

		if (n < 0)
			return -errno;
		size += (size_t) n;
		text[size++] = '\0';
	}
	return text_memfd_create("roms", text, size, &reply->text);
}

static int handle_state(
	void *self, struct control_state_request *request, struct control_state_reply *reply)
{
	struct client *client = self;

	client->waits = WAIT_STATE;
	strcpy(client->text, request->label);
	loop_queue(client->control->services->loop, &client->control->ask);
	return KIN_DEFERRED;
}

/* Return: 0 with lines, or without any; negative errno */
static int log_read(struct client *client, struct control_log_reply *ret)
{
	struct log_excerpt excerpt;
	int r = log_ring_read(&client->control->ring, client->text, &client->cursor, &excerpt);

	if (r < 0)
		return r;
	client->lost += excerpt.lost;
	ret->next = client->cursor.line;
	ret->lost = client->lost;
	if (excerpt.text)
		r = text_memfd_create("log", excerpt.text, excerpt.size, &ret->text);
	free(excerpt.text);
	return r;
}

static int handle_log(
	void *self, struct control_log_request *request, struct control_log_reply *reply)
{
	struct client *client = self;

	if (client->cursor.line != request->from)
		client->cursor = (struct log_cursor){ request->from, 0 };
	strcpy(client->text, request->prefix);
	client->lost = 0;
	int r = log_read(client, reply);

	if (r < 0 || reply->text || !request->wait)
		return r;
	client->waits = WAIT_LOG;
	return KIN_DEFERRED;
}

static bool config_usable(int fd)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & wanted) == wanted && fstat(fd, &st) == 0 && st.st_size > 0 &&
	       st.st_size <= KIN_NODE_TEXT_MAX;
}

static int handle_apply(
	void *self, struct control_apply_request *request, struct control_apply_reply *reply)
{
	struct control *control = ((struct client *) self)->control;

	if (!config_usable(request->config))
		return -EINVAL;
	int r = core_rom_set(
		control->services, CORE_CONFIG_LABEL, descriptor_take(&request->config));

	if (r < 0)
		return r;
	strcpy(control->info.file, request->file);
	reply->revision = core_rom_revisions(control->services, CORE_CONFIG_LABEL).set;
	return 0;
}

static bool has_fetched(const struct client *client)
{
	return core_rom_revisions(client->control->services, CORE_CONFIG_LABEL).fetched >=
	       client->revision;
}

static int handle_fetched(
	void *self, struct control_fetched_request *request, struct control_fetched_reply *reply)
{
	struct client *client = self;

	client->revision = request->revision;
	if (has_fetched(client))
		return 0;
	client->waits = WAIT_FETCHED;
	return KIN_DEFERRED;
}

static int handle_config(
	void *self, struct control_config_request *request, struct control_config_reply *reply)
{
	return core_rom_get(
		((struct client *) self)->control->services, CORE_CONFIG_LABEL, &reply->text);
}

static const struct control_handlers handlers = {
	.info = handle_info,
	.tree = handle_tree,
	.roms = handle_roms,
	.state = handle_state,
	.log = handle_log,
	.apply = handle_apply,
	.fetched = handle_fetched,
	.config = handle_config,
};

/*
 * What is answered later
 */

static void log_answer(struct client *client)
{
	struct control_log_reply reply = { 0 };
	int r = log_read(client, &reply);

	if (r < 0 || reply.text)
		client_answer(client, control_log_operation, r, &reply);
}

static void on_news(struct loop_task *task)
{
	struct control *control = CONTAINER_OF(task, struct control, news);
	struct client *client, *next;

	DL_FOREACH_SAFE (control->clients, client, next) {
		if (client->waits == WAIT_LOG)
			log_answer(client);
		else if (client->waits == WAIT_FETCHED && has_fetched(client))
			client_answer(client, control_fetched_operation, 0, NULL);
	}
}

static void timer_start(struct control *control)
{
	loop_arm(control->services->loop, &control->timer, CONTROL_STATE_MS, 0);
}

/* Puts a client's question to init. */
static void client_ask(struct client *client)
{
	struct control *control = client->control;
	int r = host_state_ask(control->host, ++control->serial, client->text);

	if (r) {
		client_answer(client, control_state_operation, r, NULL);
		return;
	}
	control->asking = client;
	timer_start(control);
}

static void on_ask(struct loop_task *task)
{
	struct control *control = CONTAINER_OF(task, struct control, ask);
	struct client *client, *next;

	DL_FOREACH_SAFE (control->clients, client, next)
		if (!control->asking && client->waits == WAIT_STATE)
			client_ask(client);
}

static void state_answer(struct control *control, int status, int take_text)
{
	struct client *client = control->asking;

	control->asking = NULL;
	loop_queue(control->services->loop, &control->ask);
	client_answer(client, control_state_operation, status,
		&(struct control_state_reply){ take_text });
}

/*
 * The dataspace comes from a component: it must be memory that can be read without waiting, and it
 * may become shorter at any time. Memory is what has seals, and all of core's is sealed against
 * growth.
 */
static int dataspace_copy(const struct host_state *state, int *ret_text)
{
	int seals = fcntl(state->dataspace, F_GET_SEALS);
	int mode = fcntl(state->dataspace, F_GETFL) & O_ACCMODE;

	if (seals < 0 || !(seals & F_SEAL_GROW) || mode != O_RDONLY || !state->size ||
		state->size > KIN_NODE_TEXT_MAX)
		return -EBADMSG;
	char *text = malloc(state->size);
	int r = text ? dataspace_read(state->dataspace, 0, text, state->size) : -ENOMEM;

	if (r == 0)
		r = text_memfd_create("state", text, state->size, ret_text);
	free(text);
	return r == -ENODATA ? -EBADMSG : r;
}

void control_state_answered(struct control *control, const struct host_state *state)
{
	int text = 0, r = state->answer;

	if (!control || !control->asking || control->serial != state->serial)
		return;
	if (r == KIN_OK)
		r = dataspace_copy(state, &text);
	state_answer(control, r, text);
}

/* A question has waited for its answer long enough; or there may be descriptors again. */
static void on_timer(struct loop_timer *timer)
{
	struct control *control = CONTAINER_OF(timer, struct control, timer);

	if (control->asking)
		state_answer(control, -ETIMEDOUT, 0);
	loop_watch(control->services->loop, &control->listener, EPOLLIN);
}

/*
 * Connections
 */

static bool has_unread_answer(const struct client *client)
{
	int bytes = 0;

	return ioctl(client->channel, SIOCOUTQ, &bytes) < 0 || bytes > 0;
}

/* Who is cut off sees its channel end. Saying more would let it fill the log. */
static void on_client(struct loop_source *source, uint32_t epoll_events)
{
	struct client *client = CONTAINER_OF(source, struct client, source);
	struct control *control = client->control;
	uint32_t operation;
	int r = channel_peek(client->channel, &operation);

	if (r == 0 && (client->waits != WAIT_NOTHING || has_unread_answer(client)))
		r = -ENOBUFS;
	if (r == 0) {
		DL_DELETE(control->clients, client);
		DL_APPEND(control->clients, client);
		r = kin_dispatch(client->channel, &control_interface, &handlers, client);
	}
	if (r < 0 && r != -EAGAIN)
		client_close(client);
}

static bool peer_allowed(int channel)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static bool make_room(struct control *control)
{
	struct client *client;

	if (control->n_clients < CONTROL_CLIENTS_MAX)
		return true;
	DL_FOREACH (control->clients, client)
		if (client->waits == WAIT_NOTHING) {
			client_close(client);
			return true;
		}
	return false;
}

/* Return: 0, negative errno; the channel is taken on 0 only */
static int client_open(struct control *control, int channel)
{
	int bytes = CHANNEL_BUFFER_BYTES;
	struct client *client;

	if (!peer_allowed(channel))
		return -EPERM;
	if (setsockopt(channel, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0)
		return -errno;
	client = make_room(control) ? calloc(1, sizeof(*client)) : NULL;
	if (!client)
		return -ENOMEM;
	client->control = control;
	client->channel = channel;
	int r = loop_add(control->services->loop, &client->source, channel, on_client);

	if (r < 0) {
		free(client);
		return r;
	}
	DL_APPEND(control->clients, client);
	control->n_clients++;
	return 0;
}

/* Without a descriptor for it a connection stays where it is, and the loop must not ask again. */
static void on_listener(struct loop_source *source, uint32_t epoll_events)
{
	struct control *control = CONTAINER_OF(source, struct control, listener);
	int channel = accept4(control->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (channel >= 0) {
		if (client_open(control, channel) < 0)
			close(channel);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		loop_watch(control->services->loop, &control->listener, 0);
		if (!control->asking)
			timer_start(control);
	}
}

/*
 * Begin and end
 */

static int control_start(struct control *control)
{
	struct loop *loop = control->services->loop;
	int r = log_ring_init(&control->ring);

	if (r < 0)
		return r;
	if (fstatat(control->folder_fd, control->info.name, &control->socket, AT_SYMLINK_NOFOLLOW) <
			0 ||
		fcntl(control->listener_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return loop_add(loop, &control->listener, control->listener_fd, on_listener);
}

int control_open(struct core_services *services, struct host *host,
	const struct control_options *options, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		close(options->listener);
		close(options->folder);
		return -ENOMEM;
	}
	*control = (struct control){ .services = services,
		.host = host,
		.listener_fd = options->listener,
		.folder_fd = options->folder,
		.ask = { .run = on_ask },
		.news = { .run = on_news },
		.timer = { .run = on_timer },
		.info = { .version = CONTROL_PROTOCOL_VERSION,
			.pid = (uint32_t) getpid(),
			.since = time(NULL),
			.ram = options->total.ram,
			.caps = options->total.caps } };
	snprintf(control->info.name, sizeof(control->info.name), "%s", options->name);
	snprintf(control->info.file, sizeof(control->info.file), "%s", options->file);
	int r = control_start(control);

	if (r < 0) {
		control_close(control);
		return r;
	}
	services->output.ring = &control->ring;
	services->output.ring_more = services->rom_fetched = &control->news;
	*ret = control;
	return 0;
}

/* The name goes before the socket, so that nobody finds it dead; unless it is another's by now. */
static void name_remove(const struct control *control)
{
	struct stat now;

	if (control->socket.st_ino &&
		fstatat(control->folder_fd, control->info.name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		now.st_ino == control->socket.st_ino && now.st_dev == control->socket.st_dev)
		unlinkat(control->folder_fd, control->info.name, 0);
}

void control_close(struct control *control)
{
	struct client *client, *next;

	if (!control)
		return;
	struct core_services *services = control->services;

	name_remove(control);
	services->output.ring = NULL;
	services->output.ring_more = services->rom_fetched = NULL;
	DL_FOREACH_SAFE (control->clients, client, next)
		client_close(client);
	loop_remove(services->loop, &control->listener);
	loop_disarm(services->loop, &control->timer);
	loop_cancel(services->loop, &control->ask);
	loop_cancel(services->loop, &control->news);
	log_ring_done(&control->ring);
	close(control->listener_fd);
	close(control->folder_fd);
	free(control);
}
