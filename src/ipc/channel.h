/*
 * Channels: socketpairs made for one object each
 *
 * The calls on a channel are declared in <kin/interface.h>; here is what makes and checks one.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <kin/interface.h>
#include <kin/limits.h>

/*
 * What the kernel may buffer in one direction. It doubles the number, to the least that it allows,
 * and takes one message more than that, so a direction holds CHANNEL_QUEUE_BYTES at most, the
 * kernel's own book-keeping included. An end that nobody sends through still is a socket, an inode
 * and a file.
 */
#define CHANNEL_BUFFER_BYTES 2304
#define CHANNEL_QUEUE_BYTES  (13 * 1024)
#define CHANNEL_END_BYTES    (5 * 512)

_Static_assert(2 * (CHANNEL_QUEUE_BYTES + CHANNEL_END_BYTES) <= KIN_CHANNEL_RAM,
	"a channel costs more than it says");

/**
 * channel_pair() - make a channel
 *
 * Return: 0, or negative errno; both ends are close-on-exec and belong to the caller.
 */
int channel_pair(int *ret_server, int *ret_client);

/**
 * channel_cookie() - the kernel's number of this end, the same for all duplicates of it
 *
 * Return: 0, or -ENOTSOCK if @fd is no socket.
 */
int channel_cookie(int fd, uint64_t *ret_cookie);

/**
 * channel_ask() - the first half of a call, never waiting: for a server that is not trusted to
 * answer
 *
 * Return: 0; -ENOBUFS if the server does not take it, -EPIPE, -EINVAL as kin_send().
 */
int channel_ask(
	int fd, const struct kin_interface *interface, uint32_t operation, const void *request);

/**
 * channel_answer() - the second half, never waiting either
 *
 * Return: as kin_call(); -EAGAIN while there is no answer.
 */
int channel_answer(
	int fd, const struct kin_interface *interface, uint32_t operation, void *ret_reply);

/**
 * channel_reply() - kin_reply() for who keeps the capabilities and has its own answer to a crowd
 *
 * Return: as kin_reply(); -ETOOMANYREFS if they can't be sent for now, and nothing was.
 */
int channel_reply(int fd, const struct kin_interface *interface, uint32_t operation, int status,
	const void *reply);

/**
 * channel_crowd_wait() - give others time to take what is under way
 * @attempts: made in a row so far, which are bounded
 *
 * Return: whether to try again
 */
bool channel_crowd_wait(unsigned *attempts);

/**
 * channel_peek() - which operation does the next message ask for?
 *
 * Return: 0, -EAGAIN if there is no message, -EPIPE if the peer is gone, -EPROTO if it is too
 * short.
 */
int channel_peek(int fd, uint32_t *ret_operation);

/**
 * channel_check() - is this descriptor, received from somebody, an end of a channel?
 */
bool channel_check(int fd);

#endif
