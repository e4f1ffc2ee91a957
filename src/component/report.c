/*
 * Report: a buffer shared with the server; see the header
 */
#include <kin/report.h>

#include <string.h>

#include <kin/number.h>
#include <kin/ram.h>
#include <kin/signal.h>

#include "component/env.h"

/* Beyond the usual donation: the buffer, the server's copy, and the copy that replaces it. */
#define BUFFERS      3
#define BUFFERS_CAPS 3

int kin_report_args(struct kin_args *args, const char *label, size_t size)
{
	char bytes[KIN_NUMBER_TEXT_MAX];

	if (strlen(label) > KIN_LABEL_MAX)
		return -ENAMETOOLONG;
	strcpy(args->label, label);
	args->ram_quota = KIN_SESSION_RAM + BUFFERS * page_round(size);
	args->cap_quota = KIN_SESSION_CAPS + BUFFERS_CAPS;
	return kin_args_set(args, "buffer_size", kin_number_print(bytes, size));
}

static int buffer_attach(struct kin_report *report, size_t size)
{
	struct report_dataspace_reply reply;
	void *buffer = NULL;
	int r = report_dataspace(report->session.channel, NULL, &reply);

	if (r)
		return r;
	if (reply.size < size || reply.size > SIZE_MAX)
		r = -EPROTO;
	else
		r = kin_attach(reply.dataspace, reply.size, KIN_ATTACH_WRITE, &buffer);
	kin_cap_close(reply.dataspace);
	if (r)
		return r;
	report->buffer = buffer;
	report->size = reply.size;
	return 0;
}

int kin_report_open(struct kin_env *env, struct kin_report *report, const char *label, size_t size)
{
	struct kin_args args = { .n_extra = 0 };
	int r = kin_report_args(&args, label, size);

	*report = (struct kin_report){ 0 };
	if (r == 0)
		r = kin_session_open(env, &report->session, &report_interface, &args);
	if (r == 0)
		r = buffer_attach(report, size);
	if (r)
		kin_report_close(report);
	return r;
}

void kin_report_close(struct kin_report *report)
{
	if (report->buffer)
		kin_detach(report->buffer, report->size);
	kin_session_close(&report->session);
	*report = (struct kin_report){ 0 };
}

int kin_report_submit(struct kin_report *report, const char *text, size_t size)
{
	if (size > report->size)
		return -ENOSPC;
	memmove(report->buffer, text, size);
	return report_submit(
		report->session.channel, &(struct report_submit_request){ size }, NULL);
}

void kin_report_begin(struct kin_report *report, struct kin_generator *g)
{
	kin_generator_init_fixed(g, report->buffer, report->size);
}

int kin_report_end(struct kin_report *report, struct kin_generator *g)
{
	const char *text;
	size_t size;
	int r = kin_generator_finish(g, &text, &size);

	if (r == 0)
		r = report_submit(
			report->session.channel, &(struct report_submit_request){ size }, NULL);
	kin_generator_done(g);
	return r;
}
