/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gen.h - programs that look like programs, at random
 *
 * Each is a row of small idioms - a bounds check and what it allows, a spill
 * and its fill, a lookup and its test, a loop, a call - over registers of which
 * the generator remembers what is in them.  One idiom in a few is done wrong by
 * a byte, a test or a register, so that about half of the programs are safe.
 */
#ifndef WEIR_TESTS_VERIFIER_GEN_H
#define WEIR_TESTS_VERIFIER_GEN_H

#include "../asm.h"
#include "base/types.h"

/* What the programs use, by index. */
enum gen_map { GEN_ARRAY, GEN_HASH, GEN_BLOCK, GEN_RING, GEN_MAPS };

struct gen_map_shape {
	const char *name;
	u32 type, key_size, value_size, max_entries;
};

extern const struct gen_map_shape gen_maps[GEN_MAPS];

enum gen_kind {
	GEN_NOTHING,
	GEN_NUMBER,
	GEN_CTX,
	GEN_PACKET,
	GEN_END,
	GEN_VALUE,
	GEN_STACK, /* the frame's lowest byte in use */
};

struct gen_reg {
	u8 kind; /* enum gen_kind */
	u8 map;
	bool kept; /* not to be written for now */
	u32 bytes; /* that may be read from there */
};

#define GEN_INSNS 512
#define GEN_SLOTS 8
#define GEN_JUMPS 64

struct gen {
	struct bpf_insn insns[GEN_INSNS];
	u32 cnt;
	u32 type; /* of the program */

	u64 random;
	u32 wrong;    /* one in so many idioms; 0: none */
	bool in_loop; /* registers keep their kinds */
	bool in_func;
	bool shared_out; /* no way out of here: a callee's frame */
	struct gen_reg regs[11];
	struct gen_reg slots[GEN_SLOTS];
	u32 outs[GEN_JUMPS], out_cnt;
	u32 calls[8], call_cnt;
};

void gen_program(struct gen *g, u64 seed);

/* gen.c, for the idioms in gen_*.c */
#define GEN(g, ...)                                                \
	gen_add(g, (const struct bpf_insn[]){ __VA_ARGS__ },       \
		sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
			sizeof(struct bpf_insn))
void gen_add(struct gen *g, const struct bpf_insn *insns, u32 cnt);
u32 gen_below(struct gen *g, u32 n);
bool gen_wrong(struct gen *g);
/* A register with a number in it; one that may be written. */
u32 gen_number(struct gen *g);
u32 gen_free(struct gen *g);
/* One that has this, or 0xff. */
u32 gen_find(struct gen *g, enum gen_kind kind);
void gen_set(struct gen *g, u32 reg, enum gen_kind kind, u32 bytes);
/* The last instruction is a jump: it leaves the function. */
void gen_out(struct gen *g);
/* The number in a register is below n from here on. */
void gen_bound(struct gen *g, u32 reg, u32 n);
void gen_clobber(struct gen *g);
void gen_idiom(struct gen *g);

void gen_packet(struct gen *g);
void gen_packet_variable(struct gen *g);
void gen_lookup(struct gen *g);
void gen_direct(struct gen *g);
void gen_access(struct gen *g);
void gen_access_variable(struct gen *g);
void gen_spill(struct gen *g);
void gen_fill(struct gen *g);
void gen_stack_variable(struct gen *g);
void gen_atomic(struct gen *g);

#endif
