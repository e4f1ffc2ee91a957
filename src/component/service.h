/*
 * Services, what the list of requests and the life of a client have in common
 */
#ifndef COMPONENT_SERVICE_H
#define COMPONENT_SERVICE_H

#include <kin/service.h>

#include "component/env.h"
#include "wire/parent.h"

/**
 * service_forward() - announce a service that env->embedded provides
 *
 * What is not about a service or client of our own goes there; it answers by the parent's channel.
 *
 * Return: as kin_service_announce(); 0 if it was announced before; KIN_DENIED if it is our own.
 */
int service_forward(struct kin_env *env, const char *name);
void service_forward_done(struct kin_env *env);

/* Return: whether the source has a client under that ID */
bool client_exists(struct request_source *origin, uint32_t id);

/* Requests of a source; @request is one of the kinds in the function's name. */
void client_create(struct kin_env *env, struct request_source *origin, struct kin_service *service,
	const struct parent_pending_request *request);
void client_upgrade(struct request_source *origin, const struct parent_pending_request *request);
void client_close(struct request_source *origin, const struct parent_pending_request *request);

#endif
