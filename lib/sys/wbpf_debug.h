/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_debug.h - what BPF_PROG_LOAD says of functions and source lines;
 * inside sys/ only
 */
#ifndef WEIR_SYS_WBPF_DEBUG_H
#define WEIR_SYS_WBPF_DEBUG_H

#include "sys/wclient.h"

struct wdebug {
	struct btf_blob *btf; /* a reference, or NULL */
	struct prog_func *funcs;
	u32 func_cnt;
	struct prog_line *lines;
	u32 line_cnt;
};

/* Checked against the instructions.  Freed also when it fails. */
int wdebug_read(struct wcall *w, const struct bpf_insn *insns, u32 insn_cnt,
		struct wdebug *d, struct err *err);
void wdebug_attr(const struct wdebug *d, struct prog_attr *attr);
void wdebug_free(struct wdebug *d);

#endif
