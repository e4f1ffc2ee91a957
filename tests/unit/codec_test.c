/*
 * Codec: every message of every interface there and back, and nothing but that.
 *
 * Messages are made up by walking the layouts, so that an operation added to a table is tested
 * without a line here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <kin/interface/log.h>
#include <kin/interface/report.h>
#include <kin/interface/rom.h>
#include <kin/interface/timer.h>

#include "model/random.h"
#include "wire/codec.h"
#include "wire/cpu.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define FIELDS_MAX (KIN_MESSAGE_MAX - WIRE_HEADER_SIZE)

static const struct kin_interface *const interfaces[] = { &parent_interface, &pd_interface,
	&cpu_interface, &rom_interface, &log_interface, &timer_interface, &report_interface };

typedef void layout_visit(const char *what, const struct kin_layout *layout, struct random *random);

static void foreach_layout(layout_visit *visit, unsigned rounds)
{
	uint64_t seed = random_seed(1);
	struct random random = { seed };
	char what[128];

	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		for (uint32_t o = 0; o < interfaces[i]->n_operations * 2; o++) {
			const struct kin_operation *op = &interfaces[i]->operations[o / 2];
			const struct kin_layout *layout = o % 2 ? op->reply() : op->request();

			snprintf(what, sizeof(what), "%s.%s %s, seed %llu", interfaces[i]->name,
				op->name, o % 2 ? "reply" : "request", (unsigned long long) seed);
			for (unsigned n = 0; n < rounds; n++)
				visit(what, layout, &random);
		}
	}
}

/* How long a thing of at most @max is; the ends of the range are where mistakes are. */
static size_t pick_length(struct random *random, size_t max)
{
	switch (random_below(random, 4)) {
	case 0:
		return 0;
	case 1:
		return max;
	default:
		return random_below(random, (uint32_t) max + 1);
	}
}

static void fill_text(struct random *random, char *text, size_t max)
{
	size_t n = pick_length(random, max);

	for (size_t i = 0; i < n; i++)
		text[i] = (char) ('a' + random_below(random, 26));
}

static void fill_args(struct random *random, struct kin_args *args)
{
	char key[KIN_ARG_KEY_MAX + 1] = "", value[KIN_ARG_VALUE_MAX + 1];
	size_t n = pick_length(random, KIN_ARGS_EXTRA_MAX);

	fill_text(random, args->label, KIN_LABEL_MAX);
	args->ram_quota = random_next(random);
	args->cap_quota = random_next(random);
	for (size_t i = 0; i < n; i++) {
		memset(value, 0, sizeof(value));
		fill_text(random, value, KIN_ARG_VALUE_MAX);
		memset(key, 'a' + (int) i, sizeof(key) - 1);
		assert_int_equal(kin_args_set(args, key, value), 0);
	}
}

static void fill_affinity(struct random *random, struct kin_affinity *affinity)
{
	if (random_once_in(random, 3))
		return;
	*affinity = (struct kin_affinity){ 8, 4, random_below(random, 8), random_below(random, 4),
		1, 1 };
}

static void fill(const struct kin_layout *layout, uint8_t *s, struct random *random, int *cap);

static void fill_field(const struct kin_field *f, uint8_t *s, struct random *random, int *cap)
{
	uint8_t *at = s + f->offset;
	uint64_t number = random_next(random);

	switch (f->kind) {
	case KIN_FIELD_U8:
		memcpy(at, &number, 1);
		break;
	case KIN_FIELD_U16:
		memcpy(at, &number, 2);
		break;
	case KIN_FIELD_U32:
		memcpy(at, &number, 4);
		break;
	case KIN_FIELD_U64:
	case KIN_FIELD_I64:
		memcpy(at, &number, 8);
		break;
	case KIN_FIELD_TEXT:
		fill_text(random, (char *) at, f->bound);
		break;
	case KIN_FIELD_ARGS:
		fill_args(random, (struct kin_args *) at);
		break;
	case KIN_FIELD_AFFINITY:
		fill_affinity(random, (struct kin_affinity *) at);
		break;
	case KIN_FIELD_CAP:
		*(int *) at = ++*cap;
		break;
	case KIN_FIELD_CAP_OPTIONAL:
		*(int *) at = number & 1 ? ++*cap : 0;
		break;
	case KIN_FIELD_LIST: {
		uint32_t n = (uint32_t) pick_length(random, f->bound);

		*(uint32_t *) (s + f->count_offset) = n;
		for (uint32_t i = 0; i < n; i++)
			fill(f->element(), at + i * f->element()->size, random, cap);
		break;
	}
	case KIN_FIELD_END:
		break;
	}
}

static void fill(const struct kin_layout *layout, uint8_t *s, struct random *random, int *cap)
{
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++)
		fill_field(f, s, random, cap);
}

struct encoding {
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX];
	uint8_t bytes[FIELDS_MAX];
	size_t size;
	struct wire_caps caps;
};

static void encoding_make(const char *what, const struct kin_layout *layout, struct random *random,
	struct encoding *ret)
{
	int cap = 100;

	memset(ret->message, 0, sizeof(ret->message));
	fill(layout, ret->message, random, &cap);
	int n = wire_encode(layout, ret->message, ret->bytes, sizeof(ret->bytes), &ret->caps);

	if (n < 0)
		fail_msg("%s: can't be encoded (%d)", what, n);
	assert_int_equal(ret->caps.n, cap - 100);
	ret->size = (size_t) n;
}

/* These bytes either are no message, or are the one encoding of the message that they are. */
static bool accepted_only_as_itself(const char *what, const struct kin_layout *layout,
	const uint8_t *bytes, size_t size, const struct wire_caps *caps)
{
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX];
	uint8_t again[FIELDS_MAX];
	struct wire_caps caps_again;
	int r = wire_decode(layout, bytes, size, caps, message);

	if (r) {
		assert_int_equal(r, -EPROTO);
		return false;
	}
	int n = wire_encode(layout, message, again, sizeof(again), &caps_again);

	if (n != (int) size || memcmp(again, bytes, size) || caps_again.n != caps->n ||
		memcmp(caps_again.cap, caps->cap, caps->n * sizeof(int)))
		fail_msg("%s: accepted %zu bytes, which encode to %d others", what, size, n);
	return true;
}

static void visit_round_trip(
	const char *what, const struct kin_layout *layout, struct random *random)
{
	_Alignas(16) uint8_t message[KIN_STRUCT_MAX];
	struct encoding e;

	encoding_make(what, layout, random, &e);
	memset(message, 0xa5, sizeof(message));
	assert_int_equal(wire_decode(layout, e.bytes, e.size, &e.caps, message), 0);
	if (memcmp(message, e.message, layout->size))
		fail_msg("%s: decoded to something else", what);
	assert_true(accepted_only_as_itself(what, layout, e.bytes, e.size, &e.caps));
}

static void every_message_survives_the_way(void **state)
{
	foreach_layout(visit_round_trip, 200);
}

static void visit_truncations(
	const char *what, const struct kin_layout *layout, struct random *random)
{
	struct encoding e;

	encoding_make(what, layout, random, &e);
	for (size_t n = 0; n < e.size; n++)
		if (accepted_only_as_itself(what, layout, e.bytes, n, &e.caps))
			fail_msg("%s: accepted after %zu of %zu bytes", what, n, e.size);
	e.bytes[e.size] = 0;
	assert_false(accepted_only_as_itself(what, layout, e.bytes, e.size + 1, &e.caps));
}

static void no_truncated_or_longer_message_is_accepted(void **state)
{
	foreach_layout(visit_truncations, 10);
}

static void visit_changes(const char *what, const struct kin_layout *layout, struct random *random)
{
	struct encoding e;

	encoding_make(what, layout, random, &e);
	for (size_t i = 0; i < e.size; i++) {
		uint8_t before = e.bytes[i];

		for (unsigned bit = 0; bit < 8; bit++) {
			e.bytes[i] = before ^ (uint8_t) (1u << bit);
			accepted_only_as_itself(what, layout, e.bytes, e.size, &e.caps);
		}
		e.bytes[i] = (uint8_t) random_next(random);
		accepted_only_as_itself(what, layout, e.bytes, e.size, &e.caps);
		e.bytes[i] = before;
	}
}

static void changed_bytes_are_refused_or_mean_what_they_say(void **state)
{
	foreach_layout(visit_changes, 6);
}

static void visit_garbage(const char *what, const struct kin_layout *layout, struct random *random)
{
	uint8_t bytes[64];
	struct wire_caps caps = { .n = random_below(random, 4) };
	size_t size = random_below(random, sizeof(bytes) + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t) (random_next(random) & (random_once_in(random, 2) ? 0xff : 3));
	for (unsigned i = 0; i < caps.n; i++)
		caps.cap[i] = (int) i + 1;
	accepted_only_as_itself(what, layout, bytes, size, &caps);
}

static void garbage_is_refused_or_means_what_it_says(void **state)
{
	foreach_layout(visit_garbage, 2000);
}

static void visit_caps(const char *what, const struct kin_layout *layout, struct random *random)
{
	struct encoding e;

	encoding_make(what, layout, random, &e);
	if (e.caps.n) {
		e.caps.n--;
		assert_false(accepted_only_as_itself(what, layout, e.bytes, e.size, &e.caps));
		e.caps.n++;
	}
	assert_true(e.caps.n < KIN_MESSAGE_CAPS_MAX);
	e.caps.cap[e.caps.n++] = 99;
	assert_false(accepted_only_as_itself(what, layout, e.bytes, e.size, &e.caps));
}

static void caps_must_be_exactly_as_many_as_the_message_names(void **state)
{
	foreach_layout(visit_caps, 20);
}

static void visit_short_buffers(
	const char *what, const struct kin_layout *layout, struct random *random)
{
	struct encoding e;
	struct wire_caps caps;
	uint8_t bytes[FIELDS_MAX];

	encoding_make(what, layout, random, &e);
	for (size_t n = 0; n < e.size; n++) {
		memset(bytes, 0x77, sizeof(bytes));
		assert_int_equal(wire_encode(layout, e.message, bytes, n, &caps), -EMSGSIZE);
		assert_int_equal(bytes[n], 0x77);
	}
	assert_int_equal(wire_encode(layout, e.message, bytes, e.size, &caps), (int) e.size);
}

static void encoding_stays_within_its_buffer(void **state)
{
	foreach_layout(visit_short_buffers, 4);
}

static void the_largest_batch_of_requests_fits_into_a_message(void **state)
{
	struct parent_requests_reply reply = { .n_requests = PARENT_REQUESTS_MAX };
	uint8_t bytes[FIELDS_MAX];
	struct wire_caps caps;
	char key[KIN_ARG_KEY_MAX + 1] = "", value[KIN_ARG_VALUE_MAX + 1] = "";

	memset(key, 'k', KIN_ARG_KEY_MAX);
	memset(value, 'v', KIN_ARG_VALUE_MAX);
	for (size_t i = 0; i < PARENT_REQUESTS_MAX; i++) {
		struct parent_pending_request *request = &reply.requests[i];

		memset(request->service, 's', KIN_NAME_MAX);
		memset(request->args.label, 'l', KIN_LABEL_MAX);
		for (int n = 0; n < KIN_ARGS_EXTRA_MAX; n++) {
			key[0] = (char) ('a' + n);
			assert_int_equal(kin_args_set(&request->args, key, value), 0);
		}
	}
	assert_true(wire_encode(parent_requests_reply_layout(), &reply, bytes, sizeof(bytes),
			    &caps) > 0);
}

#define OCTET_FIELDS(F) \
	F(CAP, a) F(CAP, b) F(CAP, c) F(CAP, d) F(CAP, e) F(CAP, f) F(CAP, g) F(CAP, h)
#define NONET_FIELDS(F) OCTET_FIELDS(F) F(CAP_OPTIONAL, i)
KIN_LAYOUT_DECLARE(nonet, NONET_FIELDS)
KIN_LAYOUT_DEFINE(nonet, NONET_FIELDS)

static void a_message_carries_caps_up_to_message_caps_max(void **state)
{
	struct nonet nonet = { 1, 2, 3, 4, 5, 6, 7, 8, 0 };
	uint8_t bytes[16];
	struct wire_caps caps;

	assert_int_equal(wire_encode(nonet_layout(), &nonet, bytes, sizeof(bytes), &caps), 1);
	assert_int_equal(caps.n, KIN_MESSAGE_CAPS_MAX);
	nonet.i = 9;
	assert_int_equal(wire_encode(nonet_layout(), &nonet, bytes, sizeof(bytes), &caps), -EINVAL);
}

static void a_missing_cap_is_an_error_of_the_sender(void **state)
{
	struct parent_deliver_request request = { .id = 1 };
	uint8_t bytes[16];
	struct wire_caps caps;

	assert_int_equal(
		wire_encode(parent_deliver_request_layout(), &request, bytes, sizeof(bytes), &caps),
		-EINVAL);
	request.session = -1;
	assert_int_equal(
		wire_encode(parent_deliver_request_layout(), &request, bytes, sizeof(bytes), &caps),
		-EINVAL);
}

static void texts_are_bounded_by_name(void **state)
{
	struct log_write_request request = { "" };
	uint8_t bytes[FIELDS_MAX];
	struct wire_caps caps;

	memset(request.text, 'x', KIN_LOG_TEXT_MAX);
	int n = wire_encode(log_write_request_layout(), &request, bytes, sizeof(bytes), &caps);

	assert_int_equal(n, 2 + KIN_LOG_TEXT_MAX);
	bytes[0]++; /* claims one more, which is there */
	bytes[n] = 'x';
	assert_int_equal(
		wire_decode(log_write_request_layout(), bytes, (size_t) n + 1, &caps, &request),
		-EPROTO);
	memset(request.text, 'x', sizeof(request.text));
	assert_int_equal(
		wire_encode(log_write_request_layout(), &request, bytes, sizeof(bytes), &caps),
		-EINVAL);
}

static void texts_hold_no_nul(void **state)
{
	struct log_write_request request;
	struct wire_caps caps = { .n = 0 };
	const uint8_t bytes[] = { 3, 0, 'a', 0, 'b' };

	assert_int_equal(
		wire_decode(log_write_request_layout(), bytes, sizeof(bytes), &caps, &request),
		-EPROTO);
}

static void lists_are_bounded_by_name(void **state)
{
	struct pd_transfer_request request = { .n_edges = PD_EDGES_MAX };
	uint8_t bytes[FIELDS_MAX] = { 0 };
	struct wire_caps caps;
	int n = wire_encode(pd_transfer_request_layout(), &request, bytes, sizeof(bytes), &caps);

	assert_int_equal(n, 2 + PD_EDGES_MAX * 24);
	bytes[0]++;
	assert_int_equal(
		wire_decode(pd_transfer_request_layout(), bytes, (size_t) n + 24, &caps, &request),
		-EPROTO);
	request.n_edges = PD_EDGES_MAX + 1;
	assert_int_equal(
		wire_encode(pd_transfer_request_layout(), &request, bytes, sizeof(bytes), &caps),
		-EINVAL);
}

static void arguments_are_bounded_by_name(void **state)
{
	struct parent_session_request request = { .args.n_extra = KIN_ARGS_EXTRA_MAX + 1 };
	uint8_t bytes[FIELDS_MAX];
	struct wire_caps caps;
	const struct kin_layout *layout = parent_session_request_layout();

	assert_int_equal(wire_encode(layout, &request, bytes, sizeof(bytes), &caps), -EINVAL);
	request.args.n_extra = 0;
	int n = wire_encode(layout, &request, bytes, sizeof(bytes), &caps);
	size_t n_extra_at = 4 + 2 + 4 + 2 + 8 + 8;

	assert_int_equal(bytes[n_extra_at], 0);
	bytes[n_extra_at] = KIN_ARGS_EXTRA_MAX + 1;
	assert_int_equal(wire_decode(layout, bytes, (size_t) n, &caps, &request), -EPROTO);
}

static void arguments_that_break_their_rules_are_refused(void **state)
{
	struct parent_session_request request = { .args.label = "a\nb" };
	uint8_t bytes[FIELDS_MAX];
	struct wire_caps caps;
	const struct kin_layout *layout = parent_session_request_layout();
	int n = wire_encode(layout, &request, bytes, sizeof(bytes), &caps);

	assert_true(n > 0);
	assert_int_equal(wire_decode(layout, bytes, (size_t) n, &caps, &request), -EPROTO);
}

static void the_header_keeps_operation_and_answer(void **state)
{
	static const struct wire_header headers[] = { { 0, 0 }, { 1, -EPROTO },
		{ UINT32_MAX, INT32_MIN }, { 0x01020304, 0x05060708 } };
	static const uint8_t last[] = { 4, 3, 2, 1, 8, 7, 6, 5 };
	uint8_t bytes[WIRE_HEADER_SIZE];

	for (size_t i = 0; i < 4; i++) {
		struct wire_header header;

		wire_header_encode(&headers[i], bytes);
		wire_header_decode(bytes, &header);
		assert_int_equal(header.operation, headers[i].operation);
		assert_int_equal(header.status, headers[i].status);
	}
	assert_memory_equal(bytes, last, sizeof(last));
}

static void the_caps_of_a_struct_are_those_it_still_holds(void **state)
{
	struct pd_start_request request = { .pd = 5, .cpu = 0, .log = 7, .binary = 8 };
	struct wire_caps caps;

	wire_caps_of(pd_start_request_layout(), &request, &caps);
	assert_int_equal(caps.n, 3);
	assert_int_equal(caps.cap[0], 5);
	assert_int_equal(caps.cap[1], 7);
	assert_int_equal(caps.cap[2], 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_survives_the_way),
		cmocka_unit_test(no_truncated_or_longer_message_is_accepted),
		cmocka_unit_test(changed_bytes_are_refused_or_mean_what_they_say),
		cmocka_unit_test(garbage_is_refused_or_means_what_it_says),
		cmocka_unit_test(caps_must_be_exactly_as_many_as_the_message_names),
		cmocka_unit_test(encoding_stays_within_its_buffer),
		cmocka_unit_test(the_largest_batch_of_requests_fits_into_a_message),
		cmocka_unit_test(a_message_carries_caps_up_to_message_caps_max),
		cmocka_unit_test(a_missing_cap_is_an_error_of_the_sender),
		cmocka_unit_test(texts_are_bounded_by_name),
		cmocka_unit_test(texts_hold_no_nul),
		cmocka_unit_test(lists_are_bounded_by_name),
		cmocka_unit_test(arguments_are_bounded_by_name),
		cmocka_unit_test(arguments_that_break_their_rules_are_refused),
		cmocka_unit_test(the_header_keeps_operation_and_answer),
		cmocka_unit_test(the_caps_of_a_struct_are_those_it_still_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
