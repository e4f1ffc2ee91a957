/* Layouts of the LOG interface; see the header. */
#include <kin/interface/log.h>

KIN_INTERFACE_DEFINE(log, "LOG", 1, LOG_OPERATIONS)
