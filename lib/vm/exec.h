/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exec.h - the dispatch loop: what every operation does
 *
 * Included once by each mode, which has defined struct machine and, ahead of
 * this, the hooks that make the difference.  All return false when they have
 * stopped the program:
 *
 *	on_step		before each operation
 *	on_alu_k/x	dst op= imm, dst op= src; how says if a pointer survives
 *	on_mov		dst = src, all 64 bits
 *	on_set		a register gets a number
 *	on_set_from	... made of another's bits
 *	on_jmp_k/x	a comparison
 *	load, store_k/x	an access of constant size
 *	atomic_at	where an atomic operation works, NULL: stopped
 *	on_ordered	a load-acquire or store-release is about to be done
 *	on_skb_load	a LD_ABS or LD_IND is about to be done; on_skb_index:
 *			the latter's register is about to be read
 *	on_skb_loaded	... and was
 *	on_wide		a ld_imm64 of something other than a number
 *	call_helper	the call, with all that belongs to it
 *	on_push, on_pop	a function is entered or left
 *	on_tail, on_tail_miss	before a tail call, and when it goes nowhere
 *	on_replace	the frame now belongs to another program
 *	on_leave	an exit
 *	run_apart	a program that has frames of its own: what another engine
 *			runs, and what a function of this one jumps to
 */
#ifndef WEIR_VM_EXEC_H
#define WEIR_VM_EXEC_H

#include "prog/skb_load.h"

#define DST r[in->dst]
#define SRC r[in->src]
#define GO goto *labels[in->op]
#define HOOK(call)                    \
	do {                          \
		if (unlikely(!(call)))\
			goto stopped; \
	} while (0)
#define ENTER                          \
	do {                           \
		HOOK(on_step(m, in));  \
		GO;                    \
	} while (0)
#define NEXT           \
	do {           \
		in++;  \
		ENTER; \
	} while (0)

#define SIGNED(x) _Generic((x), u32 : (s32)(x), u64 : (s64)(x))
#define SHIFT(x) ((x) & (sizeof(x) * 8 - 1))
/* Division by zero gives 0, its remainder the dividend; the one quotient that
 * does not fit wraps. */
#define DIV(a, b) ((b) ? (a) / (b) : 0)
#define MOD(a, b) ((b) ? (a) % (b) : (a))
#define SDIV(a, b)                                                     \
	(!(b) ? 0 : !~(b) ? -(a) : (__typeof__(a))(SIGNED(a) / SIGNED(b)))
#define SMOD(a, b)                                                     \
	(!(b) ? (a) : !~(b) ? 0 : (__typeof__(a))(SIGNED(a) % SIGNED(b)))

#define ALU_K(NAME, BITS, HOW, EXPR)                       \
	do_##NAME##BITS##_K : {                            \
		u##BITS a = (u##BITS)DST;                  \
		const u##BITS b = (u##BITS)in->imm;        \
		HOOK(on_alu_k(m, in, HOW));                \
		a = (EXPR);                                \
		DST = a;                                   \
	}                                                  \
	NEXT;
#define ALU_X(NAME, BITS, HOW, EXPR)                       \
	do_##NAME##BITS##_X : {                            \
		u##BITS a = (u##BITS)DST;                  \
		const u##BITS b = (u##BITS)SRC;            \
		HOOK(on_alu_x(m, in, HOW));                \
		a = (EXPR);                                \
		DST = a;                                   \
	}                                                  \
	NEXT;
#define ALU(NAME, HOW, EXPR)              \
	ALU_K(NAME, 32, ARITH_OTHER, EXPR)\
	ALU_X(NAME, 32, ARITH_OTHER, EXPR)\
	ALU_K(NAME, 64, HOW, EXPR)        \
	ALU_X(NAME, 64, HOW, EXPR)
/* One operand: negation, byte order, moves that change the value. */
#define UNARY(NAME, EXPR)                                  \
	do_##NAME : HOOK(on_alu_k(m, in, ARITH_OTHER));    \
	DST = (EXPR);                                      \
	NEXT;
#define MOVE(NAME, EXPR)                                   \
	do_##NAME : HOOK(on_set_from(m, in));              \
	DST = (EXPR);                                      \
	NEXT;

#define JMP_ROW(NAME, BITS, KX, OPERAND, HOOKED, EXPR)     \
	do_##NAME##BITS##_##KX : {                         \
		const u##BITS a = (u##BITS)DST;            \
		const u##BITS b = (u##BITS)(OPERAND);      \
		HOOK(HOOKED(m, in));                       \
		if (EXPR)                                  \
			in += in->off;                     \
	}                                                  \
	NEXT;
#define JMP(NAME, EXPR)                                    \
	JMP_ROW(NAME, 32, K, in->imm, on_jmp_k, EXPR)      \
	JMP_ROW(NAME, 32, X, SRC, on_jmp_x, EXPR)          \
	JMP_ROW(NAME, 64, K, in->imm, on_jmp_k, EXPR)      \
	JMP_ROW(NAME, 64, X, SRC, on_jmp_x, EXPR)

/* load() extends with zeros; a field of the context may give more bits than
 * it has: a pointer. */
#define LOAD(NAME, BYTES, EXPR)                            \
	do_##NAME : {                                      \
		u64 value;                                 \
		HOOK(load(m, in, BYTES, &value));          \
		DST = (EXPR);                              \
	}                                                  \
	NEXT;
#define STORE(NAME, BYTES)                                 \
	do_ST_##NAME : HOOK(store_k(m, in, BYTES));        \
	NEXT;                                              \
	do_STX_##NAME : HOOK(store_x(m, in, BYTES));       \
	NEXT;

#define ATOMIC_AT(BITS)                                    \
	u##BITS *at = atomic_at(m, in, BITS / 8);          \
	HOOK(at)
#define RMW(NAME, BITS, FN)                                \
	do_ATOMIC_##NAME##BITS : {                         \
		ATOMIC_AT(BITS);                           \
		FN(at, (u##BITS)SRC, __ATOMIC_SEQ_CST);    \
	}                                                  \
	NEXT;                                              \
	do_FETCH_##NAME##BITS : {                          \
		ATOMIC_AT(BITS);                           \
		SRC = FN(at, (u##BITS)SRC, __ATOMIC_SEQ_CST); \
		on_set(m, in->src);                        \
	}                                                  \
	NEXT;
#define ATOMICS(BITS)                                      \
	RMW(ADD, BITS, __atomic_fetch_add)                 \
	RMW(OR, BITS, __atomic_fetch_or)                   \
	RMW(AND, BITS, __atomic_fetch_and)                 \
	RMW(XOR, BITS, __atomic_fetch_xor)                 \
	do_XCHG##BITS : {                                  \
		ATOMIC_AT(BITS);                           \
		SRC = __atomic_exchange_n(at, (u##BITS)SRC,\
					  __ATOMIC_SEQ_CST); \
		on_set(m, in->src);                        \
	}                                                  \
	NEXT;                                              \
	do_CMPXCHG##BITS : {                               \
		u##BITS old = (u##BITS)r[BPF_REG_0];       \
		ATOMIC_AT(BITS);                           \
		__atomic_compare_exchange_n(at, &old, (u##BITS)SRC, false, \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		r[BPF_REG_0] = old;                        \
		on_set(m, BPF_REG_0);                      \
	}                                                  \
	NEXT;
#define ORDERED(BITS)                                      \
	do_LOAD_ACQ##BITS : {                              \
		u64 value;                                 \
		HOOK(on_ordered(m, in, in->src, BITS / 8));\
		HOOK(load(m, in, BITS / 8, &value));       \
		__atomic_thread_fence(__ATOMIC_ACQUIRE);   \
		DST = value;                               \
	}                                                  \
	NEXT;                                              \
	do_STORE_REL##BITS : HOOK(on_ordered(m, in, in->dst, BITS / 8)); \
	__atomic_thread_fence(__ATOMIC_RELEASE);           \
	HOOK(store_x(m, in, BITS / 8));                    \
	NEXT;

#define SKB_LOAD(NAME, BYTES)                              \
	do_LD_ABS_##NAME : HOOK(on_skb_load(m, in));       \
	if (!skb_load(vm->run->pkt, (s32)in->imm, BYTES, &r[0])) \
		goto leave_with_zero;                      \
	on_skb_loaded(m);                                  \
	NEXT;                                              \
	do_LD_IND_##NAME : HOOK(on_skb_load(m, in) && on_skb_index(m, in)); \
	if (!skb_load(vm->run->pkt, (s32)((u32)SRC + (u32)in->imm), BYTES, \
		      &r[0]))                              \
		goto leave_with_zero;                      \
	on_skb_loaded(m);                                  \
	NEXT;

VM_LOOP static u64 exec(struct machine *m, const struct vm_insn *in)
{
	static const void *const labels[VM_OPS] = {
#define LABEL(name, ...) [OP_##name] = &&do_##name,
		OPCODES(LABEL, LABEL)
#undef LABEL
		[VM_TAIL_CALL] = &&do_TAIL_CALL,
		[VM_CTX_READ] = &&do_CTX_READ,
		[VM_CTX_WRITE_K] = &&do_CTX_WRITE_K,
		[VM_CTX_WRITE_X] = &&do_CTX_WRITE_X,
	};
	struct vm *const vm = &m->vm;
	u64 *const r = vm->r;
	const struct prog *target;

	ENTER;

	ALU(ADD, ARITH_ADD, a + b)
	ALU(SUB, ARITH_SUB, a - b)
	ALU(MUL, ARITH_OTHER, a * b)
	ALU(DIV, ARITH_OTHER, DIV(a, b))
	ALU(SDIV, ARITH_OTHER, SDIV(a, b))
	ALU(MOD, ARITH_OTHER, MOD(a, b))
	ALU(SMOD, ARITH_OTHER, SMOD(a, b))
	ALU(OR, ARITH_OTHER, a | b)
	ALU(AND, ARITH_OTHER, a & b)
	ALU(XOR, ARITH_OTHER, a ^ b)
	ALU(LSH, ARITH_OTHER, a << SHIFT(b))
	ALU(RSH, ARITH_OTHER, a >> SHIFT(b))
	ALU(ARSH, ARITH_OTHER, SIGNED(a) >> SHIFT(b))
	UNARY(NEG32, (u32) - (u32)DST)
	UNARY(NEG64, -DST)
	UNARY(LE16, (u16)DST)
	UNARY(LE32, (u32)DST)
	UNARY(LE64, DST)
	UNARY(BE16, __builtin_bswap16((u16)DST))
	UNARY(BE32, __builtin_bswap32((u32)DST))
	UNARY(BE64, __builtin_bswap64(DST))
	UNARY(BSWAP16, __builtin_bswap16((u16)DST))
	UNARY(BSWAP32, __builtin_bswap32((u32)DST))
	UNARY(BSWAP64, __builtin_bswap64(DST))
do_MOV32_K:
	on_set(m, in->dst);
	DST = (u32)in->imm;
	NEXT;
do_MOV64_K:
	on_set(m, in->dst);
	DST = in->imm;
	NEXT;
do_MOV64_X:
	HOOK(on_mov(m, in));
	DST = SRC;
	NEXT;
	MOVE(MOV32_X, (u32)SRC)
	MOVE(MOVS8_32, (u32)(s8)SRC)
	MOVE(MOVS16_32, (u32)(s16)SRC)
	MOVE(MOVS8_64, (u64)(s8)SRC)
	MOVE(MOVS16_64, (u64)(s16)SRC)
	MOVE(MOVS32_64, (u64)(s32)SRC)

	JMP(JEQ, a == b)
	JMP(JNE, a != b)
	JMP(JGT, a > b)
	JMP(JGE, a >= b)
	JMP(JLT, a < b)
	JMP(JLE, a <= b)
	JMP(JSGT, SIGNED(a) > SIGNED(b))
	JMP(JSGE, SIGNED(a) >= SIGNED(b))
	JMP(JSLT, SIGNED(a) < SIGNED(b))
	JMP(JSLE, SIGNED(a) <= SIGNED(b))
	JMP(JSET, a & b)
do_JA:
do_JAL:
	in += in->off;
	NEXT;
do_MAY_GOTO:
	if (!vm->frames[vm->depth].may_goto--)
		in += in->off;
	NEXT;

	LOAD(LDX_B, 1, value)
	LOAD(LDX_H, 2, value)
	LOAD(LDX_W, 4, value)
	LOAD(LDX_DW, 8, value)
	LOAD(LDSX_B, 1, (u64)(s8)value)
	LOAD(LDSX_H, 2, (u64)(s16)value)
	LOAD(LDSX_W, 4, (u64)(s32)value)
	STORE(B, 1)
	STORE(H, 2)
	STORE(W, 4)
	STORE(DW, 8)
	ATOMICS(32)
	ATOMICS(64)
	ORDERED(8)
	ORDERED(16)
	ORDERED(32)
	ORDERED(64)
	SKB_LOAD(B, 1)
	SKB_LOAD(H, 2)
	SKB_LOAD(W, 4)

do_LD_IMM64:
	on_set(m, in->dst);
	DST = in->imm;
	in++;
	NEXT;
do_LD_MAP_FD:
do_LD_MAP_VALUE:
do_LD_MAP_IDX:
do_LD_MAP_IDX_VALUE:
do_LD_FUNC:
	on_wide(m, in);
	DST = in->imm;
	in++;
	NEXT;
do_CTX_READ: /* these three are of programs that were verified */
	DST = vm_read_field(in, (const struct pkt *)(uintptr_t)SRC);
	NEXT;
do_CTX_WRITE_K:
	vm_insn_field(in)->write((struct pkt *)(uintptr_t)DST,
				 (u64)(s64)in->off);
	NEXT;
do_CTX_WRITE_X:
	vm_insn_field(in)->write((struct pkt *)(uintptr_t)DST, SRC);
	NEXT;
do_CALL:
	HOOK(call_helper(m, in));
	NEXT;
do_CALL_LOCAL:
	HOOK(vm_push(vm, in, in + 1));
	on_push(m);
	in += in->off;
	NEXT;
do_TAIL_CALL:
	HOOK(on_tail(m, in));
	target = vm_tail_target(vm);
	if (!target) {
		on_tail_miss(m);
		NEXT;
	}
	if (target->run != RUN || vm->depth) {
		HOOK(run_apart(m, target));
		goto leave;
	}
	vm->run->prog = target;
	vm->frames[vm->depth].may_goto = VM_MAY_GOTO;
	r[BPF_REG_1] = (u64)(uintptr_t)vm->run->pkt;
	on_replace(m);
	in = vm_image(target)->insns;
	ENTER;
do_EXIT:
	HOOK(on_leave(m, in));
leave:
	in = vm_pop(vm);
	if (!in)
		return r[0];
	on_pop(m);
	ENTER;
leave_with_zero:
	r[BPF_REG_0] = 0;
	on_set(m, BPF_REG_0);
	goto leave;
do_LD_BTF_ID: /* the decoder refuses the one */
do_CALL_KFUNC: /* and makes a CALL of the other */
	__builtin_unreachable();
stopped:
	return 0;
}

#endif
