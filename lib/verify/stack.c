/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.c - the stack: bytes, and registers spilled to it
 *
 * A register stored at the start of a slot is kept there as it is, a number at
 * any size; loaded back it is what it was.  Other bytes are zero, or anything.
 * Bytes never written may be read: they hold something.
 */
#include "verify/verifier.h"

/* Which stack a pointer points into. */
static struct frame *frame_of(struct verifier *v, const struct reg *r)
{
	return v->cur->frames[r->frame];
}

static u64 slots_between(s64 min, s64 max)
{
	u64 mask = 0;

	for (s64 off = min; off < max; off++)
		mask |= 1ull << slot_of((s32)off);
	return mask;
}

static int out_of_stack(struct verifier *v, u32 regno, s32 off, u32 size,
			enum access kind, int err)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	const char *what = kind == ACCESS_READ ? " read from" : " write to";

	if (range_is_const(&r->var))
		return reject(v, VERIFY_STACK, err,
			      "invalid%s stack R%u off=%lld size=%u", what,
			      regno, (long long)(r->var.smin + off), size);
	return reject(v, VERIFY_STACK, err,
		      "invalid variable-offset%s stack R%u var_off=(0x%llx; "
		      "0x%llx) off=%d size=%u",
		      what, regno, (unsigned long long)r->var.bits.value,
		      (unsigned long long)r->var.bits.mask, off, size);
}

/* off counts the register's own off already. */
int stack_bounds(struct verifier *v, u32 regno, s32 off, u32 size,
		 enum access kind)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct frame *f = frame_of(v, r);
	struct subprog *sub = &v->subprogs[f->subprog];
	s64 min, max;
	u32 depth;

	if (!range_is_const(&r->var) &&
	    (r->var.smax >= OFFSET_MAX || r->var.smin <= -OFFSET_MAX))
		return reject(v, VERIFY_STACK, -EACCES,
			      "invalid unbounded variable-offset%s stack R%u",
			      kind == ACCESS_READ ? " read from" : " write to",
			      regno);
	min = r->var.smin + off;
	max = r->var.smax + off + size;
	if (min < -BPF_STACK_BYTES || min > -1)
		return out_of_stack(v, regno, off, size, kind, -EACCES);
	if (max > 0)
		return out_of_stack(v, regno, off, size, kind, -EINVAL);
	depth = (u32)round_up((u64)-min, 8);
	sub->stack = MAX(sub->stack, depth);
	if (frame_grow(f, depth / 8))
		return no_memory(v);
	return 0;
}

/* ---- writing ---- */

void stack_scrub_spill(u8 *byte)
{
	for (u32 i = 0; i < 8; i++)
		if (byte[i] != SLOT_INVALID)
			byte[i] = SLOT_MISC;
}

static bool is_special(const struct slot *s)
{
	return s->byte[7] == SLOT_SPILL || s->byte[7] == SLOT_DYNPTR ||
	       s->byte[7] == SLOT_ITER;
}

static void spill(struct slot *s, const struct reg *r, u32 size)
{
	u32 i = 8;

	s->reg = *r;
	for (; i > 8 - size; i--)
		s->byte[i - 1] = SLOT_SPILL;
	for (; i; i--)
		if (s->byte[i - 1] != SLOT_ZERO &&
		    s->byte[i - 1] != SLOT_INVALID)
			s->byte[i - 1] = SLOT_MISC;
}

/* The upper part of what a narrower spill leaves of an older one. */
static bool fits(const struct reg *r, u32 size)
{
	return size == 8 || r->var.umax < 1ull << size * 8;
}

static int spill_scalar(struct verifier *v, struct slot *s, struct reg *r,
			u32 size)
{
	bool whole = fits(r, size);

	if (whole && !range_is_const(&r->var)) {
		if (r->id & ID_DELTA)
			r->id = r->off = 0;
		if (!r->id)
			r->id = new_id(v);
	}
	spill(s, r, size);
	if (!whole) {
		s->reg.id = 0;
		s->reg.off = 0;
	}
	return 0;
}

static int write_bytes(struct verifier *v, struct slot *s, s32 off, u32 size,
		       int value)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	const struct reg *r = value >= 0 ? &state_regs(v->cur)[value] : NULL;
	bool is_st = BPF_CLASS(insn->code) == BPF_ST;
	u8 type = SLOT_MISC;
	int ret = 0;

	if (is_special(s))
		stack_scrub_spill(s->byte);
	s->reg = reg_uninit();
	if (r ? reg_is_null(r) : is_st && !insn->imm) {
		/* nothing else would keep later states from taking it for
		 * another number */
		if (r)
			ret = precise_mark(v, (u32)value);
		type = SLOT_ZERO;
	}
	for (u32 i = 0; i < size; i++)
		s->byte[(u32)(-off - 1 - (s32)i) % 8] = type;
	return ret;
}

static int write_fixed(struct verifier *v, struct frame *f, u32 frame, s32 off,
		       u32 size, int value)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct reg *r = value >= 0 ? &state_regs(v->cur)[value] : NULL;
	struct slot *s = &f->stack[slot_of(off)];
	int ret = stack_destroy_dynptr(v, f, slot_of(off));

	if (ret)
		return ret;
	log_slots(v, 1ull << slot_of(off));
	fastcall_touch(v, f, off);
	if (!(off % 8) && size == 8)
		live_write(v, frame, 1ull << slot_of(off));
	if (r && !(off % 8) && r->kind == REG_SCALAR) {
		ret = spill_scalar(v, s, r, size);
	} else if (!r && !(off % 8) && BPF_CLASS(insn->code) == BPF_ST) {
		struct reg imm = reg_const((u64)(s64)insn->imm);

		spill(s, &imm, size);
	} else if (r && reg_is_pointer(r)) {
		if (size != 8)
			return reject(v, VERIFY_STACK, -EACCES,
				      "invalid size of register spill");
		if (frame != v->cur->depth && r->kind == REG_STACK)
			return reject(v, VERIFY_STACK, -EINVAL,
				      "cannot spill pointers to stack into "
				      "stack frame of the caller");
		spill(s, r, size);
	} else {
		return write_bytes(v, s, off, size, value);
	}
	return ret ? ret : step_add(v, STEP_STACK, slot_of(off), frame);
}

static bool is_spilled_zero(const struct slot *s)
{
	return slot_is_spilled_scalar(s) && reg_is_null(&s->reg);
}

/* Somewhere between min and max: nothing there is what it was. */
static int write_variable(struct verifier *v, struct frame *f, s64 min, s64 max,
			  int value)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	const struct reg *r = value >= 0 ? &state_regs(v->cur)[value] : NULL;
	bool zero = r ? reg_is_null(r)
		      : BPF_CLASS(insn->code) == BPF_ST && !insn->imm;
	bool zero_used = false;
	int ret;

	fastcall_touch(v, f, min);
	for (s64 off = min; off < max; off++) {
		struct slot *s = &f->stack[slot_of((s32)off)];
		u8 *byte = &s->byte[(u32)(-off - 1) % 8];
		bool was_zero = *byte == SLOT_ZERO;

		ret = stack_destroy_dynptr(v, f, slot_of((s32)off));
		if (ret)
			return ret;
		log_slots(v, 1ull << slot_of((s32)off));
		if (zero && *byte == SLOT_SPILL && is_spilled_zero(s)) {
			zero_used = true;
			continue;
		}
		if (is_special(s)) {
			stack_scrub_spill(s->byte);
			s->reg = reg_uninit();
		}
		zero_used |= zero && was_zero;
		*byte = zero && was_zero ? SLOT_ZERO : SLOT_MISC;
	}
	return zero_used && value >= 0 ? precise_mark(v, (u32)value) : 0;
}

int stack_write(struct verifier *v, u32 regno, s32 off, u32 size, int value)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct frame *f = frame_of(v, r);

	if (range_is_const(&r->var))
		return write_fixed(v, f, r->frame, off + (s32)r->var.smin, size,
				   value);
	return write_variable(v, f, r->var.smin + off, r->var.smax + off + size,
			      value);
}

/* ---- reading ---- */

static bool readable(u8 type)
{
	return type == SLOT_MISC || type == SLOT_ZERO || type == SLOT_INVALID;
}

static int cannot_read(struct verifier *v, s32 off, u32 i, u32 size)
{
	return reject(v, VERIFY_STACK, -EACCES,
		      "invalid read from stack off %d+%u size %u", off, i,
		      size);
}

static void load_bytes(struct frame *f, s64 min, s64 max, struct reg *dst)
{
	for (s64 off = min; off < max; off++) {
		const struct slot *s = &f->stack[slot_of((s32)off)];

		if (s->byte[(u32)(-off - 1) % 8] != SLOT_ZERO) {
			*dst = reg_scalar();
			return;
		}
	}
	*dst = reg_const(0);
}

/* Part of a spilled number, or more than it. */
static int read_part(struct verifier *v, struct slot *s, s32 off, u32 size,
		     struct reg *dst, bool *filled)
{
	u32 spilled = 0, zeros = 0;

	for (u32 i = 0; i < size; i++) {
		u8 type = s->byte[(u32)(-off - 1 - (s32)i) % 8];

		if (type == SLOT_SPILL)
			spilled++;
		else if (type == SLOT_ZERO)
			zeros++;
		else if (!readable(type))
			return cannot_read(v, off, i, size);
	}
	*filled = spilled == size && reg_is_null(&s->reg);
	*dst = *filled || zeros == size ? reg_const(0) : reg_scalar();
	return 0;
}

static int read_spilled(struct verifier *v, struct slot *s, s32 off, u32 size,
			int value, bool *filled)
{
	struct reg *dst = value >= 0 ? &state_regs(v->cur)[value] : NULL;
	u32 spilled = 1;

	while (spilled < 8 && s->byte[7 - spilled] == SLOT_SPILL)
		spilled++;
	*filled = true;
	if (size == 8 && spilled == 8) {
		if (dst)
			*dst = s->reg;
		return 0;
	}
	if (s->reg.kind != REG_SCALAR)
		return reject(v, VERIFY_STACK, -EACCES,
			      "invalid size of register fill");
	if (!dst)
		return 0;
	if (size > spilled || off % 8)
		return read_part(v, s, off, size, dst, filled);
	*dst = s->reg;
	if (!fits(dst, size)) {
		dst->id = 0;
		dst->off = 0;
	}
	return 0;
}

static int read_fixed(struct verifier *v, struct frame *f, u32 frame, s32 off,
		      u32 size, int value)
{
	struct slot *s = &f->stack[slot_of(off)];
	bool filled = false;
	int ret;

	log_slots(v, 1ull << slot_of(off));
	fastcall_touch(v, f, off);
	live_read(v, frame, slots_between(off, off + (s32)size));
	if (slot_is_spill(s)) {
		ret = read_spilled(v, s, off, size, value, &filled);
		if (ret || !filled)
			return ret;
		return step_add(v, STEP_STACK, slot_of(off), frame);
	}
	for (u32 i = 0; i < size; i++)
		if (!readable(s->byte[(u32)(-off - 1 - (s32)i) % 8]))
			return cannot_read(v, off, i, size);
	if (value >= 0)
		load_bytes(f, off, off + (s32)size, &state_regs(v->cur)[value]);
	return 0;
}

int stack_read(struct verifier *v, u32 regno, s32 off, u32 size, int value)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct frame *f = frame_of(v, r);
	s64 min = r->var.smin + off, max = r->var.smax + off + size;
	int ret;

	if (range_is_const(&r->var))
		return read_fixed(v, f, r->frame, (s32)min, size, value);
	if (value < 0)
		return reject(v, VERIFY_STACK, -EACCES,
			      "variable offset stack pointer cannot be passed "
			      "into helper function; var_off=(0x%llx; 0x%llx) "
			      "off=%d size=%u",
			      (unsigned long long)r->var.bits.value,
			      (unsigned long long)r->var.bits.mask, off, size);
	ret = stack_region(v, regno, off, size, false, ACCESS_READ, false);
	fastcall_touch(v, f, min);
	if (!ret)
		load_bytes(f, min, max, &state_regs(v->cur)[value]);
	return ret;
}

/* ---- what helpers read and write ---- */

static int check_byte(struct verifier *v, u32 regno, struct slot *s, s64 off,
		      enum access kind, u32 size)
{
	u8 *byte = &s->byte[(u32)(-off - 1) % 8];

	if (readable(*byte)) {
		if (kind == ACCESS_WRITE)
			*byte = SLOT_MISC;
		return 0;
	}
	if (*byte == SLOT_SPILL) {
		if (kind == ACCESS_WRITE) {
			stack_scrub_spill(s->byte);
			s->reg = reg_uninit();
		}
		return 0;
	}
	return reject(v, VERIFY_STACK, -EACCES,
		      "invalid read from stack R%u off %lld size %u", regno,
		      (long long)off, size);
}

static int no_dynptr_between(struct verifier *v, struct frame *f, s64 min,
			     s64 max)
{
	for (s64 off = min; off < max; off++)
		if (f->stack[slot_of((s32)off)].byte[(u32)(-off - 1) % 8] ==
		    SLOT_DYNPTR)
			return reject(v, VERIFY_DYNPTR, -EACCES,
				      "potential write to dynptr at off=%lld "
				      "disallowed",
				      (long long)off);
	return 0;
}

int stack_region(struct verifier *v, u32 regno, s32 off, u32 size, bool zero_ok,
		 enum access kind, bool fills)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct frame *f = frame_of(v, r);
	s64 min, max;
	int ret;

	if (!size && !zero_ok)
		return reject(v, VERIFY_SIZE, -EACCES,
			      "invalid zero-sized read");
	ret = stack_bounds(v, regno, off, size, kind);
	if (ret)
		return ret;
	min = r->var.smin + off;
	max = r->var.smax + off + size;
	if (fills && range_is_const(&r->var))
		return no_dynptr_between(v, f, min, max);
	live_read(v, r->frame, slots_between(min, max));
	for (; !ret && min < max; min++)
		ret = check_byte(v, regno, &f->stack[slot_of((s32)min)], min,
				 kind, size);
	return ret;
}
