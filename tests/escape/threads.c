/*
 * escape: more threads than were granted, and what threads could be good for
 *
 * GRANTED is what the start nodes of the test grant, the first thread included. How many there are
 * is seen from outside.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "escape.h"

#define GRANTED     4
#define TRIES       5000 /* of each that tries at once */
#define CHURN       100000
#define STACK_BYTES (1u << 20)
#define BLOCK_BYTES (256u << 10)
#define BLOCKS_MAX  64

#define FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool over;

static void *stay(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (!over)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void *leave(void *argument)
{
	return argument;
}

/* Starts threads that stay, until one is refused, up to twice what is granted. */
static unsigned fill(pthread_t threads[2 * GRANTED], int *ret_stop)
{
	unsigned n = 0;

	over = false;
	while (n < 2 * GRANTED && (*ret_stop = pthread_create(&threads[n], NULL, stay, NULL)) == 0)
		n++;
	return n;
}

static void empty(pthread_t threads[], unsigned n)
{
	pthread_mutex_lock(&mutex);
	over = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	while (n--)
		pthread_join(threads[n], NULL);
}

static void more(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	pthread_t threads[2 * GRANTED];

	empty(threads, fill(threads, &ret->stop));
	ret->unit = "threads";
	ret->got = 1 + fill(threads, &ret->stop);
}

/* Each tries to have as many as it gets, for a moment. */
static void *try_all(void *argument)
{
	struct outcome *outcome = argument;
	pthread_t thread;

	for (int i = 0; i < TRIES; i++) {
		int error = pthread_create(&thread, NULL, leave, NULL);

		if (error)
			outcome->stop = error;
		else
			pthread_join(thread, NULL);
		outcome->got += !error;
	}
	return NULL;
}

/* Two that start threads at the same time, and we: one place for three. Then all places again. */
static void at_once(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	pthread_t threads[2 * GRANTED];
	struct outcome outcomes[GRANTED - 2] = { 0 };

	for (int i = 0; i < GRANTED - 2; i++)
		pthread_create(&threads[i], NULL, try_all, &outcomes[i]);
	try_all(ret);
	for (int i = 0; i < GRANTED - 2; i++)
		pthread_join(threads[i], NULL);
	kin_log(env, "threads-at-once: %llu and %llu started, %s",
		(unsigned long long) outcomes[0].got, (unsigned long long) outcomes[1].got,
		strerror(ret->stop));
	ret->unit = "threads";
	ret->got = 1 + fill(threads, &ret->stop);
}

/* Three at a time, over and over; at the end none was lost. */
static void churn(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	uint64_t n_rounds = kin_node_number(config, "rounds", CHURN), n = 0;
	pthread_t threads[2 * GRANTED];

	while (n < n_rounds) {
		unsigned begun = 0;

		while (begun < GRANTED - 1 && n + begun < n_rounds &&
			!(ret->stop = pthread_create(&threads[begun], NULL, leave, NULL)))
			begun++;
		for (unsigned i = 0; i < begun; i++)
			pthread_join(threads[i], NULL);
		n += begun;
		if (ret->stop)
			break;
	}
	kin_log(env, "threads-churn: %llu came and went, %s", (unsigned long long) n,
		strerror(ret->stop));
	ret->unit = "threads";
	ret->got = 1 + fill(threads, &ret->stop);
}

/* Every other set of flags of which one bit is different, and those of a process */
static void flags(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	static char stack[8192] __attribute__((aligned(16)));

	ret->unit = "passed";
	for (int bit = 0; bit < 32; bit++) {
		unsigned long other = FLAGS ^ 1ul << bit;

		if (syscall(SYS_clone, other, stack + sizeof(stack), NULL, NULL, NULL) >= 0)
			ret->got++;
		if (errno != EPERM)
			kin_error(env, "thread-flags: %#lx: %s", other, strerror(errno));
	}
	if (syscall(SYS_clone, 0, stack + sizeof(stack), NULL, NULL, NULL) >= 0 ||
		syscall(SYS_vfork) >= 0)
		ret->got++;
	ret->stop = errno;
}

static void *use_stack(void *argument)
{
	volatile char room[STACK_BYTES / 2];

	for (size_t i = 0; i < sizeof(room); i += 4096)
		room[i] = 1;
	*(bool *) argument = room[0];
	return stay(NULL);
}

/* Large stacks until one is refused; all are used. */
static void stacks(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	bool used[2 * GRANTED];
	pthread_attr_t attr;
	pthread_t thread;
	char *rest;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < 2 * GRANTED; i++) {
		if (pthread_create(&thread, &attr, use_stack, &used[i]))
			break;
		ret->got += STACK_BYTES;
	}
	/* what they left */
	while ((rest = malloc(BLOCK_BYTES))) {
		memset(rest, 1, BLOCK_BYTES);
		ret->got += BLOCK_BYTES;
	}
	ret->stop = errno;
}

/* Room for stacks, of which there is plenty, made writable and used */
static void reserved(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	for (int i = 0; i < BLOCKS_MAX; i++) {
		char *at = mmap(NULL, BLOCK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || mprotect(at, BLOCK_BYTES, PROT_READ | PROT_WRITE) < 0)
			break;
		memset(at, 1, BLOCK_BYTES);
		ret->got += BLOCK_BYTES;
	}
	ret->stop = errno;
}

/* The stack of the first thread, at which another one tries what it can't do itself */
struct guarded {
	char *page;
	unsigned passed;
	int error;
};

static void *cut(void *argument)
{
	struct guarded *guarded = argument;
	int flags_fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	guarded->passed += munmap(guarded->page, 4096) == 0;
	guarded->passed +=
		mmap(guarded->page, 4096, PROT_READ | PROT_WRITE, flags_fixed, -1, 0) != MAP_FAILED;
	guarded->passed += mmap(guarded->page, 4096, PROT_NONE, flags_fixed, -1, 0) != MAP_FAILED;
	guarded->passed += mremap(guarded->page, 4096, 8192, MREMAP_MAYMOVE) != MAP_FAILED;
	guarded->error = errno;
	return NULL;
}

static void stack_of_first(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	uintptr_t here = (uintptr_t) __builtin_frame_address(0);
	struct guarded guarded = { (char *) (here & ~(uintptr_t) 4095) - 8 * 4096, 0, 0 };
	pthread_t thread;

	pthread_create(&thread, NULL, cut, &guarded);
	pthread_join(thread, NULL);
	ret->unit = "passed";
	ret->got = guarded.passed;
	ret->stop = guarded.error;
}

static void *raise_itself(void *argument)
{
	struct outcome *outcome = argument;
	struct sched_param none = { 0 };
	cpu_set_t all;
	pid_t first = getpid(), own = gettid();

	memset(&all, 0xff, sizeof(all));
	outcome->got += setpriority(PRIO_PROCESS, (id_t) own, 0) == 0;
	outcome->got += setpriority(PRIO_PROCESS, (id_t) first, 0) == 0;
	outcome->got += sched_setaffinity(own, sizeof(all), &all) == 0;
	outcome->got += sched_setaffinity(first, sizeof(all), &all) == 0;
	outcome->got += syscall(SYS_sched_setscheduler, own, SCHED_OTHER, &none) == 0;
	outcome->got += syscall(SYS_tgkill, first, own, 0) == 0;
	outcome->stop = errno;
	return NULL;
}

/* And some that stay, to be looked at */
static void priority(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	pthread_t thread, threads[2 * GRANTED];
	int error = pthread_create(&thread, NULL, raise_itself, ret);

	ret->unit = "passed";
	if (error)
		kin_error(env, "thread-priority: %s", strerror(error));
	else
		error = pthread_join(thread, NULL);
	fill(threads, &error);
}

static void *spin(void *argument)
{
	for (volatile int i = 0;; i = !i)
		;
	return argument;
}

static void busy(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	pthread_t thread;

	for (int i = 1; i < GRANTED; i++)
		pthread_create(&thread, NULL, spin, NULL);
	kin_log(env, "threads-busy: begun");
	spin(NULL);
}

static void storm(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	struct outcome outcomes[GRANTED - 1] = { 0 };
	pthread_t thread;

	kin_log(env, "storm-threads: begun");
	for (;;) {
		for (int i = 0; i < GRANTED - 2; i++)
			pthread_create(&thread, NULL, try_all, &outcomes[i]);
		try_all(&outcomes[GRANTED - 2]);
	}
}

struct heir {
	struct kin_env *env;
	pthread_t thread;
};

/* What the kernel tells of a process is that of its first thread. */
static void *inherit(void *argument)
{
	struct heir *heir = argument;
	uint64_t got = 0;
	char *at;

	while ((at = malloc(BLOCK_BYTES))) {
		memset(at, 1, BLOCK_BYTES);
		got += BLOCK_BYTES;
	}
	kin_log(heir->env, "first-ends: %llu bytes, %s", (unsigned long long) got, strerror(errno));
	return stay(NULL);
}

/* Returns never, and with 7 at the end of all. */
static void first_ends(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	static struct heir heir;

	heir.env = env;
	if (pthread_create(&heir.thread, NULL, inherit, &heir) == 0)
		for (;;)
			syscall(SYS_exit, 7);
}

static void *end_with_it(void *argument)
{
	kin_log(argument, "last-ends: another one lives");
	return NULL;
}

static void last_ends(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_with_it, env) == 0)
		for (;;)
			syscall(SYS_exit, 7);
}

const struct attempt_row THREAD_ATTEMPTS[] = {
	{ "threads-more", more },
	{ "threads-at-once", at_once },
	{ "threads-churn", churn },
	{ "thread-flags", flags },
	{ "thread-stacks", stacks },
	{ "thread-reserved", reserved },
	{ "thread-stack-of-first", stack_of_first },
	{ "thread-priority", priority },
	{ "threads-busy", busy },
	{ "storm-threads", storm },
	{ "first-ends", first_ends },
	{ "last-ends", last_ends },
	{ 0 },
};
