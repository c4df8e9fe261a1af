/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reasons.h - programs, and what a verifier says of each
 *
 * tests/unit/test_verify.c asks Weir's, tests/kernel/reasons.c Linux's, too.
 */
#ifndef WEIR_TESTS_VERIFIER_REASONS_H
#define WEIR_TESTS_VERIFIER_REASONS_H

#include "../asm.h"
#include "verify/verify.h"

static struct verify_map maps[] = {
	{ .name = "array",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 4 },
	{ .name = "hash",
	  .type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 4 },
	{ .name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 },
	{ .name = "constant",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 1,
	  .flags = BPF_F_RDONLY_PROG,
	  .contents = "\7\0\0" },
	{ .name = "jumps",
	  .type = BPF_MAP_TYPE_PROG_ARRAY,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 4 },
	{ .name = "lock",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1,
	  .fields_known = true,
	  .fields = { { .kind = BTF_FIELD_SPIN_LOCK } },
	  .field_cnt = 1 },
};

enum { ARRAY, HASH, RING, CONSTANT, JUMPS, LOCK };

#define PRANDOM CALL(BPF_FUNC_get_prandom_u32)
#define PACKET(start, stop)                               \
	LDX(W, start, R1, offsetof(struct xdp_md, data)), \
		LDX(W, stop, R1, offsetof(struct xdp_md, data_end))
#define LOOKUP(map)                                                     \
	ST(W, R10, -8, 1), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8), \
		LD_MAP(R1, map), CALL(BPF_FUNC_map_lookup_elem)
#define RETURN(n) ALU64_K(MOV, R0, n), EXIT()

/* Linux forgets to follow a number into the stack slot that an atomic
 * operation fetched it from: the second path, where it is 600, would then be
 * taken for the first. */
#define FETCH_DECIDES                                             \
	ALU64_K(MOV, R7, 0), PRANDOM, ALU64_X(MOV, R6, R0),       \
		JMP64_K(JEQ, R6, 1, 0), JMP64_K(JEQ, R6, 2, 0),   \
		JMP64_K(JEQ, R6, 3, 0), ALU64_K(MOV, R1, 0),      \
		JMP64_K(JNE, R6, 4, 1), ALU64_K(MOV, R1, 600),    \
		STX(DW, R10, -8, R1), ALU64_K(MOV, R2, 0), JA(0), \
		ATOMIC(DW, R10, -8, R2, BPF_ADD | BPF_FETCH),     \
		ALU64_X(MOV, R3, R10), ALU64_X(ADD, R3, R2),      \
		ST(B, R3, -16, 1), RETURN(0)

#define CASE(name, why, code, ...)                                         \
	{                                                                  \
		name, why, VERIFY_##code,                                  \
			(const struct bpf_insn[]){ __VA_ARGS__ },          \
			sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
				sizeof(struct bpf_insn)                    \
	}
#define TAKEN(name, ...) CASE(name, NULL, OK, __VA_ARGS__)

static const struct reason_case {
	const char *name;
	const char *reason; /* NULL: it is taken */
	enum verify_code code;
	const struct bpf_insn *insns;
	size_t cnt;
} cases[] = {
	TAKEN("a constant", RETURN(1)),
	CASE("nothing returned", "R0 !read_ok", UNINIT, EXIT()),
	CASE("over the end", "last insn is not an exit or jmp", FLOW,
	     ALU64_K(MOV, R0, 0)),
	CASE("nobody gets there", "unreachable insn 2", FLOW, RETURN(0),
	     RETURN(1)),
	CASE("out of the program", "jump out of range from insn 0 to 9", FLOW,
	     JA(8), EXIT()),
	CASE("division", "div by zero", INSN, ALU64_K(MOV, R0, 1),
	     ALU64_K(DIV, R0, 0), EXIT()),

	TAKEN("a packet's byte", PACKET(R2, R3), ALU64_X(MOV, R4, R2),
	      ALU64_K(ADD, R4, 14), JMP64_X(JGT, R4, R3, 1), LDX(B, R0, R2, 13),
	      RETURN(0)),
	CASE("the byte after what was compared",
	     "invalid access to packet, off=14 size=1, R2(id=0,off=14,r=14)",
	     PACKET, PACKET(R2, R3), ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 14),
	     JMP64_X(JGT, R4, R3, 1), LDX(B, R0, R2, 14), RETURN(0)),
	CASE("a packet that has moved", "R7 invalid mem access 'scalar'",
	     NOT_POINTER, ALU64_X(MOV, R6, R1), PACKET(R7, R8),
	     ALU64_X(MOV, R4, R7), ALU64_K(ADD, R4, 14),
	     JMP64_X(JGT, R4, R8, 4), ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
	     CALL(BPF_FUNC_xdp_adjust_head), LDX(B, R0, R7, 0), RETURN(0)),

	TAKEN("a value", LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 1),
	      LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("a value that may be none",
	     "R0 invalid mem access 'map_value_or_null'", NULL_POINTER,
	     LOOKUP(HASH), LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("beyond the value",
	     "invalid access to map value, value_size=16 off=16 size=8", BOUNDS,
	     LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 1), LDX(DW, R1, R0, 16),
	     RETURN(0)),
	TAKEN("an index below the size", LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 5),
	      ALU64_X(MOV, R6, R0), LDX(W, R1, R6, 0), JMP64_K(JGT, R1, 15, 2),
	      ALU64_X(ADD, R6, R1), LDX(B, R0, R6, 0), RETURN(0)),
	CASE("an index at the size",
	     "invalid access to map value, value_size=16 off=16 size=1", BOUNDS,
	     LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 5), ALU64_X(MOV, R6, R0),
	     LDX(W, R1, R6, 0), JMP64_K(JGT, R1, 16, 2), ALU64_X(ADD, R6, R1),
	     LDX(B, R0, R6, 0), RETURN(0)),
	TAKEN("a known index of an array is there", LOOKUP(ARRAY),
	      LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("a constant is not written",
	     "write into map forbidden, value_size=4 off=0 size=1", READ_ONLY,
	     LD_VALUE(R1, CONSTANT, 0), ST(B, R1, 0, 1), RETURN(0)),
	TAKEN("a constant decides", LD_VALUE(R1, CONSTANT, 0),
	      LDX(W, R2, R1, 0), JMP64_K(JEQ, R2, 7, 1), LDX(W, R0, R2, 0),
	      RETURN(0)),

	TAKEN("a variable is one lock, wherever its address is taken",
	      LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_lock),
	      LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_unlock), RETURN(0)),

	TAKEN("a spill and its copy are one number", PRANDOM,
	      STX(DW, R10, -8, R0), LDX(DW, R1, R10, -8),
	      JMP64_K(JGT, R0, 8, 4), ALU64_X(MOV, R2, R10),
	      ALU64_X(ADD, R2, R1), ST(B, R2, -9, 0), JA(0), RETURN(0)),
	CASE("a pointer in parts", "invalid size of register fill", STACK,
	     STX(DW, R10, -8, R1), LDX(W, R0, R10, -8), EXIT()),
	CASE("above the stack", "invalid write to stack R10 off=0 size=8",
	     STACK, ST(DW, R10, 0, 1), RETURN(0)),
	CASE("below the stack", "invalid write to stack R10 off=-520 size=8",
	     STACK, ST(DW, R10, -520, 1), RETURN(0)),

	TAKEN("a loop of a hundred rounds", ALU64_K(MOV, R0, 0),
	      ALU64_K(ADD, R0, 1), JMP64_K(JLT, R0, 100, -2), RETURN(0)),
	CASE("a loop that never ends", "infinite loop detected at insn 1", LOOP,
	     ALU64_K(MOV, R0, 0), JMP64_K(JEQ, R0, 0, -1), EXIT()),
	CASE("a loop of a million rounds",
	     "BPF program is too large. Processed 1000001 insn", COMPLEX,
	     ALU64_K(MOV, R0, 0), ALU64_K(ADD, R0, 1),
	     JMP64_K(JLT, R0, 1000000, -2), RETURN(0)),
	TAKEN("a loop that may end at any time", MAY_GOTO(1), JA(-2),
	      RETURN(0)),

	CASE("a number fetched from the stack",
	     "invalid write to stack R3 off=584 size=1", STACK, FETCH_DECIDES),

	CASE("a record that is never given back",
	     "BPF_EXIT instruction in main prog would lead to reference leak",
	     REF, LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), RETURN(0)),
	TAKEN("a record that is given back where there is one",
	      LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	      CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 4),
	      ST(DW, R0, 0, 1), ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
	      CALL(BPF_FUNC_ringbuf_submit), RETURN(0)),
	CASE("a record after it was given back",
	     "R6 invalid mem access 'scalar'", NOT_POINTER, LD_MAP(R1, RING),
	     ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 5),
	     ALU64_X(MOV, R6, R0), ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
	     CALL(BPF_FUNC_ringbuf_submit), ST(DW, R6, 0, 1), RETURN(0)),
	CASE("a record's address plus a number is the record, too",
	     "R6 invalid mem access 'scalar'", NOT_POINTER, LD_MAP(R1, RING),
	     ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 6),
	     ALU64_K(MOV, R6, 0), ALU64_X(ADD, R6, R0), ALU64_X(MOV, R1, R0),
	     ALU64_K(MOV, R2, 0), CALL(BPF_FUNC_ringbuf_submit),
	     ST(DW, R6, 0, 1), RETURN(0)),

	TAKEN("a packet where a tail call failed", ALU64_X(MOV, R6, R1),
	      PACKET(R7, R8), ALU64_X(MOV, R4, R7), ALU64_K(ADD, R4, 14),
	      JMP64_X(JGT, R4, R8, 5), LD_MAP(R2, JUMPS), ALU64_K(MOV, R3, 0),
	      CALL(BPF_FUNC_tail_call), LDX(B, R0, R7, 0), RETURN(0)),
	TAKEN("a function", CALL_LOCAL(1), EXIT(), RETURN(3)),
	CASE("a function's stack is its own",
	     "cannot return stack pointer to the caller", RETURN, CALL_LOCAL(1),
	     EXIT(), ALU64_X(MOV, R0, R10), EXIT()),
	CASE("functions all the way down",
	     "the call stack of 9 frames is too deep", STACK_DEPTH,
	     CALL_LOCAL(1), EXIT(), CALL_LOCAL(-1), EXIT()),
	CASE("more stack than there is",
	     "combined stack size of 2 calls is 528. Too large", STACK_DEPTH,
	     ST(DW, R10, -264, 0), CALL_LOCAL(1), EXIT(), ST(DW, R10, -256, 0),
	     RETURN(0)),

	CASE("a helper of other programs",
	     "program of this type cannot use helper bpf_skb_load_bytes#26",
	     HELPER, CALL(BPF_FUNC_skb_load_bytes), RETURN(0)),
	CASE("a helper that nobody has", "invalid func unknown#9999", HELPER,
	     CALL(9999), RETURN(0)),
	CASE("no map of that kind",
	     "cannot pass map_type 3 into func bpf_map_lookup_elem#1", MAP,
	     LOOKUP(JUMPS), RETURN(0)),

	CASE("a number as a pointer", "R1 invalid mem access 'scalar'",
	     NOT_POINTER, ALU64_K(MOV, R1, 64), LDX(W, R0, R1, 0), EXIT()),
	CASE("half of a pointer", "R2 invalid mem access 'scalar'", NOT_POINTER,
	     ALU32_X(MOV, R2, R1), LDX(W, R0, R2, 0), EXIT()),
	CASE("the frame pointer is written", "frame pointer is read only", INSN,
	     ALU64_K(MOV, R10, 0), RETURN(0)),
	CASE("no such register", "R12 is invalid", INSN, ALU64_X(MOV, R0, 12),
	     EXIT()),
	CASE("a shift by too much", "invalid shift 64", INSN,
	     ALU64_K(MOV, R0, 1), ALU64_K(LSH, R0, 64), EXIT()),
	CASE("bits of a pointer",
	     "R1 bitwise operator &= on pointer prohibited", POINTER_MATH,
	     ALU64_K(AND, R1, 7), RETURN(0)),
	CASE("a pointer times a number",
	     "R1 pointer arithmetic with *= operator prohibited", POINTER_MATH,
	     ALU64_K(MUL, R1, 2), RETURN(0)),
	CASE("half of a pointer moves",
	     "R1 32-bit pointer arithmetic prohibited", POINTER_MATH,
	     ALU32_K(ADD, R1, 4), RETURN(0)),
	CASE("a number less a pointer",
	     "R2 tried to subtract pointer from scalar", POINTER_MATH,
	     ALU64_K(MOV, R2, 4), ALU64_X(SUB, R2, R1), RETURN(0)),
	CASE("two pointers added", "R2 pointer += pointer prohibited",
	     POINTER_MATH, ALU64_X(MOV, R2, R1), ALU64_X(ADD, R2, R1),
	     RETURN(0)),
	CASE("the stack is not left by subtraction",
	     "R2 subtraction from stack pointer prohibited", POINTER_MATH,
	     ALU64_X(MOV, R2, R10), ALU64_K(SUB, R2, 8), RETURN(0)),
	CASE("a packet's end does not move",
	     "R3 pointer arithmetic on pkt_end prohibited", POINTER_MATH,
	     PACKET(R2, R3), ALU64_K(ADD, R3, 1), RETURN(0)),
	CASE("a value that may be none does not move",
	     "R0 pointer arithmetic on map_value_or_null prohibited, "
	     "null-check "
	     "it first",
	     NULL_POINTER, LOOKUP(HASH), ALU64_K(ADD, R0, 1), RETURN(0)),
	CASE("far away",
	     "math between map_value pointer and 1073741824 is not allowed",
	     POINTER_MATH, LOOKUP(ARRAY), ALU64_K(ADD, R0, 1 << 30), RETURN(0)),
	CASE("by a number that may be anything",
	     "math between map_value pointer and register with unbounded min "
	     "value is not allowed",
	     BOUNDS, CALL(BPF_FUNC_ktime_get_ns), ALU64_X(MOV, R6, R0),
	     LOOKUP(ARRAY), ALU64_X(ADD, R0, R6), RETURN(0)),
	CASE("an index that may be negative",
	     "R0 min value is negative, either use unsigned index or do a if "
	     "(index >=0) check.",
	     BOUNDS, CALL(BPF_FUNC_ktime_get_ns), ALU64_X(MOV, R6, R0),
	     LOOKUP(ARRAY), JMP64_K(JSLT, R6, -8, 3), JMP64_K(JSGT, R6, 8, 2),
	     ALU64_X(ADD, R0, R6), LDX(B, R0, R0, 0), RETURN(0)),
	CASE("an index without a limit",
	     "R0 unbounded memory access, make sure to bounds check any such "
	     "access",
	     BOUNDS, LDX(W, R6, R1, 0), PACKET(R7, R8),
	     LDX(W, R6, R1, offsetof(struct xdp_md, rx_queue_index)),
	     LOOKUP(ARRAY), ALU64_X(ADD, R0, R6), LDX(B, R0, R0, 0), RETURN(0)),
	CASE("before the value",
	     "invalid access to map value, value_size=16 off=-1 size=1", BOUNDS,
	     LOOKUP(ARRAY), LDX(B, R0, R0, -1), RETURN(0)),

	CASE("no such field", "invalid bpf_context access off=200 size=4", CTX,
	     LDX(W, R0, R1, 200), EXIT()),
	CASE("half a field", "invalid bpf_context access off=0 size=2", CTX,
	     LDX(H, R0, R1, 0), EXIT()),
	CASE("the context is not written",
	     "invalid bpf_context access off=0 size=4", CTX, ST(W, R1, 0, 0),
	     RETURN(0)),
	CASE("the context has moved",
	     "dereference of modified ctx ptr R1 off=8 disallowed", ARG,
	     ALU64_K(ADD, R1, 8), LDX(W, R0, R1, 0), EXIT()),
	CASE("an uneven place in the stack",
	     "misaligned stack access off 0+0+-7 size 4", ALIGN,
	     ST(W, R10, -7, 0), RETURN(0)),
	CASE("atomic in the packet",
	     "BPF_ATOMIC stores into R2 pkt is not allowed", ACCESS,
	     PACKET(R2, R3), ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 14),
	     ALU64_K(MOV, R0, 1), JMP64_X(JGT, R4, R3, 1),
	     ATOMIC(W, R2, 0, R0, BPF_ADD), RETURN(0)),
	CASE("a pointer spilled in part", "invalid size of register spill",
	     STACK, STX(W, R10, -8, R1), RETURN(0)),
	CASE("a place that varies in the stack",
	     "invalid variable-offset write to stack R2 var_off=(0x0; 0xff) "
	     "off=-16 size=1",
	     STACK, PRANDOM, ALU64_K(AND, R0, 255), ALU64_X(MOV, R2, R10),
	     ALU64_X(ADD, R2, R0), ST(B, R2, -16, 0), RETURN(0)),

	CASE("a number for a map", "R1 type=scalar expected=map_ptr", ARG,
	     ALU64_K(MOV, R1, 0), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8),
	     ST(W, R10, -8, 0), CALL(BPF_FUNC_map_lookup_elem), RETURN(0)),
	CASE("no key", "R2 !read_ok", UNINIT, LD_MAP(R1, HASH),
	     CALL(BPF_FUNC_map_lookup_elem), RETURN(0)),
	CASE("a key beyond the stack",
	     "invalid read from stack R2 off=-2 size=4", STACK,
	     LD_MAP(R1, HASH), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -2),
	     CALL(BPF_FUNC_map_lookup_elem), RETURN(0)),
	CASE("a value for a key that may be none",
	     "R2 type=map_value_or_null expected=fp, pkt, pkt_meta, map_key, "
	     "map_value, mem, ringbuf_mem, buf, trusted_ptr_",
	     NULL_POINTER, LOOKUP(HASH), ALU64_X(MOV, R2, R0), LD_MAP(R1, HASH),
	     CALL(BPF_FUNC_map_lookup_elem), RETURN(0)),
	CASE("a size that may be negative",
	     "R4 min value is negative, either use unsigned or 'var &= const'",
	     SIZE, ALU64_X(MOV, R6, R1), CALL(BPF_FUNC_ktime_get_ns),
	     ALU64_X(MOV, R4, R0), ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
	     ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -16),
	     CALL(BPF_FUNC_xdp_load_bytes), RETURN(0)),
	CASE("a size without a limit",
	     "R4 unbounded memory access, use 'var &= const' or 'if (var < "
	     "const)'",
	     SIZE, LDX(W, R4, R1, offsetof(struct xdp_md, rx_queue_index)),
	     JMP64_K(JNE, R4, 0, 2), RETURN(0), ALU64_K(MOV, R2, 0),
	     ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -16),
	     CALL(BPF_FUNC_xdp_load_bytes), RETURN(0)),
	CASE("a size of nothing", "R4 invalid zero-sized read: u64=[0,0]", SIZE,
	     ALU64_K(MOV, R4, 0), ALU64_K(MOV, R2, 0), ALU64_X(MOV, R3, R10),
	     ALU64_K(ADD, R3, -16), CALL(BPF_FUNC_xdp_load_bytes), RETURN(0)),
	CASE("a lock that is kept",
	     "BPF_EXIT instruction in main prog cannot be used inside "
	     "bpf_spin_lock-ed region",
	     LOCK, LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_lock), RETURN(0)),
	CASE("a call under a lock",
	     "function calls are not allowed while holding a lock", LOCK,
	     LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_lock),
	     CALL(BPF_FUNC_ktime_get_ns), RETURN(0)),
	CASE("an unlock without a lock",
	     "bpf_spin_unlock without taking a lock", LOCK,
	     LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_unlock), RETURN(0)),
	CASE("a lock is not written",
	     "bpf_spin_lock cannot be accessed directly by load/store", ACCESS,
	     LD_VALUE(R1, LOCK, 0), ST(W, R1, 0, 1), RETURN(0)),
	CASE("a record given back twice", "R1 type=scalar expected=ringbuf_mem",
	     ARG, LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 8),
	     ALU64_X(MOV, R6, R0), ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
	     CALL(BPF_FUNC_ringbuf_submit), ALU64_X(MOV, R1, R6),
	     ALU64_K(MOV, R2, 0), CALL(BPF_FUNC_ringbuf_submit), JA(0),
	     RETURN(0)),
	CASE("a record of a size that is not known",
	     "R2 is not a known constant'", SIZE, PRANDOM, ALU64_X(MOV, R2, R0),
	     LD_MAP(R1, RING), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), RETURN(0)),
	CASE("beyond the record",
	     "invalid access to memory, mem_size=8 off=8 size=4", BOUNDS,
	     LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 1),
	     ST(W, R0, 8, 1), RETURN(0)),
	CASE("out of a function", "jump out of range from insn 3 to 1", FLOW,
	     CALL_LOCAL(2), EXIT(), EXIT(), JA(-3), EXIT()),
	CASE("into a wide instruction", "unreachable insn 1", FLOW, JA(1),
	     LD64(R0, 1), EXIT()),
	CASE("a call to nowhere", "call to invalid destination", FLOW,
	     CALL_LOCAL(9), RETURN(0)),
	CASE("an operation that does not exist", "unknown opcode f7", INSN,
	     RAW(0xf7, 0, 0, 0, 0), RETURN(0)),
	CASE("a field that is not used", "BPF_MOV uses reserved fields", INSN,
	     RAW(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 0, 5), EXIT()),
	CASE("a comparison with a field that is not used",
	     "BPF_JMP/JMP32 uses reserved fields", INSN, ALU64_K(MOV, R0, 0),
	     RAW(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0, 5), EXIT()),
	CASE("packet loads are not for XDP",
	     "BPF_LD_[ABS|IND] instructions not allowed for this program type",
	     INSN, ALU64_X(MOV, R6, R1), LD_ABS(B, 0), EXIT()),
	CASE("a map that is only read", "write into map forbidden", READ_ONLY,
	     ST(DW, R10, -8, 0), LD_MAP(R1, CONSTANT), ALU64_X(MOV, R2, R10),
	     ALU64_K(ADD, R2, -8), ALU64_X(MOV, R3, R2), ALU64_K(MOV, R4, 0),
	     CALL(BPF_FUNC_map_update_elem), RETURN(0)),
	CASE("an address beyond the value",
	     "invalid access to map value pointer, value_size=4 off=4", MAP,
	     LD_VALUE(R1, CONSTANT, 4), RETURN(0)),
	CASE("an address in a hash",
	     "no direct value access support for this map type", MAP,
	     LD_VALUE(R1, HASH, 0), RETURN(0)),
	CASE("the caller's stack in the caller's stack",
	     "cannot spill pointers to stack into stack frame of the caller",
	     STACK, ALU64_X(MOV, R1, R10), ALU64_K(ADD, R1, -8),
	     ST(DW, R10, -8, 0), CALL_LOCAL(2), ALU64_K(MOV, R0, 0), EXIT(),
	     STX(DW, R1, 0, R10), RETURN(0)),
};

static struct verify_attr attr_of(const struct bpf_insn *insns, size_t cnt)
{
	return (struct verify_attr){
		.type = BPF_PROG_TYPE_XDP,
		.license = "GPL",
		.insns = insns,
		.insn_cnt = (u32)cnt,
		.maps = maps,
		.map_cnt = ARRAY_LEN(maps),
	};
}

#endif
