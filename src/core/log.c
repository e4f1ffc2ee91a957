/* LOG service; see the header. */
#include "core/log.h"

#include <utlist.h>

#include <kin/interface/log.h>

#include "core/costs.h"
#include "core/services.h"

#define LOG_BURST 8 /* messages of one writer before it is another's turn */

/* More than a channel's buffer can hold, so that all a writer sent comes out. */
#define LOG_DRAIN_MAX 256

static int handle_write(
	void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	struct core_session *session = self;

	output_lines(&session->services->output, session->label, request->text);
	return 0;
}

static const struct log_handlers handlers = { .write = handle_write };

/*
 * A paused writer leaves the loop altogether: asking epoll for no events would still have it tell,
 * without end, that the writer is gone.
 */
static bool log_pause(struct core_session *session)
{
	struct core_services *services = session->services;
	struct log_session *log = (struct log_session *) session;

	if (!output_stalled(&services->output))
		return false;
	loop_remove(services->loop, &session->source);
	log->paused = true;
	DL_APPEND(services->paused, log);
	return true;
}

static void log_unpause(struct log_session *log)
{
	DL_DELETE(log->session.services->paused, log);
	log->paused = false;
}

void log_resume(struct core_services *services)
{
	struct log_session *log, *next;

	DL_FOREACH_SAFE (services->paused, log, next) {
		log_unpause(log);
		core_session_resume(&log->session);
	}
}

static int log_open(struct core_session *session, const struct kin_args *args,
	const struct kin_affinity *affinity)
{
	return 0;
}

static void log_close(struct core_session *session)
{
	struct log_session *log = (struct log_session *) session;

	if (log->paused)
		log_unpause(log);
	for (int i = 0; i < LOG_DRAIN_MAX && session->ends.server; i++)
		if (kin_dispatch(session->ends.server, &log_interface, &handlers, session) < 0)
			break;
}

const struct core_service core_log_service = {
	.interface = &log_interface,
	.handlers = &handlers,
	.donation_min = { LOG_SESSION_RAM_BYTES, SESSION_CAPS },
	.session_size = sizeof(struct log_session),
	.burst = LOG_BURST,
	.buffer_bytes = LOG_BUFFER_BYTES,
	.open = log_open,
	.close = log_close,
	.pause = log_pause,
};
