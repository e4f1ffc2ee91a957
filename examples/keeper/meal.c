/* Layouts of the Meal interface; see the header. */
#include "meal.h"

KIN_INTERFACE_DEFINE(meal, "Meal", 1, MEAL_OPERATIONS)
