/*
 * State report: a sandbox as others may see it
 *
 * What to tell, and when: a change is reported after a delay that gathers what follows it, some
 * changes at once. How much quota children use is looked up by the clock, as nobody tells of it,
 * and of many children at a time.
 *
 * With history, a child that does not run says in <needed after="stop|shortage|failure"> why and
 * what sessions it waits for, so that a plan (recall.h) can have it wait as well.
 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include <kin/generator.h>

#include "engine/owner.h"

struct kin_node;
struct sandbox;

#define REPORT_DELAY_MS  100  /* unless <report> says otherwise */
#define REPORT_SAMPLE_MS 1000 /* between two looks at what children use, at least */

/* What to tell beyond the children themselves; the attributes of <report>. */
struct report_details {
	bool ids, requested, provided, session_args;
	bool child_ram, child_caps, init_ram, init_caps;
	bool child_walls;
	bool history; /* and why children are as they are */
};

struct report {
	struct report_details details;
	uint64_t delay_ms;                /* 0: no reports */
	uint64_t buffer_bytes;            /* a report is never larger; 0: no such bound */
	bool lines;                       /* in the line-oriented syntax */
	uint64_t sample_ms;               /* 0: quota is not looked at */
	struct quota own_quota, own_used; /* as sampled last */
	bool waiting;                     /* for the delay to be over */
	bool urgent;                      /* at the end of the present step */
};

/* Reads a <report>, NULL if there is none. */
void report_configure(struct sandbox *sandbox, const struct kin_node *node);

/* Something changed that the report shows. */
void report_changed(struct sandbox *sandbox);

/* The same, for what has to be known at once. */
void report_urgent(struct sandbox *sandbox);

/* Sends what is urgent. */
void report_flush(struct sandbox *sandbox);

/* OWNER_TIMER_REPORT and OWNER_TIMER_SAMPLE */
void report_due(struct sandbox *sandbox);
void report_sample(struct sandbox *sandbox);

/* Writes one <state> node; errors stick to the generator. */
void report_generate(
	struct sandbox *sandbox, const struct report_details *details, struct kin_generator *g);

#endif
