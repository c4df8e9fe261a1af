/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replay.h - the world of a capture: what programs see of time, chance and CPU
 *
 * Nothing here depends on the machine or the hour.  The time is that of the
 * packet in its capture, never goes back and is one nanosecond later with
 * every question; random numbers are a sequence that starts the same every
 * time.
 */
#ifndef WEIR_ORACLE_REPLAY_H
#define WEIR_ORACLE_REPLAY_H

#include "prog/run.h"

/* Also the value of the map that programs in the kernel read (equal.h). */
struct replay_state {
	u64 now;
	u64 random;
	u32 cpu;
};

/* random follows random * MUL + ADD, its upper half is the number. */
#define REPLAY_RANDOM_MUL 6364136223846793005ULL
#define REPLAY_RANDOM_ADD 1442695040888963407ULL

struct replay {
	struct world world;
	struct replay_state state;
};

void replay_init(struct replay *r);
/* A packet captured at ns is about to run. */
void replay_packet(struct replay *r, u64 ns);

#endif
