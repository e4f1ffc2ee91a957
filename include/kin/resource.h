/*
 * Resources: living within a budget that can change
 *
 * A component owns RAM and capabilities. When something fails because they ran out, its shortage
 * policy decides. The default is to ask the parent and wait: other events are remembered and
 * handled later, heartbeats are answered meanwhile. The parent can also want something back: it
 * sends a yield request, which is a request and not an order.
 */
#ifndef KIN_RESOURCE_H
#define KIN_RESOURCE_H

#include <kin/env.h>

#include <stddef.h>
#include <stdint.h>

enum kin_shortage {
	KIN_SHORTAGE_WAIT, /* ask the parent, wait for the grant, try again */
	KIN_SHORTAGE_FAIL, /* let the operation answer KIN_OUT_OF_RAM or KIN_OUT_OF_CAPS */
};

/** Decides about one shortage of @ram bytes or @caps capabilities; may free something and say WAIT
 * only if that was not enough, by returning it when asked again. */
typedef enum kin_shortage kin_shortage_handler(uint64_t ram, uint64_t caps, void *data);

/** kin_set_shortage_policy() - the same decision for every shortage. */
void kin_set_shortage_policy(struct kin_env *env, enum kin_shortage policy);

/** kin_on_shortage() - decide case by case; NULL goes back to the policy set. */
void kin_on_shortage(struct kin_env *env, kin_shortage_handler *decide, void *data);

/**
 * kin_resource_request() - tell the parent what we lack, without waiting
 *
 * Several requests are one to the parent, the latest counts. A grant runs the handler set by
 * kin_on_resource().
 */
void kin_resource_request(struct kin_env *env, uint64_t ram, uint64_t caps);

/** kin_on_resource() - called from the loop after a grant; NULL for nothing. */
void kin_on_resource(struct kin_env *env, kin_handler *granted, void *data);

/** Frees what can be freed of @ram bytes and @caps capabilities. */
typedef void kin_yield_handler(uint64_t ram, uint64_t caps, void *data);

/**
 * kin_on_yield() - handle yield requests from now on; the parent is answered when @yield returns.
 */
void kin_on_yield(struct kin_env *env, kin_yield_handler *yield, void *data);

/** What the component's accounts hold. */
struct kin_account {
	uint64_t ram_quota, ram_used; /* bytes; private memory included, which costs a 64th more
					 than its size */
	uint64_t cap_quota, cap_used;
};

/** kin_account_read() - ask for the state of our accounts. Return: 0 or negative errno. */
int kin_account_read(struct kin_env *env, struct kin_account *ret);

/**
 * kin_malloc() - malloc() that applies the shortage policy
 *
 * Return: memory for free(); NULL only if the policy gives up.
 */
void *kin_malloc(struct kin_env *env, size_t size);

#endif
