/*
 * ROM: reading data modules
 *
 * A module's content may change at any time. struct kin_rom holds a private copy, so that nothing
 * changes under its reader's eyes and nobody can take it away; the copy is renewed by
 * kin_rom_update() only. Large modules that never change can be mapped instead: open a session of
 * rom_interface and see <kin/ram.h>.
 */
#ifndef KIN_ROM_H
#define KIN_ROM_H

#include <kin/interface/rom.h>
#include <kin/session.h>
#include <kin/signal.h>

#include <stddef.h>

#define KIN_ROM_SIZE_MAX (64u << 20) /* bytes of a module that is copied */

struct kin_rom {
	char *data;  /* followed by a NUL that does not count; "" while the module is empty */
	size_t size; /* bytes */

	/* private */
	struct kin_session session;
	struct kin_signal signal;
};

/**
 * kin_rom_open() - open a module and read it
 * @label: names the module
 *
 * Return: 0; KIN_DENIED if there is none; else as kin_session_open() and kin_rom_update().
 */
int kin_rom_open(struct kin_env *env, struct kin_rom *rom, const char *label);
void kin_rom_close(struct kin_rom *rom);

/**
 * kin_rom_watch() - have @changed called from the loop after each change
 *
 * The handler calls kin_rom_update() when it wants to see what there is now.
 *
 * Return: 0; KIN_OUT_OF_… if the shortage policy gives up; negative errno.
 */
int kin_rom_watch(struct kin_rom *rom, kin_handler *changed, void *data);

/**
 * kin_rom_update() - replace the copy by the present content
 *
 * Return: 0; KIN_OUT_OF_RAM if the shortage policy gives up; -EFBIG above KIN_ROM_SIZE_MAX, -EAGAIN
 * if the module changes faster than it can be read, other negative errno. The old copy stays then.
 */
int kin_rom_update(struct kin_rom *rom);

#endif
