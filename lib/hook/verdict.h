/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.h - what a code that ends a chain means; inside hook/ only */
#ifndef WEIR_HOOK_VERDICT_H
#define WEIR_HOOK_VERDICT_H

#include "hook/hook.h"

/* The code an XDP chain ended with. */
void verdict_xdp(struct verdict *v, u32 code, const struct run *run);
/* The code a tc hook ended with. */
void verdict_tc(struct verdict *v, s32 code, const struct run *run);
/* A program was stopped. */
void verdict_stopped(struct verdict *v, enum hook_kind kind);

#endif
