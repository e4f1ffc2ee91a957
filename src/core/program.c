/* Programs; see the header. */
#include "core/program.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <kin/label.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/linux/elf.h"
#include "core/linux/memfd.h"
#include "core/rom.h"
#include "core/services.h"
#include "ipc/channel.h"

_Static_assert(ELF_NAME_MAX == KIN_NAME_MAX, "names of libraries are names of modules");

/* A module on its way into a program */
struct load {
	const struct pd_load_request *request;
	struct core_services *services;
	struct pd *pd;
	struct program *program;
	unsigned index;
	int fd; /* what becomes of it, ours until it is kept */
	struct elf_info info;
	struct elf_fault fault;
	struct quota charged;
};

const struct program_module *program_missing(const struct program *program)
{
	for (unsigned i = 0; i < program->n; i++)
		if (!program->modules[i].fd)
			return &program->modules[i];
	return NULL;
}

void program_forget(struct pd *pd)
{
	struct program *program = pd->program;

	if (!program)
		return;
	for (unsigned i = 0; i < program->n; i++)
		descriptor_close(&program->modules[i].fd);
	free(program);
	pd->program = NULL;
}

/* The program is what is missing first. */
static struct program *program_get(struct pd *pd)
{
	if (!pd->program)
		pd->program = calloc(1, sizeof(*pd->program));
	if (pd->program && !pd->program->n)
		pd->program->n = 1;
	return pd->program;
}

static int load_refuse(const struct load *load, const char *why)
{
	static const char *const WHAT[] = { "ELF executable", "dynamic linker", "library" };
	unsigned what = load->index < MODULE_LIBRARY ? load->index : MODULE_LIBRARY;
	const char *name = load->program->modules[load->index].name;

	core_log(load->services, OWNER_ERROR, "%s: invalid %s%s%s%s: %s", load->pd->session.label,
		WHAT[what], *name ? " \"" : "", name, *name ? "\"" : "", why);
	return KIN_DENIED;
}

/* What the checks said, as an answer; they leave why in the fault */
static int load_answer(const struct load *load, int r)
{
	if (r > 0)
		return load_refuse(load, load->fault.text);
	return r < 0 ? load_refuse(load, strerror(-r)) : 0;
}

static int load_shared(struct load *load, struct rom_session *rom)
{
	int memfd;
	int r = load_answer(load, core_rom_executable(rom, &memfd, &load->info, &load->fault));

	return r ? r : load_answer(load, ram_memfd_read_only(memfd, &load->fd));
}

static int load_charge(struct load *load, struct quota amount)
{
	int r = pd_charge(load->pd, amount);

	if (r == 0)
		load->charged = quota_sum(load->charged, amount);
	return r;
}

/* What was surveyed may change until it is copied, so the copy is surveyed again. */
static int load_copy(struct load *load)
{
	const char *name = load->program->modules[load->index].name;
	int r = load_answer(load, elf_survey(load->request->dataspace, &load->info, &load->fault));

	if (r)
		return r;
	if (load->info.file_bytes > PROGRAM_COPY_MAX)
		return load_refuse(load, "more than 64 MiB that would have to be copied; a program "
					 "of that size must come from a ROM directory");
	r = load_charge(load, (struct quota){ (load->info.file_bytes + 4095) / 4096 * 4096, 0 });
	if (r)
		return r;
	r = rom_memfd_snapshot(load->request->dataspace, *name ? name : load->pd->session.label,
		load->info.file_bytes, &load->fd);
	if (r == 0)
		r = elf_survey(load->fd, &load->info, &load->fault);
	return load_answer(load, r);
}

static int load_content(struct load *load)
{
	struct core_session *rom =
		core_session_find(load->services, load->request->rom, &core_rom_service);

	if (rom)
		return load_shared(load, (struct rom_session *) rom);
	if (!channel_check(load->request->rom))
		return load_refuse(load, "its ROM session is no channel");
	return load->request->dataspace ? load_copy(load) : KIN_MISSING;
}

static bool module_known(const struct program *program, const char *name)
{
	for (unsigned i = MODULE_LINKER; i < program->n; i++)
		if (strcmp(program->modules[i].name, name) == 0)
			return true;
	return false;
}

static int module_want(struct load *load, const char *name)
{
	struct program *program = load->program;

	if (module_known(program, name))
		return 0;
	if (!kin_name_valid(name))
		return load_refuse(load, "needs a library by what is no name of a module");
	if (program->n == MODULES_MAX)
		return load_refuse(load, "one library too many, the program and all it needs are "
					 "at most 16 modules");
	strcpy(program->modules[program->n++].name, name);
	return 0;
}

/* Adds to the list what this module needs. */
static int load_needs(struct load *load)
{
	struct elf_needed needed;
	int r = 0;

	if (load->index == MODULE_PROGRAM)
		r = module_want(load, elf_name(load->info.interpreter));
	if (r == 0)
		r = load_answer(load, elf_needed(load->fd, &load->info, &needed, &load->fault));
	for (unsigned i = 0; r == 0 && i < needed.n; i++)
		r = module_want(load, needed.names[i]);
	return r;
}

/* Is it good for what it is meant to be? */
static int load_judge(struct load *load)
{
	switch (load->index) {
	case MODULE_PROGRAM: {
		int r = elf_judge_program(&load->info, &load->fault);

		load->program->dynamic = r == ELF_E_DYNAMIC;
		return load_answer(load, r == ELF_E_DYNAMIC ? 0 : r);
	}
	case MODULE_LINKER:
		return load_answer(load, elf_judge_linker(&load->info, &load->fault));
	default:
		return load_answer(load, elf_judge_library(&load->info, &load->fault));
	}
}

static void load_keep(struct load *load)
{
	load->program->modules[load->index].fd = descriptor_take(&load->fd);
	load->program->data_bytes += load->info.data_bytes;
	load->program->charged = quota_sum(load->program->charged, load->charged);
}

int core_pd_load(struct pd *pd, const struct pd_load_request *request, struct pd_load_reply *ret)
{
	struct pd *child = pd_child(pd, request->account);
	struct load load = { .request = request, .services = pd->session.services, .pd = child };
	const struct program_module *missing;

	if (!child || child == pd || child->process)
		return KIN_INVALID;
	load.program = program_get(child);
	if (!load.program)
		return -ENOMEM;
	missing = program_missing(load.program);
	if (!missing)
		return KIN_INVALID;
	load.index = (unsigned) (missing - load.program->modules);
	unsigned n_before = load.program->n;
	int r = load_content(&load);

	if (r == 0)
		r = load_judge(&load);
	if (r == 0 && load.program->dynamic)
		r = load_needs(&load);
	if (r == 0 && load.program->dynamic)
		r = load_charge(&load, (struct quota){ 0, MODULE_CAPS });
	if (r) {
		load.program->n = n_before;
		descriptor_close(&load.fd);
		pd_uncharge(child, load.charged);
		return r;
	}
	load_keep(&load);
	missing = program_missing(load.program);
	strcpy(ret->missing, missing ? missing->name : "");
	return 0;
}
