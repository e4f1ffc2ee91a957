/*
 * Modules, implementation; see the header
 */
#include "module.h"

#include <stdlib.h>
#include <string.h>

int modules_init(struct modules *modules, struct kin_env *env)
{
	*modules = (struct modules){ .env = env };
	return kin_ram_alloc(env, NULL, 0, KIN_RAM_SHARE, &modules->nothing);
}

struct module *module_get(struct modules *modules, const char *name)
{
	struct module *module = modules->first;

	while (module && strcmp(module->name, name) != 0)
		module = module->next;
	if (module)
		return module;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	module->modules = modules;
	strncpy(module->name, name, KIN_LABEL_MAX);
	module->next = modules->first;
	modules->first = module;
	return module;
}

void module_release(struct module *module)
{
	struct module **at = &module->modules->first;

	if (module->writer || module->readers)
		return;
	while (*at != module)
		at = &(*at)->next;
	*at = module->next;
	kin_ram_free(&module->content);
	free(module);
}

static void readers_notify(const struct module *module)
{
	for (const struct reader *reader = module->readers; reader; reader = reader->next)
		if (reader->signal)
			kin_signal_trigger(reader->signal);
}

void module_join(struct module *module, struct reader *reader)
{
	reader->module = module;
	reader->next = module->readers;
	module->readers = reader;
}

void module_leave(struct reader *reader)
{
	struct reader **at = &reader->module->readers;

	while (*at != reader)
		at = &(*at)->next;
	*at = reader->next;
	kin_cap_close(reader->signal);
	module_release(reader->module);
}

static void content_replace(struct module *module, const struct kin_ram *content, size_t size)
{
	kin_ram_free(&module->content);
	module->content = *content;
	module->size = size;
	readers_notify(module);
}

void module_writer_leave(struct writer *writer, bool keep)
{
	struct module *module = writer->module;

	module->writer = NULL;
	if (!keep)
		content_replace(module, &(struct kin_ram){ 0 }, 0);
	else
		kin_ram_recharge(&module->content, NULL);
	kin_ram_free(&writer->buffer);
	module_release(module);
}

int module_write(struct module *module, size_t size)
{
	struct writer *writer = module->writer;
	struct kin_ram content = { 0 };

	if (size) {
		int r = kin_ram_alloc(
			module->modules->env, &writer->client.quota, size, KIN_RAM_SHARE, &content);

		if (r)
			return r;
		/* The writer can change the buffer while we look, so it is read once. */
		r = kin_dataspace_read(writer->buffer.dataspace, 0, content.data, size);
		if (r) {
			kin_ram_free(&content);
			return r;
		}
	}
	content_replace(module, &content, size);
	return 0;
}

int module_dataspace(const struct module *module, int *ret_dataspace, uint64_t *ret_size)
{
	const struct kin_ram *content = module->size ? &module->content : &module->modules->nothing;
	int dataspace = kin_cap_duplicate(content->read_only);

	if (dataspace < 0)
		return dataspace;
	*ret_dataspace = dataspace;
	*ret_size = module->size;
	return 0;
}
