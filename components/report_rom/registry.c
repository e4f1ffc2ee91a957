/*
 * Registry, implementation; see the header
 */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

int registry_open(struct registry *registry, struct kin_env *env)
{
	*registry = (struct registry){ .env = env, .nowhere = { .registry = registry } };
	kin_module_init(&registry->nowhere.module, &registry->modules);
	return kin_modules_open(env, &registry->modules);
}

struct slot *slot_get(struct registry *registry, const char *name)
{
	struct slot *slot = registry->first;

	while (slot && strcmp(slot->name, name) != 0)
		slot = slot->next;
	if (slot)
		return slot;
	slot = calloc(1, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->registry = registry;
	strncpy(slot->name, name, KIN_LABEL_MAX);
	kin_module_init(&slot->module, &registry->modules);
	slot->next = registry->first;
	registry->first = slot;
	return slot;
}

void slot_release(struct slot *slot)
{
	struct slot **at = &slot->registry->first;

	if (slot->writer || slot->module.readers || slot == &slot->registry->nowhere)
		return;
	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	kin_module_done(&slot->module);
	free(slot);
}

void registry_sweep(struct registry *registry)
{
	struct slot *slot = registry->first, *next;

	for (; slot; slot = next) {
		next = slot->next;
		slot_release(slot);
	}
}

struct slot *slot_of(const struct kin_module_reader *reader)
{
	char *module = (char *) reader->module;

	return (struct slot *) (void *) (module - offsetof(struct slot, module));
}

int writer_write(struct writer *writer, uint64_t size)
{
	struct kin_quota *quota = &writer->reporter.client.quota;
	struct kin_module *module = &writer->slot->module;
	struct kin_ram content = { 0 };
	int r = 0;

	if (size > writer->reporter.buffer_bytes)
		return KIN_INVALID;
	if (size)
		r = kin_ram_alloc(
			writer->slot->registry->env, quota, size, KIN_RAM_SHARE, &content);
	if (r)
		return r;
	r = kin_reporter_read(&writer->reporter, size, content.data);
	if (r)
		kin_ram_free(&content);
	else
		kin_module_take(module, &content, size);
	return r;
}

/* Is there enough left if the donation goes back, with the content still there? */
static bool content_is_affordable(struct kin_env *env, const struct kin_quota *donation)
{
	struct kin_account account;

	return kin_account_read(env, &account) == 0 &&
	       account.ram_quota - account.ram_used >= donation->ram &&
	       account.cap_quota - account.cap_used >= donation->caps;
}

void writer_leave(struct writer *writer, bool keep)
{
	struct slot *slot = writer->slot;
	struct kin_env *env = slot->registry->env;

	slot->writer = NULL;
	kin_reporter_close(&writer->reporter);
	if (keep && slot->module.size && slot->module.readers &&
		!content_is_affordable(env, &writer->reporter.client.quota)) {
		kin_warning(env, "can't pay for the content of \"%s\", which its writer left",
			slot->name);
		keep = false;
	}
	if (keep)
		kin_ram_recharge(&slot->module.content, NULL);
	else
		kin_module_replace(&slot->module, NULL, NULL, 0);
	slot_release(slot);
}
