/*
 * Codec: structs to bytes and back, by layout
 *
 * A message is a header and the fields of its layout in order, little-endian, unpadded. A string is
 * a 16-bit length and its bytes, a list a 16-bit count and its elements. Capabilities travel beside
 * the bytes; an optional one leaves a byte that says whether it is there. Decoding accepts exactly
 * what encoding produces: every length within its bound, no byte and no capability left over.
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include <kin/interface.h>

struct wire_caps {
	int cap[KIN_MESSAGE_CAPS_MAX];
	unsigned n;
};

/* What precedes the fields: the operation's index, and in a reply its answer. */
struct wire_header {
	uint32_t operation;
	int32_t status;
};

#define WIRE_HEADER_SIZE 8

void wire_header_encode(const struct wire_header *header, uint8_t buf[WIRE_HEADER_SIZE]);
void wire_header_decode(const uint8_t buf[WIRE_HEADER_SIZE], struct wire_header *ret);

/**
 * wire_encode() - append the fields of a struct to a message
 * @message:  struct of this layout
 * @buf:      where the fields go, @size bytes at most
 * @ret_caps: the capabilities named in @message, borrowed, in order
 *
 * Return: bytes written; -EMSGSIZE if they don't fit, -EINVAL if a field breaks its bound or a
 * capability is missing.
 */
int wire_encode(const struct kin_layout *layout, const void *message, uint8_t *buf, size_t size,
	struct wire_caps *ret_caps);

/**
 * wire_decode() - read the fields of a message into a struct
 * @caps:        capabilities received with it; on success @ret_message holds them
 * @ret_message: layout->size bytes, zeroed before it is filled; undefined unless 0 is returned
 *
 * Return: 0, or -EPROTO if the bytes are not exactly one valid encoding.
 */
int wire_decode(const struct kin_layout *layout, const uint8_t *buf, size_t size,
	const struct wire_caps *caps, void *ret_message);

/**
 * wire_caps_of() - the capabilities that a struct of this layout still holds
 */
void wire_caps_of(const struct kin_layout *layout, const void *message, struct wire_caps *ret);

#endif
