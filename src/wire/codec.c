/*
 * Codec
 *
 * Two cursors walk along the fields of a layout: one over the bytes, one over the capabilities. A
 * cursor that would leave its bounds sticks in a failed state, so that the walk itself needs no
 * checks and the result is looked at once, at the end.
 */
#include "wire/codec.h"

#include <assert.h>
#include <string.h>

struct writer {
	uint8_t *at, *end;
	struct wire_caps *caps;
	int error;
};

struct reader {
	const uint8_t *at, *end;
	const struct wire_caps *caps;
	unsigned n_caps;
	bool failed;
};

static void put(struct writer *w, uint64_t value, size_t bytes)
{
	if ((size_t) (w->end - w->at) < bytes) {
		w->error = -EMSGSIZE;
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		*w->at++ = (uint8_t) (value >> (8 * i));
}

static void put_text(struct writer *w, const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n > max) {
		w->error = -EINVAL;
		return;
	}
	put(w, n, 2);
	if (w->error || (size_t) (w->end - w->at) < n) {
		w->error = w->error ? w->error : -EMSGSIZE;
		return;
	}
	memcpy(w->at, text, n);
	w->at += n;
}

static void put_cap(struct writer *w, int cap)
{
	if (cap <= 0 || w->caps->n == KIN_MESSAGE_CAPS_MAX)
		w->error = -EINVAL;
	else
		w->caps->cap[w->caps->n++] = cap;
}

static void put_args(struct writer *w, const struct kin_args *args)
{
	put_text(w, args->label, KIN_LABEL_MAX);
	put(w, args->ram_quota, 8);
	put(w, args->cap_quota, 8);
	if (args->n_extra > KIN_ARGS_EXTRA_MAX) {
		w->error = -EINVAL;
		return;
	}
	put(w, args->n_extra, 1);
	for (uint32_t i = 0; i < args->n_extra; i++) {
		put_text(w, args->extra[i].key, KIN_ARG_KEY_MAX);
		put_text(w, args->extra[i].value, KIN_ARG_VALUE_MAX);
	}
}

static uint64_t get(struct reader *r, size_t bytes)
{
	uint64_t value = 0;

	if ((size_t) (r->end - r->at) < bytes) {
		r->failed = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t) *r->at++ << (8 * i);
	return value;
}

static void get_text(struct reader *r, char *ret, size_t max)
{
	size_t n = get(r, 2);

	if (r->failed || n > max || (size_t) (r->end - r->at) < n || memchr(r->at, 0, n)) {
		r->failed = true;
		return;
	}
	memcpy(ret, r->at, n);
	ret[n] = 0;
	r->at += n;
}

static int get_cap(struct reader *r)
{
	if (r->n_caps == r->caps->n) {
		r->failed = true;
		return 0;
	}
	return r->caps->cap[r->n_caps++];
}

static void get_args(struct reader *r, struct kin_args *ret)
{
	get_text(r, ret->label, KIN_LABEL_MAX);
	ret->ram_quota = get(r, 8);
	ret->cap_quota = get(r, 8);
	uint32_t n = (uint32_t) get(r, 1);

	if (n > KIN_ARGS_EXTRA_MAX) {
		r->failed = true;
		return;
	}
	ret->n_extra = n;
	for (uint32_t i = 0; i < n && !r->failed; i++) {
		get_text(r, ret->extra[i].key, KIN_ARG_KEY_MAX);
		get_text(r, ret->extra[i].value, KIN_ARG_VALUE_MAX);
	}
	if (!r->failed && !kin_args_valid(ret))
		r->failed = true;
}

static void put_affinity(struct writer *w, const struct kin_affinity *a)
{
	const uint32_t numbers[] = { a->space_width, a->space_height, a->x, a->y, a->width,
		a->height };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put(w, numbers[i], 4);
}

static void get_affinity(struct reader *r, struct kin_affinity *ret)
{
	uint32_t *numbers[] = { &ret->space_width, &ret->space_height, &ret->x, &ret->y,
		&ret->width, &ret->height };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = (uint32_t) get(r, 4);
	if (!kin_affinity_valid(ret))
		r->failed = true;
}

static void encode_fields(const struct kin_layout *layout, const uint8_t *s, struct writer *w);
static void decode_fields(const struct kin_layout *layout, uint8_t *s, struct reader *r);

static void encode_list(const struct kin_field *f, const uint8_t *s, struct writer *w)
{
	const struct kin_layout *element = f->element();
	uint32_t n = *(const uint32_t *) (s + f->count_offset);

	if (n > f->bound) {
		w->error = -EINVAL;
		return;
	}
	put(w, n, 2);
	for (uint32_t i = 0; i < n; i++)
		encode_fields(element, s + f->offset + i * element->size, w);
}

static void decode_list(const struct kin_field *f, uint8_t *s, struct reader *r)
{
	const struct kin_layout *element = f->element();
	uint32_t n = (uint32_t) get(r, 2);

	if (r->failed || n > f->bound) {
		r->failed = true;
		return;
	}
	*(uint32_t *) (s + f->count_offset) = n;
	for (uint32_t i = 0; i < n && !r->failed; i++)
		decode_fields(element, s + f->offset + i * element->size, r);
}

static void encode_field(const struct kin_field *f, const uint8_t *s, struct writer *w)
{
	const uint8_t *at = s + f->offset;

	switch (f->kind) {
	case KIN_FIELD_U8:
		put(w, *at, 1);
		break;
	case KIN_FIELD_U16:
		put(w, *(const uint16_t *) at, 2);
		break;
	case KIN_FIELD_U32:
		put(w, *(const uint32_t *) at, 4);
		break;
	case KIN_FIELD_U64:
	case KIN_FIELD_I64:
		put(w, *(const uint64_t *) at, 8);
		break;
	case KIN_FIELD_TEXT:
		put_text(w, (const char *) at, f->bound);
		break;
	case KIN_FIELD_ARGS:
		put_args(w, (const struct kin_args *) at);
		break;
	case KIN_FIELD_AFFINITY:
		put_affinity(w, (const struct kin_affinity *) at);
		break;
	case KIN_FIELD_CAP:
		put_cap(w, *(const int *) at);
		break;
	case KIN_FIELD_CAP_OPTIONAL:
		put(w, *(const int *) at > 0, 1);
		if (*(const int *) at > 0)
			put_cap(w, *(const int *) at);
		break;
	case KIN_FIELD_LIST:
		encode_list(f, s, w);
		break;
	case KIN_FIELD_END:
		break;
	}
}

static void decode_field(const struct kin_field *f, uint8_t *s, struct reader *r)
{
	uint8_t *at = s + f->offset;

	switch (f->kind) {
	case KIN_FIELD_U8:
		*at = (uint8_t) get(r, 1);
		break;
	case KIN_FIELD_U16:
		*(uint16_t *) at = (uint16_t) get(r, 2);
		break;
	case KIN_FIELD_U32:
		*(uint32_t *) at = (uint32_t) get(r, 4);
		break;
	case KIN_FIELD_U64:
	case KIN_FIELD_I64:
		*(uint64_t *) at = get(r, 8);
		break;
	case KIN_FIELD_TEXT:
		get_text(r, (char *) at, f->bound);
		break;
	case KIN_FIELD_ARGS:
		get_args(r, (struct kin_args *) at);
		break;
	case KIN_FIELD_AFFINITY:
		get_affinity(r, (struct kin_affinity *) at);
		break;
	case KIN_FIELD_CAP:
		*(int *) at = get_cap(r);
		break;
	case KIN_FIELD_CAP_OPTIONAL:
		switch (get(r, 1)) {
		case 0:
			break;
		case 1:
			*(int *) at = get_cap(r);
			break;
		default:
			r->failed = true;
		}
		break;
	case KIN_FIELD_LIST:
		decode_list(f, s, r);
		break;
	case KIN_FIELD_END:
		break;
	}
}

static void encode_fields(const struct kin_layout *layout, const uint8_t *s, struct writer *w)
{
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++) {
		if (w->error)
			return;
		encode_field(f, s, w);
	}
}

static void decode_fields(const struct kin_layout *layout, uint8_t *s, struct reader *r)
{
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++) {
		if (r->failed)
			return;
		decode_field(f, s, r);
	}
}

void wire_header_encode(const struct wire_header *header, uint8_t buf[WIRE_HEADER_SIZE])
{
	struct writer w = { buf, buf + WIRE_HEADER_SIZE, NULL, 0 };

	put(&w, header->operation, 4);
	put(&w, (uint32_t) header->status, 4);
}

void wire_header_decode(const uint8_t buf[WIRE_HEADER_SIZE], struct wire_header *ret)
{
	struct reader r = { buf, buf + WIRE_HEADER_SIZE, NULL, 0, false };

	ret->operation = (uint32_t) get(&r, 4);
	ret->status = (int32_t) (uint32_t) get(&r, 4);
}

int wire_encode(const struct kin_layout *layout, const void *message, uint8_t *buf, size_t size,
	struct wire_caps *ret_caps)
{
	struct writer w = { buf, buf + size, ret_caps, 0 };

	ret_caps->n = 0;
	encode_fields(layout, message, &w);
	return w.error ? w.error : (int) (w.at - buf);
}

int wire_decode(const struct kin_layout *layout, const uint8_t *buf, size_t size,
	const struct wire_caps *caps, void *ret_message)
{
	struct reader r = { buf, buf + size, caps, 0, false };

	memset(ret_message, 0, layout->size);
	decode_fields(layout, ret_message, &r);
	return r.failed || r.at != r.end || r.n_caps != caps->n ? -EPROTO : 0;
}

void wire_caps_of(const struct kin_layout *layout, const void *message, struct wire_caps *ret)
{
	ret->n = 0;
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++) {
		if (f->kind != KIN_FIELD_CAP && f->kind != KIN_FIELD_CAP_OPTIONAL)
			continue;
		int cap = *(const int *) ((const uint8_t *) message + f->offset);

		if (cap > 0)
			ret->cap[ret->n++] = cap;
	}
	assert(ret->n <= KIN_MESSAGE_CAPS_MAX);
}
