/*
 * Sequences of messages at a live dispatcher
 *
 * A client sends whatever the input says over a real channel: messages of an interface, others, and
 * descriptors beside them. The server's handlers answer variously: yes with all fields, no, an
 * error, later; some take what they were given. The client sees one reply to each call, in order,
 * with the handler's own answer, and afterwards no descriptor is left.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz/interfaces.h"
#include "ipc/channel.h"

#define REPLIES_MAX    512
#define OPERATIONS_MAX 32

static const char *const texts[] = { "", "LOG", "a -> b", "key", NULL };

struct scene {
	struct input in;
	struct kin_interface interface; /* with our handlers */
	struct kin_operation operations[OPERATIONS_MAX];
	int server, client; /* 0 once closed */
	uint32_t operation; /* being handled */
	int answer;         /* of the handler */
	bool handled;
	struct wire_header expected[REPLIES_MAX]; /* in the order they were sent */
	unsigned n_sent, n_received;
	uint32_t deferred[REPLIES_MAX];
	unsigned n_deferred;
};

/* The handler keeps what it was given. */
static void take_caps(const struct kin_layout *layout, uint8_t *message)
{
	for (const struct kin_field *f = layout->fields; f->kind != KIN_FIELD_END; f++) {
		int *cap = (int *) (message + f->offset);

		if ((f->kind != KIN_FIELD_CAP && f->kind != KIN_FIELD_CAP_OPTIONAL) || !*cap)
			continue;
		assert(fcntl(*cap, F_GETFD) == FD_CLOEXEC);
		close(*cap);
		*cap = 0;
	}
}

static int handle(const void *handlers, void *self, void *request, void *reply)
{
	struct scene *scene = self;
	const struct kin_operation *op = &scene->operations[scene->operation];
	uint8_t how = input_byte(&scene->in);

	scene->handled = true;
	if (how & 1)
		take_caps(op->request(), request);
	switch (how >> 1 & 3) {
	case 0:
		message_fill(op->reply(), &scene->in, texts, some_descriptor, reply);
		scene->answer = 0;
		break;
	case 1:
		scene->answer = 1 + (how >> 3) % KIN_INVALID;
		break;
	case 2:
		scene->answer = -1 - (how >> 3);
		break;
	default:
		scene->answer = scene->n_deferred < REPLIES_MAX ? KIN_DEFERRED : KIN_DENIED;
	}
	return scene->answer;
}

static void expect(struct scene *scene, uint32_t operation, int answer)
{
	assert(scene->n_sent < REPLIES_MAX);
	scene->expected[scene->n_sent++] = (struct wire_header){ operation, answer };
}

static void hang_up(int *end)
{
	if (*end)
		close(*end);
	*end = 0;
}

/* What the last error left of the server is nothing. */
static void after_server(struct scene *scene, int r)
{
	assert(r == 0 || r == -EAGAIN || r == -EPIPE || r == -EPROTO || r == -ENOBUFS);
	if (r && r != -EAGAIN)
		hang_up(&scene->server);
}

static void serve(struct scene *scene)
{
	uint32_t peeked = UINT32_MAX;

	if (!scene->server || scene->n_sent == REPLIES_MAX)
		return;
	int r = channel_peek(scene->server, &peeked);

	scene->operation = peeked;
	scene->handled = false;
	int dispatched = kin_dispatch(scene->server, &scene->interface, NULL, scene);

	assert(r == 0 || dispatched < 0);
	assert(!scene->handled || peeked < scene->interface.n_operations);
	if (scene->handled && scene->operations[peeked].mode == KIN_MODE_CALL) {
		if (scene->answer == KIN_DEFERRED)
			scene->deferred[scene->n_deferred++] = peeked;
		else if (dispatched == 0)
			expect(scene, peeked, scene->answer);
	}
	after_server(scene, dispatched);
}

static void answer_later(struct scene *scene)
{
	_Alignas(16) uint8_t reply[KIN_STRUCT_MAX];

	if (!scene->server || !scene->n_deferred || scene->n_sent == REPLIES_MAX)
		return;
	uint32_t operation = scene->deferred[--scene->n_deferred];
	int status = (int) input_below(&scene->in, KIN_INVALID);

	message_fill(
		scene->operations[operation].reply(), &scene->in, texts, some_descriptor, reply);
	int r = kin_reply(scene->server, &scene->interface, operation, status, reply);

	if (r == 0)
		expect(scene, operation, status);
	after_server(scene, r);
}

static bool receive(struct scene *scene)
{
	struct wire_header header;

	if (!scene->client || !message_receive(scene->client, &scene->interface, &header, NULL))
		return false;
	assert(scene->n_received < scene->n_sent);
	const struct wire_header *expected = &scene->expected[scene->n_received++];

	assert(header.operation == expected->operation && header.status == expected->status);
	return true;
}

static void step(struct scene *scene)
{
	switch (input_below(&scene->in, 8)) {
	case 0:
	case 1:
	case 2:
		if (scene->client)
			message_send_some(&scene->in, scene->client, &scene->interface, texts);
		break;
	case 3:
	case 4:
		serve(scene);
		break;
	case 5:
		answer_later(scene);
		break;
	case 6:
		receive(scene);
		break;
	default:
		if (input_below(&scene->in, 8) == 7)
			hang_up(&scene->client);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scene scene;
	unsigned n = descriptors_open();

	scene = (struct scene){ .in = { data, data + size } };
	const struct kin_interface *interface = interfaces[input_below(&scene.in, n_interfaces)];

	assert(interface->n_operations <= OPERATIONS_MAX);
	scene.interface = *interface;
	scene.interface.operations = scene.operations;
	for (uint32_t i = 0; i < interface->n_operations; i++) {
		scene.operations[i] = interface->operations[i];
		scene.operations[i].handle = handle;
	}
	int r = channel_pair(&scene.server, &scene.client);

	assert(r == 0);
	fcntl(scene.client, F_SETFL, O_NONBLOCK);
	while (input_left(&scene.in))
		step(&scene);
	for (unsigned i = 0; i < REPLIES_MAX && scene.server; i++)
		serve(&scene);
	while (receive(&scene))
		;
	assert(!scene.client || scene.n_received == scene.n_sent);
	hang_up(&scene.client);
	hang_up(&scene.server);
	assert(descriptors_open() == n);
	return 0;
}
