/*
 * Modules: where what one writes becomes what others read
 *
 * A module is known by the label of the report it holds. It exists while somebody writes or reads
 * it; module_get() makes it, leaving it is what ends it. Its content is replaced as a whole: a new
 * report goes to a new dataspace, the old one is freed, and who is just reading that notices and
 * asks again.
 *
 * Content is charged to its writer while there is one, to the component itself afterwards.
 */
#ifndef REPORT_ROM_MODULE_H
#define REPORT_ROM_MODULE_H

#include <kin/kin.h>

struct module;

struct modules {
	struct kin_env *env;
	struct module *first;
	struct kin_ram nothing; /* content of all modules that are empty */
};

struct reader {
	struct kin_client client;
	struct module *module;
	int signal; /* triggered when the content changed; owned; 0 if none was given */
	struct reader *next;
};

struct writer {
	struct kin_client client;
	struct module *module;
	struct kin_ram buffer;
	size_t buffer_bytes;
};

struct module {
	struct modules *modules;
	char name[KIN_LABEL_MAX + 1];
	struct writer *writer;
	struct reader *readers;
	struct kin_ram content; /* zero while empty */
	size_t size;            /* bytes of it that count */
	struct module *next;
};

/* Return: 0, or as kin_ram_alloc(). */
int modules_init(struct modules *modules, struct kin_env *env);

/* The module of that name, made if need be; NULL if there is no memory. Join or release it. */
struct module *module_get(struct modules *modules, const char *name);

void module_join(struct module *module, struct reader *reader);

/* All three may end the module. */
void module_leave(struct reader *reader);
void module_writer_leave(struct writer *writer, bool keep);
void module_release(struct module *module);

/**
 * module_write() - replace the content
 * @size: bytes at the front of the writer's buffer
 *
 * Return: 0; KIN_OUT_OF_… if the writer's donation does not cover it; negative errno.
 */
int module_write(struct module *module, size_t size);

/**
 * module_dataspace() - the present content, for a reply
 * @ret_dataspace: read-only, owned by the caller
 * @ret_size:      bytes of it that count
 */
int module_dataspace(const struct module *module, int *ret_dataspace, uint64_t *ret_size);

#endif
