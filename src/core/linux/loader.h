/*
 * The loader as core carries it: an executable, made of loader/loader.c when kin is built
 */
#ifndef CORE_LINUX_LOADER_H
#define CORE_LINUX_LOADER_H

#include <stddef.h>

extern const unsigned char loader_image[];
extern const size_t loader_image_bytes;

#endif
