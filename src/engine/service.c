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

static void change(struct services *services, struct service_name *entry)
{
	if (entry->changed)
		return;
	entry->changed = true;
	entry->changed_next = services->changed;
	services->changed = entry;
}

struct service_name *services_take_changed(struct services *services)
{
	struct service_name *entry = services->changed;

	if (!entry)
		return NULL;
	services->changed = entry->changed_next;
	entry->changed = false;
	if (!entry->moved) {
		entry->moved_next = services->moved;
		services->moved = entry;
	}
	entry->moved = true;
	return entry;
}

struct service_name *services_take_moved(struct services *services)
{
	struct service_name *entry = services->moved;

	if (!entry)
		return NULL;
	services->moved = entry->moved_next;
	entry->moved = false;
	return entry;
}

int services_from_parent(struct services *services, const char *name, bool from_parent)
{
	struct service_name *entry = services_get(services, name);

	if (!entry)
		return -ENOMEM;
	if (entry->from_parent != from_parent)
		change(services, entry);
	entry->from_parent = from_parent;
	return 0;
}

static struct service *find(struct child *server, const char *name)
{
	struct service *service = server->provided;

	while (service && strcmp(service->name->name, name) != 0)
		service = service->child_next;
	return service;
}

struct service *services_of_child(struct services *services, struct child *server, const char *name)
{
	struct service *service = find(server, name);

	return service && !service->withdrawn ? service : NULL;
}

static void offer(struct services *services, struct service *service)
{
	service->withdrawn = false;
	DL_APPEND(service->name->children, service);
	change(services, service->name);
	services->grown = true;
}

int services_provide(struct services *services, struct child *server, const char *name)
{
	struct service *known = find(server, name);

	if (known && !known->withdrawn)
		return -EEXIST;
	if (known) {
		offer(services, known);
		return 0;
	}
	struct service_name *entry = services_get(services, name);
	struct service *service = entry ? calloc(1, sizeof(*service)) : NULL;

	if (!service)
		return -ENOMEM;
	service->kind = SERVICE_CHILD;
	service->name = entry;
	service->server = server;
	service->child_next = server->provided;
	server->provided = service;
	offer(services, service);
	return 0;
}

/* Return: whether it was offered */
static bool withdraw(struct service *service)
{
	if (service->withdrawn)
		return false;
	service->withdrawn = true;
	DL_DELETE(service->name->children, service);
	return true;
}

void services_retract(struct services *services, struct service *service)
{
	if (withdraw(service))
		change(services, service->name);
}

void services_retract_all(struct services *services, struct child *server)
{
	for (struct service *s = server->provided; s; s = s->child_next)
		services_retract(services, s);
}

void services_end(struct child *server)
{
	for (struct service *s = server->provided; s; s = s->child_next)
		withdraw(s);
}

void services_withdraw(struct child *server)
{
	while (server->provided) {
		struct service *service = server->provided;

		server->provided = service->child_next;
		withdraw(service);
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
