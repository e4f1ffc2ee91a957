/*
 * Generator, from the inside
 *
 * generator.c keeps the buffer, the nesting and the order of calls; a writer per syntax decides
 * what goes into the buffer. A writer never fails by itself: it appends, and what does not fit is
 * the first error that sticks.
 *
 * Writers are called in the order of the text. At the start of any call the text of the innermost
 * node is either open for attributes (in_tag) or not, which the writer has to end.
 */
#ifndef BASE_GENERATOR_H
#define BASE_GENERATOR_H

#include <kin/generator.h>

#define GENERATOR_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

struct generator_writer {
	void (*open)(struct kin_generator *g, const char *type);
	void (*close)(struct kin_generator *g);
	void (*attribute)(struct kin_generator *g, const char *name, const char *value);
	void (*text)(struct kin_generator *g, const char *text);
};

extern const struct generator_writer generator_xml, generator_lines;

void generator_fail(struct kin_generator *g, int error);

/** generator_reserve() - make room for @n more bytes and a NUL; false after an error, be it this
 * one or an earlier. */
bool generator_reserve(struct kin_generator *g, size_t n);

void generator_put(struct kin_generator *g, const char *text, size_t n);
void generator_put_string(struct kin_generator *g, const char *text);

/** generator_put_escaped() - put text with some of its characters replaced; @escape_of says what to
 * write for the well-formed character at @at, NULL if it can stay. Malformed ones and those that no
 * tree can hold become U+FFFD without asking. */
void generator_put_escaped(struct kin_generator *g, const char *text, size_t n,
	const char *(*escape_of)(const char *at));

/** generator_innermost() - the innermost open node. */
struct kin_generator_level *generator_innermost(struct kin_generator *g);

#endif
