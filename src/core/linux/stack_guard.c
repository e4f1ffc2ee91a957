/*
 * The guard of the stack: see stack_guard.h
 *
 * Addresses are compared in units that make 48 bits fit into 31, so that begin and length can be
 * added; both are rounded to the unsafe side. The kernel puts the stack at most STACK_RANDOM_BYTES
 * below the end of the address space, and whatever is mapped later below that by at least the guard
 * gap, 1 MiB, of which the floor takes half.
 */
#include "core/linux/stack_guard.h"

#include <asm/unistd.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT_SHIFT     17
#define UNITS_ROUNDED  2
#define HALF_GAP_BYTES (512u << 10)
#if defined(__x86_64__)
#define STACK_RANDOM_BYTES (UINT64_C(16) << 30)
#else
#define STACK_RANDOM_BYTES (UINT64_C(1) << 30)
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lower half of an argument is first");

#define LOW(n)  (offsetof(struct seccomp_data, args) + 8 * (n))
#define HIGH(n) (LOW(n) + 4)

/* Where the jumps go, by the number of the instruction */
#define CHECK  6
#define LIMIT  23 /* its constant is filled in */
#define REFUSE 24
#define PASS   STACK_GUARD_LENGTH

#define GO(from, to) ((to) - (from) -1)

/* Argument n in units, into A: seven instructions of which the second is number @at */
#define LOAD_UNITS(n, at) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, HIGH(n)), \
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0xffff, GO(at, REFUSE), 0), \
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32 - UNIT_SHIFT), \
		BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW(n)), \
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UNIT_SHIFT), \
		BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0)

static const struct sock_filter GUARD[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_munmap, GO(1, CHECK), 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mremap, GO(2, CHECK), 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, GO(3, PASS)),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW(3)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_FIXED, 0, GO(5, PASS)),
	LOAD_UNITS(0, CHECK + 1),
	BPF_STMT(BPF_ST, 0),
	LOAD_UNITS(1, CHECK + 9),
	BPF_STMT(BPF_LDX | BPF_MEM, 0),
	BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0, GO(LIMIT, REFUSE), GO(LIMIT, PASS)),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

_Static_assert(sizeof(GUARD) == STACK_GUARD_LENGTH * sizeof(*GUARD), "not its length");

/* The end of the address space shows in our own stack. */
static uint64_t stack_floor(void)
{
	uint64_t end = 1;

	while (end <= (uintptr_t) __builtin_frame_address(0))
		end <<= 1;
	return end - STACK_RANDOM_BYTES - HALF_GAP_BYTES;
}

void stack_guard_write(struct sock_filter ret[STACK_GUARD_LENGTH])
{
	memcpy(ret, GUARD, sizeof(GUARD));
	ret[LIMIT].k = (uint32_t) (stack_floor() >> UNIT_SHIFT) - UNITS_ROUNDED + 1;
}
