/*
 * Modules: content, and who is to be told when it changes; see the header
 */
#include <kin/module.h>

#include <assert.h>
#include <string.h>

#include <kin/signal.h>

int kin_modules_open(struct kin_env *env, struct kin_modules *modules)
{
	*modules = (struct kin_modules){ .env = env };
	return kin_ram_alloc(env, NULL, 0, KIN_RAM_SHARE, &modules->nothing);
}

void kin_module_init(struct kin_module *module, struct kin_modules *modules)
{
	*module = (struct kin_module){ .modules = modules };
}

void kin_module_done(struct kin_module *module)
{
	assert(!module->readers);
	kin_ram_free(&module->content);
	module->size = 0;
}

static void reader_notify(const struct kin_module_reader *reader)
{
	if (reader->signal)
		kin_signal_trigger(reader->signal);
}

static void module_leave(struct kin_module_reader *reader)
{
	struct kin_module_reader **at = &reader->module->readers;

	while (*at != reader)
		at = &(*at)->next;
	*at = reader->next;
}

void kin_module_join(struct kin_module *module, struct kin_module_reader *reader)
{
	struct kin_module *before = reader->module;

	if (before == module)
		return;
	if (before)
		module_leave(reader);
	reader->module = module;
	reader->next = module->readers;
	module->readers = reader;
	if (before && (before->size || module->size))
		reader_notify(reader);
}

static void signal_forget(struct kin_module_reader *reader)
{
	if (!reader->signal)
		return;
	kin_cap_close(reader->signal);
	kin_quota_release(&reader->client.quota, 0, 1);
	reader->signal = 0;
}

void kin_module_reader_done(struct kin_module_reader *reader)
{
	if (reader->module)
		module_leave(reader);
	reader->module = NULL;
	signal_forget(reader);
}

void kin_module_take(struct kin_module *module, const struct kin_ram *content, size_t size)
{
	bool changes = module->size || size;

	kin_ram_free(&module->content);
	module->content = *content;
	module->size = size;
	if (!changes)
		return;
	for (const struct kin_module_reader *at = module->readers; at; at = at->next)
		reader_notify(at);
}

int kin_module_replace(
	struct kin_module *module, struct kin_quota *quota, const void *text, size_t size)
{
	struct kin_ram content = { 0 };

	if (size) {
		int r = kin_ram_alloc(module->modules->env, quota, size, KIN_RAM_SHARE, &content);

		if (r)
			return r;
		memcpy(content.data, text, size);
	}
	kin_module_take(module, &content, size);
	return 0;
}

static int reader_dataspace(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	const struct kin_module *module = ((struct kin_module_reader *) self)->module;
	const struct kin_ram *content = module->size ? &module->content : &module->modules->nothing;
	int dataspace = kin_cap_duplicate(content->read_only);

	if (dataspace < 0)
		return dataspace;
	reply->dataspace = dataspace;
	reply->size = module->size;
	return 0;
}

static int reader_signal(
	void *self, struct rom_signal_request *request, struct rom_signal_reply *reply)
{
	struct kin_module_reader *reader = self;

	if (request->signal && !kin_signal_check(request->signal))
		return KIN_INVALID;
	signal_forget(reader);
	int r = request->signal ? kin_quota_charge(&reader->client.quota, 0, 1) : 0;

	if (r)
		return r;
	reader->signal = request->signal;
	request->signal = 0;
	return 0;
}

const struct rom_handlers kin_module_handlers = { .dataspace = reader_dataspace,
	.signal = reader_signal };
