/*
 * The world of a component under test
 *
 * Plays what surrounds a component: its parent, its PD, its LOG server, and the servers of ROM,
 * Timer and Report sessions. It runs in a thread, over the channels that a real component has; the
 * component's code runs in the test's own thread, which may therefore call it and check what it
 * did.
 *
 * What the world shall answer is set before it is asked; what it was told is read with WORLD_WAIT,
 * which waits for the world to have seen it: messages that are one way arrive when they like.
 */
#ifndef COMPONENT_WORLD_H
#define COMPONENT_WORLD_H

#include <kin/interface/log.h>
#include <kin/interface/report.h>
#include <kin/interface/rom.h>
#include <kin/interface/timer.h>
#include <kin/service.h>
#include <kin/session.h>

#include <pthread.h>

#include "component/env.h"
#include "wire/parent.h"
#include "wire/pd.h"

#define WORLD_ITEMS_MAX 64

struct world;

struct world_session {
	struct world *world;
	struct loop_source source;
	struct parent_session_request request;
	int server_end;
	int signal; /* given to a ROM session */
	bool open, closing;
	int outcome; /* what session_cap() answers */
};

struct world_delivery {
	uint32_t id;
	int cap;
};

struct world {
	struct kin_env env; /* the component's */
	struct env_start component;
	pid_t process; /* of the component, if it is not the test itself */

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct loop loop;
	struct loop_source parent, pd, log, stop;
	int signal, stop_fd;

	/* What it answers. Answers given once are taken from the front, then it is 0. */
	int answers[WORLD_ITEMS_MAX];
	unsigned n_answers, next_answer;
	bool defer; /* requests that don't wait are pending until world_decide() */
	uint64_t ram_left, caps_left;
	const char *rom_text;
	unsigned rom_short;   /* ROM dataspaces that end early */
	unsigned rom_crowded; /* ROM dataspaces that can't be sent for now */
	uint64_t grant_ram;   /* given for a resource request */
	uint64_t grant_caps;
	unsigned beats_before_grant;
	uint64_t yield_ram, yield_caps;
	struct parent_pending_request requests[WORLD_ITEMS_MAX];
	unsigned n_requests;

	/* What it was told. */
	struct world_session sessions[WORLD_ITEMS_MAX];
	unsigned n_sessions;
	struct parent_upgrade_request upgrade;
	unsigned n_upgrades;
	struct parent_response_request responses[WORLD_ITEMS_MAX];
	unsigned n_responses;
	struct world_delivery deliveries[WORLD_ITEMS_MAX];
	unsigned n_deliveries;
	struct parent_resource_request_request shortage;
	unsigned n_shortages, n_beats, n_yields, n_closes, n_announcements;
	uint32_t handled, events;
	const char *asked; /* whose state the parent wants; under the serial 7 */
	struct parent_state_request state;
	unsigned n_states;
	int announce_signal;
	unsigned n_objects; /* alive at the PD */
	char *lines[WORLD_ITEMS_MAX];
	unsigned n_lines;
	char report[4096];
	int report_buffer;
};

/* Servers; self of the first three is a struct world_session, of the others the world. */
extern const struct rom_handlers world_rom_handlers;
extern const struct timer_handlers world_timer_handlers;
extern const struct report_handlers world_report_handlers;
extern const struct pd_handlers world_pd_handlers;
extern const struct log_handlers world_log_handlers;

/* Makes the world and the component's environment in it. */
void world_open(struct world *world);

/* The same with the component in a process of its own, running @kin_main_. */
void world_open_process(
	struct world *world, int (*kin_main_)(struct kin_env *env), const char *rom_text);

/* Ends both; fails the test if the component left objects at its PD. */
void world_close(struct world *world);

/* Locks, waits (with a deadline) until the condition holds, unlocks. */
#define WORLD_WAIT(world, condition) \
	do { \
		pthread_mutex_lock(&(world)->lock); \
		while (!(condition)) \
			world_wait((world), #condition); \
		pthread_mutex_unlock(&(world)->lock); \
	} while (0)
void world_wait(struct world *world, const char *condition);

/* The next request is answered so. */
void world_answer(struct world *world, int answer);

/* Decides about a pending request; tells the component. */
void world_decide(struct world *world, struct world_session *session, int outcome);

/* Events for the component. */
void world_event(struct world *world, uint32_t events);

/* A session request for the component as a server. */
void world_request(struct world *world, const struct parent_pending_request *request);

/* Lets the component's loop handle everything that is there. */
void world_rounds(struct world *world);

/* Calls the component as a client would, while its loop runs. */
int world_call(struct world *world, int channel, const struct kin_interface *interface,
	uint32_t operation, const void *request, void *ret_reply);

/* Descriptors open in this process. */
unsigned world_descriptors(void);

#endif
