/*
 * Timer: the kernel's timer, handed out by a session of the Timer service; see the header
 */
#include <kin/timer.h>

#include <assert.h>
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <kin/signal.h>

#define US_PER_S  1000000u
#define NS_PER_US 1000u

static struct timespec timespec_of_us(uint64_t us)
{
	return (struct timespec){ (time_t) (us / US_PER_S),
		(long) (us % US_PER_S) * (long) NS_PER_US };
}

static void timer_handle(void *data)
{
	struct kin_timer *timer = data;
	uint64_t periods;

	/* Nothing to read: it was armed anew or cancelled after the loop saw it. */
	if (read(timer->watch.descriptor, &periods, sizeof(periods)) == sizeof(periods))
		timer->expired(timer->data);
}

int kin_timer_open(struct kin_env *env, struct kin_timer *timer, kin_handler *expired, void *data)
{
	const struct kin_args args = { .cap_quota = KIN_SESSION_CAPS + 1 }; /* the timer itself */
	struct timer_timer_reply reply;

	*timer = (struct kin_timer){ .expired = expired, .data = data };
	int r = kin_session_open(env, &timer->session, &timer_interface, &args);

	if (r)
		return r;
	r = timer_timer(timer->session.channel, NULL, &reply);
	if (r == 0) {
		r = kin_watch_start(env, &timer->watch, reply.timer, timer_handle, timer);
		if (r)
			kin_cap_close(reply.timer);
	}
	if (r)
		kin_session_close(&timer->session);
	return r;
}

void kin_timer_close(struct kin_timer *timer)
{
	if (!timer->session.env)
		return;
	kin_watch_stop(&timer->watch);
	kin_cap_close(timer->watch.descriptor);
	kin_session_close(&timer->session);
	*timer = (struct kin_timer){ 0 };
}

static void timer_arm(struct kin_timer *timer, uint64_t first_us, uint64_t period_us)
{
	struct itimerspec spec = { timespec_of_us(period_us), timespec_of_us(first_us) };

	timerfd_settime(timer->watch.descriptor, 0, &spec, NULL);
}

void kin_timer_once(struct kin_timer *timer, uint64_t us)
{
	timer_arm(timer, us ? us : 1, 0);
}

void kin_timer_periodic(struct kin_timer *timer, uint64_t period_us)
{
	period_us = period_us ? period_us : 1;
	timer_arm(timer, period_us, period_us);
}

void kin_timer_cancel(struct kin_timer *timer)
{
	timer_arm(timer, 0, 0);
}

uint64_t kin_now_us(void)
{
	struct timespec now;
	int r = clock_gettime(CLOCK_MONOTONIC, &now);

	assert(r == 0);
	return (uint64_t) now.tv_sec * US_PER_S + (uint64_t) now.tv_nsec / NS_PER_US;
}

void kin_sleep_us(struct kin_env *env, uint64_t us)
{
	uint64_t now = kin_now_us();
	/* The kernel's time ends long before ours. */
	struct timespec until = timespec_of_us(us > INT64_MAX / 2000 ? INT64_MAX / 2000 : now + us);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}
