/* See the header. */
#include "core_children.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/descriptor.h"

#define BINARY_MAX (64u << 20) /* sanitizers make large ones */

static char *child_binary;
static size_t child_bytes;

/* The whole file, for as long as the program lives; ends it if there is none. */
static char *slurp(const char *path, size_t *ret_bytes)
{
	static char buffer[BINARY_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n <= 0 || n == (ssize_t) sizeof(buffer)) {
		fprintf(stderr, "%s can't be read\n", path);
		exit(2);
	}
	close(fd);
	*ret_bytes = (size_t) n;
	return buffer;
}

void children_init(int argc, char **argv)
{
	const char *binary = slurp(argc > 1 ? argv[1] : "PATH-OF-CORE_CHILD", &child_bytes);

	child_binary = malloc(child_bytes);
	if (!child_binary)
		exit(2);
	memcpy(child_binary, binary, child_bytes);
}

void child_install_file(struct fixture *f, const char *name, const char *path)
{
	size_t n;
	const char *data = slurp(path, &n);

	fixture_file(f, 0, name, data, n);
}

void child_install(struct fixture *f, const char *name)
{
	fixture_file(f, 0, name, child_binary, child_bytes);
}

void child_open(struct fixture *f, struct child *c, const char *module, uint64_t ram, uint64_t caps)
{
	*c = (struct child){ .threads = 1 };
	c->pd = &fixture_open_pd(f, "init -> child", ram, caps, &c->pd_cap, &c->account)->session;
	c->cpu = fixture_open_session(f, "CPU", "init -> child", &c->cpu_cap);
	c->log = fixture_open_session(f, "LOG", "init -> child", &c->log_cap);
	c->binary = fixture_open_session(f, "ROM", module, &c->binary_cap);
}

int child_load(struct fixture *f, struct child *c, int rom, int dataspace, char *ret_missing)
{
	struct pd_load_reply reply = { "" };
	int r = core_pd_load(
		&f->services.root, &(struct pd_load_request){ c->account, rom, dataspace }, &reply);

	if (r == 0)
		strcpy(ret_missing, reply.missing);
	return r;
}

int child_start(struct fixture *f, struct child *c)
{
	struct pd_start_request request = { c->account, "child", c->threads, c->pd_cap, c->cpu_cap,
		c->log_cap, c->binary_cap };

	return core_pd_start(&f->services.root, &request, &c->started);
}

struct pd *child_pd(const struct child *c)
{
	return (struct pd *) c->pd;
}

void child_run(struct fixture *f, struct child *c, uint64_t ram)
{
	child_install(f, "child");
	child_open(f, c, "child", ram, 20);
	if (child_start(f, c))
		fail_msg("%s", fixture_heard(f));
}

void child_close_session(struct core_session **session)
{
	if (*session)
		core_session_close(*session);
	*session = NULL;
}

void graveyard_wait(struct fixture *f)
{
	while (f->services.graveyard)
		assert_int_equal(loop_round(&f->loop, -1), 0);
}

void child_close(struct fixture *f, struct child *c)
{
	child_close_session(&c->pd);
	child_close_session(&c->cpu);
	child_close_session(&c->log);
	child_close_session(&c->binary);
	int *caps[] = { &c->pd_cap, &c->cpu_cap, &c->log_cap, &c->binary_cap, &c->started.parent,
		&c->started.signal, &c->started.process };

	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		descriptor_close(caps[i]);
	graveyard_wait(f);
	ledger_check(&f->services.ledger);
	assert_int_equal(f->services.root.account.quota.ram, FIXTURE_RAM);
	assert_int_equal(f->services.root.account.quota.caps, FIXTURE_CAPS);
}

void child_tell(const struct child *c, enum core_child_what what, uint64_t value)
{
	struct core_child_order order = { what, value };

	assert_int_equal(send(c->started.parent, &order, sizeof(order), 0), sizeof(order));
}

int64_t child_ask(const struct child *c, enum core_child_what what, uint64_t value)
{
	int64_t answer;

	child_tell(c, what, value);
	assert_int_equal(recv(c->started.parent, &answer, sizeof(answer), 0), sizeof(answer));
	return answer;
}

struct pd_status_reply child_status(struct fixture *f, const struct child *c)
{
	struct pd_status_reply reply;

	assert_int_equal(core_pd_status(&f->services.root,
				 &(struct pd_status_request){ c->account }, &reply),
		0);
	return reply;
}

struct pd_account_reply child_account(struct fixture *f, const struct child *c)
{
	struct pd_account_reply reply;

	assert_int_equal(core_pd_account(&f->services.root,
				 &(struct pd_account_request){ c->account }, &reply),
		0);
	return reply;
}

void child_wait(struct fixture *f, const struct child *c)
{
	struct pollfd end = { .fd = c->started.process, .events = POLLIN };

	assert_int_equal(poll(&end, 1, -1), 1);
}
