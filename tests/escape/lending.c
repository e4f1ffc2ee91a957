/*
 * escape: what was lent, and what is taken back
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kin/interface/rom.h>

#include "escape.h"
#include "ipc/channel.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define PAGE      4096u
#define PROT_DATA (PROT_READ | PROT_WRITE)
#define RACE_ID   (1u << 20)
#define RACE_MAX  4096 /* blocks held at the same time */
#define BLOCK     (64u << 10)

/* Each way to make a dataspace of one page larger, or other than it was lent. Counts what works. */
static void resize(int dataspace, struct outcome *ret)
{
	ret->unit = "ways";
	ret->got += ftruncate(dataspace, 1 << 20) == 0;
	ret->got += ftruncate(dataspace, 0) == 0;
	ret->got += fallocate(dataspace, 0, 0, 1 << 20) == 0;
	ret->got += fallocate(dataspace, 3, 0, PAGE) == 0;
	ret->got += fcntl(dataspace, F_ADD_SEALS, 4) == 0;
	ret->got += pwrite(dataspace, "x", 1, 1 << 20) > 0;
	ret->stop = errno;
}

static void resize_own(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct kin_ram ram;

	if (kin_ram_alloc(env, NULL, PAGE, 0, &ram) == 0)
		resize(ram.dataspace, ret);
}

static int rom_get(int channel)
{
	struct rom_dataspace_reply reply;

	return rom_dataspace(channel, NULL, &reply) ? -1 : reply.dataspace;
}

static void resize_received(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	resize(rom_get(START_BINARY), ret);
}

static void write_received(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	int dataspace = rom_get(START_BINARY);

	ret->unit = "ways";
	ret->got += pwrite(dataspace, "x", 1, 0) > 0;
	ret->got += mmap(NULL, PAGE, PROT_DATA, MAP_SHARED, dataspace, 0) != MAP_FAILED;
	ret->stop = errno;
	char *readable = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dataspace, 0);

	ret->got += readable != MAP_FAILED && mprotect(readable, PAGE, PROT_DATA) == 0;
}

static void map_beyond_end(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct kin_ram ram;

	ret->unit = "pages";
	if (kin_ram_alloc(env, NULL, PAGE, 0, &ram))
		return;
	volatile char *mapped = mmap(NULL, 64 * PAGE, PROT_DATA, MAP_SHARED, ram.dataspace, 0);

	for (int i = 0; i < 64; i++) {
		ret->got = (uint64_t) i;
		kin_log(env, "map-beyond-end: page %d", i);
		mapped[i * (int) PAGE] = 1;
	}
}

/* A server whose content is gone with the session */
struct loan {
	struct kin_client client;
	struct kin_ram ram;
};

static int loan_create(struct kin_client *client)
{
	struct loan *loan = (struct loan *) client;
	int r = kin_ram_alloc(client->service->data, NULL, 1, KIN_RAM_SHARE, &loan->ram);

	if (r == 0)
		strcpy(loan->ram.data, "a loan");
	return r;
}

static int loan_destroy(struct kin_client *client)
{
	kin_ram_free(&((struct loan *) client)->ram);
	return 0;
}

static int loan_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	struct loan *loan = self;

	reply->dataspace = kin_cap_duplicate(loan->ram.read_only);
	reply->size = loan->ram.size;
	return reply->dataspace < 0 ? reply->dataspace : 0;
}

static void lend(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	static const struct rom_handlers handlers = { .dataspace = loan_dataspace };
	static struct kin_service service = { .interface = &rom_interface,
		.handlers = &handlers,
		.client_size = sizeof(struct loan),
		.create = loan_create,
		.destroy = loan_destroy };

	service.data = env;
	ret->answer = true;
	ret->stop = kin_service_announce(env, &service);
}

/* Keeps what it was lent when its session ends: a mapping and a descriptor; touches it if told to
 */
static void keep(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	const struct kin_args args = { .label = "loan" };
	struct rom_dataspace_reply reply;
	struct kin_session session = { 0 };
	char text[8] = "";
	void *mapped;

	if (kin_session_open(env, &session, &rom_interface, &args) ||
		rom_dataspace(session.channel, NULL, &reply) ||
		kin_attach(reply.dataspace, reply.size, KIN_ATTACH_READ, &mapped))
		return;
	int channel = kin_cap_duplicate(session.channel);
	uint64_t begin_us = kin_now_us();

	kin_session_close(&session);
	int r = kin_dataspace_read(reply.dataspace, 0, text, sizeof(text));

	kin_log(env, "keep: read: %s, %llu us after the close", kin_answer_text(r),
		(unsigned long long) (kin_now_us() - begin_us));
	r = rom_dataspace(channel, NULL, &reply);
	kin_log(env, "keep: call: %s", kin_answer_text(r));
	if (kin_node_boolean(config, "touch", false))
		ret->got = strlen(mapped);
	ret->stop = r < 0 ? -r : r;
}

/* Holds on to what it was lent until its lender ends: how long can it still be read? */
static void hold(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	const struct kin_args args = { .label = "loan" };
	struct rom_dataspace_reply reply;
	struct kin_session session = { 0 };
	char text[8] = "";

	ret->unit = "us";
	if (kin_session_open(env, &session, &rom_interface, &args) ||
		rom_dataspace(session.channel, NULL, &reply))
		return;
	kin_log(env, "hold: begun");
	struct pollfd end = { .fd = session.channel, .events = POLLIN };

	poll(&end, 1, -1);
	uint64_t begin_us = kin_now_us();

	while (kin_dataspace_read(reply.dataspace, 0, text, sizeof(text)) == 0)
		sched_yield();
	ret->got = kin_now_us() - begin_us;
	ret->stop = ENODATA;
}

static int answer_wait(struct parent_session_reply *ret)
{
	struct pollfd parent = { .fd = START_PARENT, .events = POLLIN };

	poll(&parent, 1, -1);
	return channel_answer(START_PARENT, &parent_interface, parent_session_operation, ret);
}

/*
 * Spends what is being given away: the request for a session is on its way, and while parent and
 * core move its donation, all memory that can be had is taken. Counts the rounds in which both
 * worked.
 */
static uint64_t race_round(struct kin_env *env, uint64_t base_bytes, uint64_t donation_bytes)
{
	static void *blocks[RACE_MAX];
	struct parent_session_request request = { .id = RACE_ID,
		.service = "LOG",
		.version = 1,
		.args = { .label = "race", .ram_quota = donation_bytes, .cap_quota = 2 },
		.wait = true };
	struct parent_session_reply reply = { 0 };
	struct kin_account account;
	size_t n = 0;

	if (kin_send(START_PARENT, &parent_interface, parent_session_operation, &request))
		return 0;
	while (n < RACE_MAX && (blocks[n] = mmap(NULL, BLOCK, PROT_DATA,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
		*(volatile char *) blocks[n++] = 1;
	int r = answer_wait(&reply);

	if (kin_account_read(env, &account))
		account.ram_quota = 0;
	bool beyond = base_bytes + n * BLOCK > account.ram_quota;

	while (n--)
		munmap(blocks[n], BLOCK);
	if (r == 0) {
		close(reply.session);
		parent_close(START_PARENT, &(struct parent_close_request){ RACE_ID, true }, NULL);
	}
	return beyond;
}

static void race(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	uint64_t rounds = kin_node_number(config, "rounds", 1000);
	struct kin_account account;

	ret->unit = "beyond the quota";
	if (kin_account_read(env, &account))
		return;
	for (uint64_t i = 0; i < rounds; i++)
		ret->got += race_round(env, account.ram_used, account.ram_quota / (2 + i % 7));
}

/* Can be had in one piece; it is given back at once */
static int quota_try(uint64_t bytes)
{
	void *block = mmap(NULL, bytes, PROT_DATA, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return errno;
	munmap(block, bytes);
	return 0;
}

/* Has not spent its quota when it is lowered: then all that it had can't be had any more */
static void unspent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct kin_account account;

	ret->unit = "us by the clock";
	if (kin_account_read(env, &account))
		return;
	uint64_t quota = account.ram_quota, left = quota - account.ram_used;
	uint64_t bytes = (left - left / 65) / PAGE * PAGE; /* of which a 64th goes to the kernel */

	kin_log(env, "unspent: %llu bytes: %s", (unsigned long long) bytes,
		strerror(quota_try(bytes)));
	while (kin_account_read(env, &account) == 0 && account.ram_quota == quota)
		poll(NULL, 0, 1);
	ret->stop = quota_try(bytes);
	ret->got = kin_now_us();
}

static void yield_refuse(uint64_t ram, uint64_t caps, void *data)
{
	kin_log(data, "spent: asked for %llu bytes at %llu us by the clock",
		(unsigned long long) ram, (unsigned long long) kin_now_us());
}

/* Has spent all of its quota when it is lowered, and frees nothing */
static void spent(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	kin_on_yield(env, yield_refuse, env);
	for (;;) {
		void *page = mmap(NULL, PAGE, PROT_DATA, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			break;
		*(volatile char *) page = 1;
		ret->got += PAGE;
	}
	ret->stop = errno;
}

const struct attempt_row LENDING_ATTEMPTS[] = {
	{ "resize-own", resize_own },
	{ "resize-received", resize_received },
	{ "write-received", write_received },
	{ "map-beyond-end", map_beyond_end },
	{ "lend", lend },
	{ "keep", keep },
	{ "hold", hold },
	{ "race", race },
	{ "unspent", unspent },
	{ "spent", spent },
	{ 0 },
};
