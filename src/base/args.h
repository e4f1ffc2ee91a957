/*
 * Session arguments, shared by the two halves of their implementation
 */
#ifndef BASE_ARGS_H
#define BASE_ARGS_H

#include <stdbool.h>

/** args_key_has_own_field() - whether a key is label, ram_quota or cap_quota, which are never
 * extra. */
bool args_key_has_own_field(const char *key);

#endif
