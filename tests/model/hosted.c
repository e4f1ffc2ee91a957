/* A hosted sandbox under test; see the header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/channel.h"
#include "ipc/dataspace.h"
#include "ipc/signal.h"
#include "model/hosted.h"
#include "wire/codec.h"
#include "wire/parent.h"

static const char config[] =
	"<config> <parent-provides> <service name='PD'/> <service name='CPU'/>"
	" <service name='LOG'/> <service name='ROM'/> <service name='P'/> </parent-provides>"
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>"
	"<default ram='1M' caps='100'/>"
	"<start name='client'> <config> <greeting text='hello'/> </config> </start>"
	"<start name='server'> <provides> <service name='X'/> </provides> </start>"
	"</config>";

/*
 * The faked core
 */

static int some_cap(int *ret_cap)
{
	*ret_cap = dup(STDIN_FILENO);
	return *ret_cap > 0 ? 0 : -errno;
}

static int up_session(void *ctx, uint32_t id, const struct session *session, int *ret_cap)
{
	struct hosted *hosted = ctx;

	if (strcmp(session->service->name->name, "P") == 0 && hosted->up_answer)
		return hosted->up_answer;
	return some_cap(ret_cap);
}

static int up_session_cap(void *ctx, uint32_t id, int *ret_cap)
{
	struct hosted *hosted = ctx;

	return hosted->up_decided ? some_cap(ret_cap) : KIN_PENDING;
}

static int up_upgrade(void *ctx, uint32_t id, struct quota amount)
{
	return 0;
}

static int up_close(void *ctx, uint32_t id)
{
	return 0;
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	return 0;
}

static int info(void *ctx, uint32_t account, struct account_info *ret)
{
	*ret = (struct account_info){ { 1 << 30, 100000 }, { 0, 0 } };
	return 0;
}

static int adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account)
{
	struct hosted *hosted = ctx;

	*ret_account = ++hosted->n_processes;
	return hosted->n_processes <= HOSTED_PROCESSES_MAX ? 0 : KIN_INVALID;
}

static int start(void *ctx, const struct child_start *what, struct host_process *ret)
{
	struct hosted *hosted = ctx;
	struct hosted_process *process = &hosted->processes[what->account - 1];

	strcpy(process->name, what->name);
	assert_int_equal(channel_pair(&ret->parent, &process->parent), 0);
	assert_int_equal(signal_context_open(&ret->signal), 0);
	assert_int_equal(signal_context_open(&ret->process), 0);
	process->signal = dup(ret->signal);
	process->ended = dup(ret->process);
	process->running = true;
	return 0;
}

static int load(
	void *ctx, uint32_t account, int rom, int dataspace, char ret_missing[KIN_NAME_MAX + 1])
{
	return KIN_INVALID;
}

void hosted_end(struct hosted_process *process, int killed_by, int64_t value)
{
	if (!process->running)
		return;
	process->running = false;
	process->killed_by = killed_by;
	process->value = value;
	signal_trigger(process->ended);
}

static int kill_process(void *ctx, uint32_t account)
{
	struct hosted *hosted = ctx;
	struct hosted_process *process = &hosted->processes[account - 1];

	if (!process->running)
		return KIN_CLOSED;
	hosted->n_kills++;
	hosted_end(process, 9, 0);
	return 0;
}

static int status(void *ctx, uint32_t account, int64_t *ret_value)
{
	struct hosted *hosted = ctx;
	struct hosted_process *process = &hosted->processes[account - 1];

	if (process->running)
		return -EAGAIN;
	*ret_value = process->value;
	return process->killed_by;
}

static int alloc_rpc(void *ctx, uint32_t *ret_id, int *ret_server, int *ret_client)
{
	struct hosted *hosted = ctx;

	*ret_id = ++hosted->n_objects;
	return channel_pair(ret_server, ret_client);
}

static int alloc_rom(void *ctx, const char *text, size_t size, uint32_t *ret_id, int *ret_fd)
{
	struct hosted *hosted = ctx;

	*ret_id = ++hosted->n_objects;
	*ret_fd = memfd_create("rom", MFD_CLOEXEC);
	return *ret_fd < 0 ? -errno : dataspace_write(*ret_fd, text, size);
}

static void free_object(void *ctx, uint32_t id)
{
	struct hosted *hosted = ctx;

	assert_true(id > 0);
	hosted->n_objects--;
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	struct hosted *hosted = ctx;

	strncat(hosted->log, text, sizeof(hosted->log) - strlen(hosted->log) - 2);
	strcat(hosted->log, "\n");
}

static void exit_propagated(void *ctx, int64_t value)
{
	((struct hosted *) ctx)->exit_value = value;
}

static void state_answered(void *ctx, const struct host_state *state)
{
	struct hosted *hosted = ctx;

	assert_int_equal(state->answer == KIN_OK, state->dataspace > 0);
	hosted->n_states++;
	hosted->state = *state;
	memset(hosted->state_text, 0, sizeof(hosted->state_text));
	if (state->dataspace)
		pread(state->dataspace, hosted->state_text, sizeof(hosted->state_text) - 1, 0);
}

static void up_resource_request(void *ctx, struct quota amount)
{
}

static const struct up_ops up_ops = { up_session, up_session_cap, up_upgrade, up_close,
	up_resource_request };
static const struct account_ops account_ops = { .transfer = transfer, .info = info };
static const struct host_ops ops = { &up_ops, &account_ops, adopt, start, load, kill_process,
	status, alloc_rpc, alloc_rom, free_object, NULL, log_text, exit_propagated, NULL, NULL,
	state_answered };

/*
 * Life of a test
 */

static unsigned descriptors_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void hosted_settle(struct hosted *hosted)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_round(&hosted->loop, 0), 0);
}

int hosted_set_up(void **state)
{
	struct hosted *hosted = calloc(1, sizeof(*hosted));
	struct kin_tree *tree = NULL;

	alarm(30);
	hosted->descriptors = descriptors_open();
	loop_init(&hosted->loop);
	host_init(&hosted->host, &hosted->loop, &ops);
	if (kin_tree_parse(config, sizeof(config) - 1, NULL, &tree))
		return -1;
	sandbox_apply(&hosted->host.sandbox, tree);
	hosted_settle(hosted);
	*state = hosted;
	return 0;
}

int hosted_tear_down(void **state)
{
	struct hosted *hosted = *state;

	host_done(&hosted->host);
	loop_done(&hosted->loop);
	for (uint32_t i = 0; i < hosted->n_processes; i++) {
		if (hosted->processes[i].parent > 0)
			close(hosted->processes[i].parent);
		close(hosted->processes[i].signal);
		close(hosted->processes[i].ended);
	}
	assert_int_equal(hosted->n_objects, 0);
	assert_int_equal(descriptors_open(), hosted->descriptors);
	free(hosted);
	return 0;
}

struct hosted_process *hosted_process(struct hosted *hosted, const char *name)
{
	for (uint32_t i = 0; i < hosted->n_processes; i++)
		if (strcmp(hosted->processes[i].name, name) == 0)
			return &hosted->processes[i];
	fail_msg("no process %s", name);
	return NULL;
}

enum child_state hosted_state(struct hosted *hosted, const char *name)
{
	return sandbox_child(&hosted->host.sandbox, name)->state;
}

/*
 * What a child sends and receives
 */

int hosted_reply(int channel, const struct kin_interface *interface, uint32_t operation, void *ret)
{
	char space[CMSG_SPACE(sizeof(int) * KIN_MESSAGE_CAPS_MAX)] __attribute__((aligned(8)));
	uint8_t bytes[KIN_MESSAGE_MAX];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space) };
	struct wire_caps caps = { .n = 0 };
	struct wire_header header;
	ssize_t n = recvmsg(channel, &msg, MSG_DONTWAIT);

	if (n < WIRE_HEADER_SIZE)
		return HOSTED_NO_REPLY;
	struct cmsghdr *control = CMSG_FIRSTHDR(&msg);

	if (control) {
		caps.n = (unsigned) ((control->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(caps.cap, CMSG_DATA(control), caps.n * sizeof(int));
	}
	wire_header_decode(bytes, &header);
	assert_int_equal(header.operation, operation);
	if (header.status == 0 && ret)
		assert_int_equal(wire_decode(interface->operations[operation].reply(),
					 bytes + WIRE_HEADER_SIZE, (size_t) n - WIRE_HEADER_SIZE,
					 &caps, ret),
			0);
	return header.status;
}

void hosted_send(struct hosted *hosted, const char *name, uint32_t operation, const void *request)
{
	assert_int_equal(kin_send(hosted_process(hosted, name)->parent, &parent_interface,
				 operation, request),
		0);
	hosted_settle(hosted);
}

int hosted_reply_to(struct hosted *hosted, const char *name, uint32_t operation, void *ret)
{
	return hosted_reply(
		hosted_process(hosted, name)->parent, &parent_interface, operation, ret);
}

int hosted_call(
	struct hosted *hosted, const char *name, uint32_t operation, const void *request, void *ret)
{
	hosted_send(hosted, name, operation, request);
	return hosted_reply_to(hosted, name, operation, ret);
}
