/*
 * Registry: where what one writes becomes what others read
 *
 * A slot is known by the label of the report it holds. It exists while somebody writes or reads it;
 * slot_get() makes it, leaving it is what ends it. Who reads is found in the module, who writes has
 * the slot alone.
 *
 * Content is charged to its writer while there is one, to the component itself afterwards.
 */
#ifndef REPORT_ROM_REGISTRY_H
#define REPORT_ROM_REGISTRY_H

#include <kin/kin.h>

struct registry;
struct writer;

struct slot {
	struct registry *registry;
	char name[KIN_LABEL_MAX + 1];
	struct kin_module module;
	struct writer *writer; /* at most one */
	struct slot *next;
};

struct registry {
	struct kin_env *env;
	struct kin_modules modules;
	struct slot nowhere; /* in no list: of the readers that no policy lets read anything */
	struct slot *first;
};

struct writer {
	struct kin_reporter reporter;
	struct slot *slot;
};

/* Return: 0, or as kin_modules_open(). */
int registry_open(struct registry *registry, struct kin_env *env);

/* The slot of that name, made if need be; NULL if there is no memory. To be used or released. */
struct slot *slot_get(struct registry *registry, const char *name);

/* Ends a slot that nobody uses; harmless otherwise. */
void slot_release(struct slot *slot);

/* The same for all of them. */
void registry_sweep(struct registry *registry);

/* The slot that a reader reads. */
struct slot *slot_of(const struct kin_module_reader *reader);

/**
 * writer_write() - replace the content
 * @size: bytes at the front of the writer's buffer
 *
 * Return: 0; KIN_OUT_OF_… if the writer's donation does not cover it; KIN_INVALID if the buffer is
 * smaller; negative errno.
 */
int writer_write(struct writer *writer, uint64_t size);

/**
 * writer_leave() - the writer is gone
 * @keep: whether what it wrote last stays, as long as somebody reads it
 *
 * Content that we can't pay from what is ours goes all the same: the donation has to be given back.
 */
void writer_leave(struct writer *writer, bool keep);

#endif
