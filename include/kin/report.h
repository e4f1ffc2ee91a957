/*
 * Report: publishing structured data
 *
 * A report is written into a buffer shared with the server and then submitted; who reads it is up
 * to others. The buffer is the server's: a reporter is at its mercy, as every client is.
 */
#ifndef KIN_REPORT_H
#define KIN_REPORT_H

#include <kin/generator.h>
#include <kin/interface/report.h>
#include <kin/session.h>

#include <stddef.h>

struct kin_report {
	size_t size; /* bytes of the buffer, at least as many as asked for */

	/* private */
	char *buffer;
	struct kin_session session;
};

/**
 * kin_report_open() - open a report session
 * @label: names the report
 * @size:  bytes of the longest report, which are paid from the session's donation
 *
 * The donation covers the buffer, and twice as much for the server to hold the last report while it
 * takes in the next.
 *
 * Return: as kin_session_open(), kin_attach().
 */
int kin_report_open(struct kin_env *env, struct kin_report *report, const char *label, size_t size);
void kin_report_close(struct kin_report *report);

/** kin_report_args() - the arguments of such a session, for who opens it by other means. Return: 0;
 * -ENAMETOOLONG. */
int kin_report_args(struct kin_args *args, const char *label, size_t size);

/** kin_report_submit() - publish @size bytes of text. Return: 0; -ENOSPC if they exceed the buffer;
 * the server's answer, e.g. KIN_OUT_OF_RAM; negative errno. */
int kin_report_submit(struct kin_report *report, const char *text, size_t size);

/** kin_report_begin() - let a generator write the next report, straight into the buffer. */
void kin_report_begin(struct kin_report *report, struct kin_generator *g);

/**
 * kin_report_end() - finish the generator of kin_report_begin() and submit what it wrote
 *
 * Return: as kin_generator_finish() and kin_report_submit(); the generator is done with in any
 * case.
 */
int kin_report_end(struct kin_report *report, struct kin_generator *g);

#endif
