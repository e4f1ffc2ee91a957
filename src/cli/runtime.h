/*
 * Runtime folder: where running trees can be found
 *
 * Each running tree has a socket there, named as the tree. The folder is the first of these whose
 * parent is there and ours:
 *
 *     $XDG_RUNTIME_DIR/kin    /run/user/UID/kin    /tmp/kin-UID
 *
 * It is made with mode 0700, and refused if it is somebody else's, open to others or no folder. All
 * that happens in it goes by its descriptor, so nobody can put another one in its place meanwhile.
 *
 * Who gives a name away or removes a dead socket holds a lock on the folder. Sockets listen before
 * they let go of it, so one that refuses connections has no tree any more.
 */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <kin/limits.h>

#define RUNTIME_SAME_NAME_MAX 99   /* NAME, NAME-2, … NAME-99 */
#define RUNTIME_LOCK_MS       2000 /* to wait for who else holds the lock */
#define RUNTIME_TREES_MAX     1000 /* that are listed */

/* Where folders of users are; different in tests. */
struct runtime_roots {
	const char *xdg; /* $XDG_RUNTIME_DIR, or NULL */
	const char *run; /* "/run/user" */
	const char *tmp; /* "/tmp" */
	uid_t user;
};

/** runtime_path() - where the folder is or would be. Return: 0, -ENAMETOOLONG. */
int runtime_path(const struct runtime_roots *roots, char ret[PATH_MAX]);

/**
 * runtime_open() - open the folder of this user
 * @make: make it if it is not there
 *
 * Return: 0 and a descriptor; -ENOENT if it is not there; other negative errno, and standard error
 * says why.
 */
int runtime_open(bool make, int *ret_folder);
int runtime_open_path(const char *path, bool make, int *ret_folder);

/** A socket with a name in the folder. */
struct runtime_socket {
	int folder, listener;
	char name[KIN_NAME_MAX + 1];
};

/** runtime_name_valid() - whether a tree can have that name */
bool runtime_name_valid(const char *name);

/** runtime_name_of() - the name of a tree with that config: its file's without folder and ending */
void runtime_name_of(const char *file, char ret[KIN_NAME_MAX + 1]);

/**
 * runtime_claim() - make a listening socket of that name
 * @folder: taken on success
 * @exact:  that name or none; else a number is added if there is a tree of that name
 *
 * Return: 0; -EADDRINUSE if the names are taken, -EBUSY if somebody else keeps the lock; other
 * negative errno. Says nothing.
 */
int runtime_claim(int folder, const char *name, bool exact, struct runtime_socket *ret);

/** runtime_release() - take the name away again and close all */
void runtime_release(struct runtime_socket *socket);

/**
 * runtime_connect() - connect to the tree of that name
 *
 * Return: 0; -ENOENT if there is none, -ECONNREFUSED if its socket is dead, -EAGAIN if it does not
 * take connections; other negative errno.
 */
int runtime_connect(int folder, const char *name, int *ret_channel);

typedef char runtime_name[KIN_NAME_MAX + 1];

/**
 * runtime_names() - the names of all trees that run, sorted; removes the sockets of dead ones,
 * unless somebody else has the lock
 * @ret: to be freed
 *
 * Return: 0; -E2BIG if there are more than RUNTIME_TREES_MAX; other negative errno.
 */
int runtime_names(int folder, runtime_name **ret, size_t *ret_n);

#endif
