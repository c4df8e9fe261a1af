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

/* What the programs use, by index.  Numbers are looked up in the first, whose
 * values are a row of bytes. */
enum gen_map {
	GEN_ARRAY,
	GEN_HASH,
	GEN_BLOCK, /* one value, used directly, too */
	GEN_INNER, /* in GEN_OUTER */
	GEN_LOCK,  /* struct bpf_spin_lock, and numbers */
	GEN_OUTER,
	GEN_PROGS_XDP, /* empty, and of programs of one type */
	GEN_PROGS_TC,
	GEN_RING,
	GEN_MAPS
};
#define GEN_BYTES (GEN_BLOCK + 1)

struct gen_map_shape {
	const char *name;
	u32 type, key_size, value_size, max_entries;
	u32 btf_key, btf_value;
	bool outer; /* of maps like GEN_INNER */
};

extern const struct gen_map_shape gen_maps[GEN_MAPS];

/* gen_btf.c: the types of functions and of GEN_LOCK's value */
#define GEN_BTF_STATIC 3
#define GEN_BTF_GLOBAL 9
const void *gen_btf(u32 *size);

enum gen_kind {
	GEN_NOTHING,
	GEN_NUMBER,
	GEN_CTX,
	GEN_PACKET,
	GEN_END,
	GEN_VALUE,
	GEN_MAP, /* found in GEN_OUTER */
};

struct gen_reg {
	u8 kind; /* enum gen_kind */
	u8 map;
	bool kept; /* not to be written for now */
	u32 bytes; /* that may be read from there */
};

#define GEN_INSNS 768
#define GEN_SLOTS 8
#define GEN_JUMPS 64
#define GEN_CALLS 8
#define GEN_KFUNCS 16
/* Below the slots: a dynptr, a second one, an iterator. */
#define GEN_STACK_USED (8 * (GEN_SLOTS + 6))
#define GEN_DYNPTR (-8 * (GEN_SLOTS + 3))
#define GEN_DYNPTR2 (-8 * (GEN_SLOTS + 5))
#define GEN_ITER (-8 * (GEN_SLOTS + 6))

enum gen_func {
	GEN_STATIC, /* (number, 64 bytes, 8 bytes) */
	GEN_GLOBAL, /* (number, 16 bytes or NULL) */
	GEN_ROUND,  /* (round, 64 bytes): of bpf_loop */
	GEN_EACH,   /* (map, key, value, 64 bytes): of for_each_map_elem */
};

/* An instruction that names a function, which may be made later. */
struct gen_call {
	u32 at;
	u8 func; /* enum gen_func */
	u8 map;	 /* of EACH */
	bool made;
};

struct gen {
	struct bpf_insn insns[GEN_INSNS];
	u32 cnt;
	u32 type; /* of the program */

	u64 random;
	u32 wrong;    /* one in so many idioms; 0: none */
	bool in_loop; /* registers keep their kinds */
	bool in_func;
	u8 func;    /* enum gen_func, if in_func */
	bool held;  /* something to be given back: no way out, no calls */
	bool avoid; /* what shows Linux's own bugs (docs/differences.md) */
	struct gen_reg regs[11];
	struct gen_reg slots[GEN_SLOTS];
	u32 outs[GEN_JUMPS], out_cnt;
	struct gen_call calls[GEN_CALLS];
	u32 call_cnt;
	/* where functions start, and their types */
	u32 starts[GEN_CALLS + 1], types[GEN_CALLS + 1], func_cnt;
	/* kernel functions, by name, at these instructions */
	struct {
		u32 at;
		const char *name;
	} kfuncs[GEN_KFUNCS];
	u32 kfunc_cnt;
};

/* avoid: as the field. */
void gen_program(struct gen *g, u64 seed, bool avoid);

/* gen.c, for the idioms in gen_*.c */
#define GEN(g, ...)                                                \
	gen_add(g, (const struct bpf_insn[]){ __VA_ARGS__ },       \
		sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
			sizeof(struct bpf_insn))
#define GEN_NONE 0xffu
void gen_add(struct gen *g, const struct bpf_insn *insns, u32 cnt);
u32 gen_below(struct gen *g, u32 n);
bool gen_wrong(struct gen *g);
/* A register with a number in it; one that may be written. */
u32 gen_number(struct gen *g);
u32 gen_number_free(struct gen *g);
u32 gen_free(struct gen *g);
/* One that has this, or GEN_NONE. */
u32 gen_find(struct gen *g, enum gen_kind kind);
void gen_set(struct gen *g, u32 reg, enum gen_kind kind, u32 bytes);
/* A register to be written, for one idiom; not kept any longer. */
u32 gen_take(struct gen *g);
void gen_clobber(struct gen *g);
/* The call at the last instruction: r0 is a number, r1 to r5 are gone. */
void gen_called(struct gen *g);
void gen_idiom(struct gen *g);
/* What may be done a few times while something is held. */
void gen_inside(struct gen *g);
s32 gen_imm(struct gen *g);
void gen_end(struct gen *g);

/* gen_number.c */
void gen_two_operands(struct gen *g);
void gen_one_operand(struct gen *g);
void gen_load_number(struct gen *g);
void gen_halves(struct gen *g);

/* gen_jump.c */
/* The last instruction is a jump: it leaves the function. */
void gen_out(struct gen *g);
/* The number in a register is below n from here on. */
void gen_bound(struct gen *g, u32 reg, u32 n);
void gen_leave_if(struct gen *g);
void gen_skip_if(struct gen *g);
void gen_loop(struct gen *g);
void gen_iterate(struct gen *g);

/* gen_call.c */
void gen_call(struct gen *g);
void gen_call_back(struct gen *g);
void gen_each(struct gen *g);
void gen_tail_call(struct gen *g);
void gen_functions(struct gen *g);
void gen_call_kernel(struct gen *g, const char *name);

/* gen_object.c */
void gen_record(struct gen *g);
void gen_record_kept(struct gen *g);
void gen_dynptr_memory(struct gen *g);
void gen_dynptr_record(struct gen *g);
void gen_dynptr_packet(struct gen *g);
void gen_locked(struct gen *g);

/* gen_packet.c */
void gen_packet(struct gen *g);
void gen_packet_variable(struct gen *g);
void gen_packet_header(struct gen *g);
void gen_meta(struct gen *g);
void gen_adjust(struct gen *g);
/* What was in the packet is not to be used. */
void gen_packet_moved(struct gen *g);

/* gen_value.c */
/* Reads or writes what a register points to, at an offset below room. */
struct bpf_insn gen_load(u32 size, u32 dst, u32 src, s32 off, bool sign);
struct bpf_insn gen_store(u32 size, u32 dst, u32 src, s32 off);
void gen_access_at(struct gen *g, u32 ptr, u32 base, u32 room);
void gen_access(struct gen *g);
void gen_access_variable(struct gen *g);
void gen_access_linked(struct gen *g);
void gen_lookup(struct gen *g);
void gen_lookup_inner(struct gen *g);
void gen_direct(struct gen *g);
void gen_atomic(struct gen *g);

/* gen_stack.c */
s32 gen_slot_off(u32 slot);
void gen_spill(struct gen *g);
void gen_fill(struct gen *g);
void gen_spill_bound(struct gen *g);
void gen_stack_variable(struct gen *g);
void gen_zeros(struct gen *g);
void gen_zero_stack(struct gen *g);

#endif
