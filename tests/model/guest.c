/*
 * Guests: the parent's other clients, whose sessions the engine forwards
 *
 * Plays the parent's part, which puts the donation into our account before we are told of the
 * request, and takes it from there once it is told of the end. What the parent may not say or be
 * told in its state aborts.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "engine/forward.h"
#include "model/model.h"

struct model_guest *model_guest(struct model *model, uint32_t id)
{
	struct model_guest *guest;

	DL_FOREACH (model->guests, guest)
		if (guest->id == id)
			break;
	return guest;
}

/* The parent's other clients have what the engine's program has not got of theirs. */
static bool pay(struct model *model, struct quota amount)
{
	struct quota left = { MODEL_GUESTS_RAM, MODEL_GUESTS_CAPS };
	const struct model_guest *guest;

	DL_FOREACH (model->guests, guest) {
		left.ram -= guest->amount.ram;
		left.caps -= guest->amount.caps;
	}
	if (amount.ram > left.ram || amount.caps > left.caps)
		return false;
	model_move_up(model, amount, true);
	return true;
}

uint32_t model_guest_open_with(
	struct model *model, const char *service, const struct kin_args *args)
{
	const struct quota amount = { args->ram_quota, args->cap_quota };
	const struct kin_affinity affinity = { 4, 2, 1, 0, 2, 1 };
	struct model_guest *guest;

	if (!pay(model, amount))
		return 0;
	guest = calloc(1, sizeof(*guest));
	assert(guest);
	*guest = (struct model_guest){ .id = ++model->last_guest_id, .amount = amount };
	DL_APPEND(model->guests, guest);
	uint32_t id = guest->id;

	forward_request(&model->sandbox, &(struct forward_request){ .kind = FORWARD_CREATE,
						 .id = id,
						 .service = service,
						 .version = 1,
						 .args = args,
						 .affinity = &affinity });
	model_check(model);
	return id;
}

uint32_t model_guest_open(
	struct model *model, const char *service, const char *label, struct quota amount)
{
	struct kin_args args = { .ram_quota = amount.ram, .cap_quota = amount.caps };

	strcpy(args.label, label);
	return model_guest_open_with(model, service, &args);
}

bool model_guest_upgrade(struct model *model, uint32_t id, struct quota amount)
{
	struct model_guest *guest = model_guest(model, id);

	if (!guest || guest->state != MODEL_GUEST_OPEN || !pay(model, amount))
		return false;
	guest->amount.ram += amount.ram;
	guest->amount.caps += amount.caps;
	guest->state = MODEL_GUEST_UPGRADING;
	forward_request(&model->sandbox,
		&(struct forward_request){ .kind = FORWARD_UPGRADE, .id = id, .amount = amount });
	model_check(model);
	return true;
}

/* While it is created the parent says nothing of its client's end: the answer comes first. */
bool model_guest_close(struct model *model, uint32_t id)
{
	struct model_guest *guest = model_guest(model, id);

	if (!guest || guest->state == MODEL_GUEST_CREATING || guest->state == MODEL_GUEST_CLOSING)
		return false;
	guest->state = MODEL_GUEST_CLOSING;
	forward_request(&model->sandbox, &(struct forward_request){ FORWARD_CLOSE, id });
	model_check(model);
	return true;
}

static int announce(void *ctx, const char *service)
{
	model_note(ctx, "announce %s", service);
	return model_scripted(ctx, MODEL_ANNOUNCE, service);
}

static void deliver(void *ctx, uint32_t id, int cap)
{
	struct model *model = ctx;
	struct model_guest *guest = model_guest(model, id);

	model_note(model, "deliver %u", id);
	assert(guest && guest->state == MODEL_GUEST_CREATING);
	guest->state = MODEL_GUEST_OPEN;
	model_cap_close(model, cap);
}

static bool is_known(const struct model *model, const struct forward *forward)
{
	const struct forward *known = model->sandbox.forwards;

	while (known && known != forward)
		known = known->by_id.next;
	return known;
}

/* The quota is back in our account: no child serves the session any more, and what they have is
 * right without it. */
static void end(struct model *model, struct model_guest *guest)
{
	const struct session *session;
	struct child *child;

	DL_FOREACH (model->sandbox.children, child)
		for (session = child->served; session; session = session->by_server_id.next)
			assert(!session->forward || is_known(model, session->forward));
	model_check_accounts(model);
	int r = model_move_up(model, guest->amount, false);

	assert(r == 0);
	DL_DELETE(model->guests, guest);
	free(guest);
}

static void respond(void *ctx, uint32_t id, int answer)
{
	struct model *model = ctx;
	struct model_guest *guest = model_guest(model, id);

	model_note(model, "respond %u %s", id, kin_answer_text(answer));
	assert(guest);
	switch (answer) {
	case KIN_OK:
		assert(guest->state == MODEL_GUEST_UPGRADING);
		guest->state = MODEL_GUEST_OPEN;
		break;
	case KIN_CLOSED:
		assert(guest->state != MODEL_GUEST_CREATING);
		end(model, guest);
		break;
	default:
		assert(answer == KIN_DENIED || answer == KIN_INSUFFICIENT_RAM ||
			answer == KIN_INSUFFICIENT_CAPS);
		assert(guest->state == MODEL_GUEST_CREATING);
		end(model, guest);
	}
}

const struct forward_ops model_forward_ops = { announce, deliver, respond };
