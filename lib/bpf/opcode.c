/* SPDX-License-Identifier: BSD-3-Clause */
#include "bpf/opcode.h"

#include <errno.h>

const struct opcode opcode_table[OP_COUNT] = {
#define ROW(name, code, form, key, bytes, sym) \
	[OP_##name] = { #name, code, FORM_##form, bytes, key, sym },
	OPCODES(ROW, ROW)
#undef ROW
};

/* The first row of each code byte, plus one; 0: no such code. */
static const u16 first_row[256] = {
#define FIRST(name, code, ...) [code] = OP_##name + 1,
#define MORE(...)
	OPCODES(FIRST, MORE)
#undef FIRST
#undef MORE
};

#define Z FIELD_ZERO
#define USED FIELD_USED
#define KEY FIELD_KEY
#define FREE FIELD_FREE
#define R FIELD_READ
#define W FIELD_WRITTEN
#define RW FIELD_BOTH

/* FIELD_USED in a register field: a plain number. */
static const struct opcode_shape shapes[] = {
	/*		      dst src  off   imm */
	[FORM_ALU_K]	 = { RW, Z, Z, USED, "BPF_ALU" },
	[FORM_ALU_X]	 = { RW, R, Z, Z, "BPF_ALU" },
	[FORM_ALU_OFF_K] = { RW, Z, KEY, USED, "BPF_ALU" },
	[FORM_ALU_OFF_X] = { RW, R, KEY, Z, "BPF_ALU" },
	[FORM_MOV_K]	 = { W, Z, Z, USED, "BPF_MOV" },
	[FORM_MOV_X]	 = { W, R, KEY, Z, "BPF_MOV" },
	[FORM_NEG]	 = { RW, Z, Z, Z, "BPF_NEG" },
	[FORM_END]	 = { RW, Z, Z, KEY, "BPF_END" },
	[FORM_LDX]	 = { W, R, USED, Z, "BPF_LDX" },
	[FORM_LDSX]	 = { W, R, USED, Z, "BPF_LDX" },
	[FORM_ST]	 = { R, Z, USED, USED, "BPF_ST" },
	[FORM_STX]	 = { R, R, USED, Z, "BPF_STX" },
	[FORM_ATOMIC]	 = { R, R, USED, KEY, "BPF_ATOMIC" },
	[FORM_FETCH]	 = { R, RW, USED, KEY, "BPF_ATOMIC" },
	[FORM_CMPXCHG]	 = { R, R, USED, KEY, "BPF_ATOMIC" },
	[FORM_LOAD_ACQ]	 = { W, R, USED, KEY, "BPF_ATOMIC" },
	[FORM_STORE_REL] = { R, R, USED, KEY, "BPF_ATOMIC" },
	[FORM_LD_ABS]	 = { Z, Z, Z, USED, "BPF_LD_[ABS|IND]" },
	[FORM_LD_IND]	 = { Z, R, Z, USED, "BPF_LD_[ABS|IND]" },
	[FORM_LD_IMM64]	 = { W, KEY, Z, USED, "BPF_LD_IMM64" },
	[FORM_JA]	 = { Z, Z, USED, Z, "BPF_JA" },
	[FORM_JAL]	 = { Z, Z, Z, USED, "BPF_JA" },
	[FORM_MAY_GOTO]	 = { Z, KEY, USED, Z, "may_goto" },
	[FORM_JMP_K]	 = { R, Z, USED, USED, "BPF_JMP/JMP32" },
	[FORM_JMP_X]	 = { R, R, USED, Z, "BPF_JMP/JMP32" },
	[FORM_CALL]	 = { Z, KEY, Z, USED, "BPF_CALL" },
	[FORM_KFUNC]	 = { Z, KEY, USED, USED, "BPF_CALL" },
	[FORM_EXIT]	 = { Z, Z, FREE, Z, "BPF_EXIT" },
};

#undef Z
#undef USED
#undef KEY
#undef FREE
#undef R
#undef W
#undef RW

const struct opcode_shape *opcode_shape(const struct opcode *opcode)
{
	return &shapes[opcode->form];
}

static bool key_fits(const struct opcode *row, const struct bpf_insn *insn)
{
	const struct opcode_shape *shape = opcode_shape(row);

	return (shape->src != FIELD_KEY || insn->src_reg == row->key) &&
	       (shape->off != FIELD_KEY || insn->off == row->key) &&
	       (shape->imm != FIELD_KEY || insn->imm == row->key);
}

static const struct opcode *first_of(u8 code)
{
	return first_row[code] ? &opcode_table[first_row[code] - 1] : NULL;
}

const struct opcode *opcode_find(const struct bpf_insn *insn)
{
	const struct opcode *row = first_of(insn->code);

	if (!row)
		return NULL;
	for (; row < opcode_table + OP_COUNT && row->code == insn->code; row++)
		if (key_fits(row, insn))
			return row;
	return NULL;
}

/* An atomic operation without a row: unknown, or not of this size. */
static int bad_atomic(const struct bpf_insn *insn, struct err *err)
{
	struct bpf_insn wide = *insn;

	wide.code = BPF_STX | BPF_ATOMIC | BPF_DW;
	if (opcode_find(&wide))
		return err_fail(err, -EINVAL, "invalid atomic operand size");
	return err_fail(err, -EINVAL,
			"BPF_ATOMIC uses invalid atomic opcode %02x",
			(u32)insn->imm);
}

static int misused(const struct bpf_insn *insn, const struct opcode *row,
		   struct err *err)
{
	if (row->form == FORM_MAY_GOTO)
		return err_fail(err, -EINVAL, "invalid may_goto imm %d",
				insn->imm);
	return err_fail(err, -EINVAL, "%s uses reserved fields",
			opcode_shape(row)->what);
}

/* No row for the code byte, or none of its rows has the key. */
static int no_row(const struct bpf_insn *insn, struct err *err)
{
	const struct opcode *row = first_of(insn->code);

	if (!row && BPF_CLASS(insn->code) == BPF_LDX &&
	    (BPF_MODE(insn->code) != BPF_MEMSX || insn->imm))
		return misused(insn, &opcode_table[OP_LDX_B], err);
	if (!row)
		return err_fail(err, -EINVAL, "unknown opcode %02x",
				insn->code);
	if (row->form == FORM_ATOMIC || row->form == FORM_LOAD_ACQ)
		return bad_atomic(insn, err);
	if (row->form == FORM_LD_IMM64)
		return err_fail(err, -EINVAL, "unrecognized bpf_ld_imm64 insn");
	return misused(insn, row, err);
}

static bool is_register(u8 field)
{
	return field >= FIELD_READ;
}

static int check_register(u8 field, u8 reg, struct err *err)
{
	if (is_register(field) && reg > BPF_REG_10)
		return err_fail(err, -EINVAL, "R%d is invalid", reg);
	if ((field == FIELD_WRITTEN || field == FIELD_BOTH) &&
	    reg == BPF_REG_10)
		return err_fail(err, -EACCES, "frame pointer is read only");
	return 0;
}

int opcode_check(const struct bpf_insn *insn, struct err *err,
		 const struct opcode **out)
{
	const struct opcode *row = opcode_find(insn);
	const struct opcode_shape *shape;
	int ret;

	if (!row)
		return no_row(insn, err);
	shape = opcode_shape(row);
	if (row->form == FORM_JMP_K || row->form == FORM_JMP_X) {
		ret = check_register(shape->dst, insn->dst_reg, err);
		if (ret)
			return ret;
	}
	if ((shape->dst == FIELD_ZERO && insn->dst_reg) ||
	    (shape->src == FIELD_ZERO && insn->src_reg) ||
	    (shape->off == FIELD_ZERO && insn->off) ||
	    (shape->imm == FIELD_ZERO && insn->imm))
		return misused(insn, row, err);
	if (insn_is_wide(insn) && (insn[1].code || insn[1].dst_reg ||
				   insn[1].src_reg || insn[1].off))
		return err_fail(err, -EINVAL, "invalid bpf_ld_imm64 insn");
	ret = check_register(shape->src, insn->src_reg, err);
	if (!ret)
		ret = check_register(shape->dst, insn->dst_reg, err);
	if (ret)
		return ret;
	*out = row;
	return 0;
}
