/*
 * Interface tables
 *
 * An RPC interface is written down once, as a table of operations and their fields. From the table
 * come the C structs of every message, the client's stubs, the server's table of handlers, and the
 * layout that the codec encodes, validates and decodes by. Nothing else describes a message.
 *
 *   #define GREETER_GREET_REQUEST(F) F(TEXT, name, 63)
 *   #define GREETER_GREET_REPLY(F)   F(TEXT, greeting, 127) F(U32, count)
 *   #define GREETER_OPERATIONS(OP) \
 *           OP(greeter, greet, CALL, GREETER_GREET_REQUEST, GREETER_GREET_REPLY) \
 *           OP(greeter, forget, SEND, KIN_NOTHING, KIN_NOTHING)
 *   KIN_INTERFACE_DECLARE(greeter, GREETER_OPERATIONS)              (in a header)
 *   KIN_INTERFACE_DEFINE(greeter, "Greeter", 1, GREETER_OPERATIONS) (in one source file)
 *
 * gives struct greeter_greet_request and greeter_greet_reply, the stubs greeter_greet() and
 * greeter_forget(), struct greeter_handlers and greeter_interface.
 *
 * CALL waits for an answer; SEND is one way and can't be answered. Kinds of fields:
 *
 *   U8 U16 U32 U64 I64  numbers, little-endian on the wire
 *   TEXT, name, MAX     string of at most MAX bytes without NUL: char name[MAX + 1]
 *   ARGS, AFFINITY      struct kin_args, struct kin_affinity
 *   CAP                 a capability that must be there: int name, greater than 0
 *   CAP_OPTIONAL        one that may be missing: 0
 *   LIST, name, MAX, T  up to MAX elements of struct T, declared by KIN_LAYOUT_DECLARE:
 *                       uint32_t n_name and struct T name[MAX]
 *
 * A capability is a descriptor number greater than 0; 0 is none, so that a zeroed struct has none.
 * Caps in a request stay with the caller; caps in a decoded request are closed when the handler
 * returns, unless it took them (set the field to 0). Caps in a handler's reply are taken: they are
 * closed once they are sent. Caps in a received reply belong to the caller.
 */
#ifndef KIN_INTERFACE_H
#define KIN_INTERFACE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kin/answer.h>
#include <kin/args.h>
#include <kin/limits.h>

#define KIN_STRUCT_MAX 8192 /* bytes of a decoded message */

enum kin_field_kind {
	KIN_FIELD_END,
	KIN_FIELD_U8,
	KIN_FIELD_U16,
	KIN_FIELD_U32,
	KIN_FIELD_U64,
	KIN_FIELD_I64,
	KIN_FIELD_TEXT,
	KIN_FIELD_ARGS,
	KIN_FIELD_AFFINITY,
	KIN_FIELD_CAP,
	KIN_FIELD_CAP_OPTIONAL,
	KIN_FIELD_LIST,
};

struct kin_layout;

struct kin_field {
	enum kin_field_kind kind;
	uint32_t offset;
	uint32_t bound;        /* TEXT: bytes, LIST: elements */
	uint32_t count_offset; /* LIST: offset of n_name */
	const struct kin_layout *(*element)(void);
};

/* The fields of one struct; the array ends with KIN_FIELD_END. */
struct kin_layout {
	const struct kin_field *fields;
	size_t size;
};

enum kin_operation_mode { KIN_MODE_CALL, KIN_MODE_SEND };

struct kin_operation {
	const char *name;
	enum kin_operation_mode mode;
	const struct kin_layout *(*request)(void);
	const struct kin_layout *(*reply)(void);
	int (*handle)(const void *handlers, void *self, void *request, void *reply);
};

struct kin_interface {
	const char *name; /* of the service, e.g. "ROM" */
	uint32_t version; /* client and server must agree */
	const struct kin_operation *operations;
	uint32_t n_operations;
};

/**
 * kin_call() - call an operation and wait for its answer
 * @channel:   the client's end of the session
 * @interface: its table
 * @operation: index into the table
 * @request:   struct of the operation's request
 * @ret_reply: struct of its reply, written only if 0 is returned; may be NULL if it has no fields
 *
 * Return: what the handler returned: 0 or a positive answer, or its negative errno; -EPIPE if the
 * peer is gone, -EPROTO if it sent what is no reply, -EMFILE if capabilities could not be received,
 * -ETOOMANYREFS if the server has handled it, but too many are under way for them to be sent.
 */
int kin_call(int channel, const struct kin_interface *interface, uint32_t operation,
	const void *request, void *ret_reply);

/**
 * kin_send() - send a one-way operation; waits only while the peer's buffer is full
 *
 * Return: 0, -EPIPE if the peer is gone.
 */
int kin_send(int channel, const struct kin_interface *interface, uint32_t operation,
	const void *request);

/**
 * kin_dispatch() - receive one message and let its handler answer it, never waiting
 * @channel:   the server's end of the session
 * @handlers:  struct NAME_handlers of the interface; a missing handler answers -ENOSYS
 * @self:      first argument of the handlers
 *
 * Return: 0 if a message was handled, even by a refusal; -EAGAIN if there was none; -EPIPE if the
 * peer is gone; -EPROTO if it broke the protocol; -ENOBUFS if it does not drain its replies. After
 * the last three the channel is of no use any more.
 */
int kin_dispatch(
	int channel, const struct kin_interface *interface, const void *handlers, void *self);

/**
 * kin_reply() - answer a call whose handler returned KIN_DEFERRED, never waiting
 * @status: answer; the reply's fields are sent if it is 0
 * @reply:  struct of the operation's reply; its capabilities are taken; may be NULL without fields
 *
 * Return: 0, -EPIPE or -ENOBUFS as with kin_dispatch().
 */
int kin_reply(int channel, const struct kin_interface *interface, uint32_t operation, int status,
	void *reply);

/* clang-format off */

#define KIN_NOTHING(F)

#define KIN_MEMBER(kind, ...)         KIN_MEMBER_##kind(__VA_ARGS__)
#define KIN_MEMBER_U8(name)           uint8_t name;
#define KIN_MEMBER_U16(name)          uint16_t name;
#define KIN_MEMBER_U32(name)          uint32_t name;
#define KIN_MEMBER_U64(name)          uint64_t name;
#define KIN_MEMBER_I64(name)          int64_t name;
#define KIN_MEMBER_TEXT(name, max)    char name[(max) + 1];
#define KIN_MEMBER_ARGS(name)         struct kin_args name;
#define KIN_MEMBER_AFFINITY(name)     struct kin_affinity name;
#define KIN_MEMBER_CAP(name)          int name;
#define KIN_MEMBER_CAP_OPTIONAL(name) int name;
#define KIN_MEMBER_LIST(name, max, type) \
	uint32_t n_##name; \
	struct type name[max];

#define KIN_DESCRIBE(kind, ...)        KIN_DESCRIBE_##kind(__VA_ARGS__)
#define KIN_DESCRIBE_PLAIN(kind, name) { kind, offsetof(kin_described, name), 0, 0, NULL },
#define KIN_DESCRIBE_U8(name)          KIN_DESCRIBE_PLAIN(KIN_FIELD_U8, name)
#define KIN_DESCRIBE_U16(name)         KIN_DESCRIBE_PLAIN(KIN_FIELD_U16, name)
#define KIN_DESCRIBE_U32(name)         KIN_DESCRIBE_PLAIN(KIN_FIELD_U32, name)
#define KIN_DESCRIBE_U64(name)         KIN_DESCRIBE_PLAIN(KIN_FIELD_U64, name)
#define KIN_DESCRIBE_I64(name)         KIN_DESCRIBE_PLAIN(KIN_FIELD_I64, name)
#define KIN_DESCRIBE_TEXT(name, max) \
	{ KIN_FIELD_TEXT, offsetof(kin_described, name), max, 0, NULL },
#define KIN_DESCRIBE_ARGS(name)         KIN_DESCRIBE_PLAIN(KIN_FIELD_ARGS, name)
#define KIN_DESCRIBE_AFFINITY(name)     KIN_DESCRIBE_PLAIN(KIN_FIELD_AFFINITY, name)
#define KIN_DESCRIBE_CAP(name)          KIN_DESCRIBE_PLAIN(KIN_FIELD_CAP, name)
#define KIN_DESCRIBE_CAP_OPTIONAL(name) KIN_DESCRIBE_PLAIN(KIN_FIELD_CAP_OPTIONAL, name)
#define KIN_DESCRIBE_LIST(name, max, type) \
	{ KIN_FIELD_LIST, offsetof(kin_described, name), max, offsetof(kin_described, n_##name), \
		type##_layout },

#define KIN_LAYOUT_DECLARE(type, fields) \
	struct type { \
		fields(KIN_MEMBER) \
	}; \
	const struct kin_layout *type##_layout(void);

#define KIN_LAYOUT_DEFINE(type, fields_) \
	const struct kin_layout *type##_layout(void) \
	{ \
		typedef struct type kin_described; \
		static const struct kin_field fields[] = { fields_(KIN_DESCRIBE){ \
			KIN_FIELD_END, 0, 0, 0, NULL } }; \
		static const struct kin_layout layout = { fields, sizeof(kin_described) }; \
		_Static_assert(sizeof(kin_described) <= KIN_STRUCT_MAX, "message too large"); \
		return &layout; \
	}

#define KIN_OP_LAYOUTS(i, op, mode, request, reply) \
	KIN_LAYOUT_DECLARE(i##_##op##_request, request) \
	KIN_LAYOUT_DECLARE(i##_##op##_reply, reply)
#define KIN_OP_INDEX(i, op, mode, request, reply) i##_##op##_operation,
#define KIN_OP_HANDLER(i, op, mode, request, reply) \
	int (*op)(void *self, struct i##_##op##_request *request_, struct i##_##op##_reply *reply_);
#define KIN_OP_STUB(i, op, mode, request, reply) KIN_OP_STUB_##mode(i, op)
#define KIN_OP_STUB_CALL(i, op) \
	static inline int i##_##op(int channel, const struct i##_##op##_request *request_, \
		struct i##_##op##_reply *ret_reply) \
	{ \
		return kin_call( \
			channel, &i##_interface, i##_##op##_operation, request_, ret_reply); \
	}
#define KIN_OP_STUB_SEND(i, op) \
	static inline int i##_##op(int channel, const struct i##_##op##_request *request_) \
	{ \
		return kin_send(channel, &i##_interface, i##_##op##_operation, request_); \
	}
#define KIN_OP_DEFINE(i, op, mode, request_fields, reply_fields) \
	KIN_LAYOUT_DEFINE(i##_##op##_request, request_fields) \
	KIN_LAYOUT_DEFINE(i##_##op##_reply, reply_fields) \
	static int i##_##op##_handle( \
		const void *handlers, void *self, void *request_, void *reply_) \
	{ \
		const struct i##_handlers *h = handlers; \
		return h->op ? h->op(self, request_, reply_) : -ENOSYS; \
	}
#define KIN_OP_ROW(i, op, mode, request, reply) \
	{ #op, KIN_MODE_##mode, i##_##op##_request_layout, i##_##op##_reply_layout, \
		i##_##op##_handle },

#define KIN_INTERFACE_DECLARE(i, operations) \
	operations(KIN_OP_LAYOUTS) enum { operations(KIN_OP_INDEX) i##_n_operations }; \
	struct i##_handlers { \
		operations(KIN_OP_HANDLER) \
	}; \
	extern const struct kin_interface i##_interface; \
	operations(KIN_OP_STUB)

#define KIN_INTERFACE_DEFINE(i, service_name, service_version, operations_) \
	operations_(KIN_OP_DEFINE) static const struct kin_operation i##_operations[] = { \
		operations_(KIN_OP_ROW) \
	}; \
	const struct kin_interface i##_interface = { service_name, service_version, \
		i##_operations, i##_n_operations };

/* clang-format on */

#endif
