/* Layouts of the PD interface; see the header. */
#include "wire/pd.h"

KIN_LAYOUT_DEFINE(pd_edge, PD_EDGE)
KIN_LAYOUT_DEFINE(pd_number, PD_NUMBER)
KIN_LAYOUT_DEFINE(pd_info, PD_ACCOUNT_REPLY)
KIN_LAYOUT_DEFINE(pd_held, PD_HELD)
KIN_INTERFACE_DEFINE(pd, "PD", 1, PD_OPERATIONS)
