/*
 * Core's services: the one context that everything in core hangs on
 *
 * Holds the ledger and with it all quota of the system, core's own PD at the root of the accounts,
 * the sessions of all services, and the output. Everything runs in one thread, driven by the loop.
 */
#ifndef CORE_SERVICES_H
#define CORE_SERVICES_H

#include "core/linux/spawn.h"
#include "core/output.h"
#include "core/pd.h"
#include "core/session.h"
#include "core/watch.h"
#include "engine/ledger.h"
#include "engine/owner.h"

#define CORE_ROM_DIRECTORIES_MAX 8

struct log_session;
struct rom_module;
struct executable;
struct sweep;

struct core_services {
	struct loop *loop;       /* borrowed */
	struct spawner *spawner; /* borrowed */
	struct ledger ledger;
	struct pd root; /* core's own */
	struct core_session *sessions;
	struct process *graveyard; /* killed, not reaped yet, and their PDs are gone */
	struct output output;
	struct log_session *paused; /* LOG sessions left waiting by a stalled output */
	int rom_directories[CORE_ROM_DIRECTORIES_MAX];
	size_t n_rom_directories;
	struct rom_module *modules;     /* ROM modules that core made, by label */
	struct loop_task *rom_fetched;  /* queued when one was asked for; may be NULL */
	struct executable *executables; /* snapshots of binaries in use */
	struct watch watch;
	struct sweep *sweeps; /* dataspaces that are being freed, and how often at once */
	unsigned n_sweeps;
};

struct core_options {
	struct loop *loop;
	struct spawner *spawner; /* initialised before anything opened a descriptor, the loop too */
	struct quota total;      /* all there is for the tree */
	const char *const *rom_directories; /* paths, searched in this order */
	size_t n_rom_directories;           /* at most CORE_ROM_DIRECTORIES_MAX */
	int output_fd;                      /* borrowed for the call */
};

/**
 * core_services_init() - prepare the services; no session, no process yet
 * @options: borrowed for the call, what it points to as said above
 *
 * Return: 0, or negative errno; -ENOENT if a ROM directory is not there, -ENOTDIR if it is none.
 */
int core_services_init(struct core_services *services, const struct core_options *options);

/** core_services_kill() - end all processes at once, so that none sees the tree fall apart */
void core_services_kill(struct core_services *services);

/** core_services_done() - close all sessions, kill all processes, write what is left to be said */
void core_services_done(struct core_services *services);

/** core_log() - say something as "[core] …"; one line */
void core_log(struct core_services *services, enum owner_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * core_rom_set() - have core itself provide a ROM module
 * @label:       exactly the sessions of this label get it, whatever the directories hold
 * @take_memfd:  its content, taken also on failure
 *
 * Setting it again changes the content: sessions that asked for it are signalled.
 *
 * Return: 0, or negative errno.
 */
int core_rom_set(struct core_services *services, const char *label, int take_memfd);

/** core_rom_get() - a duplicate of what core_rom_set() set last. Return: 0, or negative errno */
int core_rom_get(struct core_services *services, const char *label, int *ret_memfd);

/* How often the content of a module was set, and which of these contents a session last asked for.
 */
struct core_rom_revisions {
	uint64_t set, fetched;
};

/** core_rom_revisions() - of the module of that label; zeros if core never provided it */
struct core_rom_revisions core_rom_revisions(struct core_services *services, const char *label);

#endif
