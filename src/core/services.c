/* Core's services; see the header. */
#include "core/services.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/container.h"
#include "core/descriptor.h"
#include "core/log.h"
#include "core/process.h"
#include "core/rom.h"
#include "core/sweep.h"

static void services_drained(struct output *output)
{
	log_resume(CONTAINER_OF(output, struct core_services, output));
}

static int rom_directories_open(
	struct core_services *services, const char *const *paths, size_t n_paths)
{
	assert(n_paths <= CORE_ROM_DIRECTORIES_MAX);
	for (size_t i = 0; i < n_paths; i++) {
		int fd = open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		services->rom_directories[services->n_rom_directories++] = fd;
	}
	return 0;
}

int core_services_init(struct core_services *services, const struct core_options *options)
{
	memset(services, 0, sizeof(*services));
	services->loop = options->loop;
	services->spawner = options->spawner;
	services->output.loop = options->loop;
	pd_init(&services->root, services, options->total);

	int r = output_init(&services->output, options->loop, options->output_fd, services_drained);
	if (r == 0)
		r = rom_directories_open(
			services, options->rom_directories, options->n_rom_directories);
	if (r == 0)
		r = watch_init(services);
	if (r < 0)
		core_services_done(services);
	return r;
}

void core_services_kill(struct core_services *services)
{
	struct core_session *session, *next;

	HASH_ITER (by_cookie, services->sessions, session, next) {
		struct pd *pd = (struct pd *) session;

		if (session->service == &core_pd_service && pd->process)
			process_stop(pd->process);
	}
}

void core_services_done(struct core_services *services)
{
	struct core_session *session, *next;

	HASH_ITER (by_cookie, services->sessions, session, next)
		core_session_close(session);
	watch_done(services);
	ledger_check(&services->ledger);
	pd_done(&services->root);
	process_graveyard_done(services);
	sweeps_done(services);
	rom_modules_done(services);
	for (size_t i = 0; i < services->n_rom_directories; i++)
		descriptor_close(&services->rom_directories[i]);
	services->n_rom_directories = 0;
	output_done(&services->output);
}

void core_log(struct core_services *services, enum owner_level level, const char *fmt, ...)
{
	static const char *const PREFIX[] = {
		[OWNER_INFO] = "", [OWNER_WARNING] = "Warning: ", [OWNER_ERROR] = "Error: "
	};
	char text[KIN_LOG_TEXT_MAX + 1];
	size_t n = (size_t) snprintf(text, sizeof(text), "%s", PREFIX[level]);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, args);
	va_end(args);
	output_line(&services->output, "core", text);
}
