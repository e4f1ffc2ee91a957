/*
 * Services by name: who provides them
 *
 * For each name that somebody asked for or provides: the parent's, the owner's own, and those of
 * the children. A child's service exists from its <provides> on, before it announces it, so that
 * requests wait for a server that is still starting.
 */
#ifndef ENGINE_SERVICE_H
#define ENGINE_SERVICE_H

#include <stdbool.h>
#include <uthash.h>

#include <kin/limits.h>

struct child;
struct sandbox;

enum service_kind { SERVICE_PARENT, SERVICE_LOCAL, SERVICE_CHILD };

struct service {
	enum service_kind kind;
	struct service_name *name;
	struct child *server;        /* SERVICE_CHILD */
	struct service *prev, *next; /* of the same name */
	struct service *child_next;  /* of the same child */
};

struct service_name {
	char name[KIN_NAME_MAX + 1];
	struct service parent, local;
	bool from_parent; /* in <parent-provides> */
	struct service *children;
	UT_hash_handle hh;
};

struct services {
	struct service_name *names;
};

/* Return: the entry, made if need be; NULL if there is no memory */
struct service_name *services_get(struct services *services, const char *name);

/* Return: 0, -EEXIST if the child provides it already, -ENOMEM */
int services_provide(struct services *services, struct child *server, const char *name);

/* The child no longer provides anything. Its sessions must be purged. */
void services_withdraw(struct services *services, struct child *server);

/* Return: the child's service of that name, or NULL */
struct service *services_of_child(
	struct services *services, struct child *server, const char *name);

void services_done(struct services *services);

#endif
