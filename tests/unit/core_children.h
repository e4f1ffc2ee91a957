/*
 * Children for the tests of core: core_child as a component of core's own PD
 *
 * A test program takes the path of core_child as its first argument.
 */
#ifndef TESTS_UNIT_CORE_CHILDREN_H
#define TESTS_UNIT_CORE_CHILDREN_H

#include "core_child.h"
#include "core_fixture.h"

#define MIB (UINT64_C(1) << 20)

/* A child of core's own PD with its environment sessions. */
struct child {
	struct core_session *pd, *cpu, *log, *binary;
	int pd_cap, cpu_cap, log_cap, binary_cap;
	uint32_t account;
	unsigned threads; /* 1 unless changed before its start */
	struct pd_start_reply started;
};

/* Reads the binary; ends the program if it can't. */
void children_init(int argc, char **argv);

/* Puts a file into the first ROM directory. */
void child_install_file(struct fixture *f, const char *name, const char *path);

/* Puts the binary into the first ROM directory. */
void child_install(struct fixture *f, const char *name);

/* Opens its sessions, with that quota and binary. */
void child_open(
	struct fixture *f, struct child *c, const char *module, uint64_t ram, uint64_t caps);

/* The answer of core_pd_load() for a module; what is missing then goes to @ret_missing. */
int child_load(struct fixture *f, struct child *c, int rom, int dataspace, char *ret_missing);

/* The answer of core_pd_start(). */
int child_start(struct fixture *f, struct child *c);

/* Opens and starts a child that obeys. */
void child_run(struct fixture *f, struct child *c, uint64_t ram);

/* Closes all, waits until it is reaped, asserts that core has everything back. */
void child_close(struct fixture *f, struct child *c);
void child_close_session(struct core_session **session);
void graveyard_wait(struct fixture *f);

struct pd *child_pd(const struct child *c);
struct pd_status_reply child_status(struct fixture *f, const struct child *c);
struct pd_account_reply child_account(struct fixture *f, const struct child *c);

void child_tell(const struct child *c, enum core_child_what what, uint64_t value);
int64_t child_ask(const struct child *c, enum core_child_what what, uint64_t value);

/* Waits until its pidfd tells its end. */
void child_wait(struct fixture *f, const struct child *c);

#endif
