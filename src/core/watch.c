/* The watch; see the header. */
#include "core/watch.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "core/container.h"
#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/inspect.h"
#include "core/process.h"
#include "core/services.h"
#include "ipc/channel.h"

uint64_t watch_page_tables_max(const struct pd *pd)
{
	return PROCESS_TABLES_BYTES + pd->account.quota.ram / TABLES_SHARE;
}

static unsigned at_most(uint64_t n)
{
	return (unsigned) (n < INT32_MAX ? n : INT32_MAX);
}

unsigned watch_mappings_max(uint64_t private_bytes)
{
	return at_most(MAPPINGS_PRIVATE_BASE + private_bytes / MAPPINGS_PRIVATE_SHARE);
}

unsigned watch_file_mappings_max(const struct pd *pd)
{
	return at_most(MAPPINGS_FILES_BASE + MAPPINGS_FILES_MODULE * pd->process->n_modules +
		       pd->account.quota.caps);
}

static uint64_t watch_draw(struct watch *watch)
{
	watch->random = watch->random * 6364136223846793005u + 1442695040888963407u;
	return watch->random >> 33;
}

static struct core_services *services_of(struct watch *watch)
{
	return CONTAINER_OF(watch, struct core_services, watch);
}

__attribute__((format(printf, 2, 3))) static void offender_stop(
	struct pd *pd, const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	core_log(pd->session.services, OWNER_ERROR, "%s: stopped: %s", pd->session.label, why);
	process_stop(pd->process);
}

static void memory_look(struct pd *pd)
{
	unsigned files_max = watch_file_mappings_max(pd);
	unsigned most = watch_mappings_max(pd->process->limit_bytes);
	uint64_t tables_max = watch_page_tables_max(pd);
	struct inspection seen;

	if (inspect_memory(pd->process->pid, most > files_max ? most : files_max, &seen) < 0)
		return;
	unsigned mappings_max = watch_mappings_max(seen.private_bytes);
	uint64_t private_max = pd->process->limit_bytes + KIN_PROCESS_STACK_BYTES;

	if (seen.page_table_bytes > tables_max)
		offender_stop(pd, "page tables of %" PRIu64 " KiB, at most %" PRIu64 " are allowed",
			seen.page_table_bytes >> 10, tables_max >> 10);
	else if (seen.mappings > mappings_max)
		offender_stop(pd, "more than %u mappings", mappings_max);
	else if (seen.file_mappings > files_max)
		offender_stop(pd, "more than %u mappings of files", files_max);
	else if (seen.descriptors > pd->process->descriptors_max)
		offender_stop(pd, "%u descriptors, at most %u are allowed", seen.descriptors,
			pd->process->descriptors_max);
	else if (seen.private_bytes > private_max)
		offender_stop(pd, "%" PRIu64 " KiB of private memory, %" PRIu64 " are allowed",
			seen.private_bytes >> 10, private_max >> 10);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

/* Some of the numbers of descriptors at each look, so that a loop in which there is much does not
 * hold us up. */
static void loop_look(struct pd *pd)
{
	struct process *process = pd->process;
	uint64_t until_ns = now_ns() + PROCESS_WATCHED_NS;

	for (int i = 0; i < PROCESS_WATCHED_TRIED && process->numbers_left; i++) {
		unsigned number = ++process->number_tried % process->descriptors_ever;

		process->numbers_left--;

		if (inspect_loop(process->loop, number, PROCESS_WATCHED_MAX)) {
			offender_stop(pd, "descriptor %u is in its event loop more than %d times",
				number, PROCESS_WATCHED_MAX);
			return;
		}
		if (now_ns() > until_ns)
			return;
	}
}

static bool is_running(const struct pd *pd)
{
	return pd->process && !pd->process->ended;
}

/* Return: whether it was looked at. */
static bool pd_look(struct pd *pd, uint64_t round)
{
	struct process *process = pd->process;

	if (!is_running(pd) || process->looked_round == round)
		return false;
	process->looked_round = round;
	uint64_t cpu_ns = inspect_cpu_ns(process->pid);

	if (cpu_ns != process->looked_cpu_ns) {
		memory_look(pd);
		process->numbers_left = process->descriptors_ever;
	} else if (!process->numbers_left) {
		return false;
	}
	process->looked_cpu_ns = cpu_ns;
	loop_look(pd);
	return true;
}

static void all_look(struct core_services *services)
{
	unsigned looks = 0;

	for (struct account *a = services->ledger.root; a; a = account_next(a)) {
		looks += pd_look(pd_of_account(a), services->watch.round);
		if (looks == WATCH_LOOKS_MAX)
			return;
	}
	services->watch.round++;
}

/* Capabilities under way */

/*
 * The kernel bounds what all processes of a user have under way by the descriptor limit of whoever
 * wants to send one more, unless that is privileged. So with a low limit and no privileges sending
 * tells whether there are too many.
 */
static void capabilities_effective(bool effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = effective ? data[i].permitted : 0;
	syscall(SYS_capset, &header, data);
}

static int probe_send(int from, int what)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	*(int *) CMSG_DATA(&control.header) = what;
	return sendmsg(from, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

static bool too_many_under_way(const struct watch *watch)
{
	bool privileged = geteuid() == 0;
	struct rlimit limit, low;
	char byte;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	low = (struct rlimit){ UNDER_WAY_MAX, limit.rlim_max };
	if (privileged)
		capabilities_effective(false);
	setrlimit(RLIMIT_NOFILE, &low);
	int error = probe_send(watch->probe[0], watch->probe[0]);

	setrlimit(RLIMIT_NOFILE, &limit);
	if (privileged)
		capabilities_effective(true);
	if (error == 0)
		recv(watch->probe[1], &byte, 1, MSG_DONTWAIT); /* which lets go of it */
	return error == ETOOMANYREFS;
}

/* Who goes on with it would have all others wait again and again. */
static void cut_count(struct pd *pd)
{
	struct process *process = pd->process;
	uint64_t round = pd->session.services->watch.round;

	if (!is_running(pd) || process->cut_round == round)
		return;
	if (round - process->cut_round > CUTS_ROUNDS)
		process->cuts = 0;
	process->cut_round = round;
	if (++process->cuts == CUTS_MAX)
		offender_stop(pd, "its channels had to be cut off %d times", CUTS_MAX);
}

/* Of a channel that was made for the owner of @session. Return: whether it had to be cut off */
static bool channel_look(const struct core_session *session, struct ends *ends)
{
	unsigned n = ends_crowded(ends);

	if (!n)
		return false;
	core_log(session->services, OWNER_ERROR,
		"%s: a channel is cut off: %u capabilities were sent and not received",
		session->label, n);
	ends_purge(ends);
	return true;
}

/*
 * No honest peer leaves so many waiting in one channel; fewer that wait for long may be ends
 * themselves, at which more is waiting.
 */
static void under_way_look(struct core_services *services)
{
	struct core_session *session, *next;

	if (!too_many_under_way(&services->watch))
		return;
	for (struct account *a = services->ledger.root; a; a = account_next(a)) {
		struct pd *pd = pd_of_account(a);

		bool cut = pd->process && channel_look(&pd->session, &pd->process->parent);

		for (struct pd_object *o = pd->objects; o; o = o->by_id.next)
			cut |= channel_look(&pd->session, &o->ends);
		if (cut)
			cut_count(pd);
	}
	HASH_ITER (by_cookie, services->sessions, session, next)
		channel_look(session, &session->ends);
}

/* Nobody shall know when the next look comes. */
static void watch_arm(struct watch *watch)
{
	uint64_t half_ms = WATCH_INTERVAL_MS / 2;
	uint64_t ms = half_ms + watch_draw(watch) % half_ms;
	struct itimerspec at = { .it_value = {
					 (time_t) (ms / 1000), (long) (ms % 1000) * 1000000 } };

	timerfd_settime(watch->timer_fd, 0, &at, NULL);
}

static void watch_handle(struct loop_source *source, uint32_t epoll_events)
{
	struct watch *watch = CONTAINER_OF(source, struct watch, source);
	uint64_t n_expired;

	if (read(watch->timer_fd, &n_expired, sizeof(n_expired)) < 0)
		return;
	all_look(services_of(watch));
	under_way_look(services_of(watch));
	watch_arm(watch);
}

int watch_init(struct core_services *services)
{
	struct watch *watch = &services->watch;
	int r = channel_pair(&watch->probe[0], &watch->probe[1]);

	if (r < 0)
		return r;
	watch->round = 1;
	if (getentropy(&watch->random, sizeof(watch->random)) < 0)
		return -errno;
	watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer_fd < 0)
		return -errno;
	watch_arm(watch);
	return loop_add(services->loop, &watch->source, watch->timer_fd, watch_handle);
}

void watch_done(struct core_services *services)
{
	struct watch *watch = &services->watch;

	loop_remove(services->loop, &watch->source);
	descriptor_close(&watch->timer_fd);
	descriptor_close(&watch->probe[0]);
	descriptor_close(&watch->probe[1]);
}
