/*
 * Kernel objects of a PD
 *
 * An object is paid for and named before it is made, and forgotten and given back if that fails.
 * Core keeps what it needs to revoke an object from whoever hoards its descriptors: of a dataspace
 * the memory, which it truncates or, if it is large, has truncated (sweep.h); of a channel both
 * ends, which it shuts down and, when the object goes, empties. A signal needs nothing: once its
 * owner does not listen any more, triggering it has no effect on anybody.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/memfd.h"
#include "core/pd.h"
#include "core/sweep.h"
#include "ipc/signal.h"

struct pd_object *pd_object_new(enum pd_object_kind kind, struct quota cost)
{
	struct pd_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->kind = kind;
	object->cost = cost;
	return object;
}

struct pd_object *pd_object_find(struct pd *pd, uint32_t id)
{
	return TABLE_FIND(by_id, pd->objects, &id);
}

int pd_object_add(struct pd *pd, struct pd_object *object)
{
	/* Counting comes around after four billion objects; what is in use then is left out. */
	do
		object->id = ++pd->last_id;
	while (object->id == PD_ACCOUNT_SELF || pd_object_find(pd, object->id));
	return TABLE_ADD(by_id, pd->objects, id, object);
}

static void object_revoke(struct pd_object *object)
{
	switch (object->kind) {
	case PD_OBJECT_RAM:
		if (object->fd)
			ram_memfd_revoke(object->fd);
		break;
	case PD_OBJECT_RPC:
		ends_hang_up(&object->ends);
		break;
	case PD_OBJECT_ACCOUNT:
		if (object->child)
			object->child->adopter = NULL;
		break;
	case PD_OBJECT_SIGNAL:
		break;
	}
}

void pd_object_remove(struct pd *pd, struct pd_object *object)
{
	object_revoke(object);
	if (object->by_id.tbl)
		HASH_DELETE(by_id, pd->objects, object);
	descriptor_close(&object->fd);
	ends_close(&object->ends);
	free(object);
}

void pd_objects_hang_up(struct pd *pd)
{
	struct pd_object *object, *next;

	HASH_ITER (by_id, pd->objects, object, next)
		if (object->kind == PD_OBJECT_RPC)
			object_revoke(object);
}

/* A named object that is paid for; what it stands for is still to be made. */
static int object_open(
	struct pd *pd, enum pd_object_kind kind, uint64_t ram, struct pd_object **ret)
{
	struct quota cost = { ram, OBJECT_CAPS };
	struct pd_object *object;

	int r = pd_charge(pd, cost);
	if (r)
		return r;
	object = pd_object_new(kind, cost);
	r = object ? pd_object_add(pd, object) : -ENOMEM;
	if (r < 0) {
		free(object);
		pd_uncharge(pd, cost);
		return r;
	}
	*ret = object;
	return 0;
}

/* Leaves a large dataspace to a sweep. Return: whether it is the sweep's, and its price too */
static bool object_sweep(struct pd *pd, struct pd_object *object)
{
	int fd = object->fd;

	if (!fd || object->kind != PD_OBJECT_RAM || object->cost.ram < SWEEP_BYTES_MIN ||
		sweep_begin(pd->session.services, pd, &fd, 1, object->cost) < 0)
		return false;
	descriptor_close(&object->fd);
	return true;
}

static void object_close(struct pd *pd, struct pd_object *object)
{
	struct quota cost = object->cost;
	bool swept = object_sweep(pd, object);

	pd_object_remove(pd, object);
	if (!swept)
		pd_uncharge(pd, cost);
}

static struct quota dataspaces_cost(const struct pd *pd)
{
	struct quota cost = { 0, 0 };

	for (struct pd_object *object = pd->objects; object; object = object->by_id.next)
		if (object->kind == PD_OBJECT_RAM && object->fd)
			cost = quota_sum(cost, object->cost);
	return cost;
}

void pd_objects_sweep(struct pd *pd)
{
	struct quota cost = dataspaces_cost(pd);
	struct pd_object *object;
	size_t n = 0;

	if (cost.ram < SWEEP_BYTES_MIN)
		return;
	int *fds = calloc(cost.caps, sizeof(*fds));

	for (object = pd->objects; fds && object; object = object->by_id.next)
		if (object->kind == PD_OBJECT_RAM && object->fd)
			fds[n++] = object->fd;
	if (fds && sweep_begin(pd->session.services, NULL, fds, n, cost) == 0)
		for (object = pd->objects; object; object = object->by_id.next)
			descriptor_close(&object->fd);
	free(fds);
}

static int ram_make(struct pd_object *object, bool share, struct pd_alloc_ram_reply *ret)
{
	DESCRIPTOR_AUTO dataspace = 0;
	int read_only = 0;

	int r = ram_memfd_create("ram", object->cost.ram, &object->fd);
	if (r == 0)
		r = descriptor_dup(object->fd, &dataspace);
	if (r == 0 && share)
		r = ram_memfd_read_only(object->fd, &read_only);
	if (r < 0)
		return r;
	*ret = (struct pd_alloc_ram_reply){ object->id, descriptor_take(&dataspace), read_only };
	return 0;
}

int core_pd_alloc_ram(
	struct pd *pd, const struct pd_alloc_ram_request *request, struct pd_alloc_ram_reply *ret)
{
	uint64_t page_mask = (uint64_t) sysconf(_SC_PAGESIZE) - 1;
	struct pd_object *object;

	if (request->size == 0)
		return -EINVAL;
	if (request->size > INT64_MAX - page_mask)
		return KIN_OUT_OF_RAM;
	int r = object_open(pd, PD_OBJECT_RAM, (request->size + page_mask) & ~page_mask, &object);

	if (r)
		return r;
	r = ram_make(object, request->share, ret);
	if (r)
		object_close(pd, object);
	return r;
}

int core_pd_alloc_signal(struct pd *pd, const struct pd_alloc_signal_request *request,
	struct pd_alloc_signal_reply *ret)
{
	struct pd_object *object;

	int r = object_open(pd, PD_OBJECT_SIGNAL, 0, &object);
	if (r)
		return r;
	r = signal_context_open(&ret->signal);
	if (r)
		object_close(pd, object);
	else
		ret->id = object->id;
	return r;
}

static int rpc_make(struct pd_object *object, struct pd_alloc_rpc_reply *ret)
{
	int r = ends_make(&object->ends);

	if (r == 0)
		r = ends_share(&object->ends, &ret->server, &ret->client);
	ret->id = object->id;
	return r;
}

int core_pd_alloc_rpc(
	struct pd *pd, const struct pd_alloc_rpc_request *request, struct pd_alloc_rpc_reply *ret)
{
	struct pd_object *object;

	int r = object_open(pd, PD_OBJECT_RPC, KIN_CHANNEL_RAM, &object);
	if (r)
		return r;
	r = rpc_make(object, ret);
	if (r)
		object_close(pd, object);
	return r;
}

int core_pd_free(struct pd *pd, const struct pd_free_request *request, struct pd_free_reply *ret)
{
	struct pd_object *object = pd_object_find(pd, request->id);

	if (!object || object->kind == PD_OBJECT_ACCOUNT)
		return KIN_INVALID;
	object_close(pd, object);
	return 0;
}
