/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jump.c - comparisons: which way, and what either way has learnt
 *
 * Numbers are refined, and all that are linked with them; pointers that may be
 * NULL are or are not from here on; packet pointers compared with the packet's
 * end prove bytes.
 */
#include "verify/verifier.h"

/* ---- which way ---- */

static u8 flipped(u8 op)
{
	switch (op) {
	case BPF_JGT: return BPF_JLT;
	case BPF_JGE: return BPF_JLE;
	case BPF_JLT: return BPF_JGT;
	case BPF_JLE: return BPF_JGE;
	case BPF_JSGT: return BPF_JSLT;
	case BPF_JSGE: return BPF_JSLE;
	case BPF_JSLT: return BPF_JSGT;
	case BPF_JSLE: return BPF_JSGE;
	default: return op;
	}
}

static bool is_packet_any(const struct reg *r)
{
	return reg_is_packet(r) || r->kind == REG_PKT_END;
}

/* A packet pointer that was compared with the end before. */
static int packet_taken(const struct reg *a, const struct reg *b, u8 op)
{
	const struct reg *pkt = a;

	if (a->kind == REG_PKT_END) {
		pkt = b;
		op = flipped(op);
	} else if (b->kind != REG_PKT_END) {
		return -1;
	}
	if (pkt->kind == REG_PKT_END || pkt->range >= 0)
		return -1;
	switch (op) {
	case BPF_JLE:
	case BPF_JGT: return pkt->range == BEYOND_END ? op == BPF_JGT : -1;
	case BPF_JLT:
	case BPF_JGE: return op == BPF_JGE;
	default: return -1;
	}
}

static bool never_null(const struct reg *r)
{
	if (r->flags & REG_OR_NULL)
		return false;
	switch (r->kind) {
	case REG_SOCK:
	case REG_TCP_SOCK:
	case REG_SOCK_COMMON:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_MAP:
	case REG_MEM: return true;
	case REG_KERNEL_SOCK: return r->ref;
	default: return false;
	}
}

static int null_taken(const struct reg *ptr, const struct reg *num, u8 op)
{
	if (!reg_is_null(num) || !never_null(ptr))
		return -1;
	if (op == BPF_JEQ)
		return 0;
	return op == BPF_JNE ? 1 : -1;
}

/* 1: always, 0: never, -1: either. */
static int taken(const struct reg *a, const struct reg *b, u8 op, bool is64)
{
	if (is_packet_any(a) && is_packet_any(b) && is64)
		return packet_taken(a, b, op);
	if (reg_is_pointer(a) && reg_is_pointer(b))
		return -1;
	if (reg_is_pointer(a))
		return is64 ? null_taken(a, b, op) : -1;
	if (reg_is_pointer(b))
		return is64 ? null_taken(b, a, flipped(op)) : -1;
	return range_compare(op, is64, &a->var, &b->var);
}

/* ---- linked numbers ---- */

static u32 base_id(u32 id)
{
	return id & ~ID_DELTA;
}

static void collect_one(struct reg *r, u32 id, u32 frame, bool is_slot,
			u32 index, struct links *links)
{
	if (r->kind != REG_SCALAR || !r->id || base_id(r->id) != id)
		return;
	if (links->cnt == ARRAY_LEN(links->at)) {
		r->id = 0;
		r->off = 0;
		return;
	}
	links->at[links->cnt].frame = (u8)frame;
	links->at[links->cnt].is_slot = is_slot;
	links->at[links->cnt++].index = (u8)index;
}

void links_collect(struct state *s, u32 id, struct links *links)
{
	id = base_id(id);
	for (u32 n = s->depth + 1; n--;) {
		struct frame *f = s->frames[n];

		for (u32 i = 0; i < BPF_REG_10; i++)
			collect_one(&f->regs[i], id, n, false, i, links);
		for (u32 i = 0; i < f->slots; i++)
			if (slot_is_spilled_scalar(&f->stack[i]))
				collect_one(&f->stack[i].reg, id, n, true, i,
					    links);
	}
}

static void learn(struct reg *r, const struct reg *known)
{
	u32 widths = (r->id | known->id) & ID_DELTA;
	struct range delta;

	if (r->kind != REG_SCALAR || r == known || !r->id ||
	    base_id(r->id) != base_id(known->id) || widths == ID_DELTA)
		return;
	if (!widths || r->off == known->off) {
		bool precise = r->precise;

		*r = *known;
		r->precise = precise;
		return;
	}
	delta = range_const((u64)((s64)r->off - known->off));
	r->var = known->var;
	range_alu(BPF_ADD, widths == ID_DELTA64, &r->var, &delta);
}

static void spread(struct state *s, const struct reg *known,
		   const struct links *links)
{
	struct reg copy = *known;

	for (u32 i = 0; i < links->cnt; i++) {
		struct frame *f = s->frames[links->at[i].frame];
		struct reg *r = links->at[i].is_slot
					? &f->stack[links->at[i].index].reg
					: &f->regs[links->at[i].index];

		if (r != known)
			learn(r, &copy);
	}
}

/* ---- pointers that may be NULL ---- */

void reg_set_not_null(struct reg *r)
{
	const struct verify_map *map = r->map;

	r->flags &= (u8)~REG_OR_NULL;
	if (r->kind != REG_MAP_VALUE)
		return;
	if (map->inner) {
		r->kind = REG_MAP;
		r->map = map->inner;
		r->uid = map_has_field(map->inner, BTF_FIELD_TIMER, NULL)
				 ? r->id
				 : 0;
	} else if (map->type == BPF_MAP_TYPE_XSKMAP) {
		r->kind = REG_XDP_SOCK;
	} else if (map->type == BPF_MAP_TYPE_SOCKMAP ||
		   map->type == BPF_MAP_TYPE_SOCKHASH) {
		r->kind = REG_SOCK;
	}
}

static bool may_have_lock(const struct reg *r)
{
	return r->kind == REG_MAP_VALUE &&
	       map_has_field(r->map, BTF_FIELD_SPIN_LOCK, NULL);
}

void mark_null_or_not(struct state *s, u32 regno, bool null)
{
	u32 id = state_regs(s)[regno].id, ref = state_regs(s)[regno].ref;
	struct reg *r;

	if (null && ref && ref == id)
		state_drop_ref(s, id);
	state_each_reg(s, f, r, i)
	{
		if (!(r->flags & REG_OR_NULL) || r->id != id)
			continue;
		if (null) {
			*r = reg_const(0);
			continue;
		}
		reg_set_not_null(r);
		if (!may_have_lock(r))
			r->id = 0;
	}
}

/* ---- packet bounds ---- */

static void prove_bytes(struct state *s, const struct reg *at, bool open)
{
	const struct reg here = *at;
	s32 range = here.off + open;
	struct reg *r;

	if (here.off <= 0 || here.var.umax > PACKET_MAX ||
	    here.var.umax + (u64)here.off > PACKET_MAX)
		return;
	state_each_reg(s, f, r, i)
	{
		if (r->kind == here.kind && r->id == here.id)
			r->range = MAX(r->range, range);
	}
}

static void mark_end(struct state *s, u32 regno, bool beyond)
{
	struct reg *r = &state_regs(s)[regno];

	if (r->kind == REG_PKT)
		r->range = beyond ? BEYOND_END : AT_END;
}

/* pkt and end, or meta and the packet's start. */
static bool is_end_of(const struct reg *pkt, const struct reg *end)
{
	if (pkt->kind == REG_PKT)
		return end->kind == REG_PKT_END;
	return pkt->kind == REG_PKT_META && end->kind == REG_PKT && !end->off &&
	       range_is_const(&end->var) && !end->var.bits.value && !end->id;
}

struct branches {
	struct state *go;   /* falls through */
	struct state *jump; /* takes the jump */
};

/* `pkt op end`, or the other way round with op flipped. */
static void match_packet(const struct bpf_insn *insn, struct branches b)
{
	struct reg *regs = state_regs(b.go);
	u8 op = BPF_OP(insn->code);
	u32 pkt = insn->dst_reg, end = insn->src_reg;
	bool jump_in, open;

	if (BPF_SRC(insn->code) != BPF_X || BPF_CLASS(insn->code) != BPF_JMP)
		return;
	if (!is_end_of(&regs[pkt], &regs[end])) {
		pkt = insn->src_reg;
		end = insn->dst_reg;
		op = flipped(op);
		if (!is_end_of(&regs[pkt], &regs[end]))
			return;
	}
	if (op != BPF_JGT && op != BPF_JGE && op != BPF_JLT && op != BPF_JLE)
		return;
	/* the side where pkt is below the end, or at most there */
	jump_in = op == BPF_JLT || op == BPF_JLE;
	open = op == BPF_JLT || op == BPF_JGE;
	struct state *in = jump_in ? b.jump : b.go;
	struct state *out = jump_in ? b.go : b.jump;

	prove_bytes(in, &state_regs(in)[pkt], open);
	mark_end(out, pkt, !open);
}

/* ---- the jump ---- */

/* Equal to a pointer that is not NULL. */
static void learn_not_null(const struct bpf_insn *insn, struct branches b)
{
	struct state *eq = BPF_OP(insn->code) == BPF_JEQ   ? b.jump
			   : BPF_OP(insn->code) == BPF_JNE ? b.go
							   : NULL;
	struct reg *dst, *src;

	if (!eq)
		return;
	dst = &state_regs(eq)[insn->dst_reg];
	src = &state_regs(eq)[insn->src_reg];
	if (!reg_is_pointer(dst) || !reg_is_pointer(src) ||
	    !((dst->flags ^ src->flags) & REG_OR_NULL))
		return;
	reg_set_not_null(src->flags & REG_OR_NULL ? src : dst);
}

static void learn_pointers(const struct bpf_insn *insn, struct branches b)
{
	const struct reg *dst = &state_regs(b.go)[insn->dst_reg];
	u8 op = BPF_OP(insn->code);

	if (BPF_CLASS(insn->code) != BPF_JMP)
		return;
	if (BPF_SRC(insn->code) == BPF_X)
		learn_not_null(insn, b);
	if (BPF_SRC(insn->code) == BPF_K && !insn->imm &&
	    (op == BPF_JEQ || op == BPF_JNE) && dst->flags & REG_OR_NULL) {
		mark_null_or_not(b.go, insn->dst_reg, op == BPF_JNE);
		mark_null_or_not(b.jump, insn->dst_reg, op == BPF_JEQ);
	} else {
		match_packet(insn, b);
	}
}

/* One of the two ways, with what it learnt of the operands. */
struct way {
	struct range dst, src;
};

static bool refine(const struct bpf_insn *insn, const struct reg *dst,
		   const struct reg *src, bool holds, struct way *way)
{
	way->dst = dst->var;
	way->src = src->var;
	if (reg_is_pointer(dst) || reg_is_pointer(src))
		return true;
	range_refine(BPF_OP(insn->code), BPF_CLASS(insn->code) == BPF_JMP,
		     holds, &way->dst, &way->src);
	return !range_is_empty(&way->dst) && !range_is_empty(&way->src);
}

static void apply(struct state *s, const struct bpf_insn *insn,
		  const struct way *way, const struct links *links)
{
	struct reg *regs = state_regs(s);
	struct reg *dst = &regs[insn->dst_reg], *src = &regs[insn->src_reg];
	bool by_register = BPF_SRC(insn->code) == BPF_X;

	if (reg_is_pointer(dst) || (by_register && reg_is_pointer(src)))
		return;
	dst->var = way->dst;
	if (by_register)
		src->var = way->src;
	if (by_register && src->id)
		spread(s, src, links);
	if (dst->id)
		spread(s, dst, links);
}

static int decided(struct verifier *v, const struct bpf_insn *insn, bool jumps)
{
	struct reg *regs = state_regs(v->cur);
	int ret = 0;

	if (!reg_is_pointer(&regs[insn->dst_reg]))
		ret = precise_mark(v, insn->dst_reg);
	if (!ret && BPF_SRC(insn->code) == BPF_X &&
	    !reg_is_pointer(&regs[insn->src_reg]))
		ret = precise_mark(v, insn->src_reg);
	v->prev = v->insn;
	v->insn += 1 + (jumps ? (u32)(s32)insn->off : 0);
	return ret;
}

static int go_both_ways(struct verifier *v, const struct bpf_insn *insn,
			const struct way ways[2])
{
	struct reg *regs = state_regs(v->cur);
	struct reg *dst = &regs[insn->dst_reg], *src = &regs[insn->src_reg];
	struct links links = { 0 };
	struct branches b = { .go = v->cur };
	int ret = 0;

	if (BPF_SRC(insn->code) == BPF_X && src->kind == REG_SCALAR && src->id)
		links_collect(v->cur, src->id, &links);
	if (dst->kind == REG_SCALAR && dst->id &&
	    (BPF_SRC(insn->code) == BPF_K ||
	     base_id(dst->id) != base_id(src->id)))
		links_collect(v->cur, dst->id, &links);
	if (links.cnt > 1)
		ret = step_link(v, &links);
	if (ret)
		return ret;
	b.jump = path_push(v, v->insn + 1 + (u32)(s32)insn->off, v->insn);
	if (!b.jump)
		return v->err->code;
	apply(b.go, insn, &ways[0], &links);
	apply(b.jump, insn, &ways[1], &links);
	learn_pointers(insn, b);
	v->prev = v->insn;
	v->insn++;
	return 0;
}

int check_jump(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct reg *regs = state_regs(v->cur);
	struct reg imm = reg_const((u64)(s64)insn->imm);
	struct reg *src = &imm, *dst = &regs[insn->dst_reg];
	struct way ways[2];
	bool can_go, can_jump;
	int ret = 0, pred;

	ret = reg_must_be_read(v, insn->dst_reg);
	if (!ret && op->form == FORM_JMP_X) {
		src = &regs[insn->src_reg];
		ret = reg_must_be_read(v, insn->src_reg);
	}
	if (ret)
		return ret;
	pred = taken(dst, src, BPF_OP(insn->code),
		     BPF_CLASS(insn->code) == BPF_JMP);
	if (pred >= 0)
		return decided(v, insn, pred);
	can_go = refine(insn, dst, src, false, &ways[0]);
	can_jump = refine(insn, dst, src, true, &ways[1]);
	if (can_go != can_jump)
		return decided(v, insn, can_jump);
	return go_both_ways(v, insn, ways);
}
