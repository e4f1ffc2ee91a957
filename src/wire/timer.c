/* Layouts of the Timer interface; see the header. */
#include <kin/interface/timer.h>

KIN_INTERFACE_DEFINE(timer, "Timer", 1, TIMER_OPERATIONS)
