/*
 * Starting the process of a PD
 *
 * Who adopted a PD starts it, with the environment that it gathered for it. Core believes nothing
 * about these capabilities: PD and CPU must be its own session objects, the LOG session may be
 * served by anybody and must be a channel. The binary is a ROM session of core's, whose snapshot
 * all its users share, or a dataspace that somebody else's ROM session gave: that is copied for
 * this one process, which pays for the copy.
 */
#include <inttypes.h>

#include "core/costs.h"
#include "core/cpu.h"
#include "core/descriptor.h"
#include "core/linux/elf.h"
#include "core/linux/memfd.h"
#include "core/process.h"
#include "core/rom.h"
#include "core/services.h"
#include "ipc/channel.h"
#include "ipc/signal.h"
#include "wire/parent.h"

struct start {
	const struct pd_start_request *request;
	struct core_services *services;
	struct pd *pd; /* the one to be started */
	struct cpu_session *cpu;
	struct rom_session *binary; /* NULL: a dataspace */
	int executable;             /* borrowed, or the copy */
	int copy;
	struct elf_info info;
	struct quota cost;
};

static int start_refuse(const struct start *start, const char *what)
{
	core_log(start->services, OWNER_ERROR, "%s: cannot start: %s", start->pd->session.label,
		what);
	return KIN_DENIED;
}

/* Resolves the capabilities of the environment. */
static int start_environment(struct start *start)
{
	const struct pd_start_request *request = start->request;
	struct core_services *services = start->services;
	struct core_session *cpu = core_session_find(services, request->cpu, &core_cpu_service);
	struct core_session *rom = core_session_find(services, request->binary, &core_rom_service);

	if (core_session_find(services, request->pd, &core_pd_service) != &start->pd->session)
		return start_refuse(start, "the PD session is another one");
	if (!cpu || ((struct cpu_session *) cpu)->pd)
		return start_refuse(start, "the CPU session is not core's or in use");
	if (!channel_check(request->binary))
		return start_refuse(start, "the binary's ROM session is no channel");
	if (!rom && !request->program)
		return KIN_INVALID;
	if (!channel_check(request->log))
		return start_refuse(start, "the LOG session is no channel");
	start->cpu = (struct cpu_session *) cpu;
	start->binary = (struct rom_session *) rom;
	return 0;
}

static int start_explain(const struct start *start, int r, const struct elf_fault *fault)
{
	const char *label = start->pd->session.label;

	switch (r) {
	case 0:
		return 0;
	case ELF_E_INVALID:
		core_log(start->services, OWNER_ERROR, "%s: invalid ELF executable: %s", label,
			fault->text);
		return KIN_DENIED;
	case ELF_E_DYNAMIC:
		core_log(start->services, OWNER_ERROR, "%s: dynamic linker \"%s\" unavailable",
			label, start->info.interpreter);
		return KIN_DENIED;
	}
	return start_refuse(start, "the binary can't be read");
}

static int start_executable(struct start *start)
{
	struct elf_fault fault;
	int r;

	start->cost = (struct quota){ PROCESS_RAM_BYTES, PROCESS_CAPS };
	if (start->binary) {
		r = core_rom_executable(start->binary, &start->executable, &start->info, &fault);
		return start_explain(start, r, &fault);
	}
	r = elf_check(start->request->program, &start->info, &fault);
	if (r == 0)
		start->cost.ram += (start->info.file_bytes + 4095) / 4096 * 4096;
	return start_explain(start, r, &fault);
}

/* What was checked may have changed since, so the copy is checked again. */
static int start_copy(struct start *start)
{
	struct elf_fault fault;

	if (start->binary)
		return 0;
	int r = rom_memfd_snapshot(start->request->program, start->request->name,
		start->info.file_bytes, &start->copy);

	if (r == 0)
		r = elf_check(start->copy, &start->info, &fault);
	start->executable = start->copy;
	return start_explain(start, r, &fault);
}

/* Charges what every process costs and sees whether the rest holds what this one begins with. */
static int start_charge(struct start *start)
{
	struct pd *pd = start->pd;
	const char *label = pd->session.label;
	uint64_t need_bytes = start->cost.ram + start->info.data_bytes + PROCESS_START_BYTES;
	struct quota available = account_available(&pd->account);

	if (available.ram < need_bytes) {
		core_log(start->services, OWNER_ERROR,
			"%s: out of RAM during loading (needs %" PRIu64 " bytes, has %" PRIu64 ")",
			label, need_bytes, available.ram);
		return KIN_OUT_OF_RAM;
	}
	if (available.caps < PROCESS_CAPS) {
		core_log(start->services, OWNER_ERROR,
			"%s: out of caps during loading (needs %d, has %" PRIu64 ")", label,
			PROCESS_CAPS, available.caps);
		return KIN_OUT_OF_CAPS;
	}
	return pd_charge(pd, start->cost);
}

/* Starts the process with its end of the parent channel and its signal. */
static int start_process(struct start *start, int parent, int signal)
{
	const struct pd_start_request *request = start->request;
	struct pd *pd = start->pd;
	cpu_set_t cpus;
	bool placed = cpu_places(start->cpu, &cpus);
	struct spawn_request spawn = {
		.name = request->name,
		.binary_fd = start->executable,
		.n_descriptors = START_END - START_PARENT,
		.limits = { pd_limit_bytes(pd), pd_descriptors_max(pd) },
		.nice = cpu_nice(start->cpu),
		.cpus = placed ? &cpus : NULL,
	};

	_Static_assert(START_PARENT == SPAWN_DESCRIPTOR_FIRST, "wire and spawner must agree");
	_Static_assert(START_END - START_PARENT <= SPAWN_DESCRIPTORS_MAX, "too many descriptors");
	spawn.descriptors[START_PARENT - START_PARENT] = parent;
	spawn.descriptors[START_SIGNAL - START_PARENT] = signal;
	spawn.descriptors[START_PD - START_PARENT] = request->pd;
	spawn.descriptors[START_CPU - START_PARENT] = request->cpu;
	spawn.descriptors[START_LOG - START_PARENT] = request->log;
	spawn.descriptors[START_BINARY - START_PARENT] = request->binary;
	return process_new(pd, &spawn, &pd->process);
}

static int start_commit(struct start *start, struct pd_start_reply *ret)
{
	DESCRIPTOR_AUTO parent = 0;
	DESCRIPTOR_AUTO child = 0;
	DESCRIPTOR_AUTO signal = 0;
	struct pd *pd = start->pd;

	int r = channel_pair(&parent, &child);
	if (r == 0)
		r = signal_context_open(&signal);
	if (r == 0)
		r = start_process(start, child, signal);
	if (r)
		return r;
	pd->process->cost = start->cost;
	r = descriptor_dup(pd->process->pidfd, &ret->process);
	if (r < 0) {
		/* Its adopter would never learn of its end. */
		process_bury(pd->process);
		return r;
	}
	pd->cpu = start->cpu;
	start->cpu->pd = pd;
	ret->parent = descriptor_take(&parent);
	ret->signal = descriptor_take(&signal);
	return 0;
}

int core_pd_start(struct pd *pd, const struct pd_start_request *request, struct pd_start_reply *ret)
{
	struct start start = { .request = request,
		.services = pd->session.services,
		.pd = pd_child(pd, request->account) };

	if (!start.pd || start.pd == pd || start.pd->process)
		return KIN_INVALID;
	int r = start_environment(&start);

	if (r == 0)
		r = start_executable(&start);
	if (r == 0)
		r = start_charge(&start);
	if (r)
		return r;
	r = start_copy(&start);
	if (r == 0)
		r = start_commit(&start, ret);
	if (r)
		pd_uncharge(start.pd, start.cost);
	descriptor_close(&start.copy);
	return r;
}
