/*
 * Dataspaces: moving bytes in and out by descriptor, never by mapping
 */
#ifndef IPC_DATASPACE_H
#define IPC_DATASPACE_H

#include <stddef.h>
#include <stdint.h>

/* Writes all of @data to the start of a dataspace. Return: 0, or negative errno */
int dataspace_write(int dataspace, const void *data, size_t size);

/**
 * dataspace_read() - copy from a dataspace, whatever its owner does meanwhile
 *
 * Return: 0; -ENODATA if it ends before @offset + @size; negative errno if it can't be read.
 */
int dataspace_read(int dataspace, uint64_t offset, void *buf, size_t size);

#endif
