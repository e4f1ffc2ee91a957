/* Layouts of the Control interface; see the header. */
#include "wire/control.h"

KIN_INTERFACE_DEFINE(control, "Control", 1, CONTROL_OPERATIONS)
