/*
 * LOG: lines of text for people
 *
 * Writing is one way: the server reads at its own pace, a writer that is faster waits for it.
 */
#ifndef KIN_INTERFACE_LOG_H
#define KIN_INTERFACE_LOG_H

#include <kin/interface.h>

/* clang-format off */
/* One message; several lines are separated by newlines, the last one needs none. */
#define LOG_WRITE_REQUEST(F) F(TEXT, text, KIN_LOG_TEXT_MAX)

#define LOG_OPERATIONS(OP) OP(log, write, SEND, LOG_WRITE_REQUEST, KIN_NOTHING)

/* clang-format on */
KIN_INTERFACE_DECLARE(log, LOG_OPERATIONS)

#endif
