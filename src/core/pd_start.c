/*
 * Starting the process of a PD
 *
 * Who adopted a PD starts it, with the environment that it gathered for it. Core believes nothing
 * about these capabilities: PD and CPU must be its own session objects, the LOG session may be
 * served by anybody and must be a channel. The binary is a ROM session of core's, whose snapshot
 * all its users share; what that is not enough for has been handed over before (program.h).
 */
#include <inttypes.h>
#include <sys/epoll.h>

#include "core/costs.h"
#include "core/cpu.h"
#include "core/descriptor.h"
#include "core/linux/elf.h"
#include "core/process.h"
#include "core/program.h"
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
	int executable;      /* borrowed; 0: the program's modules */
	uint64_t data_bytes; /* private memory that it starts with */
	struct quota cost;   /* charged here */
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

	if (core_session_find(services, request->pd, &core_pd_service) != &start->pd->session)
		return start_refuse(start, "the PD session is another one");
	if (!cpu || ((struct cpu_session *) cpu)->pd)
		return start_refuse(start, "the CPU session is not core's or in use");
	if (!channel_check(request->binary))
		return start_refuse(start, "the binary's ROM session is no channel");
	if (!channel_check(request->log))
		return start_refuse(start, "the LOG session is no channel");
	start->cpu = (struct cpu_session *) cpu;
	return 0;
}

/* The binary's snapshot, if that is all it takes. */
static int start_binary(struct start *start)
{
	struct core_session *rom =
		core_session_find(start->services, start->request->binary, &core_rom_service);
	struct elf_fault fault;
	struct elf_info info = { 0 };

	if (!rom)
		return KIN_MISSING;
	int r = core_rom_executable((struct rom_session *) rom, &start->executable, &info, &fault);

	if (r == 0)
		r = elf_judge_program(&info, &fault);
	start->data_bytes = info.data_bytes;
	switch (r) {
	case 0:
		return 0;
	case ELF_E_INVALID:
		core_log(start->services, OWNER_ERROR, "%s: invalid ELF executable: %s",
			start->pd->session.label, fault.text);
		return KIN_DENIED;
	case ELF_E_DYNAMIC:
		return KIN_MISSING;
	}
	return start_refuse(start, "the binary can't be read");
}

static int start_executable(struct start *start)
{
	const struct program *program = start->pd->program;

	start->cost = (struct quota){
		PROCESS_RAM_BYTES + (start->request->threads - 1) * THREAD_RAM_BYTES, PROCESS_CAPS
	};
	if (!program)
		return start_binary(start);
	if (program_missing(program))
		return KIN_MISSING;
	start->data_bytes = program->data_bytes;
	if (!program->dynamic)
		start->executable = program->modules[MODULE_PROGRAM].fd;
	return 0;
}

/* Charges what every process costs and sees whether the rest holds what this one begins with. */
static int start_charge(struct start *start)
{
	struct pd *pd = start->pd;
	const char *label = pd->session.label;
	uint64_t need_bytes = start->cost.ram + start->data_bytes + PROCESS_START_BYTES;
	struct quota available = account_available(&pd->account);

	if (available.ram < need_bytes) {
		core_log(start->services, OWNER_ERROR,
			"%s: out of RAM during loading (needs %" PRIu64 " bytes, has %" PRIu64 ")",
			label, need_bytes, available.ram);
		return KIN_OUT_OF_RAM;
	}
	if (available.caps < start->cost.caps) {
		core_log(start->services, OWNER_ERROR,
			"%s: out of caps during loading (needs %" PRIu64 ", has %" PRIu64 ")",
			label, start->cost.caps, available.caps);
		return KIN_OUT_OF_CAPS;
	}
	return pd_charge(pd, start->cost);
}

/* The modules in the form that the spawner takes; none for a static program. */
static size_t start_modules(const struct start *start, struct spawn_module ret[MODULES_MAX])
{
	const struct program *program = start->pd->program;

	if (start->executable)
		return 0;
	for (unsigned i = 0; i < program->n; i++)
		ret[i] = (struct spawn_module){ program->modules[i].name, program->modules[i].fd };
	return program->n;
}

/* Starts the process with its end of the parent channel and its signal. */
static int start_process(struct start *start, int parent, int signal, int loop)
{
	const struct pd_start_request *request = start->request;
	struct pd *pd = start->pd;
	cpu_set_t cpus;
	bool placed = cpu_places(start->cpu, &cpus);
	struct spawn_module modules[MODULES_MAX];
	struct spawn_request spawn = {
		.name = request->name,
		.binary_fd = start->executable,
		.modules = modules,
		.n_modules = start_modules(start, modules),
		.n_descriptors = START_END - START_PARENT,
		.limits = { pd_limit_bytes(pd), pd_descriptors_max(pd), pd_address_bytes(pd) },
		.nice = cpu_nice(start->cpu),
		.cpus = placed ? &cpus : NULL,
		.threads_max = request->threads,
	};

	_Static_assert(START_PARENT == SPAWN_DESCRIPTOR_FIRST, "wire and spawner must agree");
	_Static_assert(START_END - START_PARENT <= SPAWN_DESCRIPTORS_MAX, "too many descriptors");
	spawn.descriptors[START_PARENT - START_PARENT] = parent;
	spawn.descriptors[START_SIGNAL - START_PARENT] = signal;
	spawn.descriptors[START_PD - START_PARENT] = request->pd;
	spawn.descriptors[START_CPU - START_PARENT] = request->cpu;
	spawn.descriptors[START_LOG - START_PARENT] = request->log;
	spawn.descriptors[START_BINARY - START_PARENT] = request->binary;
	spawn.descriptors[START_LOOP - START_PARENT] = loop;
	return process_new(pd, &spawn, cpu_weight(start->cpu), &pd->process);
}

static int loop_open(int *ret)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		return -errno;
	*ret = epoll;
	return 0;
}

static int start_commit(struct start *start, struct pd_start_reply *ret)
{
	DESCRIPTOR_AUTO parent = 0;
	DESCRIPTOR_AUTO child = 0;
	DESCRIPTOR_AUTO signal = 0;
	DESCRIPTOR_AUTO loop = 0;
	struct pd *pd = start->pd;
	struct ends ends;

	int r = ends_make(&ends);
	if (r == 0)
		r = ends_share(&ends, &parent, &child);
	if (r == 0)
		r = signal_context_open(&signal);
	if (r == 0)
		r = loop_open(&loop);
	if (r == 0)
		r = start_process(start, child, signal, loop);
	if (r) {
		ends_close(&ends);
		return r;
	}
	pd->process->parent = ends;
	pd->process->loop = descriptor_take(&loop);
	pd->process->cost = start->cost;
	if (pd->program)
		pd->process->cost = quota_sum(start->cost, pd->program->charged);
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

	if (!start.pd || start.pd == pd || start.pd->process || request->threads < 1 ||
		request->threads > KIN_THREADS_MAX)
		return KIN_INVALID;
	int r = start_environment(&start);

	if (r == 0)
		r = start_executable(&start);
	if (r == 0)
		r = start_charge(&start);
	if (r)
		return r;
	r = start_commit(&start, ret);
	if (r)
		pd_uncharge(start.pd, start.cost);
	else
		program_forget(start.pd);
	return r;
}
