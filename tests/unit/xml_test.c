/*
 * Reader of XML: every reason to refuse a text, by its message and position, and each limit by its
 * name, with the largest text that keeps it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/tree_reading.h"

static struct kin_tree *parse(const char *text)
{
	return parse_with(kin_tree_parse_xml, text);
}

static void assert_bytes_refused(const char *text, size_t n, int error, const char *message)
{
	assert_refused_by(kin_tree_parse_xml, text, n, error, message);
}

static void assert_refused(const char *text, int error, const char *message)
{
	assert_bytes_refused(text, strlen(text), error, message);
}

static void malformed_texts_are_einval_and_say_where(void **state)
{
	assert_refused("<a>\n  <b>\n</a>", -EINVAL, "T:3:3: error: <b> of line 2 is not closed");
	assert_refused("<a>\n", -EINVAL, "T:2:1: error: <a> of line 1 is not closed");
	assert_refused("<a x=1/>", -EINVAL, "T:1:6: error: not well-formed (invalid token)");
	assert_refused("<a x='1' x='2'/>", -EINVAL, "T:1:10: error: duplicate attribute");
	assert_refused("<a/><b/>", -EINVAL, "T:1:5: error: junk after document element");
	assert_refused("<a>&who;</a>", -EINVAL, "T:1:4: error: undefined entity");
	assert_refused("<!-- -->", -EINVAL, "T:1:9: error: no element found");
}

static void document_types_are_refused(void **state)
{
#define REFUSAL "error: document type declarations (<!DOCTYPE>) are not allowed"

	assert_refused("\n<!DOCTYPE a>\n<a/>", -EINVAL, "T:2:12: " REFUSAL);
	assert_refused("<!DOCTYPE a [<!ENTITY b 'b'>]><a>&b;</a>", -EINVAL, "T:1:13: " REFUSAL);
	assert_refused("<!DOCTYPE a SYSTEM 'file:///dev/zero'><a/>", -EINVAL, "T:1:38: " REFUSAL);
#undef REFUSAL
}

static void empty_texts_are_refused(void **state)
{
	assert_bytes_refused(NULL, 0, -EINVAL, "T:1:1: error: text is empty");
	assert_refused("", -EINVAL, "T:1:1: error: text is empty");
	assert_refused(" \r\n\t", -EINVAL, "T:2:2: error: text is empty");
	assert_refused("\xEF\xBB\xBF", -EINVAL, "T:1:1: error: text is empty");
}

static void nul_bytes_are_refused(void **state)
{
	assert_bytes_refused("<a/>\n\0", 6, -EINVAL, "T:2:1: error: text contains a NUL byte");
	assert_bytes_refused("\0", 1, -EINVAL, "T:1:1: error: text contains a NUL byte");
	assert_bytes_refused("<\0a\0/\0>\0", 8, -EINVAL, "T:1:2: error: text contains a NUL byte");
}

static void characters_that_no_tree_can_hold_are_refused(void **state)
{
	assert_refused(
		"<a>\n\xc3\xa4\x01</a>", -EINVAL, "T:2:2: error: character U+0001 is not allowed");
	assert_refused("<a x='\x1b'/>", -EINVAL, "T:1:7: error: character U+001B is not allowed");
	assert_refused("<a>\uFFFE</a>", -EINVAL, "T:1:4: error: character U+FFFE is not allowed");
	assert_refused("<a>\uFFFF</a>", -EINVAL, "T:1:4: error: character U+FFFF is not allowed");
	kin_tree_free(parse("<a>\x7f\uFFFD\U0010FFFF\t\r\n</a>"));
}

static void anything_but_utf8_is_refused(void **state)
{
	assert_refused("<a>\n\xff</a>", -EINVAL, "T:2:1: error: text is not UTF-8");
	assert_refused("<a x='\xc3\xa4\xc0\x80'/>", -EINVAL, "T:1:8: error: text is not UTF-8");
	assert_refused("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", -EINVAL,
		"T:1:1: error: encoding \"ISO-8859-1\" is neither UTF-8 nor US-ASCII");
	assert_refused("<?xml version='1.0' encoding='UTF-16'?><a/>", -EINVAL,
		"T:1:1: error: encoding \"UTF-16\" is neither UTF-8 nor US-ASCII");
	assert_refused("<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>", -EINVAL,
		"T:1:1: error: encoding \"EBCDIC-CP-US\" is neither UTF-8 nor US-ASCII");
	kin_tree_free(parse("<?xml version='1.0' encoding='utf-8'?><a/>"));
	kin_tree_free(parse("<?xml version='1.0' encoding='US-ASCII' standalone='yes'?><a/>"));
}

static void a_text_beyond_node_text_max_is_e2big(void **state)
{
	size_t n = KIN_NODE_TEXT_MAX + 1;
	struct kin_tree *tree = NULL;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, "<a/>\n", 5);
	assert_int_equal(kin_tree_parse_xml(text, n - 1, NULL, &tree), 0);
	tree = kin_tree_free(tree);
	assert_bytes_refused(text, n, -E2BIG,
		"T:2:4194300: error: text is longer than KIN_NODE_TEXT_MAX (4 MiB)");
	free(text);
}

static char *nested_text(unsigned depth)
{
	char *text = calloc(depth, strlen("<n></n>") + 1);

	assert_non_null(text);
	for (unsigned i = 0; i < depth; i++)
		strcat(text, "<n>");
	for (unsigned i = 0; i < depth; i++)
		strcat(text, "</n>");
	return text;
}

static void nesting_beyond_node_depth_max_is_e2big(void **state)
{
	char *text = nested_text(KIN_NODE_DEPTH_MAX);

	kin_tree_free(parse(text));
	free(text);
	text = nested_text(KIN_NODE_DEPTH_MAX + 1);
	assert_refused(text, -E2BIG,
		"T:1:193: error: nodes nested deeper than KIN_NODE_DEPTH_MAX (64) at <n>");
	free(text);
}

static void attributes_beyond_node_attributes_max_are_e2big(void **state)
{
	char text[2048] = "<n>\n<m", *at = text + strlen(text);

	for (unsigned i = 0; i < KIN_NODE_ATTRIBUTES_MAX; i++)
		at += sprintf(at, " a%02u=''", i);
	strcpy(at, "/></n>");
	kin_tree_free(parse(text));
	strcpy(at, " z='' y=''/></n>");
	assert_refused(text, -E2BIG,
		"T:2:452: error: more attributes than KIN_NODE_ATTRIBUTES_MAX (64) at 'z'");
}

static void nodes_beyond_nodes_max_are_e2big(void **state)
{
	char *text = malloc(KIN_NODES_MAX * 4 + 16), *at = text;

	assert_non_null(text);
	at += sprintf(at, "<r>\n");
	for (unsigned i = 1; i < KIN_NODES_MAX; i++)
		at += sprintf(at, "<n/>");
	strcpy(at, "</r>");
	/* the limits on text and nodes must not hide each other */
	assert_true(strlen(text) + 8 < KIN_NODE_TEXT_MAX);
	kin_tree_free(parse(text));
	strcpy(at, "<x/></r>");
	assert_refused(
		text, -E2BIG, "T:2:1048573: error: more nodes than KIN_NODES_MAX (262144) at <x>");
	free(text);
}

static void diagnostics_leave_out_what_is_not_known_and_cut_whole_characters(void **state)
{
	struct kin_diagnostic d = { KIN_WARNING, "F", 3, 0, "x" };
	struct kin_diag counting = { 0 };
	char buf[64], wide[KIN_DIAG_TEXT_MAX + 8];
	struct log log;

	kin_diag_format(&d, buf, sizeof(buf));
	assert_string_equal(buf, "F:3: warning: x");
	d.line = 0;
	kin_diag_format(&d, buf, sizeof(buf));
	assert_string_equal(buf, "F: warning: x");
	d.source = NULL;
	assert_int_equal(kin_diag_format(&d, buf, 5), 10);
	assert_string_equal(buf, "warn");
	kin_diag_warning(&counting, 1, 1, "x");
	kin_diag_error(&counting, 1, 1, "x");
	kin_diag_error(NULL, 1, 1, "x");
	assert_int_equal(counting.n_warnings * 10 + counting.n_errors, 11);
	for (size_t shift = 0; shift < 4; shift++) {
		memset(wide, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(wide); i += 4)
			memcpy(wide + i, "\xf0\x9f\xa7\x80", 5);
		log_init(&log);
		kin_diag_error(&log.diag, 1, 1, "%s", wide);
		assert_int_equal(strlen(log.text) - strlen("T:1:1: error: "),
			shift + (KIN_DIAG_TEXT_MAX - shift) / 4 * 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_texts_are_einval_and_say_where),
		cmocka_unit_test(document_types_are_refused),
		cmocka_unit_test(empty_texts_are_refused),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(characters_that_no_tree_can_hold_are_refused),
		cmocka_unit_test(anything_but_utf8_is_refused),
		cmocka_unit_test(a_text_beyond_node_text_max_is_e2big),
		cmocka_unit_test(nesting_beyond_node_depth_max_is_e2big),
		cmocka_unit_test(attributes_beyond_node_attributes_max_are_e2big),
		cmocka_unit_test(nodes_beyond_nodes_max_are_e2big),
		cmocka_unit_test(diagnostics_leave_out_what_is_not_known_and_cut_whole_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
