/* Greeter, the part of the interface that exists once per program: its name and version. */
#include "greeter_interface.h"

KIN_INTERFACE_DEFINE(greeter, "Greeter", 1, GREETER_OPERATIONS)
