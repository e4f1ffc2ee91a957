/*
 * State report of a sandbox whose config changes: when it is sent, and what it says. Configs that
 * can't be used, heartbeats, and what is remembered of children.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/update_scene.h"

#define HEAD \
	"<parent-provides> <service name='PD'/> <service name='CPU'/>" \
	" <service name='LOG'/> <service name='ROM'/> <service name='P'/> </parent-provides>" \
	"<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>" \
	"<default ram='1M' caps='100'/>"
#define CONFIG(content) "<config version='1'>" HEAD content "</config>"
#define SERVER(name, service) \
	"<start name='" name "'> <provides> <service name='" service "'/> </provides> </start>"

static void assert_report(struct model *model, const char *expected)
{
	assert_string_equal(model_report(model), expected);
}

/* Sent at once, and nothing is left to send. */
static void assert_sent(struct model *model, bool sent)
{
	assert_int_equal(model->n_reports > 0, sent);
	model->n_reports = 0;
}

static bool is_delayed(const struct model *model)
{
	return model->armed_ms[OWNER_TIMER_REPORT] > 0;
}

/*
 * When
 */

static void births_and_deaths_are_reported_at_once(void **state)
{
	struct model *model = model_with(CONFIG("<report/> <start name='a'/>"));

	assert_sent(model, true);
	apply(model, CONFIG("<report/> <start name='a'/> <start name='b'/>"));
	assert_sent(model, true);
	child_exit(model_child(model, "b"), 0);
	model_settle(model);
	assert_sent(model, true);
	apply(model, CONFIG("<report/> <start name='a'/>"));
	assert_sent(model, true);
	child_resource_request(model_child(model, "a"), donation);
	model_settle(model);
	assert_sent(model, true);
	assert_false(is_delayed(model));
	model_free(model);
}

/* A report costs what the tree is large, a message what it is long. */
static void a_child_that_repeats_itself_is_not_reported_at_once(void **state)
{
	struct model *model = model_with(CONFIG("<report delay_ms='50'/> <start name='a'/>"));
	struct child *child = model_child(model, "a");

	child_resource_request(child, donation);
	model_settle(model);
	assert_sent(model, true);
	child_resource_request(child, (struct quota){ 0, 0 });
	child_resource_request(child, (struct quota){ donation.ram + 1, donation.caps });
	child_yield_response(child);
	model_settle(model);
	assert_sent(model, false);
	assert_true(is_delayed(model));
	model_timer(model, OWNER_TIMER_REPORT);
	assert_int_equal(model->n_reports, 1);
	model_free(model);
}

static void other_changes_are_gathered_for_a_while(void **state)
{
	static const char *const config =
		CONFIG("<report delay_ms='50' requested='yes'/> <start name='a'/>");
	struct model *model = model_with(config);

	assert_sent(model, true);
	model_open(model, "a", 10, "P", "", donation);
	assert_int_equal(model->armed_ms[OWNER_TIMER_REPORT], 50);
	model_open(model, "a", 11, "P", "", donation);
	child_close(model_child(model, "a"), 10);
	model_settle(model);
	assert_sent(model, false);
	model_timer(model, OWNER_TIMER_REPORT);
	assert_int_equal(model->n_reports, 1);
	assert_false(is_delayed(model));
	model_free(model);
}

static void what_is_urgent_takes_along_what_waits(void **state)
{
	struct model *model =
		model_with(CONFIG("<report requested='yes'/> <start name='a'/> <start name='b'/>"));

	model_open(model, "a", 10, "P", "", donation);
	assert_int_equal(model->armed_ms[OWNER_TIMER_REPORT], 100);
	child_exit(model_child(model, "b"), 0);
	model_settle(model);
	assert_sent(model, true);
	assert_false(is_delayed(model));
	model_free(model);
}

static void a_config_that_changes_no_child_is_reported_in_time(void **state)
{
	struct model *model = model_with("<config version='1'> <report/> </config>");

	model->n_reports = 0;
	apply(model, "<config version='2'> <report/> </config>");
	assert_sent(model, false);
	assert_true(is_delayed(model));
	model_timer(model, OWNER_TIMER_REPORT);
	assert_sent(model, true);
	model_free(model);
}

static void without_a_report_node_none_is_sent(void **state)
{
	struct model *model = model_with(CONFIG("<start name='a'/>"));

	assert_sent(model, false);
	apply(model, CONFIG("<report delay_ms='0'/> <start name='a'/> <start name='b'/>"));
	assert_sent(model, false);
	apply(model, CONFIG("<report requested='yes'/> <start name='a'/> <start name='b'/>"));
	model_timer(model, OWNER_TIMER_REPORT);
	assert_sent(model, true);
	model_open(model, "a", 10, "P", "", donation);
	apply(model, CONFIG("<start name='a'/>")); /* turned off while one is due */
	model_timer(model, OWNER_TIMER_REPORT);
	assert_sent(model, false);
	model_free(model);
}

static void usage_is_looked_at_by_the_clock(void **state)
{
	struct model *model = model_with(CONFIG("<report child_ram='yes'/> <start name='a'/>"));

	assert_int_equal(model->armed_ms[OWNER_TIMER_SAMPLE], 1000);
	model_timer(model, OWNER_TIMER_SAMPLE);
	model_timer(model, OWNER_TIMER_REPORT);
	model_timer(model, OWNER_TIMER_SAMPLE);
	assert_false(is_delayed(model)); /* nothing changed */
	model_charge(model, "a", (struct quota){ 4096, 0 });
	model_timer(model, OWNER_TIMER_SAMPLE);
	assert_true(is_delayed(model));
	apply(model, CONFIG("<report child_ram='yes' delay_ms='3000'/> <start name='a'/>"));
	assert_int_equal(model->armed_ms[OWNER_TIMER_SAMPLE], 3000);
	apply(model, CONFIG("<report/> <start name='a'/>"));
	assert_int_equal(model->armed_ms[OWNER_TIMER_SAMPLE], 0);
	model_free(model);
}

/*
 * What
 */

static void a_plain_report_names_the_children(void **state)
{
	struct model *model = model_with(CONFIG(
		"<report ids='yes'/> <alias name='nick' child='a'/>"
		"<start name='a' version='7'> <binary name='bin'/> </start> <start name='b'/>"));

	child_exit(model_child(model, "b"), -3);
	model_settle(model);
	assert_report(model, "<state version=\"1\">\n"
			     "\t<child name=\"a\" binary=\"bin\" version=\"7\" id=\"1\"/>\n"
			     "\t<child name=\"b\" binary=\"b\" id=\"2\" exited=\"-3\"/>\n"
			     "\t<alias name=\"nick\" child=\"a\"/>\n"
			     "</state>\n");
	model_free(model);
}

static void sessions_are_shown_on_both_sides(void **state)
{
	struct model *model = model_with(CONFIG(
		"<report requested='yes' provided='yes'/>"
		"<start name='a'> <route> <service name='X'> <child name='s'/> </service>"
		"<any-service> <parent/> </any-service> </route> </start>" SERVER("s", "X")));

	model_open(model, "a", 10, "X", "l", donation);
	const char *report = model_report(model);
	assert_non_null(strstr(report,
		"\t\t\t<session name=\"X\" state=\"CREATING\" label=\"a -&gt; l\" ram=\"14K\" "
		"caps=\"4\"/>\n\t\t</requested>\n\t</child>\n\t<child name=\"s\""));
	assert_non_null(strstr(report,
		"\t\t<provided>\n"
		"\t\t\t<session name=\"X\" state=\"CREATING\" label=\"a -&gt; l\" ram=\"14K\" "
		"caps=\"4\"/>\n\t\t</provided>\n"));
	model_free(model);
}

static void quota_is_shown_as_assigned_and_held(void **state)
{
	struct model *model =
		model_with(CONFIG("<report child_ram='yes' child_caps='yes'/> <start name='a'/>"));

	model_charge(model, "a", (struct quota){ 4096, 3 });
	child_resource_request(model_child(model, "a"), (struct quota){ 8192, 0 });
	model_settle(model);
	assert_report(model, "<state version=\"1\">\n"
			     "\t<child name=\"a\" binary=\"a\">\n"
			     "\t\t<ram assigned=\"1M\" quota=\"908K\" used=\"4K\" avail=\"904K\" "
			     "requested=\"8K\"/>\n"
			     "\t\t<caps assigned=\"100\" quota=\"91\" used=\"3\" avail=\"88\"/>\n"
			     "\t</child>\n"
			     "</state>\n");
	model_free(model);
}

static void walls_are_shown_of_those_that_run(void **state)
{
	struct model *model = model_with(CONFIG("<report child_walls='yes'/> <start name='a'/>"
						"<start name='b'/> <start name='c'/>"));

	child_exit(model_child(model, "b"), 3);
	model_settle(model);
	assert_report(model, "<state version=\"1\">\n"
			     "\t<child name=\"a\" binary=\"a\">\n"
			     "\t\t<walls ram=\"data limit, address limit, watch\" "
			     "caps=\"account, descriptor limit, watch\" cpu=\"nice 1\" "
			     "reach=\"seccomp\"/>\n"
			     "\t</child>\n"
			     "\t<child name=\"b\" binary=\"b\" exited=\"3\"/>\n"
			     "\t<child name=\"c\" binary=\"c\">\n"
			     "\t\t<walls ram=\"data limit, address limit, watch\" "
			     "caps=\"account, descriptor limit, watch\" cpu=\"nice 3\" "
			     "reach=\"seccomp\"/>\n"
			     "\t</child>\n"
			     "</state>\n");
	assert_int_equal(model->n_walls_asked, 1);
	model_free(model);
}

/* The model takes every account for one of a process that runs. */
static void who_has_not_started_yet_has_no_walls(void **state)
{
	struct model *model = model_with(CONFIG("<report child_walls='yes'/>" SERVER("s",
		"LOG") "<start name='w'> <route> <service name='LOG'> <child name='s'/> </service>"
		       "<any-service> <parent/> </any-service> </route> </start>"));
	const char *report = strstr(model_report(model), "name=\"w\"");

	assert_true(model_child(model, "w")->adopted);
	assert_non_null(report);
	assert_non_null(strstr(report, "state=\"incomplete\""));
	assert_null(strstr(report, "<walls"));
	model_free(model);
}

static void walls_are_not_asked_for_if_nobody_wants_them(void **state)
{
	struct model *model =
		model_with(CONFIG("<report child_ram='yes' child_walls='no'/> <start name='a'/>"));

	assert_null(strstr(model_report(model), "walls"));
	assert_int_equal(model->n_walls_asked, 0);
	model_free(model);
}

/* More than are asked about at once, and some in between have no account. */
static void each_of_many_children_is_shown_with_its_own_quota(void **state)
{
	enum { MANY = 2 * OWNER_INFOS_MAX + 3 };
	char config[MANY * 64 + 1024], expected[64];
	uint32_t number = 0;
	int n = snprintf(config, sizeof(config),
		"<config> <report child_ram='yes' child_walls='yes'/> <parent-provides> "
		"<service name='PD'/> <service name='CPU'/> <service name='LOG'/> <service "
		"name='ROM'/> "
		"</parent-provides> <default-route> <any-service> <parent/> </any-service> "
		"</default-route> <default caps='10'/> ");

	for (int i = 0; i < MANY; i++)
		n += snprintf(config + n, sizeof(config) - (size_t) n,
			"<start name='c%d' ram='%dK'/>", i, i % 3 ? 200 + i : 0);
	snprintf(config + n, sizeof(config) - (size_t) n, "</config>");
	struct model *model = model_with(config);
	const char *report = model_report(model);

	for (int i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "name=\"c%d\"", i);
		report = strstr(report, expected);
		assert_non_null(report);
		snprintf(expected, sizeof(expected), "<ram assigned=\"%dK\" quota=\"%dK\"", 200 + i,
			200 + i - 116);
		if (i % 3) {
			report = strstr(report, expected);
			assert_non_null(report);
			snprintf(expected, sizeof(expected), "cpu=\"nice %u\"", ++number);
			report = strstr(report, expected);
			assert_non_null(report);
		}
	}
	assert_int_equal(model->n_walls_asked, 2);
	model_free(model);
}

static void a_stuck_child_is_incomplete_and_says_why(void **state)
{
	static const char *const config[] = {
		CONFIG("<report history='yes'/> <start name='a'/>" SERVER("s", "X")),
		CONFIG("<report history='yes'/> <start name='a'/>"),
	};
	struct model *model = model_with(config[0]);

	model_open(model, "a", 10, "X", "", donation);
	apply(model, config[1]);
	assert_report(model,
		"<state version=\"1\" settled=\"yes\">\n"
		"\t<child name=\"a\" binary=\"a\" state=\"incomplete\" reason=\"route to service "
		"&quot;X&quot; (label=&quot;a&quot;) leads to nothing\">\n"
		"\t\t<needed after=\"stop\">\n"
		"\t\t\t<session name=\"X\" label=\"a\"/>\n"
		"\t\t\t<session name=\"ROM\" label=\"a -&gt; a\" environment=\"yes\"/>\n"
		"\t\t\t<session name=\"LOG\" label=\"a\" environment=\"yes\"/>\n"
		"\t\t\t<session name=\"CPU\" label=\"a\" environment=\"yes\"/>\n"
		"\t\t\t<session name=\"PD\" label=\"a\" environment=\"yes\"/>\n"
		"\t\t</needed>\n"
		"\t\t<history>\n"
		"\t\t\t<event kind=\"stuck\">no route to service \"X\" (label=\"a\")</event>\n"
		"\t\t</history>\n"
		"\t</child>\n"
		"</state>\n");
	apply(model, config[0]);
	assert_non_null(strstr(model_report(model),
		"\t\t\t<event kind=\"revived\">its routes lead somewhere again</event>\n"));
	assert_null(strstr(model_report(model), "incomplete"));
	model_free(model);
}

static void history_tells_what_happened_and_why(void **state)
{
	struct model *model = model_with(CONFIG("<start name='a'/> <start name='b'/>"));

	child_died(model_child(model, "b"), 11, 0);
	model_settle(model);
	model_open(model, "a", 10, "None", "", donation);
	model_open(model, "a", 10, "None", "", donation);
	apply(model, CONFIG("<report history='yes'/> <start name='a' version='2'/>"
			    "<start name='b' version='2' ram='100M'/>"));
	const char *report = model_report(model);
	assert_non_null(strstr(report,
		"<event kind=\"denied\" times=\"2\">no route to service \"None\" (label=\"a\")"));
	assert_non_null(strstr(report, "<event kind=\"restart\">its version changed</event>"));
	assert_non_null(strstr(report, "<event kind=\"ended\">it crashed (SIGSEGV)</event>"));
	assert_non_null(strstr(report, "<event kind=\"quota\">it shall have RAM "));
	model_free(model);
}

static void only_the_last_events_are_kept(void **state)
{
	struct child_history history = { .n = 0 };
	char text[8];

	for (int i = 0; i < 3 * HISTORY_EVENTS_MAX; i++) {
		snprintf(text, sizeof(text), "%d", i);
		history_add(&history, HISTORY_RESTART, text);
		history_add(&history, HISTORY_RESTART, text);
	}
	snprintf(text, sizeof(text), "%d", 2 * HISTORY_EVENTS_MAX);
	assert_string_equal(history_at(&history, 0)->text, text);
	assert_int_equal(history_at(&history, 0)->times, 2);
	assert_non_null(history_at(&history, HISTORY_EVENTS_MAX - 1));
	assert_null(history_at(&history, HISTORY_EVENTS_MAX));
}

/*
 * Configs that can't be used
 */

static void a_config_that_cannot_be_parsed_changes_nothing(void **state)
{
	static const char *const config = CONFIG("<report/> <start name='a'/>");
	struct model *model = model_with(config);

	model->n_reports = 0;
	model_forget(model);
	sandbox_reject(&model->sandbox, "3:7: mismatched tag");
	model_settle(model);
	assert_int_equal(model->journal.n, 0);
	assert_int_equal(model_logged(model, "config has invalid syntax"), 1);
	assert_sent(model, true);
	assert_report(model, "<state version=\"1\" config_error=\"3:7: mismatched tag\">\n"
			     "\t<child name=\"a\" binary=\"a\"/>\n"
			     "</state>\n");
	apply(model, config);
	assert_null(strstr(model_report(model), "config_error"));
	assert_true(is_delayed(model));
	model_free(model);
}

static void the_first_config_may_be_unusable(void **state)
{
	struct model *model = model_new();

	sandbox_reject(&model->sandbox, "1:0: no element found");
	model_settle(model);
	assert_null(model->sandbox.children);
	apply(model, CONFIG("<start name='a'/>"));
	assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
	model_free(model);
}

static void one_bad_node_does_not_hide_the_others(void **state)
{
	struct model *model = model_with(CONFIG(
		"<start/> <start name=''/> <nonsense/> <start name='a'/>"
		"<start name='a' version='2'/> <alias name='x'/>"
		"<alias name='y' child='a'/> <alias name='y' child='b'/> <start name='b'/>"));

	assert_int_equal(model_logged(model, "missing 'name' attribute in '<start>' entry"), 2);
	assert_int_equal(model_logged(model, "unknown config element type <nonsense>"), 1);
	assert_int_equal(model_logged(model, "start node \"a\""), 1);
	assert_int_equal(model_logged(model, "missing 'child' attribute in '<alias>' entry"), 1);
	assert_int_equal(model_logged(model, "alias \"y\""), 1);
	assert_int_equal(model_logged(model, ""), 6);
	assert_int_equal(model_child(model, "a")->id, 1);
	assert_string_equal(model_child(model, "a")->version, "");
	assert_int_equal(model_child(model, "b")->state, CHILD_ALIVE);
	model_free(model);
}

/*
 * Heartbeats
 */

#define BEATING \
	CONFIG("<report/> <heartbeat rate_ms='200'/> <start name='a'>" \
	       "<heartbeat restart_after_skipped='2'/> </start> <start name='b'> <heartbeat/>" \
	       "</start> <start name='c'/>")

static void beats_that_are_not_answered_are_counted(void **state)
{
	struct model *model = model_with(BEATING);

	assert_int_equal(model->armed_ms[OWNER_TIMER_HEARTBEAT], 200);
	model_timer(model, OWNER_TIMER_HEARTBEAT); /* nobody handles them yet */
	assert_int_equal(model_child(model, "b")->heartbeats_outstanding, 0);
	child_handles(model_child(model, "b"), CHILD_EVENT_HEARTBEAT);
	child_handles(model_child(model, "c"), CHILD_EVENT_HEARTBEAT);
	for (int i = 0; i < 5; i++)
		model_timer(model, OWNER_TIMER_HEARTBEAT);
	assert_true(is_delayed(model));
	assert_report(model, "<state version=\"1\">\n"
			     "\t<child name=\"a\" binary=\"a\"/>\n"
			     "\t<child name=\"b\" binary=\"b\" skipped_heartbeats=\"4\"/>\n"
			     "\t<child name=\"c\" binary=\"c\"/>\n"
			     "</state>\n");
	child_heartbeat_response(model_child(model, "b"));
	assert_null(strstr(model_report(model), "skipped"));
	assert_int_equal(model_child(model, "b")->id, 2);
	model_free(model);
}

static void a_child_that_skips_too_many_is_restarted(void **state)
{
	struct model *model = model_with(BEATING);

	child_handles(model_child(model, "a"), CHILD_EVENT_HEARTBEAT);
	for (int i = 0; i < 3; i++)
		model_timer(model, OWNER_TIMER_HEARTBEAT);
	assert_int_equal(model_child(model, "a")->heartbeats_outstanding, 3);
	assert_int_equal(model_child(model, "a")->id, 1);
	model_timer(model, OWNER_TIMER_HEARTBEAT);
	assert_int_equal(model_child(model, "a")->id, 4);
	assert_int_equal(model_child(model, "a")->state, CHILD_ALIVE);
	assert_int_equal(model_child(model, "a")->heartbeats_outstanding, 0);
	assert_int_equal(model_child(model, "b")->id, 2);
	model_free(model);
}

static void the_rate_of_beats_may_change(void **state)
{
	struct model *model = model_with(BEATING);

	apply(model, CONFIG("<heartbeat rate_ms='500'/>"));
	assert_int_equal(model->armed_ms[OWNER_TIMER_HEARTBEAT], 500);
	apply(model, CONFIG("<heartbeat/>"));
	assert_int_equal(model->armed_ms[OWNER_TIMER_HEARTBEAT], 1000);
	apply(model, CONFIG(""));
	assert_int_equal(model->armed_ms[OWNER_TIMER_HEARTBEAT], 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(births_and_deaths_are_reported_at_once),
		cmocka_unit_test(a_child_that_repeats_itself_is_not_reported_at_once),
		cmocka_unit_test(other_changes_are_gathered_for_a_while),
		cmocka_unit_test(what_is_urgent_takes_along_what_waits),
		cmocka_unit_test(a_config_that_changes_no_child_is_reported_in_time),
		cmocka_unit_test(without_a_report_node_none_is_sent),
		cmocka_unit_test(usage_is_looked_at_by_the_clock),
		cmocka_unit_test(a_plain_report_names_the_children),
		cmocka_unit_test(sessions_are_shown_on_both_sides),
		cmocka_unit_test(quota_is_shown_as_assigned_and_held),
		cmocka_unit_test(walls_are_shown_of_those_that_run),
		cmocka_unit_test(who_has_not_started_yet_has_no_walls),
		cmocka_unit_test(walls_are_not_asked_for_if_nobody_wants_them),
		cmocka_unit_test(each_of_many_children_is_shown_with_its_own_quota),
		cmocka_unit_test(a_stuck_child_is_incomplete_and_says_why),
		cmocka_unit_test(history_tells_what_happened_and_why),
		cmocka_unit_test(only_the_last_events_are_kept),
		cmocka_unit_test(a_config_that_cannot_be_parsed_changes_nothing),
		cmocka_unit_test(the_first_config_may_be_unusable),
		cmocka_unit_test(one_bad_node_does_not_hide_the_others),
		cmocka_unit_test(beats_that_are_not_answered_are_counted),
		cmocka_unit_test(a_child_that_skips_too_many_is_restarted),
		cmocka_unit_test(the_rate_of_beats_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
