/* Log: how texts become messages. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <kin/log.h>
#include <stdio.h>
#include <string.h>

#define MAX KIN_LOG_TEXT_MAX

static void warnings_and_errors_say_what_they_are(void **state)
{
	struct world w;

	world_open(&w);
	kin_log(&w.env, "%d%s", 1, "a");
	kin_warning(&w.env, "b");
	kin_error(&w.env, "c");
	kin_log(&w.env, "no newline twice\n");
	kin_log(&w.env, "%s", "");
	WORLD_WAIT(&w, w.n_lines == 5);
	assert_string_equal(w.lines[0], "1a");
	assert_string_equal(w.lines[1], "Warning: b");
	assert_string_equal(w.lines[2], "Error: c");
	assert_string_equal(w.lines[3], "no newline twice");
	assert_string_equal(w.lines[4], "");
	world_close(&w);
}

static void long_texts_are_split_between_lines(void **state)
{
	char text[2 * MAX];
	struct world w;

	world_open(&w);
	memset(text, 'x', sizeof(text));
	text[700] = text[900] = '\n';
	text[1500] = 0;
	kin_log(&w.env, "%s", text);
	WORLD_WAIT(&w, w.n_lines == 2);
	assert_int_equal(strlen(w.lines[0]), 900);
	assert_int_equal(w.lines[0][700], '\n');
	assert_int_equal(strlen(w.lines[1]), 1500 - 901);
	world_close(&w);
}

static void a_text_of_just_the_limit_is_one_message(void **state)
{
	char text[MAX + 2];
	struct world w;

	world_open(&w);
	memset(text, 'x', sizeof(text));
	text[MAX] = '\n';
	text[MAX + 1] = 0;
	kin_log(&w.env, "%s", text);
	text[MAX] = 0;
	kin_log(&w.env, "%s", text);
	kin_log(&w.env, "end");
	WORLD_WAIT(&w, w.n_lines == 3);
	assert_int_equal(strlen(w.lines[0]), MAX);
	assert_int_equal(strlen(w.lines[1]), MAX);
	world_close(&w);
}

static void a_character_is_never_split(void **state)
{
	char text[2 * MAX + 4] = "";
	struct world w;

	world_open(&w);
	for (unsigned i = 0; i < 2 * MAX / 3; i++)
		strcat(text, "\xe2\x82\xac");
	kin_log(&w.env, "%s", text);
	WORLD_WAIT(&w, w.n_lines == 2);
	assert_int_equal(strlen(w.lines[0]), MAX / 3 * 3);
	assert_int_equal(strlen(w.lines[1]), MAX / 3 * 3);
	assert_int_equal((unsigned char) w.lines[1][0], 0xe2);
	world_close(&w);
}

static void garbage_is_split_anywhere_but_all_of_it_is_said(void **state)
{
	char text[MAX + 10];
	struct world w;

	world_open(&w);
	memset(text, 0x80, sizeof(text));
	text[5] = 0;
	kin_log_text(&w.env, text, sizeof(text));
	WORLD_WAIT(&w, w.n_lines == 2);
	assert_int_equal(strlen(w.lines[0]) + strlen(w.lines[1]), sizeof(text));
	assert_int_equal(w.lines[0][5], ' ');
	world_close(&w);
}

static void standard_streams_end_up_here(void **state)
{
	FILE *out = stdout, *err = stderr;
	struct world w;

	world_open(&w);
	assert_int_equal(env_stdio_open(&w.env), 0);
	printf("one ");
	printf("line\n");
	fprintf(stderr, "another\n");
	printf("unfinished");
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	WORLD_WAIT(&w, w.n_lines == 3);
	assert_string_equal(w.lines[0], "one line");
	assert_string_equal(w.lines[1], "another");
	assert_string_equal(w.lines[2], "unfinished");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings_and_errors_say_what_they_are),
		cmocka_unit_test(long_texts_are_split_between_lines),
		cmocka_unit_test(a_text_of_just_the_limit_is_one_message),
		cmocka_unit_test(a_character_is_never_split),
		cmocka_unit_test(garbage_is_split_anywhere_but_all_of_it_is_said),
		cmocka_unit_test(standard_streams_end_up_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
