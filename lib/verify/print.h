/* SPDX-License-Identifier: BSD-3-Clause */
/* print.h - what is known, as text; inside lib/verify only */
#ifndef WEIR_VERIFY_PRINT_H
#define WEIR_VERIFY_PRINT_H

#include "verify/state.h"

/* Grows to its end; what does not fit is cut. */
struct text {
	char buf[1024];
	size_t len;
};

void text_add(struct text *t, const char *fmt, ...) PRINTF(2, 3);
/* As Linux's verifier writes them: "5", "pkt(off=8,r=0)", "(0x0; 0xff)".
 * frame: whose register it is. */
void text_reg(struct text *t, const struct reg *r, u32 frame);
void text_tnum(struct text *t, struct tnum n);
/* "fp-8=ctx()" of the n-th slot; false: it holds nothing, or is a part of what
 * another slot says. */
bool text_slot(struct text *t, const struct slot *s, u32 n, u32 frame);
/* "ringbuf_mem_or_null".  Returns buf. */
const char *reg_kind_name(const struct reg *r, char *buf, size_t size);
/* The same as an argument of a message, made only there; as long as the block. */
#define REG_KIND_MAX 64
#define REG_KIND(r) reg_kind_name(r, (char[REG_KIND_MAX]){ "" }, REG_KIND_MAX)

#endif
