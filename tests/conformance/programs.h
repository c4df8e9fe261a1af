/* SPDX-License-Identifier: BSD-3-Clause */
/* programs.h - small programs and what comes of them, beyond the text tables */
#ifndef WEIR_TESTS_PROGRAMS_H
#define WEIR_TESTS_PROGRAMS_H

#include "base/types.h"
#include "bpf/uapi.h"

/* Every program has r1 = memory of 64 bytes, 0x01 to 0x40, and r2 = 64; or
 * it is a socket filter on a packet of these bytes.  Map 0 is an array of one
 * value of 16 bytes, 0xa0 to 0xaf. */
enum { PROGRAM_MEM = 64, PROGRAM_VALUE = 16 };

struct program {
	const char *name;
	const struct bpf_insn *insns;
	u32 cnt;
	u64 r0;
	bool packet;
	bool maps;
	const char *refused; /* vm_prepare() says, */
	const char *stopped; /* ... or checked mode */
};

struct program_set {
	const struct program *programs; /* NULL: the last set */
	u32 cnt;
};

extern const struct program_set program_sets[];

#endif
