/*
 * The state report, sent to our parent
 *
 * The session is opened when the first report is due, without waiting for it, and once more with a
 * larger buffer when a report outgrows the one there is; what is due meanwhile is sent afterwards.
 * If the config bounds the buffer, a report that exceeds it is replaced by one that says so.
 */
#include <stdlib.h>
#include <string.h>

#include <kin/interface/report.h>
#include <kin/log.h>
#include <kin/number.h>
#include <kin/ram.h>
#include <kin/report.h>

#include "engine/report.h"
#include "sandbox/sandbox.h"

#define BUFFER_FIRST_BYTES 4096

static void generate(struct kin_sandbox *sandbox, struct kin_generator *g)
{
	struct sandbox *engine = &sandbox->host.sandbox;

	kin_generator_init_growing(g, KIN_NODE_TEXT_MAX);
	if (engine->report.lines)
		kin_generator_set_syntax(g, KIN_SYNTAX_LINES);
	report_generate(engine, &engine->report.details, g);
}

static size_t bound(const struct kin_sandbox *sandbox)
{
	uint64_t bytes = sandbox->host.sandbox.report.buffer_bytes;

	return bytes && bytes < KIN_NODE_TEXT_MAX ? (size_t) bytes : KIN_NODE_TEXT_MAX;
}

void state_report_close(struct kin_sandbox *sandbox)
{
	struct state_report *report = &sandbox->report;

	if (report->buffer)
		kin_detach(report->buffer, report->size);
	kin_session_close(&report->session);
	*report = (struct state_report){ .failed = report->failed };
}

static void give_up(struct kin_sandbox *sandbox, int answer)
{
	kin_warning(sandbox->env, "the state can't be reported: %s", kin_answer_text(answer));
	state_report_close(sandbox);
	sandbox->report.failed = true;
}

static int attach(struct state_report *report)
{
	struct report_dataspace_reply reply;
	void *buffer = NULL;
	int r = report_dataspace(report->session.channel, NULL, &reply);

	if (r)
		return r;
	r = reply.size < report->wanted
		    ? -EPROTO
		    : kin_attach(reply.dataspace, reply.size, KIN_ATTACH_WRITE, &buffer);
	kin_cap_close(reply.dataspace);
	if (r == 0) {
		report->buffer = buffer;
		report->size = reply.size;
	}
	return r;
}

static void opened(struct kin_session *session, int answer, void *data)
{
	struct kin_sandbox *sandbox = data;
	struct state_report *report = &sandbox->report;

	report->opening = false;
	if (answer == 0)
		answer = attach(report);
	if (answer)
		give_up(sandbox, answer);
	else if (report->again)
		state_report_send(sandbox);
}

static void open_session(struct kin_sandbox *sandbox, size_t size)
{
	struct state_report *report = &sandbox->report;
	struct kin_args args = { .n_extra = 0 };

	state_report_close(sandbox);
	kin_report_args(&args, "state", size);
	report->wanted = size;
	report->opening = report->again = true;
	int r = kin_session_open_async(
		sandbox->env, &report->session, &report_interface, &args, opened, sandbox);

	if (r)
		give_up(sandbox, r);
}

/* The next size that suffices, so that a growing tree seldom needs another one. */
static size_t grown(size_t size, size_t needed, size_t max)
{
	size = size ? size : BUFFER_FIRST_BYTES;
	while (size < needed && size < max)
		size *= 2;
	return size < max ? size : max;
}

static int submit(struct state_report *report, const char *text, size_t size)
{
	memcpy(report->buffer, text, size);
	return report_submit(
		report->session.channel, &(struct report_submit_request){ size }, NULL);
}

static void send_or_grow(struct kin_sandbox *sandbox, const char *text, size_t size)
{
	struct state_report *report = &sandbox->report;
	size_t max = bound(sandbox);
	int r = 0;

	if (size > max) {
		text = sandbox->host.sandbox.report.lines
			       ? "state | error: report buffer exceeded\n-\n"
			       : "<state error=\"report buffer exceeded\"/>\n";
		size = strlen(text);
	}
	if (size > report->size) {
		open_session(sandbox, grown(report->size, size, max > size ? max : size));
		return;
	}
	report->again = false;
	r = submit(report, text, size);
	if (r)
		give_up(sandbox, r);
}

void state_report_send(void *ctx)
{
	struct kin_sandbox *sandbox = ctx;
	struct kin_generator g;
	const char *text;
	size_t size;

	if (sandbox->report.failed)
		return;
	if (sandbox->report.opening) {
		sandbox->report.again = true;
		return;
	}
	generate(sandbox, &g);
	int r = kin_generator_finish(&g, &text, &size);

	if (r == 0)
		send_or_grow(sandbox, text, size);
	else
		kin_warning(sandbox->env, "the state can't be reported: %s", kin_answer_text(r));
	kin_generator_done(&g);
}
