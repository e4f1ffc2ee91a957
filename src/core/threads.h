/*
 * Threads of a process: never more at a time than its start node grants
 *
 * The kernel asks before a thread begins another and before one ends (linux/thread_calls.h), and
 * the thread that asks waits for the answer, so a hostile component can't get past. That it is a
 * thread that begins, and nothing else, the filter has seen in a register, which nobody can change
 * meanwhile. What is counted, n, is what the kernel has of its threads together with all that it
 * was allowed to add and may not have added yet:
 *
 * - A clone that is let through counts at once, whenever the kernel gets to it. So threads that ask
 *   at the same time are answered one after the other, each by what those before it were allowed.
 * - A thread ends by exit() alone (or with all others), so by no other way than through here. It
 *   counts until the kernel has no thread of that number in the process any more: on its way out it
 *   is still there. No earlier than that its place is another's.
 * - A clone may fail after it was let through, for want of memory or because a signal makes the
 *   kernel start the call anew, with another question. Only the thread that asked could know, and
 *   by its next question its clone is over. Until then it is one of the cloning. The kernel's own
 *   number and theirs is therefore a bound as well, and the lower of the two counts, at a moment
 *   when nobody ends: then no thread is in one number and has left the other. If the kernel's
 *   number is n, nothing is under way at all, and nobody is cloning.
 * - A question can vanish, because its thread is killed or gets a signal. Then the answer fails,
 *   nothing was let through, nothing is counted.
 * - A number that is used for a new thread before its old one was seen to be gone makes n too
 *   large, never too small; the kernel's number mends it later. If that can't be read, it does not
 *   count.
 *
 * A process with all its threads that wants another while one is on its way out waits until that is
 * gone: who has joined a thread can begin the next one. Nothing tells when that is, so it is looked
 * at again, after waits that double up to THREADS_PATIENCE_MS; then it is refused.
 *
 * The first thread must not end before the others: what the kernel tells of a process, its memory
 * above all, is that of the first thread. So its exit() waits until it is alone. It takes no time
 * meanwhile, and counts.
 *
 * With the last process that carries the filter the listener hangs up. If core can't take or answer
 * a question, it ends the process.
 */
#ifndef CORE_THREADS_H
#define CORE_THREADS_H

#include <stdint.h>

#define THREADS_PATIENCE_MS 1024 /* the longest of the waits; all together are twice that */

struct process;
struct threads;

/**
 * threads_open() - answer for a process that has just been started
 * @max:           that it may have at a time, at least 2
 * @take_listener: taken also on failure
 *
 * Return: 0 or negative errno.
 */
int threads_open(struct process *process, unsigned max, int take_listener, struct threads **ret);

/** threads_close() - the process has ended; NULL is fine */
void threads_close(struct threads *threads);

#endif
