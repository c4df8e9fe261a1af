/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.c - how the value that was refused came to be what it is
 *
 * Back from the end of the path: a set of registers and slots is followed
 * through moves, spills, fills, calls and arithmetic to where they were loaded.
 * On the way every change is told: what a branch proved, what was lost.
 */
#include <stdlib.h>

#include "verify/history.h"

#define FOLLOWED_MAX 8

struct telling {
	struct verifier *v;
	const struct record *r;
	struct place places[FOLLOWED_MAX];
	u32 place_cnt;
	VEC(struct verify_event) events; /* newest first */
	bool failed;
};

const char *verify_event_name(enum verify_event_kind kind)
{
	static const char *const names[VERIFY_EVENT_KINDS] = {
		[VERIFY_EVENT_LOADED] = "loaded",
		[VERIFY_EVENT_SET] = "set",
		[VERIFY_EVENT_RETURNED] = "returned",
		[VERIFY_EVENT_PASSED] = "passed",
		[VERIFY_EVENT_COPIED] = "copied",
		[VERIFY_EVENT_COMPUTED] = "computed",
		[VERIFY_EVENT_NARROWED] = "narrowed",
		[VERIFY_EVENT_SPILLED] = "spilled",
		[VERIFY_EVENT_FILLED] = "filled",
		[VERIFY_EVENT_INVALIDATED] = "invalidated",
		[VERIFY_EVENT_WIDENED] = "widened",
		[VERIFY_EVENT_OVERWRITTEN] = "overwritten",
		[VERIFY_EVENT_HELD] = "held",
	};

	return names[kind];
}

/* ---- what is followed ---- */

static bool same_place(struct place a, struct place b)
{
	return a.frame == b.frame && a.is_slot == b.is_slot &&
	       a.index == b.index;
}

static void follow(struct telling *t, struct place p)
{
	for (u32 i = 0; i < t->place_cnt; i++)
		if (same_place(t->places[i], p))
			return;
	if (t->place_cnt < FOLLOWED_MAX && (p.is_slot || p.index != BPF_REG_10))
		t->places[t->place_cnt++] = p;
}

static bool is_followed(const struct telling *t, struct place p)
{
	for (u32 i = 0; i < t->place_cnt; i++)
		if (same_place(t->places[i], p))
			return true;
	return false;
}

static void unfollow(struct telling *t, struct place p)
{
	for (u32 i = 0; i < t->place_cnt; i++)
		if (same_place(t->places[i], p))
			t->places[i--] = t->places[--t->place_cnt];
}

/* Before the call its frame was not there. */
static void leave_frame(struct telling *t, u32 frame)
{
	for (u32 i = 0; i < t->place_cnt; i++)
		if (t->places[i].frame == frame &&
		    (t->places[i].is_slot || t->places[i].index > BPF_REG_5))
			t->places[i--] = t->places[--t->place_cnt];
}

/* ---- telling ---- */

static void name_place(struct text *t, struct place p)
{
	if (p.is_slot)
		text_add(t, "fp-%u", (p.index + 1u) * 8);
	else
		text_add(t, "r%u", p.index);
}

static struct verify_event *tell(struct telling *t, u32 insn,
				 enum verify_event_kind kind)
{
	struct verify_event *e;

	vec_each (e, &t->events) {
		if (e->insn != insn || e->kind != kind)
			continue;
		e->times++;
		return NULL;
	}
	e = vec_add(&t->events);
	if (!e) {
		t->failed = true;
		return NULL;
	}
	e->kind = (u8)kind;
	e->insn = insn;
	e->times = 1;
	e->line = line_at(t->v->attr, insn);
	return e;
}

static void tell_change(struct telling *t, const struct change *c,
			enum verify_event_kind kind, const char *what)
{
	struct verify_event *e = tell(t, t->r->path->insns[c->pos], kind);
	struct text known = { .len = 0 };

	if (!e)
		return;
	name_place(&known, c->place);
	text_add(&known, ": ");
	words_reg(&known, &c->after);
	snprintf(e->what, sizeof(e->what), "%s", what);
	snprintf(e->known, sizeof(e->known), "%.*s", (int)sizeof(e->known) - 1,
		 known.buf);
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static bool is_packet_load(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && !insn_is_wide(insn);
}

static const char *call_name(const struct verifier *v, u32 insn)
{
	const struct bpf_insn *i = &v->insns[insn];
	const char *name = NULL;

	if (i->src_reg == BPF_PSEUDO_CALL)
		return v->subprogs[v->aux[insn + 1 + (u32)i->imm].subprog].name;
	if (i->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return v->aux[insn].kfunc ? v->aux[insn].kfunc : "";
	name = helper_name((u32)i->imm);
	return name ? name : "";
}

/* "bpf_map_lookup_elem()" */
static void add_call(struct text *t, const struct verifier *v, u32 insn)
{
	const struct bpf_insn *i = &v->insns[insn];
	const char *name;

	if (!is_call(i)) {
		text_add(t, "a load from the packet");
		return;
	}
	name = call_name(v, insn);
	text_add(t, "%s%s()", i->src_reg ? "" : "bpf_",
		 name[0] ? name : "a function");
}

/* ---- where values come from ---- */

static void word_load(const struct telling *t, const struct change *c,
		      struct text *what)
{
	const struct verifier *v = t->v;
	const struct bpf_insn *insn = &v->insns[t->r->path->insns[c->pos]];
	const struct ctx_field *f = NULL;

	switch (c->other.kind) {
	case REG_CTX:
		if (insn->off >= 0)
			f = ctx_find(v->attr->type,
				     v->attr->expected_attach_type,
				     (u32)insn->off, opcode_find(insn)->bytes,
				     false);
		text_add(what, "loaded from the context%s%s",
			 f && f->name ? ": " : "", f && f->name ? f->name : "");
		return;
	case REG_PKT: text_add(what, "loaded from the packet"); return;
	case REG_PKT_META: text_add(what, "loaded from metadata"); return;
	case REG_MAP_VALUE:
		text_add(what, "loaded from a value of map %s",
			 c->other.map->name ? c->other.map->name : "");
		return;
	case REG_STACK: text_add(what, "loaded from the stack"); return;
	default: text_add(what, "loaded from memory"); return;
	}
}

static void tell_origin(struct telling *t, const struct change *c)
{
	u32 at = t->r->path->insns[c->pos];
	const struct bpf_insn *insn = &t->v->insns[at];
	enum verify_event_kind kind = VERIFY_EVENT_LOADED;
	struct text what = { .len = 0 };

	if (is_call(insn)) {
		kind = VERIFY_EVENT_RETURNED;
		text_add(&what, "returned by ");
		add_call(&what, t->v, at);
	} else if (BPF_CLASS(insn->code) == BPF_LDX) {
		word_load(t, c, &what);
	} else if (c->place.is_slot) {
		kind = c->after.kind == REG_UNINIT ? VERIFY_EVENT_OVERWRITTEN
						   : VERIFY_EVENT_SET;
		text_add(&what,
			 kind == VERIFY_EVENT_SET ? "stored" : "overwritten");
	} else if (BPF_CLASS(insn->code) == BPF_STX) {
		text_add(&what, "fetched by an atomic operation");
	} else if (is_packet_load(insn)) {
		text_add(&what, "loaded from the packet");
	} else {
		kind = VERIFY_EVENT_SET;
		text_add(&what, "set");
	}
	tell_change(t, c, kind, what.buf);
	unfollow(t, c->place);
}

/* ---- what happens to them ---- */

static bool is_alu(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU ||
	       BPF_CLASS(insn->code) == BPF_ALU64;
}

/* Half of a register, or some bits of it with their sign. */
static void tell_move(struct telling *t, const struct change *c)
{
	const struct bpf_insn *insn = &t->v->insns[t->r->path->insns[c->pos]];
	struct text what = { .len = 0 };

	if (BPF_CLASS(insn->code) == BPF_ALU64 && !insn->off)
		return; /* the same value by another name */
	if (insn->off)
		text_add(&what, "the low %d bits of r%u are copied", insn->off,
			 insn->src_reg);
	else
		text_add(&what, "a 32-bit move copies the low half of r%u",
			 insn->src_reg);
	if (reg_is_pointer(&c->other))
		text_add(&what, ": no pointer any more");
	tell_change(t, c, VERIFY_EVENT_COPIED, what.buf);
}

static void tell_source(struct telling *t, const struct change *c)
{
	u32 at = t->r->path->insns[c->pos];
	struct text what = { .len = 0 };

	if (c->place.is_slot) {
		text_add(&what, "r%u is saved on the stack", c->from.index);
		tell_change(t, c, VERIFY_EVENT_SPILLED, what.buf);
	} else if (c->from.is_slot) {
		text_add(&what, "restored from fp-%u",
			 (c->from.index + 1u) * 8);
		tell_change(t, c, VERIFY_EVENT_FILLED, what.buf);
	} else if (is_alu(&t->v->insns[at])) {
		tell_move(t, c);
	} else if (c->entered) {
		text_add(&what, "passed to ");
		add_call(&what, t->v, at);
		tell_change(t, c, VERIFY_EVENT_PASSED, what.buf);
	} else {
		text_add(&what, "returned from the function");
		tell_change(t, c, VERIFY_EVENT_RETURNED, what.buf);
	}
	unfollow(t, c->place);
	follow(t, c->from);
}

static bool offset_is_lost(const struct change *c)
{
	return c->before.kind == REG_SCALAR && c->after.kind == REG_SCALAR &&
	       c->before.var.smin > INT64_MIN &&
	       c->before.var.smax < INT64_MAX && c->after.var.smin == INT64_MIN;
}

static void tell_computed(struct telling *t, const struct change *c)
{
	u32 at = t->r->path->insns[c->pos];
	const struct bpf_insn *insn = &t->v->insns[at];
	struct text what = { .len = 0 };
	const char *text;
	char buf[128];

	text = strchr(insn_text(t->v, at, buf, sizeof(buf)), ' ');
	text_add(&what, "%s", text ? text + 1 : buf);
	if (offset_is_lost(c))
		text_add(&what, ": may overflow, its bounds are lost");
	else if (reg_is_packet(&c->after) && reg_is_packet(&c->before) &&
		 c->before.range > 0 && !c->after.range)
		text_add(&what, ": what was proven is not of the new place");
	else if (reg_is_pointer(&c->before) && reg_is_pointer(&c->other))
		text_add(&what, ": two pointers may be any distance apart");
	else if (reg_is_pointer(&c->before) && !reg_is_pointer(&c->after))
		text_add(&what, ": no pointer any more");
	tell_change(t, c, VERIFY_EVENT_COMPUTED, what.buf);
	if (BPF_SRC(insn->code) == BPF_X && c->other.kind != REG_UNINIT &&
	    !reg_is_const(&c->other))
		follow(t, (struct place){ .frame = c->place.frame,
					  .index = insn->src_reg });
}

/* "if r4 > r3: no"; false: that is no branch. */
static bool word_branch(const struct telling *t, u32 pos, struct text *what)
{
	u32 at = t->r->path->insns[pos], next = t->r->path->insns[pos + 1];
	const struct bpf_insn *insn = &t->v->insns[at];
	char buf[128], *text, *end;

	insn_text(t->v, at, buf, sizeof(buf));
	text = strstr(buf, " if ");
	end = text ? strstr(text, " goto") : NULL;
	if (!end)
		return false;
	*end = '\0';
	text_add(what, "%s: %s", text + 1,
		 next == at + 1 + (u32)(s32)insn->off ? "yes" : "no");
	return true;
}

static void tell_branch(struct telling *t, const struct change *c)
{
	struct text what = { .len = 0 };

	if (word_branch(t, c->pos, &what))
		tell_change(t, c, VERIFY_EVENT_NARROWED, what.buf);
	else
		tell_change(t, c, VERIFY_EVENT_WIDENED,
			    "differs from round to round: taken for unknown");
}

static void tell_lost(struct telling *t, const struct change *c)
{
	u32 at = t->r->path->insns[c->pos];
	struct text what = { .len = 0 };

	if (reg_is_pointer(&c->before) || c->after.kind == REG_UNINIT) {
		add_call(&what, t->v, at);
		text_add(&what,
			 reg_is_packet(&c->before) ||
					 c->before.kind == REG_PKT_END
				 ? " may move the packet: pointers into it "
				   "are invalid"
			 : c->before.ref ? " releases it"
					 : " does not keep it");
		tell_change(t, c, VERIFY_EVENT_INVALIDATED, what.buf);
	} else {
		tell_change(t, c, VERIFY_EVENT_WIDENED,
			    "differs from round to round: taken for unknown");
	}
}

static void tell_one(struct telling *t, const struct change *c)
{
	const struct bpf_insn *insn = &t->v->insns[t->r->path->insns[c->pos]];
	bool jump = BPF_CLASS(insn->code) == BPF_JMP ||
		    BPF_CLASS(insn->code) == BPF_JMP32;

	if (c->written && c->has_from)
		tell_source(t, c);
	else if (c->written && c->entered)
		unfollow(t, c->place);
	else if (c->written && is_alu(insn) && BPF_OP(insn->code) != BPF_MOV)
		tell_computed(t, c);
	else if (c->written)
		tell_origin(t, c);
	else if (is_call(insn) || is_packet_load(insn))
		tell_lost(t, c);
	else if (jump && c->pos + 1 < t->r->path->len)
		tell_branch(t, c);
	else if (c->place.is_slot && c->after.kind == REG_UNINIT)
		tell_change(t, c, VERIFY_EVENT_OVERWRITTEN, "overwritten");
}

static void tell_changes(struct telling *t)
{
	for (u32 i = t->r->changes.len; i-- && t->place_cnt;) {
		const struct change *c = &t->r->changes.items[i];

		if (c->entered)
			leave_frame(t, c->place.frame);
		if (is_followed(t, c->place))
			tell_one(t, c);
	}
}

/* What the function that was walked began with. */
static void tell_arguments(struct telling *t)
{
	const struct record *r = t->r;

	for (u32 i = 0; i < t->place_cnt; i++) {
		struct place p = t->places[i];
		struct change c = { .pos = 0, .place = p };

		if (p.is_slot || p.frame || p.index > BPF_REG_5)
			continue;
		c.after = r->last->frames[0]->regs[p.index];
		for (u32 k = r->changes.len; k--;)
			if (same_place(r->changes.items[k].place, p))
				c.after = r->changes.items[k].before;
		if (c.after.kind != REG_UNINIT)
			tell_change(t, &c, VERIFY_EVENT_PASSED,
				    "an argument from the start");
	}
}

/* ---- what is held ---- */

static void tell_held(struct telling *t, u32 insn, const char *how)
{
	struct verify_event *e = tell(t, insn, VERIFY_EVENT_HELD);
	struct text what = { .len = 0 };

	if (!e)
		return;
	add_call(&what, t->v, insn);
	snprintf(e->what, sizeof(e->what), "%.96s %s", what.buf, how);
}

/* The way from the path's end back to where it is held; where. */
static void tell_way(struct telling *t, u32 insn)
{
	const struct path *p = t->r->path;

	for (u32 i = p->len - 1; i-- && p->insns[i] != insn;) {
		struct text what = { .len = 0 };
		struct verify_event *e;

		if (!word_branch(t, i, &what))
			continue;
		e = tell(t, p->insns[i], VERIFY_EVENT_NARROWED);
		if (e)
			snprintf(e->what, sizeof(e->what), "%.120s", what.buf);
	}
}

static void tell_refs(struct telling *t)
{
	const struct state *s = t->r->last;

	if (s->ref_cnt)
		tell_way(t, s->refs[0].insn);
	for (u32 i = 0; i < s->ref_cnt; i++)
		tell_held(t, s->refs[i].insn,
			  "acquires what is not given back");
}

static void tell_lock(struct telling *t)
{
	const struct path *p = t->r->path;
	u32 i = p->len;

	while (t->r->last->lock_map && i--) {
		const struct bpf_insn *insn = &t->v->insns[p->insns[i]];

		if (!is_call(insn) || insn->src_reg ||
		    insn->imm != BPF_FUNC_spin_lock)
			continue;
		tell_way(t, p->insns[i]);
		tell_held(t, p->insns[i], "takes the lock");
		return;
	}
}

/* ---- the whole ---- */

/* The last ones, and how it began. */
static void keep(const struct telling *t, struct verify_history *out)
{
	u32 n = t->events.len, k = 0;
	u32 last = n > VERIFY_EVENTS_MAX
			   ? VERIFY_EVENTS_MAX - VERIFY_EVENTS_FIRST
			   : n;

	out->left_out = n > VERIFY_EVENTS_MAX ? n - VERIFY_EVENTS_MAX : 0;
	for (u32 i = n; i--;)
		if (i < last || i >= n - VERIFY_EVENTS_FIRST)
			out->events[k++] = t->events.items[i];
	out->cnt = k;
}

/* Is the next argument of the helper how many bytes there are? */
static bool size_follows(const struct bpf_insn *insn, u32 subject)
{
	const struct helper *h = helper_proto((u32)insn->imm);

	if (!is_call(insn) || insn->src_reg || !h || subject < BPF_REG_1 ||
	    subject > BPF_REG_4)
		return false;
	return h->arg[subject] == ARG_SIZE ||
	       h->arg[subject] == ARG_SIZE_OR_ZERO;
}

int history_make(struct verifier *v, const struct record *r, u32 subject,
		 struct verify_history *out)
{
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	struct telling t = { .v = v, .r = r };
	u8 depth = (u8)r->last->depth;

	if (subject != NO_REG)
		follow(&t,
		       (struct place){ .frame = depth, .index = (u8)subject });
	if (subject != NO_REG && is_alu(insn)) {
		follow(&t, (struct place){ .frame = depth,
					   .index = insn->dst_reg });
		if (BPF_SRC(insn->code) == BPF_X)
			follow(&t, (struct place){ .frame = depth,
						   .index = insn->src_reg });
	}
	if (size_follows(insn, subject))
		follow(&t, (struct place){ .frame = depth,
					   .index = (u8)(subject + 1) });
	tell_changes(&t);
	tell_arguments(&t);
	if (v->result->code == VERIFY_REF)
		tell_refs(&t);
	if (v->result->code == VERIFY_LOCK)
		tell_lock(&t);
	keep(&t, out);
	vec_free(&t.events);
	return t.failed ? -ENOMEM : 0;
}
