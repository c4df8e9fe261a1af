/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_object.c - idioms: what is given back: records, dynptrs, locks */
#include "gen.h"

/* ---- records of the ring buffer ---- */

static bool may_hold(const struct gen *g)
{
	return !g->in_func && !g->in_loop && !g->held && !g->regs[R0].kept;
}

static void reserve(struct gen *g, u32 bytes)
{
	GEN(g, LD_MAP(R1, GEN_RING), ALU64_K(MOV, R2, (s32)bytes),
	    ALU64_K(MOV, R3, 0), CALL(BPF_FUNC_ringbuf_reserve));
	gen_clobber(g);
	GEN(g, JMP64_K(JEQ, R0, 0, 0));
	gen_out(g);
	gen_set(g, R0, GEN_NOTHING, 0);
}

static void give_back(struct gen *g, u32 record)
{
	if (!gen_wrong(g))
		GEN(g, ALU64_X(MOV, R1, record), ALU64_K(MOV, R2, 0),
		    CALL(gen_below(g, 2) ? BPF_FUNC_ringbuf_submit
					 : BPF_FUNC_ringbuf_discard));
	gen_clobber(g);
	gen_set(g, R0, GEN_NOTHING, 0);
}

void gen_record(struct gen *g)
{
	u32 bytes = 8 * (1 + gen_below(g, 4));

	if (!may_hold(g))
		return;
	reserve(g, bytes);
	GEN(g, ST(DW, R0, (s16)gen_below(g, bytes - 7 + gen_wrong(g)), 7));
	give_back(g, R0);
}

/* Used for a while, and perhaps after it was given back. */
void gen_record_kept(struct gen *g)
{
	u32 bytes = 8 * (1 + gen_below(g, 8));

	if (!may_hold(g) || g->regs[R9].kept)
		return;
	gen_number(g);
	reserve(g, bytes);
	GEN(g, ALU64_X(MOV, R9, R0));
	for (u32 off = 0; off < bytes; off += 8)
		GEN(g, ST(DW, R9, (s16)off, 1));
	gen_set(g, R9, GEN_VALUE, bytes);
	g->regs[R9].kept = g->held = true;
	for (u32 n = 1 + gen_below(g, 4); n; n--)
		gen_inside(g);
	g->regs[R9].kept = g->held = false;
	give_back(g, R9);
	if (!gen_wrong(g))
		gen_set(g, R9, GEN_NOTHING, 0);
}

/* ---- dynptrs ---- */

static void point_to(struct gen *g, u32 reg, s32 off)
{
	GEN(g, ALU64_X(MOV, reg, R10), ALU64_K(ADD, reg, off));
}

/* Reads, writes, or looks at the bytes themselves. */
static void use_dynptr(struct gen *g, s32 at, u32 room, bool slices,
		       bool writes)
{
	u32 bytes = 1 + gen_below(g, 8);
	s32 off = (s32)gen_below(g, room);

	if (gen_wrong(g))
		GEN(g, ST(B, R10, (s16)(at + (s32)gen_below(g, 16)), 0));
	switch (writes ? 1 : gen_below(g, slices ? 3 : 2)) {
	case 0:
		point_to(g, R1, -64);
		GEN(g, ALU64_K(MOV, R2, (s32)bytes));
		point_to(g, R3, at);
		GEN(g, ALU64_K(MOV, R4, off), ALU64_K(MOV, R5, 0),
		    CALL(BPF_FUNC_dynptr_read));
		break;
	case 1:
		point_to(g, R1, at);
		GEN(g, ALU64_K(MOV, R2, off));
		point_to(g, R3, -64);
		GEN(g, ALU64_K(MOV, R4, (s32)bytes), ALU64_K(MOV, R5, 0),
		    CALL(BPF_FUNC_dynptr_write));
		break;
	default:
		point_to(g, R1, at);
		GEN(g, ALU64_K(MOV, R2, off), ALU64_K(MOV, R3, (s32)bytes),
		    CALL(BPF_FUNC_dynptr_data));
		if (!gen_wrong(g))
			GEN(g, JMP64_K(JEQ, R0, 0, 1));
		GEN(g, LDX(B, R0, R0, (s16)gen_below(g, bytes + gen_wrong(g))));
		break;
	}
	gen_called(g);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->slots[i] = (struct gen_reg){ 0 };
}

void gen_dynptr_memory(struct gen *g)
{
	u32 room = 1 + gen_below(g, 64);

	if (!may_hold(g))
		return;
	GEN(g, LD_VALUE(R1, GEN_BLOCK, 0),
	    ALU64_K(MOV, R2, (s32)room + gen_wrong(g) * 64),
	    ALU64_K(MOV, R3, 0));
	point_to(g, R4, GEN_DYNPTR2);
	GEN(g, CALL(BPF_FUNC_dynptr_from_mem));
	gen_called(g);
	for (u32 n = 1 + gen_below(g, 2); n; n--)
		use_dynptr(g, GEN_DYNPTR2, room, true, false);
}

/* The reference is there even if there was no room. */
void gen_dynptr_record(struct gen *g)
{
	u32 room = 8 * (1 + gen_below(g, 4));

	if (!may_hold(g))
		return;
	GEN(g, LD_MAP(R1, GEN_RING), ALU64_K(MOV, R2, (s32)room),
	    ALU64_K(MOV, R3, 0));
	point_to(g, R4, GEN_DYNPTR);
	GEN(g, CALL(BPF_FUNC_ringbuf_reserve_dynptr));
	gen_called(g);
	/* what a record has in it before is anything */
	use_dynptr(g, GEN_DYNPTR, room, true, g->avoid);
	if (gen_wrong(g))
		return;
	point_to(g, R1, GEN_DYNPTR);
	GEN(g, ALU64_K(MOV, R2, 0),
	    CALL(gen_below(g, 2) ? BPF_FUNC_ringbuf_submit_dynptr
				 : BPF_FUNC_ringbuf_discard_dynptr));
	gen_clobber(g);
	gen_set(g, R0, GEN_NOTHING, 0);
	if (gen_wrong(g))
		use_dynptr(g, GEN_DYNPTR, room, true, g->avoid);
}

void gen_dynptr_packet(struct gen *g)
{
	bool xdp = g->type == BPF_PROG_TYPE_XDP;

	if (!may_hold(g) || g->kfunc_cnt == ARRAY_LEN(g->kfuncs))
		return;
	GEN(g, ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, gen_wrong(g)));
	point_to(g, R3, GEN_DYNPTR2);
	gen_call_kernel(g, xdp ? "bpf_dynptr_from_xdp" : "bpf_dynptr_from_skb");
	use_dynptr(g, GEN_DYNPTR2, 64, gen_wrong(g), false);
	gen_packet_moved(g);
}

/* ---- locks ---- */

void gen_locked(struct gen *g)
{
	if (!may_hold(g) || g->regs[R9].kept)
		return;
	gen_number(g);
	GEN(g, ST(W, R10, -8, 0));
	g->slots[0] = (struct gen_reg){ 0 };
	point_to(g, R2, -8);
	GEN(g, LD_MAP(R1, GEN_LOCK), CALL(BPF_FUNC_map_lookup_elem));
	gen_clobber(g);
	GEN(g, JMP64_K(JEQ, R0, 0, 0));
	gen_out(g);
	GEN(g, ALU64_X(MOV, R9, R0), ALU64_X(MOV, R1, R9),
	    CALL(BPF_FUNC_spin_lock));
	gen_clobber(g);
	gen_set(g, R0, GEN_NOTHING, 0);
	if (!gen_wrong(g))
		GEN(g, ALU64_K(ADD, R9, 4));
	gen_set(g, R9, GEN_VALUE, 12);
	g->regs[R9].kept = g->held = true;
	for (u32 n = 1 + gen_below(g, 3); n; n--)
		gen_inside(g);
	g->regs[R9].kept = g->held = false;
	if (gen_wrong(g))
		return;
	GEN(g, ALU64_X(MOV, R1, R9), ALU64_K(ADD, R1, -4),
	    CALL(BPF_FUNC_spin_unlock));
	gen_clobber(g);
	gen_set(g, R0, GEN_NOTHING, 0);
}
