/*
 * Signals: notifications without payload
 *
 * A signal context is a capability. Its owner gives it to others, typically to a server that it
 * wants to hear from; they trigger it, any number of times, and the owner's handler runs at least
 * once after the last of them. Costs one capability.
 */
#ifndef KIN_SIGNAL_H
#define KIN_SIGNAL_H

#include <kin/env.h>

#include <stdbool.h>
#include <stdint.h>

struct kin_signal {
	int cap; /* to give away in requests; stays with this struct */

	/* private */
	struct kin_env *env;
	uint32_t id;
	kin_handler *handle;
	void *data;
	struct kin_watch watch;
};

/**
 * kin_signal_open() - make a signal context
 * @handle: called from the loop after it was triggered; NULL if nobody cares
 *
 * Return: 0; KIN_OUT_OF_RAM or KIN_OUT_OF_CAPS if the shortage policy gives up; negative errno.
 */
int kin_signal_open(
	struct kin_env *env, struct kin_signal *signal, kin_handler *handle, void *data);
void kin_signal_close(struct kin_signal *signal);

/**
 * kin_signal_check() - is a capability that somebody sent a signal context?
 *
 * To be asked before one is kept: triggering anything else could make us wait.
 */
bool kin_signal_check(int cap);

/** kin_signal_trigger() - wake its owner; never waits. @cap is checked, or of our own making. */
void kin_signal_trigger(int cap);

/**
 * kin_cap_duplicate() - another number for the same capability
 *
 * A reply takes the capabilities that it carries; a server that wants to keep one sends a
 * duplicate.
 *
 * Return: the duplicate, owned by the caller; -EMFILE if there are too many.
 */
int kin_cap_duplicate(int cap);

/** kin_cap_close() - give up a capability that was received or duplicated; 0 is ignored. */
void kin_cap_close(int cap);

#endif
