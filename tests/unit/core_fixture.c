/* See the header. */
#include "core_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/container.h"
#include "core/descriptor.h"

#define DEADLINE_S 60

unsigned fixture_count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

int fixture_open_on(void **state, int take_output_fd)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct spawn_fault fault;
	const char *paths[2] = { f->directories[0], f->directories[1] };

	for (int i = 0; i < 2; i++) {
		strcpy(f->directories[i], "/tmp/kin-rom-XXXXXX");
		assert_non_null(mkdtemp(f->directories[i]));
	}
	if (spawner_init(&f->spawner, &fault) < 0)
		fail_msg("%s", fault.text);
	assert_int_equal(loop_init(&f->loop), 0);
	const struct core_options options = { .loop = &f->loop,
		.spawner = &f->spawner,
		.total = { FIXTURE_RAM, FIXTURE_CAPS },
		.rom_directories = paths,
		.n_rom_directories = 2,
		.output_fd = take_output_fd };

	assert_int_equal(core_services_init(&f->services, &options), 0);
	close(take_output_fd);
	*state = f;
	return 0;
}

int fixture_open(void **state)
{
	int ends[2], output, input;
	unsigned n;

	alarm(DEADLINE_S);
	signal(SIGPIPE, SIG_IGN);
	close_range(3, ~0u, 0);
	n = fixture_count_descriptors();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	/* The low numbers belong to the spawner. */
	output = fcntl(ends[0], F_DUPFD_CLOEXEC, 100);
	input = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
	close(ends[0]);
	close(ends[1]);
	fcntl(output, F_SETFL, O_NONBLOCK);
	fixture_open_on(state, input);
	((struct fixture *) *state)->output = output;
	((struct fixture *) *state)->n_descriptors = n;
	return 0;
}

static void directory_remove(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while ((entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(path);
}

int fixture_close(void **state)
{
	struct fixture *f = *state;

	core_services_done(&f->services);
	loop_done(&f->loop);
	spawner_done(&f->spawner);
	descriptor_close(&f->output);
	directory_remove(f->directories[0]);
	directory_remove(f->directories[1]);
	assert_int_equal(fixture_count_descriptors(), f->n_descriptors);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	free(f);
	return 0;
}

int fixture_session(struct fixture *f, const char *service, const char *label, uint64_t ram,
	uint64_t caps, struct core_session **ret, int *ret_cap)
{
	struct kin_args args = { .ram_quota = ram, .cap_quota = caps };
	struct kin_affinity none = { 0 };

	strcpy(args.label, label);
	return core_session_create(&f->services, service, 1, &args, &none, ret, ret_cap);
}

struct core_session *fixture_open_session(
	struct fixture *f, const char *service, const char *label, int *ret_cap)
{
	struct core_session *session = NULL;

	assert_int_equal(fixture_session(f, service, label, 65536, 10, &session, ret_cap), 0);
	return session;
}

struct pd *fixture_open_pd(struct fixture *f, const char *label, uint64_t ram, uint64_t caps,
	int *ret_cap, uint32_t *ret_account)
{
	struct core_session *session = fixture_open_session(f, "PD", label, ret_cap);
	struct pd_adopt_request request = { *ret_cap, ram, caps };
	struct pd_adopt_reply reply;

	assert_int_equal(core_pd_adopt(&f->services.root, &request, &reply), 0);
	*ret_account = reply.account;
	return (struct pd *) session;
}

void fixture_settle(struct fixture *f)
{
	for (int i = 0; i < 32; i++)
		assert_int_equal(loop_round(&f->loop, 0), 0);
}

struct client {
	void (*call)(void *context);
	void *context;
	int done;
	struct loop_source source;
	bool finished;
};

static void *client_run(void *argument)
{
	struct client *client = argument;

	client->call(client->context);
	eventfd_write(client->done, 1);
	return NULL;
}

static void client_finished(struct loop_source *source, uint32_t epoll_events)
{
	CONTAINER_OF(source, struct client, source)->finished = true;
}

void fixture_as_client(struct fixture *f, void (*call)(void *context), void *context)
{
	struct client client = {
		.call = call, .context = context, .done = eventfd(0, EFD_CLOEXEC)
	};
	pthread_t thread;

	assert_int_equal(loop_add(&f->loop, &client.source, client.done, client_finished), 0);
	assert_int_equal(pthread_create(&thread, NULL, client_run, &client), 0);
	while (!client.finished)
		assert_int_equal(loop_round(&f->loop, -1), 0);
	pthread_join(thread, NULL);
	loop_remove(&f->loop, &client.source);
	close(client.done);
}

static struct quota used_by_all(const struct fixture *f)
{
	struct quota sum = { 0, 0 };

	for (const struct account *a = f->services.ledger.root; a; a = account_next(a))
		sum = (struct quota){ sum.ram + a->used.ram, sum.caps + a->used.caps };
	return sum;
}

void fixture_sweep_descriptors(struct fixture *f, int (*attempt)(void *context), void *context)
{
	unsigned n = fixture_count_descriptors(), failures = 0;
	struct quota used = used_by_all(f);
	int first = fcntl(0, F_DUPFD_CLOEXEC, 3), r;
	struct rlimit limit, low;

	close(first);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	for (;;) {
		low.rlim_cur = (rlim_t) first + failures;
		setrlimit(RLIMIT_NOFILE, &low);
		r = attempt(context);
		setrlimit(RLIMIT_NOFILE, &limit);
		if (r == 0)
			break;
		failures++;
		assert_true(failures < 32);
		assert_int_equal(fixture_count_descriptors(), n);
		assert_int_equal(used_by_all(f).ram, used.ram);
		assert_int_equal(used_by_all(f).caps, used.caps);
		ledger_check(&f->services.ledger);
	}
	assert_true(failures > 0);
}

const char *fixture_heard(struct fixture *f)
{
	size_t size = 0;
	ssize_t n;

	while ((n = read(f->output, f->text + size, sizeof(f->text) - 1 - size)) > 0)
		size += (size_t) n;
	f->text[size] = '\0';
	return f->text;
}

const char *fixture_path(struct fixture *f, int directory, const char *name)
{
	snprintf(f->text, sizeof(f->text), "%s/%s", f->directories[directory], name);
	return f->text;
}

void fixture_file(struct fixture *f, int directory, const char *name, const void *data, size_t n)
{
	int fd = open(fixture_path(f, directory, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}
