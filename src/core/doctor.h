/*
 * Doctor: which walls stand on this machine
 */
#ifndef CORE_DOCTOR_H
#define CORE_DOCTOR_H

#include <stdio.h>

#include "core/linux/spawn.h"

/**
 * doctor_report() - try each mechanism and print a table of them
 *
 * Return: how many of those that are expected don't work.
 */
int doctor_report(const struct spawner *spawner, FILE *stream);

/**
 * doctor_insist() - try those that are expected, print a line for each that does not work
 *
 * Return: their number.
 */
int doctor_insist(const struct spawner *spawner, FILE *stream);

#endif
