/*
 * Report: structured data that a component publishes
 *
 * The session argument buffer_size (bytes) says how large the buffer is that the server allocates
 * from the reporter's donation.
 */
#ifndef KIN_INTERFACE_REPORT_H
#define KIN_INTERFACE_REPORT_H

#include <kin/interface.h>

/* clang-format off */
/* The buffer, writable by the reporter. */
#define REPORT_DATASPACE_REPLY(F) F(CAP, dataspace) F(U64, size)

/* The first @length bytes of the buffer are the new report; the server has read them on return. */
#define REPORT_SUBMIT_REQUEST(F) F(U64, length)

#define REPORT_OPERATIONS(OP) \
	OP(report, dataspace, CALL, KIN_NOTHING, REPORT_DATASPACE_REPLY) \
	OP(report, submit, CALL, REPORT_SUBMIT_REQUEST, KIN_NOTHING)

/* clang-format on */
KIN_INTERFACE_DECLARE(report, REPORT_OPERATIONS)

#endif
