/*
 * Services by name: who provides them
 *
 * For each name that somebody asked for or provides: the parent's, the owner's own, and those of
 * the children. A child's service exists from its <provides> on, before it announces it, so that
 * requests wait for a server that is still starting.
 *
 * A name whose providers changed is listed as changed until somebody takes it from there, and then
 * as moved, likewise: what it meant to the sessions asked for under it may have changed as well.
 */
#ifndef ENGINE_SERVICE_H
#define ENGINE_SERVICE_H

#include <stdbool.h>
#include <uthash.h>

#include <kin/limits.h>

struct child;
struct kin_node;
struct sandbox;
struct session;

enum service_kind { SERVICE_PARENT, SERVICE_LOCAL, SERVICE_CHILD };

struct service {
	enum service_kind kind;
	struct service_name *name;
	struct child *server;        /* SERVICE_CHILD */
	bool withdrawn;              /* no longer offered; what sessions it has still end there */
	struct service *prev, *next; /* of the same name */
	struct service *child_next;  /* of the same child */
};

struct service_name {
	char name[KIN_NAME_MAX + 1];
	struct service parent, local;
	bool from_parent;         /* in <parent-provides> */
	struct service *children; /* that offer it */
	struct session *sessions; /* asked for under this name by children that live */
	bool changed, moved;
	struct service_name *changed_next, *moved_next;
	const struct kin_node *forward; /* <service>: whom of the parent's clients it serves */
	bool announced;                 /* to the parent */
	UT_hash_handle hh;
};

struct services {
	struct service_name *names;
	struct service_name *changed, *moved;
	bool grown; /* a child offers something that it did not before */
};

/* Return: the entry, made if need be; NULL if there is no memory */
struct service_name *services_get(struct services *services, const char *name);

/* The parent offers it, or no longer does. Return: 0, -ENOMEM */
int services_from_parent(struct services *services, const char *name, bool from_parent);

/* Offers it (again). Return: 0, -EEXIST if the child provides it already, -ENOMEM */
int services_provide(struct services *services, struct child *server, const char *name);

/* Offers it no longer, but what sessions it has are still to be closed. */
void services_retract(struct services *services, struct service *service);

/* The same for all that a child offers. */
void services_retract_all(struct services *services, struct child *server);

/* The child ends: it offers nothing from now on, which is no reason to look at who used it again.
 */
void services_end(struct child *server);

/* It no longer provides anything, either. Its sessions must be purged. */
void services_withdraw(struct child *server);

/* Return: one of the names that changed, which is listed as moved from now on; NULL if there is
 * none (left) */
struct service_name *services_take_changed(struct services *services);

/* Return: one of the names that moved, off that list; NULL if there is none (left) */
struct service_name *services_take_moved(struct services *services);

/* Return: the child's service of that name if it offers it, or NULL */
struct service *services_of_child(
	struct services *services, struct child *server, const char *name);

void services_done(struct services *services);

#endif
