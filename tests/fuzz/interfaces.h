/*
 * All interfaces there are, and messages of any of them made of an input
 */
#ifndef FUZZ_INTERFACES_H
#define FUZZ_INTERFACES_H

#include "fuzz/input.h"
#include "wire/codec.h"

extern const struct kin_interface *const interfaces[];
extern const size_t n_interfaces;

/**
 * message_fill() - fill a struct of a layout such that it can be encoded
 * @texts: what to take strings from besides the input; NULL ends them
 * @cap:   makes a capability, the receiver's to close
 */
void message_fill(const struct kin_layout *layout, struct input *in, const char *const *texts,
	int (*cap)(struct input *in), void *ret);

/**
 * message_send_some() - send one message as an input says: of some operation with its fields, or
 * any bytes with any number of capabilities beside them
 * @channel: non-blocking
 *
 * Return: the index of the operation, if it is a message of @interface that was sent; else -1
 */
int message_send_some(struct input *in, int channel, const struct kin_interface *interface,
	const char *const *texts);

/**
 * message_receive() - take a message from a channel
 * @keep: gets the first of its capabilities if it has none yet; the others are closed; may be NULL
 *
 * Return: whether there was one; its header and, if the status is 0, its fields are valid.
 */
bool message_receive(int channel, const struct kin_interface *interface,
	struct wire_header *ret_header, int *keep);

/* A new descriptor of some kind: a signal, an end of a channel, or something else. */
int some_descriptor(struct input *in);

/* Descriptors that are open in this process. */
unsigned descriptors_open(void);

#endif
