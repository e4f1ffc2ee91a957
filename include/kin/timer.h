/*
 * Timer: doing something later
 *
 * Each struct kin_timer is a session of the Timer service. Arming it asks nobody: the session hands
 * out the kernel's timer itself. Times are microseconds on the monotonic clock.
 */
#ifndef KIN_TIMER_H
#define KIN_TIMER_H

#include <kin/interface/timer.h>
#include <kin/session.h>

#include <stdint.h>

struct kin_timer {
	/* private */
	struct kin_session session;
	struct kin_watch watch;
	kin_handler *expired;
	void *data;
};

/**
 * kin_timer_open() - get a timer
 * @expired: called from the loop; several periods missed are one call
 *
 * Return: 0, or as kin_session_open().
 */
int kin_timer_open(struct kin_env *env, struct kin_timer *timer, kin_handler *expired, void *data);
void kin_timer_close(struct kin_timer *timer);

/* Each replaces what was armed before; a time of 0 is as soon as possible. */
void kin_timer_once(struct kin_timer *timer, uint64_t us);
void kin_timer_periodic(struct kin_timer *timer, uint64_t period_us);
void kin_timer_cancel(struct kin_timer *timer);

/** kin_now_us() - time since some point in the past, the same for all components; what has elapsed
 * is the difference of two. */
uint64_t kin_now_us(void);

/**
 * kin_sleep_us() - do nothing at all for a while, not even answer heartbeats
 *
 * UINT64_MAX sleeps for ever. Made for tests; everything else uses a timer.
 */
void kin_sleep_us(struct kin_env *env, uint64_t us);

#endif
