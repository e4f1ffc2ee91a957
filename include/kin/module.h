/*
 * Modules: being a ROM server
 *
 * A module is content that others read, replaced as a whole whenever its owner likes. Each content
 * is a dataspace of its own; when it is replaced the old one is freed, and who is just reading that
 * notices and asks again. A reader is a client of a ROM service that has joined a module:
 *
 *     struct kin_service rom = { .interface = &rom_interface,
 *             .handlers = &kin_module_handlers,
 *             .client_size = sizeof(struct kin_module_reader),
 *             .create = …,   (finds the module, calls kin_module_join())
 *             .destroy = … }; (calls kin_module_reader_done())
 */
#ifndef KIN_MODULE_H
#define KIN_MODULE_H

#include <kin/interface/rom.h>
#include <kin/ram.h>
#include <kin/service.h>

#include <stddef.h>

/** What the modules of a component share. */
struct kin_modules {
	struct kin_env *env;

	/* private */
	struct kin_ram nothing; /* content of all that are empty */
};

struct kin_module_reader;

struct kin_module {
	size_t size;                       /* bytes of the content; 0 while it is empty */
	struct kin_ram content;            /* closed while it is empty */
	struct kin_module_reader *readers; /* borrowed */

	/* private */
	struct kin_modules *modules;
};

/** A client of the ROM service; may start a larger struct. */
struct kin_module_reader {
	struct kin_client client;
	struct kin_module *module; /* NULL until it joined one */
	struct kin_module_reader *next;

	/* private */
	int signal; /* triggered at each change; 0 if none was given */
};

/** The handlers of a ROM service whose clients have all joined a module. */
extern const struct rom_handlers kin_module_handlers;

/** kin_modules_open() - costs a page. Return: 0, or as kin_ram_alloc(). */
int kin_modules_open(struct kin_env *env, struct kin_modules *modules);

/** kin_module_init() - make an empty module, which costs nothing and asks nobody. */
void kin_module_init(struct kin_module *module, struct kin_modules *modules);

/** kin_module_done() - free its content; nobody reads it any more. */
void kin_module_done(struct kin_module *module);

/** kin_module_join() - let a client read this module; leaves the one before and is told about the
 * change if there was one. */
void kin_module_join(struct kin_module *module, struct kin_module_reader *reader);

/** kin_module_reader_done() - the client is gone; gives back what its quota paid. */
void kin_module_reader_done(struct kin_module_reader *reader);

/**
 * kin_module_replace() - have other content, tell all readers
 * @text:  copied; may be NULL if @size is 0, which makes the module empty
 * @quota: pays for the copy, as for kin_ram_alloc()
 *
 * Return: 0; as kin_ram_alloc(), and then the old content stays.
 */
int kin_module_replace(
	struct kin_module *module, struct kin_quota *quota, const void *text, size_t size);

/** kin_module_take() - the same with content that is there: a dataspace made with KIN_RAM_SHARE,
 * the module's from now on, of which @size bytes count. Never fails. */
void kin_module_take(struct kin_module *module, const struct kin_ram *content, size_t size);

#endif
