/*
 * Enumeration: one session, everything that can happen to it
 *
 * A session of the child "client" at a service is at one of a few points. table.c says, in rows,
 * what each operation of each party does at each point; explore.c does all of it to the real engine
 * and holds the result against the rows; document.c prints them as doc/sessions.md.
 *
 * A row stands for all combinations of its services, points, servers and operations. Each
 * combination has at most one row; one that can be reached has a row, one that can't has none.
 */
#ifndef ENUMERATE_H
#define ENUMERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum kind { CHILD, PARENT, LOCAL, KINDS };

enum point {
	UNKNOWN,
	CREATING,
	CREATING_SEEN,
	DENIED,
	INSUFFICIENT_RAM,
	INSUFFICIENT_CAPS,
	OUT_OF_RAM,
	OUT_OF_CAPS,
	AVAIL,
	OK,
	UPGRADING,
	UPGRADING_SEEN,
	CLOSING,
	CLOSING_SEEN,
	ABANDONED,
	UNDELIVERED,
	UNDELIVERED_SEEN,
	ORPHAN,
	ORPHAN_SEEN,
	CLOSED,
	POINTS
};

/* Who acts, what it does, and for services that answer at once: what they say. */
enum operation {
	OPEN,
	OPEN_LATER,
	OPEN_DENIED,
	OPEN_INSUFFICIENT_RAM,
	OPEN_INSUFFICIENT_CAPS,
	OPEN_OUT_OF_RAM,
	OPEN_OUT_OF_CAPS,
	OPEN_BROKEN,
	OPEN_SMALL,
	OPEN_MUCH_RAM,
	OPEN_MANY_CAPS,
	OPEN_UNROUTED,
	FETCH,
	UPGRADE,
	UPGRADE_LATER,
	UPGRADE_OUT_OF_RAM,
	UPGRADE_OUT_OF_CAPS,
	UPGRADE_BROKEN,
	UPGRADE_MUCH_RAM,
	UPGRADE_MANY_CAPS,
	CLOSE,
	CLOSE_LATER,
	CLIENT_ENDS,
	CLIENT_ENDS_LATER,
	REQUESTS,
	DELIVER,
	RESPOND_OK,
	RESPOND_CLOSED,
	RESPOND_DENIED,
	RESPOND_INSUFFICIENT_RAM,
	RESPOND_INSUFFICIENT_CAPS,
	RESPOND_NONSENSE,
	SERVER_ENDS,
	ANSWER_OK,
	ANSWER_DENIED,
	ANSWER_INSUFFICIENT_RAM,
	ANSWER_INSUFFICIENT_CAPS,
	ANSWER_OUT_OF_RAM,
	ANSWER_OUT_OF_CAPS,
	ANSWER_PENDING,
	OPERATIONS
};

/* WITH_REFUSER: a child that refuses has it until the answer is fetched, others gave it back. */
enum place { NOWHERE, WITH_CLIENT, WITH_SERVICE, WITH_REFUSER };
enum notice { NO_NOTICE, CREATED, UPGRADED, ENDED };
enum sight { SEES_NOTHING, SEES_CREATE, SEES_UPGRADE, SEES_CLOSE };

#define BIT(number) (UINT64_C(1) << (number))

/* Sets of services: all, and those that may answer at once, which a child's never do; sets of
 * whether the server is there. */
#define ANY     (BIT(CHILD) | BIT(PARENT) | BIT(LOCAL))
#define AT_ONCE (BIT(PARENT) | BIT(LOCAL))
#define THERE   0
#define GONE    1
#define EITHER  (BIT(THERE) | BIT(GONE))

struct point_info {
	unsigned kinds;  /* of services that it exists at */
	unsigned server; /* whether the server can be there, be gone */
	const char *title, *meaning;
	const char *word; /* in reports and messages */
	enum place donation;
};

struct operation_info {
	enum { CLIENT, SERVER, SERVICE } actor;
	unsigned kinds;      /* of services that it exists for */
	const char *verb;    /* what is done */
	const char *variant; /* which of several; NULL: the only one, or the plain one */
	int script;          /* what the service answers at once; a server's or parent's word */
	uint64_t ram, caps;  /* donated */
};

struct row {
	const char *chapter; /* begins with this row */
	unsigned kinds;      /* bits of enum kind */
	uint64_t at;         /* bits of enum point */
	unsigned server;     /* bits of THERE, GONE; 0: there */
	uint64_t does;       /* bits of enum operation */

	int answer;         /* to a client's call */
	bool cap;           /* it comes with a capability */
	enum sight sees;    /* the server, in its list */
	bool stays;         /* at the point where it was */
	enum point then;    /* else: where it is afterwards */
	enum notice client; /* what the client is signalled */
	bool server_woken;
	bool asks;       /* the parent asks its own for resources */
	const char *log; /* the line; ID and STATE are the session's */
};

/* Points that belong together; the last one has no title. */
struct point_set {
	uint64_t at;
	const char *title;
};

extern const struct point_set point_sets[];
extern const struct point_info points[POINTS];
extern const struct operation_info operations[OPERATIONS];
extern const struct row rows[];
extern const size_t n_rows;

/* A place in the table. */
struct cell {
	enum kind kind;
	enum point point;
	bool server_gone;
	enum operation operation;
};

/* Return: the row for a cell, or NULL */
const struct row *row_of(const struct cell *cell);
unsigned rows_for(const struct cell *cell);

/* Return: whether a row can be about this, by what exists: no server, no operation of it */
bool cell_possible(const struct cell *cell);

/* Each runs through the engine; what is wrong is printed. Return: how many mistakes */
unsigned explore_reachable(void);
unsigned explore_histories(unsigned steps, unsigned *ret_histories);

void document_write(FILE *file);

#endif
