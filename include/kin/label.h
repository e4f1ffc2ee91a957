/*
 * Labels
 *
 * A session label says who asks for what: each parent on the way puts its child's name in front of
 * the label it got, so that a server reads "init -> shell -> backup". The elements are joined by
 * KIN_LABEL_SEPARATOR; the last one usually names the resource wanted, what precedes it is the
 * identity of who wants it.
 *
 * A name is what may become an element. It is constrained such that joining and splitting are
 * inverse: no child can pick a name that makes it look like another child's descendant.
 */
#ifndef KIN_LABEL_H
#define KIN_LABEL_H

#include <kin/limits.h>

#include <stdbool.h>
#include <stddef.h>

#define KIN_LABEL_SEPARATOR " -> "

/** kin_label_valid() - whether a text is a label: UTF-8, no control characters, at most
 * KIN_LABEL_MAX bytes. The empty label is valid. */
bool kin_label_valid(const char *label);

/**
 * kin_name_valid() - whether a text can name a component, service or module
 *
 * Names hold 1 to KIN_NAME_MAX bytes of UTF-8 without control characters. They also hold nothing
 * that has a meaning where names are used: no separator, not even one completed by the neighbours
 * in a label ("x ->" or "-> x"), no blank at either end, no '/', and neither "." nor "..".
 */
bool kin_name_valid(const char *name);

/**
 * kin_label_join() - make "left -> right"
 * @left:  front elements; if empty, the result is just @right
 * @right: back elements; if empty, the result is just @left
 * @ret:   the joined label; may be the same buffer as @left or @right
 *
 * Return: 0; -ENAMETOOLONG if the result exceeds KIN_LABEL_MAX.
 */
int kin_label_join(const char *left, const char *right, char ret[KIN_LABEL_MAX + 1]);

/** kin_label_last() - the last, perhaps only element, a pointer into @label. */
const char *kin_label_last(const char *label);

/** kin_label_identity_length() - bytes in front of the last separator, 0 if there is none. */
size_t kin_label_identity_length(const char *label);

/**
 * kin_label_after_prefix() - what a label says beyond a name at its front
 *
 * Return: pointer into @label behind "NAME -> "; pointer to its end if it is NAME alone; NULL if it
 * does not start with that element.
 */
const char *kin_label_after_prefix(const char *label, const char *name);

#endif
