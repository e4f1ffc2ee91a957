/*
 * Modules of a dynamically linked component: what core and the loader agree on
 *
 * A dynamically linked component starts with descriptors of its program, its dynamic linker and its
 * libraries, in this order, from MODULE_FIRST on. Each of these numbers refers to a module for as
 * long as the process lives: those left over refer to the program too, and none can be closed. So a
 * filter that looks at the number alone knows that what is mapped by it is a sealed module.
 */
#ifndef CORE_LINUX_MODULES_H
#define CORE_LINUX_MODULES_H

#define MODULE_FIRST 16 /* both powers of two: a mask tells whether a number is a module's */
#define MODULES_MAX  16
#define MODULES_END  (MODULE_FIRST + MODULES_MAX)

enum module { MODULE_PROGRAM, MODULE_LINKER, MODULE_LIBRARY };

#endif
