/*
 * Timer: one-shot and periodic time-outs
 *
 * The session hands out the timer itself, a timerfd that its owner arms without asking anybody.
 */
#ifndef KIN_INTERFACE_TIMER_H
#define KIN_INTERFACE_TIMER_H

#include <kin/interface.h>

/* clang-format off */
/* A disarmed, non-blocking timerfd on the monotonic clock; the same one at each call. */
#define TIMER_TIMER_REPLY(F) F(CAP, timer)

#define TIMER_OPERATIONS(OP) OP(timer, timer, CALL, KIN_NOTHING, TIMER_TIMER_REPLY)

/* clang-format on */
KIN_INTERFACE_DECLARE(timer, TIMER_OPERATIONS)

#endif
