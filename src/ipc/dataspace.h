/*
 * Dataspaces: moving bytes in and out by descriptor, never by mapping
 */
#ifndef IPC_DATASPACE_H
#define IPC_DATASPACE_H

#include <stddef.h>

/* Writes all of @data to the start of a dataspace. Return: 0, or negative errno */
int dataspace_write(int dataspace, const void *data, size_t size);

#endif
