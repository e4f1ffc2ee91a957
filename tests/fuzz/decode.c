/*
 * Every interface's decoder: the first bytes say which operation and which direction, the rest is
 * the message. What is decoded is encoded to the same bytes, and what was filled in field by field
 * is decoded to the same.
 */
#include "fuzz/interfaces.h"

static const char *const texts[] = { "", "LOG", "a -> b", "label", "key", NULL };

static int any_cap(struct input *in)
{
	return 3 + input_byte(in);
}

static void assert_encodes_to(const struct kin_layout *layout, const void *message,
	const uint8_t *bytes, size_t size, const struct wire_caps *caps)
{
	uint8_t again[KIN_MESSAGE_MAX];
	struct wire_caps caps_again;
	int n = wire_encode(layout, message, again, sizeof(again), &caps_again);

	assert(n >= 0 && (size_t) n == size && memcmp(again, bytes, size) == 0);
	assert(caps_again.n == caps->n);
	assert(memcmp(caps_again.cap, caps->cap, caps->n * sizeof(caps->cap[0])) == 0);
	if (size) /* it says so if there is no room */
		assert(wire_encode(layout, message, again, size - 1, &caps_again) == -EMSGSIZE);
}

static void from_bytes(const struct kin_layout *layout, struct input *in)
{
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX];
	struct wire_caps caps = { .n = (unsigned) input_below(in, KIN_MESSAGE_CAPS_MAX + 1) };
	size_t size = (size_t) (in->end - in->at);

	size = size < KIN_MESSAGE_MAX ? size : KIN_MESSAGE_MAX;
	for (unsigned i = 0; i < caps.n; i++)
		caps.cap[i] = 3 + (int) i;
	if (wire_decode(layout, in->at, size, &caps, message) == 0)
		assert_encodes_to(layout, message, in->at, size, &caps);
}

static void from_fields(const struct kin_layout *layout, struct input *in)
{
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX], again[KIN_STRUCT_MAX];
	uint8_t bytes[KIN_MESSAGE_MAX] = { 0 };
	struct wire_caps caps;

	message_fill(layout, in, texts, any_cap, message);
	int n = wire_encode(layout, message, bytes, sizeof(bytes), &caps);

	assert(n >= 0 || n == -EMSGSIZE);
	if (n < 0)
		return;
	int r = wire_decode(layout, bytes, (size_t) n, &caps, again);

	assert(r == 0);
	assert_encodes_to(layout, again, bytes, (size_t) n, &caps);
	if ((size_t) n < sizeof(bytes))
		assert(wire_decode(layout, bytes, (size_t) n + 1, &caps, again) == -EPROTO);
	for (int cut = 0; cut < n; cut++)
		assert(wire_decode(layout, bytes, (size_t) cut, &caps, again) == -EPROTO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	const struct kin_interface *interface = interfaces[input_below(&in, n_interfaces)];
	uint8_t how = input_byte(&in);
	const struct kin_operation *op = &interface->operations[how / 4 % interface->n_operations];
	const struct kin_layout *layout = how & 1 ? op->reply() : op->request();

	if (how & 2)
		from_fields(layout, &in);
	else
		from_bytes(layout, &in);
	return 0;
}
