/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alu.c - arithmetic: numbers, and pointers with numbers
 *
 * A pointer moves by a number: a known one into off, another into var.  Both
 * stay so far from the ends of their types that no later sum can wrap.
 */
#include "verify/verifier.h"

int reg_must_be_read(struct verifier *v, u32 regno)
{
	v->subject = regno;
	if (state_regs(v->cur)[regno].kind == REG_UNINIT)
		return reject(v, VERIFY_UNINIT, -EACCES, "R%u !read_ok", regno);
	return 0;
}

void reg_zext32(struct reg *r)
{
	range_zext(&r->var, 32);
}

/* A number that is about to be copied: the copy shall know where it is from.
 * What is known anyway needs no companions. */
static void assign_id(struct verifier *v, struct reg *r)
{
	if (r->kind != REG_SCALAR || range_is_const(&r->var))
		return;
	if (r->id & ID_DELTA) {
		r->id = 0;
		r->off = 0;
	}
	if (!r->id)
		r->id = new_id(v);
}

static void lose_id(struct reg *r)
{
	r->id = 0;
	r->off = 0;
}

/* ---- moves ---- */

static int move_extended(struct verifier *v, struct reg *dst, struct reg *src,
			 u32 bits, bool is64)
{
	bool keeps = src->var.umax < 1ull << (bits - 1);

	if (keeps)
		assign_id(v, src);
	*dst = *src;
	if (!keeps)
		lose_id(dst);
	range_sext(&dst->var, bits, is64);
	if (!is64)
		reg_zext32(dst);
	return 0;
}

static int move_register(struct verifier *v, const struct bpf_insn *insn)
{
	struct reg *regs = state_regs(v->cur);
	struct reg *dst = &regs[insn->dst_reg], *src = &regs[insn->src_reg];
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;

	if (reg_is_pointer(src) && (insn->off || !is64)) {
		*dst = reg_scalar(); /* a part of an address */
		if (!is64)
			reg_zext32(dst);
		return 0;
	}
	if (insn->off)
		return move_extended(v, dst, src, (u32)insn->off, is64);
	if (is64) {
		assign_id(v, src);
		*dst = *src;
		return 0;
	}
	if (src->var.umax <= UINT32_MAX)
		assign_id(v, src);
	*dst = *src;
	if (src->var.umax > UINT32_MAX)
		lose_id(dst);
	reg_zext32(dst);
	return 0;
}

/* ---- pointers ---- */

static const char *op_sign(const struct bpf_insn *insn)
{
	const struct bpf_insn plain = {
		.code = insn->code
	}; /* "%=", not "s%=" */

	return opcode_find(&plain)->sym;
}

static int check_sane(struct verifier *v, const struct reg *r,
		      const struct reg *ptr)
{
	s64 value = (s64)r->var.bits.value;

	if (range_is_const(&r->var) &&
	    (value >= OFFSET_MAX || value <= -OFFSET_MAX))
		return reject(v, VERIFY_POINTER_MATH, -EINVAL,
			      "math between %s pointer and %lld is not allowed",
			      REG_KIND(ptr), (long long)value);
	if (reg_is_pointer(r) &&
	    (r->off >= OFFSET_MAX || r->off <= -OFFSET_MAX))
		return reject(v, VERIFY_POINTER_MATH, -EINVAL,
			      "%s pointer offset %d is not allowed",
			      REG_KIND(ptr), r->off);
	if (r->var.smin == INT64_MIN)
		return reject(v, VERIFY_BOUNDS, -EINVAL,
			      "math between %s pointer and register with "
			      "unbounded min value is not allowed",
			      REG_KIND(ptr));
	if (r->var.smin >= OFFSET_MAX || r->var.smin <= -OFFSET_MAX)
		return reject(v, VERIFY_BOUNDS, -EINVAL,
			      "value %lld makes %s pointer be out of bounds",
			      (long long)r->var.smin, REG_KIND(ptr));
	return 0;
}

static bool kind_has_math(const struct reg *ptr, const struct bpf_insn *insn,
			  const struct reg *num)
{
	switch (ptr->kind) {
	case REG_CTX:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_STACK:
	case REG_PKT:
	case REG_PKT_META:
	case REG_MEM:
	case REG_FUNC:
	case REG_DYNPTR: return true;
	case REG_MAP:
		return BPF_OP(insn->code) == BPF_ADD &&
		       range_is_const(&num->var) && !num->var.bits.value;
	default: return false;
	}
}

static int check_pointer_op(struct verifier *v, const struct bpf_insn *insn,
			    const struct reg *ptr, const struct reg *num,
			    bool num_first)
{
	u32 dst = insn->dst_reg;

	if (BPF_CLASS(insn->code) != BPF_ALU64)
		return reject(v, VERIFY_POINTER_MATH, -EACCES,
			      "R%u 32-bit pointer arithmetic prohibited", dst);
	if (ptr->flags & REG_OR_NULL)
		return reject(v, VERIFY_NULL_POINTER, -EACCES,
			      "R%u pointer arithmetic on %s prohibited, "
			      "null-check it first",
			      dst, REG_KIND(ptr));
	if (!kind_has_math(ptr, insn, num))
		return reject(v, VERIFY_POINTER_MATH, -EACCES,
			      "R%u pointer arithmetic on %s prohibited", dst,
			      REG_KIND(ptr));
	if (check_sane(v, num, ptr) || check_sane(v, ptr, ptr))
		return -EINVAL;
	switch (BPF_OP(insn->code)) {
	case BPF_ADD: return 0;
	case BPF_SUB:
		if (num_first)
			return reject(v, VERIFY_POINTER_MATH, -EACCES,
				      "R%u tried to subtract pointer from "
				      "scalar",
				      dst);
		if (ptr->kind == REG_STACK)
			return reject(v, VERIFY_POINTER_MATH, -EACCES,
				      "R%u subtraction from stack pointer "
				      "prohibited",
				      dst);
		return 0;
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return reject(v, VERIFY_POINTER_MATH, -EACCES,
			      "R%u bitwise operator %s on pointer prohibited",
			      dst, op_sign(insn));
	default:
		return reject(v, VERIFY_POINTER_MATH, -EACCES,
			      "R%u pointer arithmetic with %s operator "
			      "prohibited",
			      dst, op_sign(insn));
	}
}

/* What the low half says holds for the sum, not for the address. */
static void forget_low(struct range *a)
{
	a->umin32 = 0;
	a->umax32 = UINT32_MAX;
	a->smin32 = INT32_MIN;
	a->smax32 = INT32_MAX;
	range_sync(a);
}

static int move_pointer(struct verifier *v, const struct bpf_insn *insn,
			const struct reg *ptr, const struct reg *num,
			bool num_first)
{
	struct reg out = *ptr, by = *num;
	u8 op = BPF_OP(insn->code);
	s64 off;
	int ret;

	if (range_is_empty(&by.var)) { /* nothing gets here */
		state_regs(v->cur)[insn->dst_reg] = reg_scalar();
		return 0;
	}
	if (BPF_CLASS(insn->code) != BPF_ALU64 && op == BPF_SUB) {
		out = reg_scalar();
		reg_zext32(&out);
		state_regs(v->cur)[insn->dst_reg] = out;
		return 0;
	}
	v->subject = num_first || BPF_SRC(insn->code) == BPF_K ? insn->dst_reg
							       : insn->src_reg;
	ret = check_pointer_op(v, insn, ptr, num, num_first);
	if (ret)
		return ret;
	off = op == BPF_ADD ? out.off + by.var.smin : out.off - by.var.smin;
	if (range_is_const(&by.var) && off == (s32)off) {
		out.off = (s32)off;
		if (reg_is_packet(ptr) && out.range < 0 && by.var.smin)
			out.range = 0; /* at the end no more */
	} else {
		range_alu(op, true, &out.var, &by.var);
		forget_low(&out.var);
		if (reg_is_packet(ptr)) {
			out.id = new_id(v);
			if (op == BPF_ADD || by.var.smin < 0 || out.range < 0)
				out.range = 0;
		}
	}
	if (check_sane(v, &out, ptr))
		return -EINVAL;
	state_regs(v->cur)[insn->dst_reg] = out;
	return 0;
}

/* ---- numbers ---- */

/* rX += constant: the sum still moves with what rX moved with.  In 32 bits it
 * does so if rX has no upper half. */
static void keep_delta(struct reg *dst, const struct bpf_insn *insn,
		       const struct range *old, const struct range *num)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	bool adds = BPF_OP(insn->code) == BPF_ADD;
	s64 by = is64 ? (s64)num->bits.value : (s32)num->bits.value;

	if (!adds)
		by = -by;
	if ((!adds && BPF_OP(insn->code) != BPF_SUB) || !dst->id ||
	    dst->id & ID_DELTA || !range_is_const(num) || by != (s32)by ||
	    (!is64 && old->umax > UINT32_MAX)) {
		lose_id(dst);
		return;
	}
	dst->id |= is64 ? ID_DELTA64 : ID_DELTA32;
	dst->off = (s32)by;
}

/* Of the whole number, or of its low half. */
static void set_bits(struct reg *r, bool half, bool ones)
{
	struct range *a = &r->var;

	if (!half) {
		*r = reg_const(ones ? UINT64_MAX : 0);
		return;
	}
	a->smin32 = a->smax32 = ones ? -1 : 0;
	a->umin32 = a->umax32 = ones ? UINT32_MAX : 0;
	range_sync(a);
}

/* A number that is all ones or zero, as a shift by the sign leaves it: with a
 * constant & or | are known for each of the two, so both go on by themselves.
 * Compilers select one of two constants so. */
static int fork_by_sign(struct verifier *v, const struct bpf_insn *insn,
			const struct reg *num)
{
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];
	bool half = dst->var.smin != -1 || dst->var.smax != 0;
	struct state *other;

	if ((BPF_OP(insn->code) != BPF_AND && BPF_OP(insn->code) != BPF_OR) ||
	    !range_is_const(&num->var) ||
	    (half && (dst->var.smin32 != -1 || dst->var.smax32 != 0)))
		return 0;
	other = path_push(v, v->insn, v->insn);
	if (!other)
		return v->err->code;
	set_bits(&state_regs(other)[insn->dst_reg], half, false);
	set_bits(dst, half, true);
	return 0;
}

static int compute(struct verifier *v, const struct bpf_insn *insn,
		   const struct reg *num)
{
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];
	struct range by = num->var;
	struct reg old;
	int ret = fork_by_sign(v, insn, num);

	if (ret)
		return ret;
	old = *dst;
	range_alu(BPF_OP(insn->code), BPF_CLASS(insn->code) == BPF_ALU64,
		  &dst->var, &by);
	*dst = (struct reg){
		.kind = REG_SCALAR,
		.id = old.id,
		.off = old.off,
		.var = dst->var,
	};
	keep_delta(dst, insn, &old.var, &by);
	return 0;
}

static int pointer_and_pointer(struct verifier *v, const struct bpf_insn *insn)
{
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];

	if (BPF_OP(insn->code) != BPF_SUB)
		return reject(v, VERIFY_POINTER_MATH, -EACCES,
			      "R%u pointer %s pointer prohibited",
			      insn->dst_reg, op_sign(insn));
	*dst = reg_scalar();
	if (BPF_CLASS(insn->code) == BPF_ALU)
		reg_zext32(dst);
	return 0;
}

static int operate(struct verifier *v, const struct bpf_insn *insn)
{
	struct reg *regs = state_regs(v->cur);
	struct reg *dst = &regs[insn->dst_reg];
	struct reg num = reg_const((u64)(s64)insn->imm);
	bool by_register = BPF_SRC(insn->code) == BPF_X;
	int ret = 0;

	if (by_register) {
		struct reg *src = &regs[insn->src_reg];

		if (reg_is_pointer(dst) && reg_is_pointer(src))
			return pointer_and_pointer(v, insn);
		if (reg_is_pointer(src)) {
			struct reg ptr = *src;

			ret = precise_mark(v, insn->dst_reg);
			num = *dst;
			return ret ? ret
				   : move_pointer(v, insn, &ptr, &num, true);
		}
		if (reg_is_pointer(dst))
			ret = precise_mark(v, insn->src_reg);
		if (ret)
			return ret;
		num = *src;
	}
	if (reg_is_pointer(dst)) {
		struct reg ptr = *dst;

		return move_pointer(v, insn, &ptr, &num, false);
	}
	return compute(v, insn, &num);
}

static int check_operands(struct verifier *v, const struct bpf_insn *insn)
{
	u32 bits = BPF_CLASS(insn->code) == BPF_ALU64 ? 64 : 32;
	u8 op = BPF_OP(insn->code);
	int ret = 0;

	if (BPF_SRC(insn->code) == BPF_X)
		ret = reg_must_be_read(v, insn->src_reg);
	if (!ret)
		ret = reg_must_be_read(v, insn->dst_reg);
	if (ret || BPF_SRC(insn->code) == BPF_X)
		return ret;
	if ((op == BPF_MOD || op == BPF_DIV) && !insn->imm)
		return reject(v, VERIFY_INSN, -EINVAL, "div by zero");
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) &&
	    (insn->imm < 0 || (u32)insn->imm >= bits))
		return reject(v, VERIFY_INSN, -EINVAL, "invalid shift %d",
			      insn->imm);
	return 0;
}

static void swap_bytes(const struct bpf_insn *insn, struct reg *dst)
{
	bool to_le = insn->code == (BPF_ALU | BPF_END | BPF_TO_LE);

	if (to_le != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) ||
	    BPF_CLASS(insn->code) == BPF_ALU64)
		range_swap(&dst->var, (u32)insn->imm);
	else
		range_zext(&dst->var, (u32)insn->imm);
}

/* One operand: negation, byte swaps. */
static int check_unary(struct verifier *v, const struct bpf_insn *insn)
{
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	struct range zero = range_const(0);
	int ret = reg_must_be_read(v, insn->dst_reg);

	if (ret)
		return ret;
	if (reg_is_pointer(dst))
		*dst = reg_scalar();
	if (BPF_OP(insn->code) == BPF_END) {
		swap_bytes(insn, dst);
	} else {
		range_alu(BPF_SUB, is64, &zero, &dst->var);
		dst->var = zero;
	}
	lose_id(dst);
	return 0;
}

int check_alu(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];
	int ret;

	switch (op->form) {
	case FORM_NEG:
	case FORM_END: return check_unary(v, insn);
	case FORM_MOV_K:
		*dst = reg_const(BPF_CLASS(insn->code) == BPF_ALU64
					 ? (u64)(s64)insn->imm
					 : (u32)insn->imm);
		return 0;
	case FORM_MOV_X:
		ret = reg_must_be_read(v, insn->src_reg);
		return ret ? ret : move_register(v, insn);
	default:
		ret = check_operands(v, insn);
		return ret ? ret : operate(v, insn);
	}
}
