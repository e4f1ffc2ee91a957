/* ROM service; see the header. */
#include "core/rom.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

#include <kin/interface/rom.h>
#include <kin/label.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/executable.h"
#include "core/linux/memfd.h"
#include "core/services.h"
#include "ipc/signal.h"

struct rom_module {
	char label[KIN_LABEL_MAX + 1]; /* filled up with zeros, it is a key */
	int memfd;
	struct core_rom_revisions revisions;
	struct rom_session *readers;
	UT_hash_handle by_label;
};

/* The module of that label, made if need be. */
static int module_get(struct core_services *services, const char *label, struct rom_module **ret)
{
	struct rom_module *made = calloc(1, sizeof(*made)), *module;

	assert(kin_label_valid(label));
	if (!made)
		return -ENOMEM;
	snprintf(made->label, sizeof(made->label), "%s", label);
	module = TABLE_FIND(by_label, services->modules, &made->label);
	if (!module && TABLE_ADD(by_label, services->modules, label, made) == 0) {
		*ret = made;
		return 0;
	}
	free(made);
	if (!module)
		return -ENOMEM;
	*ret = module;
	return 0;
}

int core_rom_set(struct core_services *services, const char *label, int take_memfd)
{
	struct rom_module *module;
	struct rom_session *reader;

	int r = module_get(services, label, &module);
	if (r < 0) {
		descriptor_close(&take_memfd);
		return r;
	}
	descriptor_close(&module->memfd);
	module->memfd = take_memfd;
	module->revisions.set++;
	DL_FOREACH (module->readers, reader)
		if (reader->signal)
			signal_trigger(reader->signal);
	return 0;
}

static struct rom_module *module_find(struct core_services *services, const char *label)
{
	char key[KIN_LABEL_MAX + 1] = "";

	snprintf(key, sizeof(key), "%s", label);
	return TABLE_FIND(by_label, services->modules, &key);
}

int core_rom_get(struct core_services *services, const char *label, int *ret_memfd)
{
	const struct rom_module *module = module_find(services, label);

	return module ? descriptor_dup(module->memfd, ret_memfd) : -ENOENT;
}

struct core_rom_revisions core_rom_revisions(struct core_services *services, const char *label)
{
	const struct rom_module *module = module_find(services, label);

	return module ? module->revisions : (struct core_rom_revisions){ 0, 0 };
}

void rom_modules_done(struct core_services *services)
{
	struct rom_module *module, *next;

	HASH_ITER (by_label, services->modules, module, next) {
		HASH_DELETE(by_label, services->modules, module);
		descriptor_close(&module->memfd);
		free(module);
	}
}

static int rom_refuse(struct core_session *session, const char *name, const char *reason)
{
	core_log(session->services, OWNER_WARNING, "ROM module \"%s\" %s (requested by %s)", name,
		reason, session->label);
	return KIN_DENIED;
}

/* The first directory that has the name decides, even if what it has can't be offered. */
static int file_open(const struct core_services *services, const char *name)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its other end. */
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = -1;

	errno = ENOENT;
	for (size_t i = 0; i < services->n_rom_directories && fd < 0 && errno == ENOENT; i++)
		fd = openat(services->rom_directories[i], name, flags);
	return fd < 0 ? -errno : fd;
}

static int rom_open_file(struct rom_session *rom)
{
	struct core_session *session = &rom->session;
	const char *name = kin_label_last(session->label);
	struct stat st;

	if (!kin_name_valid(name) || name[0] == '.')
		return rom_refuse(session, name, "refused: not a module's name");
	int fd = file_open(session->services, name);

	if (fd == -ENOENT)
		return rom_refuse(session, name, "not found");
	if (fd == -ELOOP)
		return rom_refuse(session, name, "refused: symbolic link");
	/* ENXIO is what opening a socket or a device without driver gives. */
	if (fd < 0 && fd != -ENXIO)
		return rom_refuse(session, name, strerror(-fd));
	rom->file = fd > 0 ? fd : 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		descriptor_close(&rom->file);
		return rom_refuse(session, name, "refused: not a regular file");
	}
	return 0;
}

static int rom_open(struct core_session *session, const struct kin_args *args,
	const struct kin_affinity *affinity)
{
	struct rom_session *rom = (struct rom_session *) session;

	rom->module = TABLE_FIND(by_label, session->services->modules, &session->label);
	if (!rom->module)
		return rom_open_file(rom);
	DL_APPEND(rom->module->readers, rom);
	return 0;
}

static void rom_close(struct core_session *session)
{
	struct rom_session *rom = (struct rom_session *) session;

	if (rom->module)
		DL_DELETE(rom->module->readers, rom);
	executable_put(&session->services->executables, rom->executable);
	descriptor_close(&rom->file);
	descriptor_close(&rom->signal);
}

static int rom_content(const struct rom_session *rom)
{
	return rom->module ? rom->module->memfd : rom->file;
}

int core_rom_executable(struct rom_session *rom, int *ret_memfd, struct elf_info *ret_info,
	struct elf_fault *ret_fault)
{
	if (!rom->executable) {
		int r = executable_get(&rom->session.services->executables, rom_content(rom),
			kin_label_last(rom->session.label), &rom->executable, ret_info, ret_fault);

		if (r)
			return r;
	}
	*ret_memfd = rom->executable->memfd;
	*ret_info = rom->executable->info;
	return 0;
}

static void rom_fetched(struct rom_session *rom)
{
	struct core_services *services = rom->session.services;

	if (!rom->module)
		return;
	rom->module->revisions.fetched = rom->module->revisions.set;
	if (services->rom_fetched)
		loop_queue(services->loop, services->rom_fetched);
}

/* Each answer is an open file of its own: the client's position and flags are nobody else's. */
static int handle_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	int content = rom_content(self);
	struct stat st;

	if (fstat(content, &st) < 0)
		return -errno;
	reply->size = (uint64_t) st.st_size;
	int r = ram_memfd_read_only(content, &reply->dataspace);

	if (r == 0)
		rom_fetched(self);
	return r;
}

static int handle_signal(
	void *self, struct rom_signal_request *request, struct rom_signal_reply *reply)
{
	struct rom_session *rom = self;

	if (request->signal && !signal_check(request->signal))
		return -EINVAL;
	if (!rom->module)
		return 0; /* files never change for who has them open */
	descriptor_close(&rom->signal);
	rom->signal = descriptor_take(&request->signal);
	return 0;
}

static const struct rom_handlers handlers = { .dataspace = handle_dataspace,
	.signal = handle_signal };

const struct core_service core_rom_service = {
	.interface = &rom_interface,
	.handlers = &handlers,
	.donation_min = { SESSION_RAM_BYTES, SESSION_CAPS },
	.session_size = sizeof(struct rom_session),
	.burst = 1,
	.open = rom_open,
	.close = rom_close,
};
