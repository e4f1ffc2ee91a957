/* Services by name; see the header. */
#include "engine/service.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/child.h"

struct service_name *services_get(struct services *services, const char *name)
{
	struct service_name *entry;

	HASH_FIND_STR(services->names, name, entry);
	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(entry->name, name, strnlen(name, KIN_NAME_MAX));
	entry->parent = (struct service){ .kind = SERVICE_PARENT, .name = entry };
	entry->local = (struct service){ .kind = SERVICE_LOCAL, .name = entry };
	HASH_ADD_STR(services->names, name, entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	return entry;
}

struct service *services_of_child(struct services *services, struct child *server, const char *name)
{
	for (struct service *s = server->provided; s; s = s->child_next)
		if (strcmp(s->name->name, name) == 0)
			return s;
	return NULL;
}

int services_provide(struct services *services, struct child *server, const char *name)
{
	if (services_of_child(services, server, name))
		return -EEXIST;
	struct service_name *entry = services_get(services, name);
	struct service *service = entry ? calloc(1, sizeof(*service)) : NULL;

	if (!service)
		return -ENOMEM;
	service->kind = SERVICE_CHILD;
	service->name = entry;
	service->server = server;
	service->child_next = server->provided;
	server->provided = service;
	DL_APPEND(entry->children, service);
	return 0;
}

void services_withdraw(struct services *services, struct child *server)
{
	while (server->provided) {
		struct service *service = server->provided;

		server->provided = service->child_next;
		DL_DELETE(service->name->children, service);
		free(service);
	}
}

void services_done(struct services *services)
{
	struct service_name *entry, *next;

	HASH_ITER (hh, services->names, entry, next) {
		HASH_DEL(services->names, entry);
		free(entry);
	}
}
