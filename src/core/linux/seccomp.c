/*
 * The system calls of a component: see seccomp.h
 *
 * ALLOWED is the list, to be read from top to bottom by whoever wants to know what a component can
 * do to the kernel. A call passes if all conditions of one of its lines hold. Arguments that are
 * ints for the kernel are compared in their lower half alone: compilers leave what they like in the
 * upper one.
 *
 * A call that a machine does not have is left out there: aarch64 has no poll, epoll_wait and
 * arch_prctl.
 *
 * Missed at first sight, absent on purpose:
 *
 * - newfstatat: with AT_EMPTY_PATH it still follows a path that is not empty, so it would tell
 * about every file of the system. A C library whose fstat() goes that way gets EPERM, stdio lives
 * with it; libkin asks with the plain fstat call.
 * - readlink: the C library reads /proc/self/exe at startup and lives without the answer.
 * - tgkill: the filter is older than the process, so it can't know the one number that would be
 *   harmless. abort() falls through to its trap instruction: the component ends by SIGSEGV on
 *   x86-64, by SIGTRAP on aarch64.
 * - fcntl(F_SETFL): O_NONBLOCK belongs to the open file description, which the parent shares.
 * - mprotect but to read and write: memory written and then made read-only is no longer counted as
 * data.
 * - epoll_create1: what a loop watches is memory of the kernel's, and the square of what there is
 * to watch with two loops.
 * - setsockopt: larger buffers are kernel memory that nobody pays for.
 * - fcntl(F_ADD_SEALS): what comes from core is sealed against seals.
 *
 * Before the list goes the guard of the stack, stack_guard.h.
 *
 * A dynamically linked component has a program of its own, built when the first one starts. Three
 * tables say what differs. Executable memory comes from its modules alone, which the filter knows
 * by their numbers: that is why close() of such a number does nothing. What the dynamic linker
 * wants to open becomes a signal that the process answers itself (loader/loader.c).
 *
 * So has one that was granted threads: clone() passes with exactly the flags of a thread, and then
 * it is for core to answer (thread_calls.h).
 */
#include "core/linux/seccomp.h"

#include "core/linux/stack_guard.h"
#include "core/linux/thread_calls.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/linux/modules.h"

#if defined(__x86_64__)
#define ARCHITECTURE_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE_HERE AUDIT_ARCH_AARCH64
#endif

#define CONDITIONS_MAX 3
#define ARCH_SET_FS    0x1002 /* <asm/prctl.h>, which aarch64 has not */

struct syscall_rule {
	const char *name;
	struct scmp_arg_cmp when[CONDITIONS_MAX + 1]; /* ends at the first without an operator */
	const char *reason;
};

#define ALWAYS \
	{ \
	}
#define WORD(n, value) \
	{ \
		(n), SCMP_CMP_EQ, (value), 0 \
	}
#define INT(n, value) \
	{ \
		(n), SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t) (value) \
	}
/* bits in @open may be anything, all others are exactly @value */
#define FLAGS(n, open, value) \
	{ \
		(n), SCMP_CMP_MASKED_EQ, (uint32_t) ~(open), (value) \
	}

/* One of the kernel's clocks; negative numbers are the CPU time of any process that there is */
#define CLOCK \
	{ \
		FLAGS(0, 15, 0) \
	}

/* The descriptor is one of the modules, whose numbers stay theirs */
#define MODULE(n) \
	{ \
		(n), SCMP_CMP_MASKED_EQ, (uint32_t) ~(MODULES_MAX - 1), MODULE_FIRST \
	}

/* Flags that change nothing about who pays for a mapping; the kernel ignores the last one */
#define MAP_HARMLESS \
	(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_POPULATE | MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE)
#define PROT_DATA   (PROT_READ | PROT_WRITE)
#define FUTEX_KINDS (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)

/* clang-format off */
static const struct syscall_rule ALLOWED[] = {
	/* Descriptors it was given */
	{ "read", ALWAYS, "signals, timers, dataspaces" },
	{ "readv", ALWAYS, "the same" },
	{ "pread64", ALWAYS, "dataspaces" },
	{ "write", ALWAYS, "signals, dataspaces" },
	{ "writev", ALWAYS, "the same" },
	{ "pwrite64", ALWAYS, "dataspaces" },
	{ "lseek", ALWAYS, "dataspaces" },
	{ "fstat", ALWAYS, "size and type of what it received" },
	{ "close", ALWAYS, "giving up a capability" },
	{ "fcntl", { INT(1, F_GETFD) }, "is this number a descriptor?" },
	{ "fcntl", { INT(1, F_GETFL) }, "may it be written?" },
	{ "fcntl", { INT(1, F_DUPFD_CLOEXEC) }, "a second reference, bounded by RLIMIT_NOFILE" },
	{ "fcntl", { INT(1, F_GET_SEALS) }, "checks on a dataspace received" },

	/* Channels, which are connected from birth */
	{ "sendmsg", ALWAYS, "calls, with capabilities" },
	{ "recvmsg", ALWAYS, "the same" },
	{ "sendto", { WORD(4, 0) }, "send(): messages without capabilities, to no other address" },
	{ "recvfrom", ALWAYS, "recv()" },
	{ "getsockopt", { INT(1, SOL_SOCKET), INT(2, SO_COOKIE) }, "recognising own objects" },
	{ "getsockopt", { INT(1, SOL_SOCKET), INT(2, SO_TYPE) }, "checks on a channel received" },
	{ "getsockopt", { INT(1, SOL_SOCKET), INT(2, SO_DOMAIN) }, "the same" },
	{ "getsockopt", { INT(1, SOL_SOCKET), INT(2, SO_ERROR) }, "why a channel ended" },

	/* Waiting */
	{ "epoll_ctl", ALWAYS, "the event loop that it was given" },
	{ "epoll_wait", ALWAYS, "the same" },
	{ "epoll_pwait", ALWAYS, "the same" },
	{ "poll", ALWAYS, "waiting for one answer" },
	{ "ppoll", ALWAYS, "the same" },
	{ "futex", { FLAGS(1, FUTEX_KINDS, FUTEX_WAIT) }, "locks in shared dataspaces" },
	{ "futex", { FLAGS(1, FUTEX_KINDS, FUTEX_WAKE) }, "the same" },
	{ "futex", { FLAGS(1, FUTEX_KINDS, FUTEX_WAIT_BITSET) }, "the same, with a deadline" },
	{ "futex", { FLAGS(1, FUTEX_KINDS, FUTEX_WAKE_BITSET) }, "the same" },
	{ "sched_yield", ALWAYS, "spinning politely" },

	/* Time */
	{ "timerfd_settime", ALWAYS, "timers it was given" },
	{ "timerfd_gettime", ALWAYS, "the same" },
	{ "clock_gettime", CLOCK, "where the clock can't be read without a call" },
	{ "clock_getres", CLOCK, "the same" },
	{ "gettimeofday", ALWAYS, "the same" },
	{ "nanosleep", ALWAYS, "sleeping" },
	{ "clock_nanosleep", CLOCK, "the same" },
	{ "restart_syscall", ALWAYS, "the kernel's way to resume a sleep" },

	/* Memory, as far as RLIMIT_DATA counts it or someone else paid for it; never executable */
	{ "mmap", { INT(2, PROT_DATA), FLAGS(3, MAP_HARMLESS, MAP_PRIVATE | MAP_ANONYMOUS) },
		"malloc" },
	{ "mmap", { FLAGS(2, PROT_DATA, 0), FLAGS(3, MAP_HARMLESS, MAP_SHARED) }, "dataspaces" },
	{ "mmap", { FLAGS(2, PROT_DATA, 0), FLAGS(3, MAP_HARMLESS, MAP_PRIVATE) },
		"private copies" },
	{ "munmap", ALWAYS, "the way back" },
	{ "mremap", { FLAGS(3, MREMAP_MAYMOVE, 0) }, "realloc" },
	{ "mprotect", { INT(2, PROT_DATA) }, "whatever it applies to counts as data from then on" },
	{ "madvise", { INT(2, MADV_DONTNEED) }, "giving pages back" },
	{ "madvise", { INT(2, MADV_FREE) }, "the same" },
	{ "brk", ALWAYS, "malloc" },

	/* Signals of the kernel's kind: faults */
	{ "rt_sigaction", ALWAYS, "handling its own faults" },
	{ "rt_sigprocmask", ALWAYS, "the same, and abort()" },
	{ "rt_sigreturn", ALWAYS, "the same" },
	{ "sigaltstack", ALWAYS, "the same, when the stack is the fault" },

	/* Itself */
	{ "getpid", ALWAYS, "abort()" },
	{ "gettid", ALWAYS, "the same" },
	{ "prlimit64", { INT(0, 0), WORD(2, 0) }, "reading its own limits, at startup" },
	{ "sched_getaffinity", { INT(0, 0) }, "its own processors" },
	{ "getrandom", ALWAYS, "malloc, hashes" },
	{ "prctl", { INT(0, PR_SET_NAME) }, "the name that ps shows" },
	{ "exit", ALWAYS, "the end, of a thread" },
	{ "exit_group", ALWAYS, "the end" },

	/* Startup of the C library */
	{ "arch_prctl", { INT(0, ARCH_SET_FS) }, "thread-local storage on x86-64" },
	{ "set_tid_address", ALWAYS, "threads, be it one" },
	{ "set_robust_list", ALWAYS, "the same" },
	{ "rseq", ALWAYS, "the same" },
};

/* What a dynamic linker needs as well */
static const struct syscall_rule DYNAMIC_ALLOWED[] = {
	{ "mmap", { INT(2, PROT_READ | PROT_EXEC), FLAGS(3, MAP_HARMLESS, MAP_PRIVATE), MODULE(4) },
		"code of its modules" },
	{ "mmap", { INT(2, PROT_NONE), FLAGS(3, MAP_HARMLESS, MAP_PRIVATE | MAP_ANONYMOUS) },
		"room for a library; what is made writable of it counts as data" },
};

/* What threads need as well, of which core counts those that begin and end */
static const struct syscall_rule THREADS_ALLOWED[] = {
	{ "clone", { INT(0, THREAD_CLONE_FLAGS) }, "a thread" },
	{ "mmap", { INT(2, PROT_NONE), FLAGS(3, MAP_HARMLESS, MAP_PRIVATE | MAP_ANONYMOUS) },
		"its stack and guard; what is made writable of it counts as data" },
};

/* What it is told to have worked */
static const struct syscall_rule DYNAMIC_PRETENDED[] = {
	{ "mprotect", { INT(2, PROT_READ) }, "would hide written memory from the data limit" },
	{ "mprotect", { INT(2, PROT_NONE) }, "the same" },
};

/* What the loader's handler answers, by descriptors that the process has */
static const struct syscall_rule DYNAMIC_TRAPPED[] = {
	{ "open", ALWAYS, "finding a library by its name" },
	{ "openat", ALWAYS, "the same" },
	{ "newfstatat", ALWAYS, "what newer C libraries make of fstat()" },
};
/* clang-format on */

/*
 * Goes before the library's program, which can't say "any descriptor but those": close() leaves the
 * numbers of the modules what they are, and what is written to descriptor 2 is the loader's to put
 * into the log, as the dynamic linker has nobody else to tell why it gives up.
 */
static const struct sock_filter DYNAMIC_PREFIX[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE_HERE, 0, 11),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_close, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_write, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_writev, 4, 7),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (uint32_t) ~(MODULES_MAX - 1)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MODULE_FIRST, 0, 4),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STDERR_FILENO, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lower half of an argument is first");
_Static_assert(MODULE_FIRST % MODULES_MAX == 0, "a mask can't tell the modules");

int exec_secret_draw(int dirfd, int flags, struct exec_secret *ret)
{
	uint32_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random))
		return errno ? -errno : -EIO;
	ret->dirfd = (uint64_t) random[0] << 32 | (uint32_t) dirfd;
	ret->flags = (uint64_t) random[1] << 32 | (uint32_t) flags;
	return 0;
}

static int rule_add(scmp_filter_ctx context, const struct syscall_rule *rule, uint32_t action)
{
	int number = seccomp_syscall_resolve_name(rule->name);
	unsigned n = 0;

	/* this machine has no such call, or the library is older than it */
	if (number < 0)
		return 0;
	while (rule->when[n].op)
		n++;
	return seccomp_rule_add_array(context, action, number, n, rule->when);
}

static int table_add(
	scmp_filter_ctx context, const struct syscall_rule *rules, size_t n, uint32_t action)
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++)
		error = rule_add(context, &rules[i], action);
	return error;
}

#define TABLE_ADD(context, rules, action) \
	table_add(context, rules, sizeof(rules) / sizeof(*(rules)), action)

static int rules_add(scmp_filter_ctx context, const struct exec_secret *secret)
{
	const struct syscall_rule start = { "execveat",
		{ WORD(0, secret->dirfd), WORD(4, secret->flags) }, "its own start" };
	/*
	 * A tree instead of a chain: each start has the kernel walk the program once for every call
	 * number, to learn which ones need no look at their arguments.
	 */
	int error = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	if (!error)
		error = rule_add(context, &start, SCMP_ACT_ALLOW);
	if (!error)
		error = TABLE_ADD(context, ALLOWED, SCMP_ACT_ALLOW);
	/* its arguments are in memory: for a C library that then tries clone, for threads alone */
	if (!error)
		error = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), __NR_clone3, 0);
	/* x32 calls count as foreign too */
	if (!error)
		error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return error;
}

static int dynamic_rules_add(scmp_filter_ctx context)
{
	int error = TABLE_ADD(context, DYNAMIC_ALLOWED, SCMP_ACT_ALLOW);

	if (!error)
		error = TABLE_ADD(context, DYNAMIC_PRETENDED, SCMP_ACT_ERRNO(0));
	if (!error)
		error = TABLE_ADD(context, DYNAMIC_TRAPPED, SCMP_ACT_TRAP);
	return error;
}

/* Reads the instructions back from @fd, where the library wrote them; the guard and @prefix go
 * before */
static int program_read(
	int fd, const struct sock_filter *prefix, size_t n_prefix, struct sock_fprog *ret)
{
	struct sock_filter *instructions;
	struct stat status;
	size_t size, n;

	if (fstat(fd, &status) < 0)
		return -errno;
	size = (size_t) status.st_size;
	n_prefix += STACK_GUARD_LENGTH;
	n = n_prefix + size / sizeof(*instructions);
	instructions = malloc(n * sizeof(*instructions));
	if (!instructions)
		return -ENOMEM;
	if (n > BPF_MAXINSNS || pread(fd, instructions + n_prefix, size, 0) != (ssize_t) size) {
		free(instructions);
		return -EIO;
	}
	stack_guard_write(instructions);
	if (n_prefix > STACK_GUARD_LENGTH)
		memcpy(instructions + STACK_GUARD_LENGTH, prefix,
			(n_prefix - STACK_GUARD_LENGTH) * sizeof(*prefix));
	ret->filter = instructions;
	ret->len = (unsigned short) n;
	return 0;
}

static int program_export(scmp_filter_ctx context, unsigned kinds, struct sock_fprog *ret)
{
	size_t n_prefix = kinds & SYSCALL_FILTER_DYNAMIC
				  ? sizeof(DYNAMIC_PREFIX) / sizeof(*DYNAMIC_PREFIX)
				  : 0;
	int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = seccomp_export_bpf(context, fd);
	if (!error)
		error = program_read(fd, DYNAMIC_PREFIX, n_prefix, ret);
	close(fd);
	return error;
}

int syscall_filter_init(
	struct syscall_filter *filter, const struct exec_secret *secret, unsigned kinds)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error;

	if (!context)
		return -ENOMEM;
	error = rules_add(context, secret);
	if (!error && (kinds & SYSCALL_FILTER_DYNAMIC))
		error = dynamic_rules_add(context);
	if (!error && (kinds & SYSCALL_FILTER_THREADS))
		error = TABLE_ADD(context, THREADS_ALLOWED, SCMP_ACT_ALLOW);
	if (!error)
		error = program_export(context, kinds, &filter->program);
	seccomp_release(context);
	return error;
}

void syscall_filter_done(struct syscall_filter *filter)
{
	free(filter->program.filter);
	filter->program = (struct sock_fprog){ 0 };
}
