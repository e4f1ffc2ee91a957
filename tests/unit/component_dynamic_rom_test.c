/* dynamic_rom, the component, in a process of its own: what its readers get to see. */
#include "component_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/ram.h>
#include <string.h>
#include <unistd.h>

#include "ipc/signal.h"

#define HOUR "<sleep milliseconds=\"3600000\"/>"

/* Return: the client's end, once it has told @signal to be triggered. */
static int reader_open(struct peers *peers, const char *label, int *ret_signal)
{
	int reader = peer_read(peers, label);

	assert_true(reader > 0);
	assert_int_equal(signal_context_open(ret_signal), 0);
	assert_int_equal(rom_signal(reader, &(struct rom_signal_request){ *ret_signal }, NULL), 0);
	return reader;
}

static size_t content_read(int channel, char *buf, size_t size)
{
	struct rom_dataspace_reply reply;

	assert_int_equal(rom_dataspace(channel, NULL, &reply), 0);
	assert_true(reply.size < size);
	/* It may change while we look; then the next signal shows what there is. */
	bool there = kin_dataspace_read(reply.dataspace, 0, buf, reply.size) == 0;

	buf[there ? reply.size : 0] = 0;
	close(reply.dataspace);
	return there ? reply.size : SIZE_MAX;
}

static void a_module_goes_round_its_steps(void **state)
{
	static const char *const contents[] = { "<a x=\"1\">t</a>\n<b/>\n", "just text", "" };
	unsigned seen[3] = { 0 };
	struct peers peers;
	char text[64];
	int signal;

	peers_open(&peers, kin_main,
		"<config><rom name=\"m\">"
		"<inline><a x='1'>t</a><b/></inline><sleep milliseconds=\"2\"/>"
		"<inline>  just text </inline><sleep milliseconds=\"2\"/>"
		"<empty/><sleep milliseconds=\"2\"/>"
		"</rom></config>",
		1);
	int reader = reader_open(&peers, "m", &signal);

	while (seen[0] < 2 || seen[1] < 2 || seen[2] < 2) {
		signal_await(signal);
		if (content_read(reader, text, sizeof(text)) == SIZE_MAX)
			continue;
		unsigned i = 0;

		while (i < 3 && strcmp(text, contents[i]) != 0)
			i++;
		assert_true(i < 3);
		seen[i]++;
	}
	close(signal);
	peers_close(&peers);
}

static void steps_without_a_sleep_are_taken_once(void **state)
{
	struct peers peers;

	peers_open(&peers, kin_main,
		"<config>"
		"<rom name=\"once\"><inline>1</inline><empty/><inline>2</inline></rom>"
		"<rom name=\"none\"/>"
		"</config>",
		1);
	content_expect(peer_read(&peers, "a -> once"), "2");
	content_expect(peer_read(&peers, "b -> c -> once"), "2");
	content_expect(peer_read(&peers, "none"), "");
	peers_close(&peers);
}

static void a_client_reads_what_its_label_ends_with(void **state)
{
	struct peers peers;

	peers_open(&peers, kin_main,
		"<config><rom name=\"a\"><inline>A</inline></rom>"
		"<rom name=\"b\"><inline>B</inline></rom></config>",
		1);
	content_expect(peer_read(&peers, "x -> a"), "A");
	content_expect(peer_read(&peers, "a -> b"), "B");
	assert_int_equal(peer_read(&peers, "a -> c"), -KIN_DENIED);
	assert_int_equal(peer_read(&peers, ""), -KIN_DENIED);
	WORLD_WAIT(&peers.world, peers.world.n_lines == 2);
	assert_string_equal(peers.world.lines[0], "Error: no ROM for client \"a -> c\"");
	peers_close(&peers);
}

#define STEADY \
	"<rom name=\"steady\"><inline>1</inline><sleep milliseconds=\"1\"/>" \
	"<inline>2</inline>" HOUR "</rom>"

static void a_changed_config_takes_effect_where_it_changed(void **state)
{
	struct peers peers;
	int steady_signal, signal;

	peers_open(&peers, kin_main,
		"<config>" STEADY "<rom name=\"m\"><inline>old</inline>" HOUR "</rom></config>", 1);
	int steady = reader_open(&peers, "steady", &steady_signal);
	int reader = reader_open(&peers, "m", &signal);
	char text[64] = "";

	while (content_read(steady, text, sizeof(text)) == SIZE_MAX || strcmp(text, "2") != 0)
		signal_await(steady_signal);
	signal_take(steady_signal);
	content_expect(reader, "old");
	peers_config(&peers,
		"<config verbose=\"no\"><rom name=\"m\"><inline>new</inline></rom>" STEADY
		"</config>");
	signal_await(signal);
	content_expect(reader, "new");
	content_expect(steady, "2");
	assert_false(signal_take(steady_signal));
	close(steady_signal);
	close(signal);
	peers_close(&peers);
}

static void a_module_that_vanishes_is_empty_until_it_is_back(void **state)
{
	struct peers peers;
	int signal;

	peers_open(&peers, kin_main,
		"<config><rom name=\"m\"><inline>1</inline>" HOUR "</rom></config>", 1);
	int reader = reader_open(&peers, "m", &signal);

	content_expect(reader, "1");
	peers_config(&peers, "<config/>");
	signal_await(signal);
	content_expect(reader, "");
	assert_int_equal(peer_read(&peers, "m"), -KIN_DENIED);
	peers_config(&peers, "<config><rom name=\"m\"><inline>2</inline></rom></config>");
	signal_await(signal);
	content_expect(reader, "2");
	peers_config(&peers, "<config/>");
	signal_await(signal);
	peer_close(&peers, 1);
	/* Left are the signals for requests and config, and the empty content. */
	WORLD_WAIT(&peers.world, peers.world.n_objects == 3);
	close(signal);
	peers_close(&peers);
}

static void content_beyond_the_budget_leaves_the_old_one(void **state)
{
	struct peers peers;
	struct world *w = &peers.world;

	peers_open(
		&peers, kin_main, "<config><rom name=\"m\"><inline>1</inline></rom></config>", 1);
	int reader = peer_read(&peers, "m");

	content_expect(reader, "1");
	pthread_mutex_lock(&w->lock);
	w->ram_left = 0;
	pthread_mutex_unlock(&w->lock);
	peers_config(&peers, "<config><rom name=\"m\"><inline>2</inline></rom></config>");
	WORLD_WAIT(w, w->n_lines == 1);
	assert_string_equal(w->lines[0], "Error: m keeps its content: out of RAM");
	content_expect(reader, "1");
	assert_int_equal(w->n_shortages, 0);
	peers_close(&peers);
}

static void mistakes_are_named_with_their_lines(void **state)
{
	static const char *const warnings[] = {
		"Warning: config:2: <rom> needs a name",
		"Warning: config:3: <rom> needs a name",
		"Warning: config:4: there is a ROM \"m\" already",
		"Warning: config:4: unknown node <rum>",
		"Warning: config:1: unknown step <outline>",
		"Warning: config:1: <sleep> needs a number of milliseconds",
		"Warning: config:1: <inline> has text beside nodes, which is ignored",
	};
	struct peers peers;
	struct world *w = &peers.world;

	peers_open(&peers, kin_main,
		"<config><rom name=\"m\"><outline/><sleep milliseconds=\"soon\"/>"
		"<inline>text<a/></inline></rom>\n"
		"<rom/>\n"
		"<rom name=\"x/y\"/>\n"
		"<rom name=\"m\"><inline>other</inline></rom><rum/>\n"
		"</config>",
		1);
	content_expect(peer_read(&peers, "m"), "<a/>\n");
	WORLD_WAIT(w, w->n_lines == sizeof(warnings) / sizeof(warnings[0]));
	for (unsigned i = 0; i < w->n_lines; i++)
		assert_string_equal(w->lines[i], warnings[i]);
	peers_close(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_goes_round_its_steps),
		cmocka_unit_test(steps_without_a_sleep_are_taken_once),
		cmocka_unit_test(a_client_reads_what_its_label_ends_with),
		cmocka_unit_test(a_changed_config_takes_effect_where_it_changed),
		cmocka_unit_test(a_module_that_vanishes_is_empty_until_it_is_back),
		cmocka_unit_test(content_beyond_the_budget_leaves_the_old_one),
		cmocka_unit_test(mistakes_are_named_with_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
