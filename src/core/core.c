/* Core; see the header. */
#include "core/core.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include <kin/generator.h>

#include "core/linux/machine.h"
#include "core/process.h"
#include "core/tree.h"
#include "ipc/dataspace.h"

static struct core *core_of(void *ctx)
{
	return ctx;
}

static int adopt(void *ctx, int pd, struct quota quota, uint32_t *ret_account)
{
	struct pd_adopt_reply reply;
	int r = core_pd_adopt(&core_of(ctx)->services.root,
		&(struct pd_adopt_request){ pd, quota.ram, quota.caps }, &reply);

	if (r == 0)
		*ret_account = reply.account;
	return r;
}

static int start(void *ctx, const struct child_start *what, struct host_process *ret)
{
	struct pd_start_request request = { .account = what->account,
		.threads = what->threads,
		.pd = what->pd,
		.cpu = what->cpu,
		.log = what->log,
		.binary = what->binary };
	struct pd_start_reply reply;

	strcpy(request.name, what->name);
	int r = core_pd_start(&core_of(ctx)->services.root, &request, &reply);

	if (r == 0)
		*ret = (struct host_process){ reply.parent, reply.signal, reply.process };
	return r;
}

static int load(
	void *ctx, uint32_t account, int rom, int dataspace, char ret_missing[KIN_NAME_MAX + 1])
{
	struct pd_load_reply reply;
	int r = core_pd_load(&core_of(ctx)->services.root,
		&(struct pd_load_request){ account, rom, dataspace }, &reply);

	if (r == 0)
		strcpy(ret_missing, reply.missing);
	return r;
}

static int kill_process(void *ctx, uint32_t account)
{
	return core_pd_kill(
		&core_of(ctx)->services.root, &(struct pd_kill_request){ account }, NULL);
}

static int status(void *ctx, uint32_t account, int64_t *ret_value)
{
	struct pd_status_reply reply;
	int r = core_pd_status(
		&core_of(ctx)->services.root, &(struct pd_status_request){ account }, &reply);

	if (r || reply.status == PD_STATUS_RUNNING)
		return -EAGAIN;
	*ret_value = reply.value;
	return reply.status == PD_STATUS_KILLED ? (int) reply.value : 0;
}

static int transfer(void *ctx, const struct quota_edge *edges, size_t n_edges)
{
	struct pd_transfer_request request = { .n_edges = (uint32_t) n_edges };

	for (size_t i = 0; i < n_edges; i++)
		request.edges[i] = (struct pd_edge){ edges[i].from, edges[i].to,
			edges[i].amount.ram, edges[i].amount.caps };
	return core_pd_transfer(&core_of(ctx)->services.root, &request, NULL);
}

static int account_info(void *ctx, uint32_t account, struct account_info *ret)
{
	struct pd_account_reply reply;
	int r = core_pd_account(
		&core_of(ctx)->services.root, &(struct pd_account_request){ account }, &reply);

	if (r == 0)
		*ret = (struct account_info){ { reply.ram_quota, reply.cap_quota },
			{ reply.ram_used, reply.cap_used } };
	return r;
}

static int alloc_rpc(void *ctx, uint32_t *ret_id, int *ret_server, int *ret_client)
{
	struct pd_alloc_rpc_reply reply;
	int r = core_pd_alloc_rpc(&core_of(ctx)->services.root, NULL, &reply);

	if (r)
		return r;
	*ret_id = reply.id;
	*ret_server = reply.server;
	*ret_client = reply.client;
	return 0;
}

static int alloc_rom(void *ctx, const char *text, size_t size, uint32_t *ret_id, int *ret_fd)
{
	struct pd_alloc_ram_reply reply;
	struct pd *pd = &core_of(ctx)->services.root;
	int r = core_pd_alloc_ram(pd, &(struct pd_alloc_ram_request){ size, true }, &reply);

	if (r)
		return r;
	r = dataspace_write(reply.dataspace, text, size);
	close(reply.dataspace);
	if (r < 0) {
		close(reply.read_only);
		core_pd_free(pd, &(struct pd_free_request){ reply.id }, NULL);
		return r;
	}
	*ret_id = reply.id;
	*ret_fd = reply.read_only;
	return 0;
}

static void free_object(void *ctx, uint32_t id)
{
	core_pd_free(&core_of(ctx)->services.root, &(struct pd_free_request){ id }, NULL);
}

static bool local_exists(void *ctx, const char *service)
{
	return core_service_exists(service);
}

static int local_create(void *ctx, struct session *session, int *ret_cap)
{
	struct core_session *object;
	int r = core_session_create(&core_of(ctx)->services, session->service->name->name,
		session->version, &session->args, &session->affinity, &object, ret_cap);

	if (r == 0)
		session->local = object;
	return r;
}

static int local_upgrade(void *ctx, struct session *session, struct quota amount)
{
	core_session_upgrade(session->local, amount.ram, amount.caps);
	return 0;
}

static int local_close(void *ctx, struct session *session)
{
	core_session_close(session->local);
	session->local = NULL;
	return 0;
}

static void log_text(void *ctx, enum owner_level level, const char *text)
{
	struct core *core = ctx;

	if (level != OWNER_INFO || !core->settings->quiet)
		core_log(&core->services, level, "%s", text);
}

static void end(struct core *core, int exit_status)
{
	if (!core->ended)
		core->exit_status = exit_status;
	core->ended = true;
	loop_stop(&core->loop);
}

static void init_exited(void *ctx, int64_t value)
{
	end(ctx, (int) (value & 0xff));
}

static void state_answered(void *ctx, const struct host_state *state)
{
	control_state_answered(core_of(ctx)->control, state);
}

static const struct account_ops account_ops = { .transfer = transfer, .info = account_info };
static const struct local_ops local_ops = { local_exists, local_create, local_upgrade,
	local_close };
static const struct host_ops host_ops = {
	.accounts = &account_ops,
	.adopt = adopt,
	.start = start,
	.load = load,
	.kill = kill_process,
	.status = status,
	.alloc_rpc = alloc_rpc,
	.alloc_rom = alloc_rom,
	.free = free_object,
	.local = &local_ops,
	.log = log_text,
	.exit = init_exited,
	.state = state_answered,
};

/* The config of core's own sandbox: everything there is for one init, all services from here. */
static int init_config(const struct core_settings *settings, struct kin_tree **ret)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
		"<config><resource name=\"RAM\" preserve=\"0\"/>"
		"<resource name=\"CAP\" preserve=\"0\"/>"
		"<start name=\"init\" ram=\"%" PRIu64 "\" caps=\"%" PRIu64 "\">"
		"<binary name=\"%s\"/><exit propagate=\"yes\"/>"
		"<route><any-service><local/></any-service></route></start></config>",
		settings->total.ram, settings->total.caps, settings->init);

	return kin_tree_parse(text, (size_t) n, NULL, ret);
}

static struct process *process_find(struct core_services *services, pid_t pid)
{
	struct process *process;

	for (struct account *a = services->ledger.root; a; a = account_next(a)) {
		process = pd_of_account(a)->process;
		if (process && process->pid == pid)
			return process;
	}
	DL_SEARCH_SCALAR(services->graveyard, process, pid, pid);
	return process;
}

/* As the first process we get everybody's children; our own are waited for as elsewhere. */
static void orphans_reap(struct core_services *services)
{
	pid_t pid;

	while (machine_orphan(&pid)) {
		struct process *process = process_find(services, pid);

		if (process)
			process_poll(process);
		else
			waitpid(pid, NULL, 0);
	}
}

static void on_signal(struct loop_source *source, uint32_t epoll_events)
{
	struct core *core = (struct core *) ((char *) source - offsetof(struct core, signals));
	struct signalfd_siginfo info;

	if (read(core->signals_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		orphans_reap(&core->services);
	else
		end(core, 0);
}

static void on_deadline(struct loop_source *source, uint32_t epoll_events)
{
	end((struct core *) ((char *) source - offsetof(struct core, deadline)), 0);
}

static int watch_signals(struct core *core)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (core->settings->machine)
		sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	core->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (core->signals_fd < 0)
		return -errno;
	return loop_add(&core->loop, &core->signals, core->signals_fd, on_signal);
}

static int watch_deadline(struct core *core, uint64_t ms)
{
	struct itimerspec at = { .it_value = {
					 (time_t) (ms / 1000), (long) (ms % 1000) * 1000000 } };

	if (!ms)
		return 0;
	core->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (core->deadline_fd < 0 || timerfd_settime(core->deadline_fd, 0, &at, NULL) < 0)
		return -errno;
	return loop_add(&core->loop, &core->deadline, core->deadline_fd, on_deadline);
}

static int prepare(struct core *core, struct spawner *spawner)
{
	const struct core_settings *settings = core->settings;
	int r = loop_init(&core->loop);

	if (r == 0)
		r = watch_signals(core);
	if (r == 0)
		r = watch_deadline(core, settings->for_ms);
	if (r < 0) {
		fprintf(stderr, "kin: core can't start: %s\n", strerror(-r));
		return r;
	}
	const struct core_options options = { .loop = &core->loop,
		.spawner = spawner,
		.total = settings->total,
		.rom_directories = settings->rom_directories,
		.n_rom_directories = settings->n_rom_directories,
		.output_fd = STDOUT_FILENO };

	r = core_services_init(&core->services, &options);
	if (r < 0)
		fprintf(stderr, "kin: core's services can't start: %s\n", strerror(-r));
	return r;
}

/* A tree that can't be worked on from outside is still a tree. */
static void listen_for_control(struct core *core)
{
	const struct core_settings *settings = core->settings;
	const struct control_options options = { settings->control_listener,
		settings->control_folder, settings->name, settings->file, settings->total };

	if (!settings->control_listener)
		return;
	int r = control_open(&core->services, &core->host, &options, &core->control);

	if (r < 0)
		core_log(&core->services, OWNER_WARNING, "no control socket: %s", strerror(-r));
}

static void stop_control(struct core *core)
{
	control_close(core->control);
	core->control = NULL;
}

static void serve(struct core *core, struct kin_tree *config)
{
	const char *missing = spawner_missing(core->services.spawner);
	struct child *init;

	if (missing)
		core_log(&core->services, OWNER_WARNING, "this kernel lacks %s", missing);
	host_init(&core->host, &core->loop, &host_ops);
	sandbox_apply(&core->host.sandbox, config);
	init = sandbox_child(&core->host.sandbox, "init");
	/* All that init needs is here, so whether it can start shows in the first round. */
	for (int r = loop_round(&core->loop, 0); r == 0 && !core->ended;
		r = loop_round(&core->loop, -1))
		if (init->failed) {
			end(core, CORE_FAILED);
			break;
		}
	if (core->settings->verbose)
		core_tree_log(&core->services);
	stop_control(core);
	core_services_kill(&core->services);
	host_done(&core->host);
}

static void release(struct core *core)
{
	loop_remove(&core->loop, &core->signals);
	loop_remove(&core->loop, &core->deadline);
	if (core->signals_fd > 0)
		close(core->signals_fd);
	if (core->deadline_fd > 0)
		close(core->deadline_fd);
	loop_done(&core->loop);
}

int core_run(struct spawner *spawner, const struct core_settings *settings)
{
	struct core core = { .settings = settings, .exit_status = CORE_FAILED };
	struct kin_tree *config = NULL;

	if (prepare(&core, spawner) == 0) {
		listen_for_control(&core);
		int r = core_rom_set(&core.services, CORE_CONFIG_LABEL, settings->config);

		if (r == 0)
			r = init_config(settings, &config);
		if (r == 0)
			serve(&core, config);
		else
			core_log(&core.services, OWNER_ERROR, "init can't be configured: %s",
				strerror(-r));
		stop_control(&core);
		core_services_done(&core.services);
	} else if (settings->control_listener) {
		unlinkat(settings->control_folder, settings->name, 0);
	}
	release(&core);
	return core.exit_status;
}
