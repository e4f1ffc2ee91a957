/* Layouts of the Parent interface; see the header. */
#include "wire/parent.h"

KIN_LAYOUT_DEFINE(parent_pending_request, PARENT_PENDING_REQUEST)
KIN_INTERFACE_DEFINE(parent, "Parent", 1, PARENT_OPERATIONS)
