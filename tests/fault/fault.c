/* Faults; see the header. */
#include "fault/fault.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kin/node.h>

static _Thread_local struct {
	unsigned kinds, left; /* calls until the one that fails */
	bool armed, suspended, happened, satisfied;
} fault;

bool fault_sweep(unsigned kinds, unsigned nth)
{
	if (nth == 1)
		fault.satisfied = false;
	if (fault.satisfied)
		return false;
	fault.kinds = kinds;
	fault.left = nth;
	fault.armed = true;
	fault.happened = fault.suspended = false;
	return true;
}

bool fault_end(void)
{
	fault.armed = false;
	fault.satisfied = !fault.happened;
	return fault.happened;
}

bool fault_happened(void)
{
	return fault.happened;
}

void fault_suspend(void)
{
	fault.suspended = true;
}

void fault_resume(void)
{
	fault.suspended = false;
}

bool fault_hits(enum fault_kind kind)
{
	if (!fault.armed || fault.suspended || !(fault.kinds & kind) || --fault.left)
		return false;
	fault.armed = false;
	fault.happened = true;
	return true;
}

/*
 * The calls, as the linker names them
 */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __real_kin_tree_parse(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);
int __wrap_kin_tree_parse(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret);

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *__wrap_malloc(size_t size)
{
	return fault_hits(FAULT_ALLOC) ? no_memory() : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fault_hits(FAULT_ALLOC) ? no_memory() : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return fault_hits(FAULT_ALLOC) ? no_memory() : __real_realloc(block, size);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fault_hits(FAULT_SEND))
		errno = EAGAIN;
	else if (msg->msg_controllen && fault_hits(FAULT_CROWD))
		errno = ETOOMANYREFS;
	else
		return __real_sendmsg(fd, msg, flags);
	return -1;
}

static void drop_descriptors(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			close(fd);
		}
	}
	msg->msg_controllen = 0;
	msg->msg_flags |= MSG_CTRUNC;
}

/* Only a message with descriptors can lose any. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = __real_recvmsg(fd, msg, flags);

	if (n > 0 && msg->msg_controllen && fault_hits(FAULT_RECEIVE))
		drop_descriptors(msg);
	return n;
}

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op != EPOLL_CTL_ADD || !fault_hits(FAULT_WATCH))
		return __real_epoll_ctl(epoll, op, fd, event);
	errno = ENOMEM;
	return -1;
}

/* Texts are read unharmed: tests/unit/node_test.c sweeps their reader. */
int __wrap_kin_tree_parse(const char *text, size_t n, struct kin_diag *diag, struct kin_tree **ret)
{
	bool suspended = fault.suspended;

	fault.suspended = true;
	int r = __real_kin_tree_parse(text, n, diag, ret);

	fault.suspended = suspended;
	return r;
}
