/*
 * Services, what the list of requests and the life of a client have in common
 */
#ifndef COMPONENT_SERVICE_H
#define COMPONENT_SERVICE_H

#include <kin/service.h>

#include "component/env.h"
#include "wire/parent.h"

/* Outcomes of requests at the parent; @request is one of the kinds in the function's name. */
void client_create(struct kin_env *env, struct kin_service *service,
	const struct parent_pending_request *request);
void client_upgrade(struct kin_env *env, const struct parent_pending_request *request);
void client_close(struct kin_env *env, const struct parent_pending_request *request);

/* Answers a request with one of enum kin_answer. */
void request_respond(struct kin_env *env, uint32_t id, int answer);

#endif
