/* Layouts of the CPU interface; see the header. */
#include "wire/cpu.h"

KIN_INTERFACE_DEFINE(cpu, "CPU", 1, CPU_OPERATIONS)
