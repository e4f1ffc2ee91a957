/*
 * escape: more private memory than the quota
 *
 * Whatever is got is written to, page by page, so that it is memory and not only an address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "escape.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define PAGE      4096u
#define PROT_DATA (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define TOO_MUCH  (256ull * MIB) /* what to be content with where nothing stops us */

static void page_touch(void *memory, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		((volatile char *) memory)[at] = 1;
}

/* Blocks of one size until there are no more */
static void blocks_take(size_t size, struct outcome *ret)
{
	void *block;

	while (ret->got < TOO_MUCH && (block = malloc(size))) {
		page_touch(block, size);
		ret->got += size;
	}
	ret->stop = ret->got < TOO_MUCH ? errno : 0;
}

static void malloc_small(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	blocks_take(200, ret);
}

static void malloc_large(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	blocks_take(300000, ret);
}

static void move_break(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	void *block;

	while (ret->got < TOO_MUCH && (block = sbrk(PAGE)) != (void *) -1) {
		page_touch(block, PAGE);
		ret->got += PAGE;
	}
	ret->stop = ret->got < TOO_MUCH ? errno : 0;
}

/* Mappings of one kind, one after the other */
static void mappings_take(size_t size, int prot, int flags, int fd, struct outcome *ret)
{
	while (ret->got < TOO_MUCH) {
		void *block = mmap(NULL, size, prot, flags, fd, 0);

		if (block == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		if (prot == PROT_DATA)
			page_touch(block, size);
		else if (mprotect(block, size, PROT_DATA) < 0) {
			ret->stop = errno;
			return;
		} else
			page_touch(block, size);
		ret->got += size;
	}
}

static void map_private(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_DATA, ANONYMOUS, -1, ret);
}

static void map_noreserve(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_DATA, ANONYMOUS | MAP_NORESERVE, -1, ret);
}

static void map_none(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_NONE, ANONYMOUS, -1, ret);
}

static void map_readable(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_READ, ANONYMOUS, -1, ret);
}

static void map_growsdown(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_DATA, ANONYMOUS | MAP_GROWSDOWN, -1, ret);
}

static void map_shared(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_DATA, MAP_SHARED | MAP_ANONYMOUS, -1, ret);
}

static void map_locked(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(64 << 10, PROT_DATA, ANONYMOUS | MAP_LOCKED, -1, ret);
}

static void map_huge(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	mappings_take(2 * MIB, PROT_DATA, ANONYMOUS | MAP_HUGETLB, -1, ret);
}

/* Private copies of the pages of a dataspace of one page's cost, or of the binary */
static void copies_take(struct kin_env *env, int prot, struct outcome *ret)
{
	struct kin_ram ram;

	ret->answer = true;
	ret->stop = kin_ram_alloc(env, NULL, 64 << 10, KIN_RAM_SHARE, &ram);
	if (ret->stop)
		return;
	ret->answer = false;
	mappings_take(64 << 10, prot, MAP_PRIVATE, ram.read_only, ret);
}

static void map_file_private(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	copies_take(env, PROT_DATA, ret);
}

static void map_file_readable(
	struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	copies_take(env, PROT_READ, ret);
}

/* Written first, then protected so that the data limit forgets about it */
static void protect(int prot, struct outcome *ret)
{
	while (ret->got < TOO_MUCH) {
		void *block = mmap(NULL, 64 << 10, PROT_DATA, ANONYMOUS, -1, 0);

		if (block == MAP_FAILED) {
			ret->stop = errno;
			return;
		}
		page_touch(block, 64 << 10);
		if (mprotect(block, 64 << 10, prot) < 0) {
			ret->stop = errno;
			return;
		}
		ret->got += 64 << 10;
	}
}

static void protect_read(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	protect(PROT_READ, ret);
}

static void protect_none(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	protect(PROT_NONE, ret);
}

/* One mapping, doubled until it can't be */
static void remap(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	size_t size = 64 << 10;
	void *block = mmap(NULL, size, PROT_DATA, ANONYMOUS, -1, 0);

	while (block != MAP_FAILED && size < TOO_MUCH) {
		page_touch(block, size);
		ret->got = size;
		block = mremap(block, size, 2 * size, MREMAP_MAYMOVE);
		size *= 2;
	}
	ret->stop = block == MAP_FAILED ? errno : 0;
}

/* A page of the stack, which the data limit does not count, made larger elsewhere */
static void stack_remap(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	char here;
	char *page = (char *) ((uintptr_t) &here & ~(uintptr_t) (PAGE - 1)) - 16 * PAGE;
	char *block = mremap(page, PAGE, 64 * MIB, MREMAP_MAYMOVE);

	if (block == MAP_FAILED) {
		ret->stop = errno;
		return;
	}
	page_touch(block, 64 * MIB);
	ret->got = 64 * MIB;
}

static char *stack_low(void)
{
	char here;
	uintptr_t page = (uintptr_t) &here & ~(uintptr_t) (PAGE - 1);
	unsigned char resident;

	/* the lowest page that is there; the filter lets no call tell, so it is reckoned */
	(void) resident;
	return (char *) page;
}

/*
 * Each part of the stack may grow by what the limit says: so cut off its lowest page by a hole
 * above it, and it starts counting anew.
 */
static void stack_cut(bool by_mapping, struct outcome *ret)
{
	volatile char *low = stack_low() - 20 * PAGE;

	while (ret->got < 64 * MIB) {
		char *hole = (char *) low + PAGE;
		long r;

		*low = 1;
		r = by_mapping
			    ? syscall(SYS_mmap, hole, PAGE, PROT_DATA, ANONYMOUS | MAP_FIXED, -1, 0)
			    : syscall(SYS_munmap, hole, PAGE);
		if (r < 0) {
			ret->stop = errno;
			return;
		}
		for (int i = 0; i < 30; i++) {
			low -= PAGE;
			*low = 1;
			ret->got += PAGE;
		}
	}
}

static void stack_unmap(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	stack_cut(false, ret);
}

static void stack_overmap(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	stack_cut(true, ret);
}

static int deeper(volatile char *above)
{
	volatile char here[1024];

	here[0] = (char) (above[0] | 1);
	return here[0] ? deeper(here) + here[0] : 0;
}

static void recursion(struct kin_env *env, const struct kin_node *config, struct outcome *ret)
{
	volatile char start = 1;

	ret->got = (uint64_t) deeper(&start);
}

const struct attempt_row MEMORY_ATTEMPTS[] = {
	{ "malloc-small", malloc_small },
	{ "malloc-large", malloc_large },
	{ "brk", move_break },
	{ "map-private", map_private },
	{ "map-noreserve", map_noreserve },
	{ "map-none", map_none },
	{ "map-readable", map_readable },
	{ "map-growsdown", map_growsdown },
	{ "map-shared", map_shared },
	{ "map-locked", map_locked },
	{ "map-huge", map_huge },
	{ "map-file-private", map_file_private },
	{ "map-file-readable", map_file_readable },
	{ "protect-read", protect_read },
	{ "protect-none", protect_none },
	{ "remap", remap },
	{ "stack-remap", stack_remap },
	{ "stack-unmap", stack_unmap },
	{ "stack-overmap", stack_overmap },
	{ "recursion", recursion },
	{ 0 },
};
