/*
 * Log ring; see the header.
 *
 * A line lies in the ring behind a head with its sizes, both perhaps around the end of the memory.
 */
#include "core/log_ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct head {
	uint32_t size;
	uint32_t label_bytes;
};

int log_ring_init(struct log_ring *ring)
{
	*ring = (struct log_ring){ .bytes = malloc(LOG_RING_BYTES) };
	return ring->bytes ? 0 : -ENOMEM;
}

void log_ring_done(struct log_ring *ring)
{
	free(ring->bytes);
	*ring = (struct log_ring){ 0 };
}

/* Bytes from a position on that lie in one piece. */
static size_t piece(uint64_t at, size_t size)
{
	size_t left = LOG_RING_BYTES - at % LOG_RING_BYTES;

	return size < left ? size : left;
}

static void put(struct log_ring *ring, const void *data, size_t size)
{
	size_t n = piece(ring->end, size);

	memcpy(ring->bytes + ring->end % LOG_RING_BYTES, data, n);
	memcpy(ring->bytes, (const char *) data + n, size - n);
	ring->end += size;
}

static void get(const struct log_ring *ring, uint64_t at, void *ret, size_t size)
{
	size_t n = piece(at, size);

	memcpy(ret, ring->bytes + at % LOG_RING_BYTES, n);
	memcpy((char *) ret + n, ring->bytes, size - n);
}

static struct head head_at(const struct log_ring *ring, uint64_t at)
{
	struct head head;

	get(ring, at, &head, sizeof(head));
	return head;
}

void log_ring_add(struct log_ring *ring, const char *line, size_t size, size_t label_bytes)
{
	struct head head = { (uint32_t) size, (uint32_t) label_bytes };

	assert(size <= LOG_RING_BYTES / 4 && label_bytes + 1 < size);
	while (ring->end - ring->start + sizeof(head) + size > LOG_RING_BYTES) {
		ring->start += sizeof(head) + head_at(ring, ring->start).size;
		ring->first++;
	}
	put(ring, &head, sizeof(head));
	put(ring, line, size);
	ring->after++;
}

/* The label stands behind a bracket. */
static int matches(
	const struct log_ring *ring, uint64_t at, const struct head *head, const char *prefix)
{
	size_t length = strlen(prefix);

	if (length > head->label_bytes)
		return 0;
	for (size_t i = 0; i < length; i++)
		if (ring->bytes[(at + 1 + i) % LOG_RING_BYTES] != prefix[i])
			return 0;
	return 1;
}

/* The first line to read, with where it lies. */
static struct log_cursor begin(const struct log_ring *ring, const struct log_cursor *cursor)
{
	struct log_cursor from = { ring->first, ring->start };

	if (cursor->line >= ring->after)
		return (struct log_cursor){ ring->after, ring->end };
	if (cursor->line >= ring->first && cursor->at)
		return *cursor;
	for (; from.line < cursor->line; from.line++)
		from.at += sizeof(struct head) + head_at(ring, from.at).size;
	return from;
}

/* All lines from there on that fit the prefix: their size, and their text if there is room. */
static size_t collect(
	const struct log_ring *ring, const char *prefix, struct log_cursor from, char *ret)
{
	size_t size = 0;

	for (; from.line < ring->after; from.line++) {
		struct head head = head_at(ring, from.at);

		from.at += sizeof(head);
		if (matches(ring, from.at, &head, prefix)) {
			if (ret)
				get(ring, from.at, ret + size, head.size);
			size += head.size;
		}
		from.at += head.size;
	}
	return size;
}

int log_ring_read(const struct log_ring *ring, const char *prefix, struct log_cursor *cursor,
	struct log_excerpt *ret)
{
	struct log_cursor from = begin(ring, cursor);

	*ret = (struct log_excerpt){ .lost = cursor->line < ring->first ? ring->first - cursor->line
									: 0,
		.size = collect(ring, prefix, from, NULL) };
	if (ret->size) {
		ret->text = malloc(ret->size);
		if (!ret->text)
			return -ENOMEM;
		collect(ring, prefix, from, ret->text);
	}
	*cursor = (struct log_cursor){ ring->after, ring->end };
	return 0;
}
