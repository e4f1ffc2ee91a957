/*
 * What things cost
 *
 * Every amount that core charges beyond the size of a dataspace has its name here. Amounts cover
 * what the kernel spends on Linux, rounded up to something easy to reckon with.
 */
#ifndef CORE_COSTS_H
#define CORE_COSTS_H

#include "core/linux/limits.h"
#include "ipc/channel.h"

/*
 * A process: its stack, which its data limit does not see, and what the kernel keeps for it: the
 * task with its kernel stack and descriptors, its parent channel, and the page tables and records
 * of mappings that every process may have.
 */
#define PROCESS_TASK_BYTES    (32u << 10)
#define PROCESS_TABLES_BYTES  (96u << 10) /* a program has about 40 KiB at its start */
#define PROCESS_RECORDS_BYTES (96u << 10)
#define PROCESS_KERNEL_BYTES \
	(PROCESS_TASK_BYTES + KIN_CHANNEL_RAM + PROCESS_TABLES_BYTES + PROCESS_RECORDS_BYTES)
#define PROCESS_RAM_BYTES (KIN_PROCESS_STACK_BYTES + PROCESS_KERNEL_BYTES)
#define PROCESS_START_BYTES \
	(64u << 10)    /* not charged, but there: what a C library needs to start */
#define PROCESS_CAPS 3 /* the process, its parent channel, its signal */

/*
 * A thread beyond the first: kernel stack (16 KiB on x86-64) and task (7 KiB seen). Its own stack
 * is private memory.
 */
#define THREAD_RAM_BYTES (32u << 10)

/* Each module of a dynamically linked component, the program included, is a descriptor of it. */
#define MODULE_CAPS 1

/*
 * Descriptor numbers that a process has beyond its cap quota: what it starts with, its epoll, and
 * those that pass through it, such as the end of a channel on its way to the client.
 */
#define PROCESS_DESCRIPTORS_BASE 64

/*
 * All that a process may map, what others lend it included: a multiple of its quota, and something
 * for those who have little. See watch.h for what the kernel spends on mappings.
 */
#define PROCESS_ADDRESS_BASE_BYTES (16u << 20)
#define PROCESS_ADDRESS_FACTOR     2
#define PROCESS_ADDRESS_STEP       (1u << 20)

/*
 * Private memory costs a 64th more than its size, for its page tables, which are a 512th of what is
 * mapped in one piece, and for records of mappings.
 */
#define PRIVATE_SHARE 64u

/*
 * What the watch allows. Page tables are those of all that may be mapped, dataspaces included. The
 * record of a mapping is up to 400 bytes; one of a dataspace that was freed keeps a file as well,
 * 1.5 KiB in all. There may be a private mapping for so many bytes of private memory.
 */
#define TABLES_SHARE           128u /* of the quota */
#define MAPPING_BYTES          400u
#define MAPPING_FILE_BYTES     1536u
#define MAPPINGS_PRIVATE_BASE  128u
#define MAPPINGS_PRIVATE_SHARE (64u << 10)
#define MAPPINGS_FILES_BASE    24u /* and for each module, and as many as the cap quota */
#define MAPPINGS_FILES_MODULE  6u

_Static_assert(MAPPINGS_PRIVATE_BASE *MAPPING_BYTES + MAPPINGS_FILES_BASE * MAPPING_FILE_BYTES <=
		       PROCESS_RECORDS_BYTES,
	"records that every process may have are not paid");
_Static_assert(
	MAPPINGS_PRIVATE_SHARE / PRIVATE_SHARE >= MAPPING_BYTES + MAPPINGS_PRIVATE_SHARE / 512,
	"records and page tables of private memory are not paid");

/*
 * How often one number may be in the event loop, for files that had it before; how many numbers are
 * tried at a look, and for how long.
 */
#define PROCESS_WATCHED_MAX   3
#define PROCESS_WATCHED_TRIED 64
#define PROCESS_WATCHED_NS    5000000

/* Capabilities that all processes of the user may have under way, and those one may leave waiting
 */
#define UNDER_WAY_MAX    48
#define UNREAD_MAX       16
#define UNREAD_LOOKS_MAX 3  /* looks of the watch at which there may be any */
#define CUTS_MAX         5  /* looks at which its channels are cut off, then it is stopped */
#define CUTS_ROUNDS      60 /* without one, for those before to be forgotten */

/*
 * Nothing that costs a capability may take more than DESCRIPTORS_PER_CAP of core's descriptors for
 * each of them; see ipc/descriptors.h.
 */

/*
 * Each kernel object that a PD allocates. A dataspace costs its pages as well, a channel
 * KIN_CHANNEL_RAM.
 */
#define OBJECT_CAPS 1

/*
 * Dataspaces from which on a process of its own frees them, how many such processes there are at a
 * time, and how long a transfer waits for what its payer has freed: beyond that it is refused.
 */
#define SWEEP_BYTES_MIN (2u << 20)
#define SWEEPS_MAX      32
#define SWEEP_WAIT_MS   50

/* The most that is copied of a program that another component than core provides */
#define PROGRAM_COPY_MAX (64u << 20)

/*
 * The least a client has to donate: a session object with its channel. Core reads what clients send
 * as soon as it comes, so of the channel's buffers it is the way back that may stay full: of short
 * answers, but for a PD's, which can be as long as any message. Lines of the log wait in the
 * channel while nobody takes core's output, and there may be more of them, as who writes many shall
 * not wait for core at each few.
 */
#define SESSION_RAM_BYTES     (12u << 10)
#define SESSION_CAPS          1
#define LOG_SESSION_RAM_BYTES (32u << 10)
#define LOG_BUFFER_BYTES      (8 << 10)   /* which the kernel doubles; and one message more */
#define PD_SESSION_RAM_BYTES  (24u << 10) /* and tables of its objects */
#define TIMER_SESSION_CAPS    2           /* the timerfd */

#endif
