/*
 * Services, what the list of requests and the life of a client have in common
 */
#ifndef COMPONENT_SERVICE_H
#define COMPONENT_SERVICE_H

#include <kin/service.h>

#include "component/env.h"
#include "wire/parent.h"

/* Requests of a source; @request is one of the kinds in the function's name. */
void client_create(struct kin_env *env, struct request_source *origin, struct kin_service *service,
	const struct parent_pending_request *request);
void client_upgrade(struct request_source *origin, const struct parent_pending_request *request);
void client_close(struct request_source *origin, const struct parent_pending_request *request);

#endif
