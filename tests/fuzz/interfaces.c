/* See the header. */
#include "fuzz/interfaces.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kin/interface/log.h>
#include <kin/interface/report.h>
#include <kin/interface/rom.h>
#include <kin/interface/timer.h>

#include "ipc/channel.h"
#include "wire/control.h"
#include "wire/cpu.h"
#include "wire/parent.h"
#include "wire/pd.h"

const struct kin_interface *const interfaces[] = { &parent_interface, &pd_interface, &cpu_interface,
	&log_interface, &rom_interface, &report_interface, &timer_interface, &control_interface };
const size_t n_interfaces = N(interfaces);

#define RAW_CAPS_MAX 12 /* more than a message may have */

static void fill_text(struct input *in, const char *const *texts, size_t max, char *ret)
{
	size_t n_texts = 0, n = 0;

	while (texts[n_texts])
		n_texts++;
	uint8_t head = input_byte(in);

	if (head < n_texts) {
		n = strnlen(texts[head], max);
		memcpy(ret, texts[head], n);
	} else {
		const uint8_t *bytes;
		size_t got = input_take(in, head % (max + 1), &bytes);

		for (; n < got && bytes[n]; n++)
			ret[n] = (char) bytes[n];
	}
	ret[n] = '\0';
}

static void fill_args(struct input *in, const char *const *texts, struct kin_args *ret)
{
	char key[KIN_ARG_KEY_MAX + 1], value[KIN_ARG_VALUE_MAX + 1];

	fill_text(in, texts, KIN_LABEL_MAX, ret->label);
	if (!kin_label_valid(ret->label))
		ret->label[0] = '\0';
	ret->ram_quota = input_number(in);
	ret->cap_quota = input_number(in);
	for (size_t n = input_below(in, 4); n > 0; n--) {
		fill_text(in, texts, KIN_ARG_KEY_MAX, key);
		fill_text(in, texts, KIN_ARG_VALUE_MAX, value);
		kin_args_set(ret, key, value);
	}
	assert(kin_args_valid(ret));
}

static void fill_affinity(struct input *in, struct kin_affinity *ret)
{
	struct kin_affinity some = { input_byte(in), input_byte(in), input_byte(in), input_byte(in),
		input_byte(in), input_byte(in) };

	if (kin_affinity_valid(&some))
		*ret = some;
}

static void fill_fields(const struct kin_layout *layout, struct input *in, const char *const *texts,
	int (*cap)(struct input *in), uint8_t *s)
{
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++) {
		void *at = s + f->offset;

		switch (f->kind) {
		case KIN_FIELD_U8:
			*(uint8_t *) at = input_byte(in);
			break;
		case KIN_FIELD_U16:
			*(uint16_t *) at = (uint16_t) input_number(in);
			break;
		case KIN_FIELD_U32:
			*(uint32_t *) at = (uint32_t) input_number(in);
			break;
		case KIN_FIELD_U64:
		case KIN_FIELD_I64:
			*(uint64_t *) at = input_number(in);
			break;
		case KIN_FIELD_TEXT:
			fill_text(in, texts, f->bound, at);
			break;
		case KIN_FIELD_ARGS:
			fill_args(in, texts, at);
			break;
		case KIN_FIELD_AFFINITY:
			fill_affinity(in, at);
			break;
		case KIN_FIELD_CAP:
			*(int *) at = cap(in);
			break;
		case KIN_FIELD_CAP_OPTIONAL:
			*(int *) at = input_byte(in) % 2 ? cap(in) : 0;
			break;
		case KIN_FIELD_LIST: {
			uint32_t n = (uint32_t) input_below(in, f->bound + 1);

			*(uint32_t *) (s + f->count_offset) = n;
			for (uint32_t i = 0; i < n; i++)
				fill_fields(f->element(), in, texts, cap,
					(uint8_t *) at + i * f->element()->size);
			break;
		}
		case KIN_FIELD_END:
			break;
		}
	}
}

void message_fill(const struct kin_layout *layout, struct input *in, const char *const *texts,
	int (*cap)(struct input *in), void *ret)
{
	memset(ret, 0, layout->size);
	fill_fields(layout, in, texts, cap, ret);
}

int some_descriptor(struct input *in)
{
	int server, client, fd = -1;

	switch (input_below(in, 4)) {
	case 0:
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		break;
	case 1:
		fd = eventfd(0, EFD_CLOEXEC);
		break;
	case 2:
		fd = memfd_create("some", MFD_CLOEXEC);
		break;
	default:
		if (channel_pair(&server, &client) == 0) {
			close(server);
			fd = client;
		}
	}
	assert(fd > 0);
	return fd;
}

/* As sendmsg() would, the descriptors closed afterwards. */
static void send_bytes(int channel, const uint8_t *bytes, size_t size, struct input *in)
{
	_Alignas(8) char space[CMSG_SPACE(sizeof(int) * RAW_CAPS_MAX)] = { 0 };
	struct iovec iov = { (void *) bytes, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t n = input_below(in, 2) ? input_below(in, RAW_CAPS_MAX + 1) : 0;
	int caps[RAW_CAPS_MAX];

	for (size_t i = 0; i < n; i++)
		caps[i] = some_descriptor(in);
	if (n) {
		struct cmsghdr *control = (struct cmsghdr *) space;

		*control = (struct cmsghdr){ CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(control), caps, n * sizeof(int));
		msg.msg_control = space;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (size_t i = 0; i < n; i++)
		close(caps[i]);
}

static void send_raw(struct input *in, int channel)
{
	uint8_t bytes[KIN_MESSAGE_MAX + 64] = { 0 };
	size_t size = (size_t) input_number(in) % (sizeof(bytes) + 1);
	struct wire_header header = { input_byte(in), (int8_t) input_byte(in) };
	const uint8_t *payload;
	size_t n = input_take(in, input_byte(in), &payload);

	wire_header_encode(&header, bytes);
	memcpy(bytes + WIRE_HEADER_SIZE, payload, n);
	send_bytes(channel, bytes, size, in);
}

static void close_caps(const struct wire_caps *caps)
{
	for (unsigned i = 0; i < caps->n; i++)
		close(caps->cap[i]);
}

int message_send_some(struct input *in, int channel, const struct kin_interface *interface,
	const char *const *texts)
{
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX];
	uint8_t what = input_byte(in);
	struct wire_caps caps;

	if (what == UINT8_MAX) {
		send_raw(in, channel);
		return -1;
	}
	uint32_t operation = what % interface->n_operations;
	const struct kin_layout *layout = interface->operations[operation].request();

	message_fill(layout, in, texts, some_descriptor, message);
	int r = kin_send(channel, interface, operation, message);

	assert(r == 0 || r == -EPIPE || r == -ENOBUFS || r == -EMSGSIZE);
	wire_caps_of(layout, message, &caps);
	close_caps(&caps);
	return r ? -1 : (int) operation;
}

static void take_caps(struct msghdr *msg, int *keep, struct wire_caps *ret)
{
	unsigned kept = 0;

	ret->n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		ret->n = (unsigned) ((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(ret->cap, CMSG_DATA(c), ret->n * sizeof(int));
	}
	if (keep && !*keep && ret->n)
		*keep = ret->cap[kept++];
	for (; kept < ret->n; kept++)
		close(ret->cap[kept]);
}

bool message_receive(int channel, const struct kin_interface *interface,
	struct wire_header *ret_header, int *keep)
{
	_Alignas(8) char space[CMSG_SPACE(sizeof(int) * KIN_MESSAGE_CAPS_MAX)];
	_Alignas(16) uint8_t bytes[KIN_MESSAGE_MAX], reply[KIN_STRUCT_MAX];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space) };
	struct wire_caps caps;
	ssize_t n;

	do /* a server that left messages of ours unread is told of before what it sent */
		n = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == ECONNRESET);
	if (n <= 0)
		return false;
	assert(n >= WIRE_HEADER_SIZE && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)));
	take_caps(&msg, keep, &caps);
	wire_header_decode(bytes, ret_header);
	assert(ret_header->operation < interface->n_operations);
	if (ret_header->status) {
		assert(n == WIRE_HEADER_SIZE && !caps.n);
		return true;
	}
	int r = wire_decode(interface->operations[ret_header->operation].reply(),
		bytes + WIRE_HEADER_SIZE, (size_t) n - WIRE_HEADER_SIZE, &caps, reply);

	assert(r == 0);
	return true;
}

unsigned descriptors_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
