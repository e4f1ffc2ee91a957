/*
 * Reporters: being a Report server
 *
 * A reporter is a client of a Report service. It writes into a buffer that it paid for and shares
 * with us, and then says how much of it counts. It can change the buffer at any time, so a report
 * is what was read once:
 *
 *     static int submit(void *self, struct report_submit_request *request, …)
 *     {
 *             …room for request->length bytes, which are bounded by buffer_bytes…
 *             return kin_reporter_read(self, request->length, room);
 *     }
 *
 *     struct report_handlers handlers = { .dataspace = kin_reporter_dataspace, .submit = submit };
 */
#ifndef KIN_REPORTER_H
#define KIN_REPORTER_H

#include <kin/interface/report.h>
#include <kin/ram.h>
#include <kin/service.h>

#include <stddef.h>

/** Bytes of the buffer of a reporter that does not say how much it needs. */
#define KIN_REPORTER_BUFFER_BYTES 4096

/** A client of the Report service; may start a larger struct. */
struct kin_reporter {
	struct kin_client client;
	size_t buffer_bytes; /* as asked for, at most KIN_NODE_TEXT_MAX */

	/* private */
	struct kin_ram buffer;
};

/**
 * kin_reporter_open() - make the buffer; for `create` of the service
 * @copies: how many reports of full size the server wants to be able to charge to the client
 *          besides
 *
 * Return: 0; KIN_DENIED if the size is no sensible one, which is logged; KIN_INSUFFICIENT_… if the
 * donation does not cover buffer and copies; else as kin_ram_alloc().
 */
int kin_reporter_open(struct kin_reporter *reporter, unsigned copies);
void kin_reporter_close(struct kin_reporter *reporter);

/** kin_reporter_read() - copy the first @size bytes of the buffer. Return: 0; KIN_INVALID if the
 * buffer is smaller. */
int kin_reporter_read(const struct kin_reporter *reporter, uint64_t size, void *to);

/** The handler of an operation of the Report service. */
int kin_reporter_dataspace(
	void *self, struct report_dataspace_request *request, struct report_dataspace_reply *reply);

#endif
