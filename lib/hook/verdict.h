/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.h - what a code that ends a chain means; inside hook/ only */
#ifndef WEIR_HOOK_VERDICT_H
#define WEIR_HOOK_VERDICT_H

#include "hook/hook.h"

/* The codes that the chain ended with for n packets.  What run has of a redirect
 * is the last packet's: none before asked for one. */
void verdict_burst(struct verdict *v, enum hook_kind kind, const s32 *codes,
		   u32 n, const struct run *run);
/* True: the codes are all the same and redirect nobody; v is the verdict. */
bool verdict_same(struct verdict *v, enum hook_kind kind, const s32 *codes,
		  u32 n);
/* A program was stopped. */
void verdict_stopped(struct verdict *v, enum hook_kind kind);

#endif
