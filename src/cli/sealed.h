/*
 * Sealed texts: how a config is handed to a tree
 */
#ifndef CLI_SEALED_H
#define CLI_SEALED_H

#include <stddef.h>

/**
 * sealed_text() - a memfd with a text that nobody can change any more
 *
 * Return: 0, or negative errno; the descriptor is close-on-exec.
 */
int sealed_text(const char *text, size_t n, int *ret_fd);

#endif
