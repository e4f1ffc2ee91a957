/*
 * linked: a dynamically linked component
 *
 * The functions of its libraries, libnear.so and libfar.so, and the attempts of its program.
 */
#ifndef TESTS_COMPONENTS_LINKED_H
#define TESTS_COMPONENTS_LINKED_H

#include <kin/env.h>

const char *near_greeting(void);
unsigned far_count(void);

/* Tries what it must not be able to do, and logs a line for each attempt (attempts.c). */
int attempt_all(struct kin_env *env);

/* Takes private memory in every way there is until each is refused, and logs what it got. */
int attempt_memory(struct kin_env *env);

/* Has as many threads as it gets count under a mutex; logs how many, and how far (threads.c). */
int count_by_threads(struct kin_env *env);

#endif
