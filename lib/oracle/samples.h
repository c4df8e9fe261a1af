/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * samples.h - what programs write into a perf event array, on both sides
 *
 * Each side has a reader from the start on, Weir's for its slots, the kernel's
 * for the CPU that programs run on, so that programs are told the same.
 */
#ifndef WEIR_ORACLE_SAMPLES_H
#define WEIR_ORACLE_SAMPLES_H

#include <stdio.h>

#include "maps/map.h"

struct samples;

/* Of the kernel's map fd. */
int samples_open(int fd, struct map *map, u32 cpu, struct samples **out);
void samples_close(struct samples *s);

/* Takes out what came since the last time and writes how the sequences differ
 * to text.  True if they do. */
bool samples_differ(struct samples *s, const char *name, FILE *text);

#endif
