/*
 * ROM, what the config needs besides
 */
#ifndef COMPONENT_ROM_H
#define COMPONENT_ROM_H

#include <kin/rom.h>

/* kin_rom_open() without reading; for who watches the module before looking at it. */
int rom_session_open(struct kin_env *env, struct kin_rom *rom, const char *label);

#endif
