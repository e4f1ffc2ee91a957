/*
 * ROM modules that a parent makes
 *
 * The content is generated anew each time the child asks for it, into a dataspace of the parent's.
 * The child pays for it as for any session: what it donated has to cover the dataspace and the two
 * objects, when it opens the session and whenever the content is a larger one.
 */
#include "host/rom.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include <kin/generator.h>
#include <kin/interface/rom.h>

#include "ipc/channel.h"
#include "ipc/signal.h"

#define OBJECTS_CAPS 2 /* the channel, the dataspace */
#define PAGE_BYTES   4096u

struct host_rom {
	struct host *host;
	struct child *child;
	const struct session *session;
	enum special_rom special;
	uint32_t rpc_id, dataspace_id;
	int server;
	int signal; /* of a reader who wants to be told of changes; 0 if there is none */
	struct loop_source source;
};

static void generate_affinity(struct kin_generator *g, const struct kin_affinity *affinity)
{
	if (!affinity->space_width)
		return;
	kin_generator_open(g, "affinity");
	kin_generator_open(g, "space");
	kin_generator_attribute_number(g, "width", affinity->space_width);
	kin_generator_attribute_number(g, "height", affinity->space_height);
	kin_generator_close(g);
	kin_generator_open(g, "location");
	kin_generator_attribute_number(g, "xpos", affinity->x);
	kin_generator_attribute_number(g, "ypos", affinity->y);
	kin_generator_attribute_number(g, "width", affinity->width);
	kin_generator_attribute_number(g, "height", affinity->height);
	kin_generator_close(g);
	kin_generator_close(g);
}

static void generate_requests(struct kin_generator *g, const struct child *child)
{
	static const char *const types[] = {
		[SERVER_CREATE] = "create", [SERVER_UPGRADE] = "upgrade", [SERVER_CLOSE] = "close"
	};
	struct session *session;
	char args[1024];

	kin_generator_open(g, "session_requests");
	DL_FOREACH2 (child->requests, session, request_next) {
		bool create = session->state == SESSION_CREATE_REQUESTED;
		bool upgrade = session->state == SESSION_UPGRADE_REQUESTED;

		kin_generator_open(g, types[create      ? SERVER_CREATE
					      : upgrade ? SERVER_UPGRADE
							: SERVER_CLOSE]);
		kin_generator_attribute_number(g, "id", session->server_id);
		if (create) {
			kin_generator_attribute(g, "service", session->service->name->name);
			kin_generator_attribute(g, "label", session->args.label);
			kin_args_print(&session->args, args, sizeof(args));
			kin_generator_open(g, "args");
			kin_generator_text(g, args);
			kin_generator_close(g);
			generate_affinity(g, &session->affinity);
		}
		if (upgrade) {
			kin_generator_attribute_number(g, "ram_quota", session->upgrade.ram);
			kin_generator_attribute_number(g, "cap_quota", session->upgrade.caps);
		}
		kin_generator_close(g);
	}
	kin_generator_close(g);
}

static void generate(struct host_rom *rom, struct kin_generator *g)
{
	if (rom->special == SPECIAL_ROM_CONFIG)
		kin_generator_node(g, sandbox_child_config(rom->child));
	else
		generate_requests(g, rom->child);
}

static void drop_dataspace(struct host_rom *rom)
{
	if (rom->dataspace_id)
		rom->host->ops->free(rom->host, rom->dataspace_id);
	rom->dataspace_id = 0;
}

static const char *module_name(const struct host_rom *rom)
{
	return rom->special == SPECIAL_ROM_CONFIG ? "config" : "session_requests";
}

static bool pays_for(const struct host_rom *rom, size_t size)
{
	uint64_t pages = (size + PAGE_BYTES - 1) / PAGE_BYTES;

	return pages * PAGE_BYTES + KIN_CHANNEL_RAM <= rom->session->donation.ram;
}

static int content_share(struct host_rom *rom, const char *text, size_t size, int *ret_dataspace)
{
	int r = KIN_OUT_OF_RAM;

	drop_dataspace(rom);
	if (pays_for(rom, size))
		r = rom->host->ops->alloc_rom(
			rom->host, text, size, &rom->dataspace_id, ret_dataspace);
	return r;
}

/* Return: 0 or negative errno; the generator holds the text and is to be done with in any case */
static int content(
	struct host_rom *rom, struct kin_generator *g, const char **ret, size_t *ret_size)
{
	kin_generator_init_growing(g, KIN_NODE_TEXT_MAX);
	generate(rom, g);
	return kin_generator_finish(g, ret, ret_size);
}

static int on_dataspace(
	void *self, struct rom_dataspace_request *rq, struct rom_dataspace_reply *rp)
{
	struct host_rom *rom = self;
	struct kin_generator g;
	const char *text;
	size_t size;

	if (rom->special == SPECIAL_ROM_CONFIG)
		rom->child->config_unread = false;
	int r = content(rom, &g, &text, &size);

	if (r == 0)
		r = content_share(rom, text, size, &rp->dataspace);
	if (r)
		owner_log(&rom->host->owner, OWNER_ERROR, "%s: no memory for its %s ROM: %s",
			rom->child->name, module_name(rom), kin_answer_text(r));
	rp->size = size;
	kin_generator_done(&g);
	return r;
}

static int on_signal(void *self, struct rom_signal_request *rq, struct rom_signal_reply *rp)
{
	struct host_rom *rom = self;

	if (rq->signal && !signal_check(rq->signal))
		return KIN_DENIED;
	if (rom->signal)
		close(rom->signal);
	rom->signal = rq->signal;
	rq->signal = 0;
	return 0;
}

static const struct rom_handlers handlers = { on_dataspace, on_signal };

static void on_channel(struct loop_source *source, uint32_t epoll_events)
{
	struct host_rom *rom =
		(struct host_rom *) ((char *) source - offsetof(struct host_rom, source));
	int r = kin_dispatch(rom->server, &rom_interface, &handlers, rom);

	if (r == 0 || r == -EAGAIN)
		return;
	loop_remove(rom->host->loop, source);
	if (r != -EPIPE)
		owner_log(&rom->host->owner, OWNER_WARNING,
			"%s: breaks the protocol of its ROM session, which is of no use any more",
			rom->child->name);
}

static void destroy(struct host_rom *rom)
{
	if (rom->special == SPECIAL_ROM_CONFIG)
		rom->child->config_unread = false;
	loop_remove(rom->host->loop, &rom->source);
	drop_dataspace(rom);
	close(rom->server);
	if (rom->signal)
		close(rom->signal);
	rom->host->ops->free(rom->host, rom->rpc_id);
	free(rom);
}

static struct host_rom *rom_new(struct host *host, struct session *session)
{
	struct host_rom *rom = calloc(1, sizeof(*rom));

	if (!rom)
		return NULL;
	rom->host = host;
	rom->child = session->client;
	rom->session = session;
	rom->special = session->special;
	return rom;
}

/* Return: 0, KIN_INSUFFICIENT_RAM, KIN_INSUFFICIENT_CAPS, negative errno */
static int payment(struct host_rom *rom)
{
	struct kin_generator g;
	const char *text;
	size_t size;

	if (rom->session->donation.caps < OBJECTS_CAPS)
		return KIN_INSUFFICIENT_CAPS;
	int r = content(rom, &g, &text, &size);

	kin_generator_done(&g);
	if (r)
		return r;
	return pays_for(rom, size) ? 0 : KIN_INSUFFICIENT_RAM;
}

/* Gives it its channel. Return: 0, KIN_DENIED (logged), negative errno */
static int connect_client(struct host_rom *rom, int *ret_client)
{
	struct host *host = rom->host;
	int r = host->ops->alloc_rpc(host, &rom->rpc_id, &rom->server, ret_client);

	if (r) {
		owner_log(&host->owner, OWNER_ERROR, "%s: no ROM session for it: %s",
			rom->child->name, kin_answer_text(r));
		return KIN_DENIED;
	}
	r = loop_add(host->loop, &rom->source, rom->server, on_channel);
	if (r) {
		close(*ret_client);
		close(rom->server);
		host->ops->free(host, rom->rpc_id);
	}
	return r;
}

int host_rom_create(struct host *host, struct session *session, int *ret_cap)
{
	if (session->version != rom_interface.version) {
		owner_log(&host->owner, OWNER_ERROR,
			"%s: speaks version %" PRIu32 " of ROM, this is version %" PRIu32,
			session->client->name, session->version, rom_interface.version);
		return KIN_DENIED;
	}
	struct host_rom *rom = rom_new(host, session);

	if (!rom)
		return -ENOMEM;
	int r = payment(rom);

	if (r == 0)
		r = connect_client(rom, ret_cap);
	if (r) {
		free(rom);
		return r;
	}
	session->local = rom;
	return 0;
}

void host_rom_close(struct host *host, struct session *session)
{
	destroy(session->local);
	session->local = NULL;
}

/* Return: whether there is any */
static bool tell_readers(struct child *child, enum special_rom special)
{
	struct session *session, *next;
	bool told = false;

	HASH_ITER (by_id, child->sessions, session, next) {
		const struct host_rom *rom = session->local;

		if (session->special != special || !rom || !rom->signal)
			continue;
		signal_trigger(rom->signal);
		told = true;
	}
	return told;
}

void host_rom_config_changed(void *ctx, struct child *child)
{
	child->config_unread |= tell_readers(child, SPECIAL_ROM_CONFIG);
}

void host_rom_requests_changed(struct child *child)
{
	tell_readers(child, SPECIAL_ROM_REQUESTS);
}
