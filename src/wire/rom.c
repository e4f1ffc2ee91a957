/* Layouts of the ROM interface; see the header. */
#include <kin/interface/rom.h>

KIN_INTERFACE_DEFINE(rom, "ROM", 1, ROM_OPERATIONS)
