/* SPDX-License-Identifier: BSD-3-Clause */
/* ours.h - what a run of a generated program leaves on our side */
#ifndef WEIR_TESTS_VERIFIER_OURS_H
#define WEIR_TESTS_VERIFIER_OURS_H

#include "live.h"

/* The program is prepared.  False: it was stopped. */
bool ours_run(struct bench *b, const struct prog *prog, const u8 *packet,
	      u32 len, struct outcome *o);

#endif
