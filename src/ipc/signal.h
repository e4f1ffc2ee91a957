/*
 * Signals: payload-free notifications that coalesce, on eventfds
 */
#ifndef IPC_SIGNAL_H
#define IPC_SIGNAL_H

#include <stdbool.h>

/* Return: 0, or negative errno. The context is non-blocking and close-on-exec. */
int signal_context_open(int *ret_signal);

/* Triggers it; never waits. */
void signal_trigger(int signal);

/* Takes what was triggered since the last time. Return: whether there was anything. */
bool signal_take(int signal);

/**
 * signal_check() - is this descriptor, received from somebody, a non-blocking signal context?
 *
 * Writing to anything else could wait for whoever sent it.
 */
bool signal_check(int fd);

#endif
