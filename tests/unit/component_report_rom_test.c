/* report_rom, the component, in a process of its own: who may read and write what. */
#include "component_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/ram.h>
#include <kin/signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/signal.h"

#define CONFIG \
	"<config>" \
	" <policy label=\"init -> config\" report=\"manager -> init.config\"/>" \
	" <policy label_prefix=\"panel\" report=\"clock -> time\" keep=\"no\"/>" \
	" <policy label=\"broken\"/>" \
	"</config>"

static void setup_open(struct peers *setup)
{
	peers_open(setup, kin_main, CONFIG, 2);
}

static int writer_open(struct peers *setup, const char *label)
{
	return peer_open(setup, "Report", label, 3 * 4096 + KIN_SESSION_RAM, 6);
}

static void report_write(int channel, const char *text)
{
	struct report_dataspace_reply reply;
	void *buffer;

	assert_int_equal(report_dataspace(channel, NULL, &reply), 0);
	assert_int_equal(reply.size, 4096);
	assert_int_equal(kin_attach(reply.dataspace, reply.size, KIN_ATTACH_WRITE, &buffer), 0);
	memcpy(buffer, text, strlen(text));
	kin_detach(buffer, reply.size);
	close(reply.dataspace);
	assert_int_equal(
		report_submit(channel, &(struct report_submit_request){ strlen(text) }, NULL), 0);
}

static void a_reader_gets_the_report_that_its_policy_names(void **state)
{
	struct peers setup;

	setup_open(&setup);
	int other = writer_open(&setup, "other");
	int writer = writer_open(&setup, "manager -> init.config");
	int reader = peer_read(&setup, "init -> config");

	content_expect(reader, "");
	report_write(other, "other");
	content_expect(reader, "");
	report_write(writer, "<a/>");
	content_expect(reader, "<a/>");
	report_write(writer, "<longer/>");
	content_expect(reader, "<longer/>");
	report_write(writer, "");
	content_expect(reader, "");
	peers_close(&setup);
}

static void who_has_no_policy_is_denied(void **state)
{
	struct peers setup;

	setup_open(&setup);
	assert_int_equal(peer_read(&setup, "init -> configuration"), -KIN_DENIED);
	assert_int_equal(peer_read(&setup, "broken"), -KIN_DENIED);
	assert_true(peer_read(&setup, "panel -> anything") > 0);
	peers_close(&setup);
}

static void a_report_has_one_writer_at_a_time(void **state)
{
	struct peers setup;

	setup_open(&setup);
	assert_true(writer_open(&setup, "manager -> init.config") > 0);
	assert_int_equal(writer_open(&setup, "manager -> init.config"), -KIN_DENIED);
	peer_close(&setup, 1);
	assert_true(writer_open(&setup, "manager -> init.config") > 0);
	peers_close(&setup);
}

static void readers_are_signalled_at_each_change(void **state)
{
	struct peers setup;
	int signal;

	setup_open(&setup);
	assert_int_equal(signal_context_open(&signal), 0);
	int reader = peer_read(&setup, "init -> config");
	int writer = writer_open(&setup, "manager -> init.config");

	assert_int_equal(
		rom_signal(reader, &(struct rom_signal_request){ reader }, NULL), KIN_INVALID);
	for (int i = 0; i < 5; i++) /* each replaces the one before, in the quota as well */
		assert_int_equal(
			rom_signal(reader, &(struct rom_signal_request){ signal }, NULL), 0);
	assert_false(signal_take(signal));
	report_write(writer, "1");
	assert_true(signal_take(signal));
	report_write(writer, "2");
	assert_true(signal_take(signal));
	assert_int_equal(rom_signal(reader, &(struct rom_signal_request){ 0 }, NULL), 0);
	report_write(writer, "3");
	assert_false(signal_take(signal));
	close(signal);
	peers_close(&setup);
}

static void content_outlives_its_writer_while_somebody_reads(void **state)
{
	struct peers setup;

	setup_open(&setup);
	int writer = writer_open(&setup, "manager -> init.config");
	int reader = peer_read(&setup, "init -> config");

	report_write(writer, "last words");
	peer_close(&setup, 1);
	content_expect(reader, "last words");
	peer_close(&setup, 2);
	reader = peer_read(&setup, "init -> config");
	content_expect(reader, "");
	peers_close(&setup);
}

static void a_policy_can_have_content_vanish_with_its_writer(void **state)
{
	struct peers setup;

	setup_open(&setup);
	int writer = writer_open(&setup, "clock -> time");
	int reader = peer_read(&setup, "panel");

	report_write(writer, "12:00");
	content_expect(reader, "12:00");
	peer_close(&setup, 1);
	content_expect(reader, "");
	peers_close(&setup);
}

static void the_reporter_pays(void **state)
{
	struct peers setup;

	setup_open(&setup);
	assert_int_equal(
		peer_open(&setup, "Report", "a", KIN_SESSION_RAM, 6), -KIN_INSUFFICIENT_RAM);
	assert_int_equal(peer_open(&setup, "Report", "a", 1 << 20, 3), -KIN_INSUFFICIENT_CAPS);
	int writer = writer_open(&setup, "a");

	assert_int_equal(
		report_submit(writer, &(struct report_submit_request){ 4097 }, NULL), KIN_INVALID);
	for (int i = 0; i < 100; i++)
		report_write(writer, "again");
	peer_close(&setup, 3);
	/* Left are the signals for requests and config, and the empty content. */
	WORLD_WAIT(&setup.world, setup.world.n_objects == 3);
	peers_close(&setup);
}

static void content_that_cannot_be_paid_goes_with_its_writer(void **state)
{
	struct peers setup;
	struct world *w = &setup.world;

	setup_open(&setup);
	int writer = writer_open(&setup, "manager -> init.config");
	int reader = peer_read(&setup, "init -> config");

	report_write(writer, "last words");
	pthread_mutex_lock(&w->lock);
	w->ram_left = 2 * 4096; /* less than the donation that has to go back */
	pthread_mutex_unlock(&w->lock);
	peer_close(&setup, 1);
	content_expect(reader, "");
	WORLD_WAIT(w, w->n_lines == 1);
	assert_string_equal(w->lines[0], "Warning: can't pay for the content of "
					 "\"manager -> init.config\", which its writer left");
	peers_close(&setup);
}

static void a_buffer_has_a_sensible_size(void **state)
{
	static const struct {
		const char *size;
		int answer;
	} cases[] = {
		{ "0", KIN_DENIED }, { "4194305", KIN_DENIED }, { "1", 0 }, { "4M", 0 },
		{ "nonsense", 0 }, /* reads as absent */
	};
	struct peers setup;

	setup_open(&setup);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(kin_args_set(&setup.args, "buffer_size", cases[i].size), 0);
		int writer = peer_open(&setup, "Report", "a", 16u << 20, 6);

		assert_int_equal(writer < 0 ? -writer : 0, cases[i].answer);
		if (writer > 0)
			peer_close(&setup, setup.id);
	}
	WORLD_WAIT(&setup.world, setup.world.n_lines == 2);
	assert_string_equal(setup.world.lines[0],
		"Error: report \"a\": a buffer has 1 to 4194304 bytes, not 0");
	peers_close(&setup);
}

static void a_changed_config_applies_to_new_sessions(void **state)
{
	struct peers setup;

	setup_open(&setup);
	assert_int_equal(peer_read(&setup, "new"), -KIN_DENIED);
	peers_config(&setup, "<config><default-policy report=\"x\"/></config>");
	/* The change and the request are seen in either order. */
	int reader = -KIN_DENIED;

	while (reader == -KIN_DENIED)
		reader = peer_read(&setup, "new");
	content_expect(reader, "");
	peers_close(&setup);
}

static void a_changed_policy_changes_what_a_reader_reads(void **state)
{
	struct peers setup;
	int signal;

	setup_open(&setup);
	assert_int_equal(signal_context_open(&signal), 0);
	int reader = peer_read(&setup, "init -> config");
	int first = writer_open(&setup, "manager -> init.config");
	int second = writer_open(&setup, "second");

	assert_int_equal(rom_signal(reader, &(struct rom_signal_request){ signal }, NULL), 0);
	report_write(first, "1");
	report_write(second, "2");
	signal_await(signal);
	content_expect(reader, "1");
	peers_config(&setup, "<config><default-policy report=\"second\"/></config>");
	signal_await(signal);
	content_expect(reader, "2");
	peers_config(&setup, "<config/>");
	signal_await(signal);
	content_expect(reader, "");
	report_write(second, "not for you");
	content_expect(reader, "");
	assert_false(signal_take(signal));
	peers_config(&setup, CONFIG);
	signal_await(signal);
	content_expect(reader, "1");
	close(signal);
	peers_close(&setup);
}

static void a_change_that_leaves_a_policy_as_it_was_is_not_told(void **state)
{
	struct peers setup;
	int signal, other;

	setup_open(&setup);
	assert_int_equal(signal_context_open(&signal), 0);
	assert_int_equal(signal_context_open(&other), 0);
	int reader = peer_read(&setup, "init -> config");
	int bystander = peer_read(&setup, "panel");
	int writer = writer_open(&setup, "clock -> time");

	report_write(writer, "12:00");
	assert_int_equal(rom_signal(reader, &(struct rom_signal_request){ signal }, NULL), 0);
	assert_int_equal(rom_signal(bystander, &(struct rom_signal_request){ other }, NULL), 0);
	peers_config(
		&setup, "<config><default-policy report=\"clock -> time\" keep=\"no\"/></config>");
	signal_await(signal);
	content_expect(bystander, "12:00");
	assert_false(signal_take(other));
	/* The default policy wants it empty as well as any other does. */
	peer_close(&setup, 3);
	signal_await(other);
	content_expect(reader, "");
	close(signal);
	close(other);
	peers_close(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_gets_the_report_that_its_policy_names),
		cmocka_unit_test(who_has_no_policy_is_denied),
		cmocka_unit_test(a_report_has_one_writer_at_a_time),
		cmocka_unit_test(readers_are_signalled_at_each_change),
		cmocka_unit_test(content_outlives_its_writer_while_somebody_reads),
		cmocka_unit_test(a_policy_can_have_content_vanish_with_its_writer),
		cmocka_unit_test(the_reporter_pays),
		cmocka_unit_test(content_that_cannot_be_paid_goes_with_its_writer),
		cmocka_unit_test(a_buffer_has_a_sensible_size),
		cmocka_unit_test(a_changed_config_applies_to_new_sessions),
		cmocka_unit_test(a_changed_policy_changes_what_a_reader_reads),
		cmocka_unit_test(a_change_that_leaves_a_policy_as_it_was_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
