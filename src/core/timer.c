/*
 * Timer service
 *
 * A session is a timerfd; its owner arms it and waits for it without core.
 */
#include <sys/timerfd.h>

#include <kin/interface/timer.h>

#include "core/costs.h"
#include "core/descriptor.h"
#include "core/session.h"

struct timer_session {
	struct core_session session;
	int timer;
};

static int handle_timer(
	void *self, struct timer_timer_request *request, struct timer_timer_reply *reply)
{
	struct timer_session *timer = self;

	return descriptor_dup(timer->timer, &reply->timer);
}

static int timer_open(struct core_session *session, const struct kin_args *args,
	const struct kin_affinity *affinity)
{
	struct timer_session *timer = (struct timer_session *) session;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	timer->timer = fd;
	return 0;
}

static void timer_close(struct core_session *session)
{
	descriptor_close(&((struct timer_session *) session)->timer);
}

static const struct timer_handlers handlers = { .timer = handle_timer };

const struct core_service core_timer_service = {
	.interface = &timer_interface,
	.handlers = &handlers,
	.donation_min = { SESSION_RAM_BYTES, TIMER_SESSION_CAPS },
	.session_size = sizeof(struct timer_session),
	.burst = 1,
	.open = timer_open,
	.close = timer_close,
};
