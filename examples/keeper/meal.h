/*
 * Meal: what the eater tells its keeper
 */
#ifndef EXAMPLES_KEEPER_MEAL_H
#define EXAMPLES_KEEPER_MEAL_H

#include <kin/interface.h>

/* "I have eaten: so many bytes are in my stomach." */
#define MEAL_EATEN_REQUEST(F) F(U64, bytes)

#define MEAL_OPERATIONS(OP) OP(meal, eaten, SEND, MEAL_EATEN_REQUEST, KIN_NOTHING)

KIN_INTERFACE_DECLARE(meal, MEAL_OPERATIONS)

#endif
