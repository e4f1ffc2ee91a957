/*
 * What holds a component: the walls that really stand around its process
 */
#ifndef CORE_WALLS_H
#define CORE_WALLS_H

#include "base/walls.h"

struct pd;

/** walls_around() - none if nothing runs */
struct walls walls_around(const struct pd *pd);

#endif
