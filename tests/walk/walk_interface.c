/* Walk's interface table, made into layouts and handlers. */
#include "walk/walk_interface.h"

KIN_INTERFACE_DEFINE(walk, "Walk", 1, WALK_OPERATIONS)
