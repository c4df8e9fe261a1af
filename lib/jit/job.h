/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * job.h - what is compiled: a verified program and its maps as plain numbers
 *
 * Holds no address of this process, so that it can go to another one, and the
 * same program over the same kind of maps is the same job.
 */
#ifndef WEIR_JIT_JOB_H
#define WEIR_JIT_JOB_H

#include "bpf/uapi.h"
#include "prog/prog.h"

struct jit_map {
	u32 type;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 flags;
	u32 large;		  /* not 0: no cache holds it */
	u32 plain;		  /* not 0: values are data alone */
	u32 words;		  /* of fast; 0: lookups are calls */
	u32 moving;		  /* struct map_fast */
	u64 fast[MAP_FAST_WORDS]; /* what moves is 1, or 0: none */
};

enum jit_level {
	JIT_O0, /* LLVM changes nothing */
	JIT_O2,
};

struct jit_job {
	u32 type;
	u32 attach_type;
	u32 level;  /* enum jit_level */
	u32 memory; /* not 0: r1 is memory of r2 bytes, not a packet */
	u32 text;   /* not 0: LLVM's representation as text, no object */
	u32 insn_cnt;
	u32 map_cnt;
	const struct bpf_insn *insns;
	const u8 *facts; /* enum verify_insn_fact, of each instruction */
	const struct jit_map *maps;
};

/* As bytes, which are the caller's to free; NULL: out of memory. */
u8 *jit_job_write(const struct jit_job *job, size_t *size);
/* Back; the job points into the bytes.  -EUCLEAN: these are none. */
int jit_job_read(const u8 *bytes, size_t size, struct jit_job *job);

#endif
