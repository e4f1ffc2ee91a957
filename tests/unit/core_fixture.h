/*
 * What the tests of core share: core's services over a pipe and two private ROM directories
 *
 * The loop runs only when a test says so. Closing the fixture asserts that no descriptor is left.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/services.h"

#define FIXTURE_RAM  (64u << 20)
#define FIXTURE_CAPS 1000

struct fixture {
	struct spawner spawner;
	struct loop loop;
	struct core_services services;
	char directories[2][32];
	int output; /* what core writes comes out here, non-blocking */
	unsigned n_descriptors;
	char text[1 << 20];
};

/* Setup and teardown of a cmocka test; the state is the fixture. */
int fixture_open(void **state);
int fixture_close(void **state);

/* The same over a descriptor to write to, taken. */
int fixture_open_on(void **state, int take_output_fd);

unsigned fixture_count_descriptors(void);

/* Opens a session with that donation; the answer of core_session_create(). */
int fixture_session(struct fixture *f, const char *service, const char *label, uint64_t ram,
	uint64_t caps, struct core_session **ret, int *ret_cap);

/* A session with enough of everything, which must succeed. */
struct core_session *fixture_open_session(
	struct fixture *f, const char *service, const char *label, int *ret_cap);

/* A PD of root with that quota, which must succeed. */
struct pd *fixture_open_pd(struct fixture *f, const char *label, uint64_t ram, uint64_t caps,
	int *ret_cap, uint32_t *ret_account);

/* Lets the loop handle all that is there. */
void fixture_settle(struct fixture *f);

/* Runs @call in a thread of its own, as a client that blocks, while the loop serves. */
void fixture_as_client(struct fixture *f, void (*call)(void *context), void *context);

/*
 * Calls @attempt with room for 0, 1, 2, … more descriptors until it answers 0. In between no
 * descriptor and no charge may be left.
 */
void fixture_sweep_descriptors(struct fixture *f, int (*attempt)(void *context), void *context);

/* All that core has written since the last time; valid until the next call. */
const char *fixture_heard(struct fixture *f);

/* A file in one of the directories. */
void fixture_file(struct fixture *f, int directory, const char *name, const void *data, size_t n);
const char *fixture_path(struct fixture *f, int directory, const char *name);

#endif
