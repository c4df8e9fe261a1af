/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prune.c - states that were seen before end a path
 *
 * P1  A path ends where a finished state admits all that it may be: what comes
 *     after has been walked.
 * P2  It also ends where a state on the way to it does, if the loop between
 *     them ends by itself: an iterator, may_goto, a callback.  What that state
 *     turns out to rely on, its loop relies on: such ends are kept, and when
 *     the state is finished what is precise is carried around until nothing
 *     changes.  Until then states inside the loop are compared in full.
 * P3  Any other state on its own way says that the program may not end.
 */
#include <stdlib.h>

#include "verify/verifier.h"

#define STEPS_MAX 40
/* Without a place to prune at: so many steps or instructions. */
#define STEPS_DUE 512
#define INSNS_DUE 4096
#define EDGE_ROUNDS 64

/* The end of a path inside a loop: cur went on as same has. */
struct edge {
	struct state *cur;
	struct state *same;
	struct edge *next;
};

struct loop {
	struct state *head;
	struct loop *into; /* the loop around it, or NULL */
	struct edge *edges;
	bool done;
	struct loop *next; /* of all */
};

/* ---- loops ---- */

static struct loop *outermost(struct loop *l)
{
	while (l && l->into)
		l = l->into;
	return l;
}

static bool is_incomplete(const struct state *s)
{
	const struct loop *l = outermost(s->loop);

	return l && !l->done;
}

static struct loop *loop_of(struct verifier *v, struct state *head)
{
	struct loop *l = outermost(head->loop);

	if (l && !l->done)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->head = head;
	l->next = v->loops;
	v->loops = l;
	head->loop = l;
	return l;
}

static void move_edges(struct loop *to, struct loop *from)
{
	struct edge **end = &from->edges;

	while (*end)
		end = &(*end)->next;
	*end = to->edges;
	to->edges = from->edges;
	from->edges = NULL;
}

/* The way from s up to the loop's head is in it.  With a state everything above
 * it, up to its loop's head, is in a loop already: where that is another loop,
 * all of it comes along, and what is above its head follows. */
static void join(struct loop *outer, struct state *s)
{
	while (s && s != outer->head) {
		struct loop *l = outermost(s->loop);

		if (l == outer)
			return;
		if (l && !l->done) {
			move_edges(outer, l);
			l->into = outer;
			s = l->head->parent;
		} else {
			s->loop = outer;
			s = s->parent;
		}
	}
}

/* cur ends here: its future is that of same. */
static int add_edge(struct verifier *v, struct state *same)
{
	struct loop *l = loop_of(v, same);
	struct edge *e = calloc(1, sizeof(*e));
	struct state *copy = state_new();

	if (!l || !e || !copy || path_copy(copy, v->cur)) {
		free(e);
		state_free(copy);
		return no_memory(v);
	}
	copy->insn = v->insn;
	e->cur = copy;
	e->same = same;
	e->next = l->edges;
	l->edges = e;
	join(l, v->cur->parent);
	return 0;
}

static void drop_edges(struct loop *l)
{
	while (l->edges) {
		struct edge *e = l->edges;

		l->edges = e->next;
		state_free(e->cur);
		free(e);
	}
}

/* The head's last path has ended. */
static void finish_loop(struct verifier *v, struct loop *l)
{
	bool changed = true;

	for (u32 n = 0; changed && n < EDGE_ROUNDS; n++) {
		changed = false;
		for (struct edge *e = l->edges; e; e = e->next)
			precise_inherit(v, e->same, e->cur, &changed);
	}
	for (struct edge *e = l->edges; changed && e; e = e->next)
		precise_all(e->cur);
	drop_edges(l);
	l->done = true;
}

/* ---- stored states ---- */

int state_charge(struct verifier *v, struct state *s)
{
	u64 bytes = sizeof(*s) + s->step_cap * sizeof(*s->steps) +
		    s->link_cap * sizeof(*s->links);

	for (u32 i = 0; i <= s->depth; i++)
		bytes += sizeof(*s->frames[i]) +
			 s->frames[i]->cap * sizeof(struct slot);
	s->bytes = (u32)MIN(bytes, UINT32_MAX);
	v->bytes += s->bytes;
	if (v->bytes > BYTES_MAX)
		return reject(v, VERIFY_COMPLEX, -E2BIG,
			      "BPF program is too large. Its states need more "
			      "than %llu MiB",
			      BYTES_MAX >> 20);
	return 0;
}

void state_discard(struct verifier *v, struct state *s)
{
	v->bytes -= s->bytes;
	state_free(s);
}

static void maybe_free(struct state *s, struct verifier *v)
{
	struct state **at;

	if (!s->evicted || s->branches || is_incomplete(s))
		return;
	for (at = &v->evicted; *at; at = &(*at)->next)
		if (*at == s)
			break;
	if (*at)
		*at = s->next;
	v->bytes -= s->bytes;
	embed_release(v, s);
}

void branch_done(struct verifier *v, struct state *s)
{
	bool stored = false;

	while (s) {
		struct state *parent = s->parent;

		if (--s->branches)
			return;
		if (s->loop && s->loop->head == s && !s->loop->into &&
		    !s->loop->done)
			finish_loop(v, s->loop);
		if (stored)
			maybe_free(s, v);
		stored = true;
		s = parent;
	}
}

static void free_list(struct verifier *v, struct state *s)
{
	while (s) {
		struct state *next = s->next;

		embed_release(v, s);
		s = next;
	}
}

void states_free(struct verifier *v)
{
	for (u32 i = 0; v->stored && i < v->cnt; i++) {
		free_list(v, v->stored[i]);
		v->stored[i] = NULL;
	}
	free_list(v, v->evicted);
	v->evicted = NULL;
	while (v->loops) {
		struct loop *l = v->loops;

		v->loops = l->next;
		drop_edges(l);
		free(l);
	}
	v->stored_cnt = 0;
	v->bytes = 0;
}

/* What is never read again is forgotten. */
static void clean(struct verifier *v, struct state *s)
{
	s->cleaned = true;
	for (u32 n = 0; n <= s->depth; n++) {
		struct frame *f = s->frames[n];
		u32 regs = live_regs(v, s, n, s->insn);
		u64 slots = live_slots(v, s, n, s->insn);

		for (u32 i = 0; i < BPF_REG_10; i++)
			if (!(regs >> i & 1))
				f->regs[i] = reg_uninit();
		for (u32 i = 0; i < f->slots; i++)
			if (!(slots >> i & 1))
				f->stack[i] =
					(struct slot){ .reg = reg_uninit() };
		while (f->slots && !(slots >> (f->slots - 1) & 1))
			f->slots--;
	}
}

/* Ids that only one number has say nothing. */
static void drop_single_ids(struct state *s)
{
	struct reg *r, *other;

	state_each_reg(s, f, r, i)
	{
		bool shared = false;

		if (r->kind != REG_SCALAR || !r->id)
			continue;
		for (u32 g = 0; !shared && g <= s->depth; g++)
			for (u32 k = 0; !shared && k < 11 + s->frames[g]->slots;
			     k++) {
				other = state_reg_at(s->frames[g], k);
				shared = other && other != r &&
					 other->kind == REG_SCALAR &&
					 !((other->id ^ r->id) & ~ID_DELTA);
			}
		if (!shared) {
			r->id = 0;
			r->off = 0;
		}
	}
}

static int store(struct verifier *v)
{
	struct state *s = state_new(), *cur = v->cur;
	struct reg *r;

	if (!s)
		return no_memory(v);
	state_each_reg(cur, f, r, i)
	{
		r->precise = false;
	}
	drop_single_ids(cur);
	if (state_copy(s, cur)) {
		state_free(s);
		return no_memory(v);
	}
	s->insn = v->insn;
	s->steps = cur->steps;
	s->step_cnt = cur->step_cnt;
	s->step_cap = cur->step_cap;
	s->links = cur->links;
	s->link_cnt = cur->link_cnt;
	s->link_cap = cur->link_cap;
	cur->steps = NULL;
	cur->links = NULL;
	cur->step_cnt = cur->step_cap = cur->link_cnt = cur->link_cap = 0;
	s->next = v->stored[v->insn];
	v->stored[v->insn] = s;
	cur->parent = s;
	cur->first_insn = v->insn;
	v->last_jumps = v->jumps;
	v->last_processed = v->result->processed;
	v->result->total_states++;
	v->stored_cnt++;
	v->result->peak_states = MAX(v->result->peak_states, v->stored_cnt);
	return state_charge(v, s);
}

bool prune_is_due(const struct verifier *v)
{
	return v->cur->step_cnt > STEPS_DUE ||
	       v->result->processed - v->last_processed > INSNS_DUE;
}

/* ---- loops that end by themselves ---- */

/* The last state on the way to from that was at this instruction: what still
 * has branches is on the way. */
static struct state *came_by(const struct verifier *v, const struct state *s,
			     const struct state *from)
{
	struct state *p = v->stored[v->insn];

	while (p && (!p->branches || p == from || !state_same_calls(p, s)))
		p = p->next;
	return p;
}

static void widen(const struct reg *old, struct reg *cur)
{
	if (old->kind != REG_SCALAR || cur->kind != REG_SCALAR ||
	    old->precise || cur->precise ||
	    (memcmp(&old->var, &cur->var, sizeof(old->var)) == 0 &&
	     !old->id == !cur->id))
		return;
	*cur = reg_scalar();
}

void prune_widen(struct verifier *v, struct state *next, struct state *from)
{
	const struct state *old = came_by(v, next, from);

	if (!old)
		return;
	for (u32 n = 0; n <= old->depth; n++) {
		const struct frame *a = old->frames[n];
		struct frame *b = next->frames[n];

		for (u32 i = 0; i < BPF_REG_10; i++)
			widen(&a->regs[i], &b->regs[i]);
		for (u32 i = 0; i < a->slots && i < b->slots; i++)
			if (slot_is_spilled_scalar(&a->stack[i]) &&
			    slot_is_spilled_scalar(&b->stack[i]))
				widen(&a->stack[i].reg, &b->stack[i].reg);
	}
}

static bool iterators_moved(const struct state *old, const struct state *cur)
{
	for (u32 n = 0; n <= old->depth; n++) {
		const struct frame *a = old->frames[n], *b = cur->frames[n];

		for (u32 i = 0; i < a->slots && i < b->slots; i++)
			if (a->stack[i].byte[0] == SLOT_ITER &&
			    b->stack[i].byte[0] == SLOT_ITER &&
			    b->stack[i].reg.iter == ITER_ACTIVE &&
			    a->stack[i].reg.depth != b->stack[i].reg.depth)
				return true;
	}
	return false;
}

static bool may_be_looping(const struct state *old, const struct state *cur)
{
	const struct frame *a, *b;

	if (old->depth != cur->depth)
		return false;
	a = state_frame(old);
	b = state_frame(cur);
	for (u32 i = 0; i < BPF_REG_10; i++)
		if (!reg_same(&a->regs[i], &b->regs[i]))
			return false;
	return true;
}

static bool iterator_is_active(const struct state *cur)
{
	const struct reg *r = &state_regs(cur)[BPF_REG_1];
	const struct frame *f;
	u32 at;

	if (r->kind != REG_STACK || !range_is_const(&r->var))
		return false;
	f = cur->frames[r->frame];
	at = slot_of(r->off + (s32)r->var.smin);
	return at < f->slots && f->stack[at].byte[0] == SLOT_ITER &&
	       f->stack[at].reg.iter == ITER_ACTIVE;
}

static bool is_may_goto(const struct verifier *v)
{
	return v->insns[v->insn].code == (BPF_JMP | BPF_JCOND);
}

enum verdict { MISS, HIT, HIT_LOOP, ENDLESS };

/* old is on the way to here. */
static enum verdict meet_own(struct verifier *v, struct state *old, bool *loops)
{
	const struct insn_aux *aux = &v->aux[v->insn];
	struct state *cur = v->cur;

	*loops = true;
	if (old->frames[old->depth]->in_async &&
	    state_frame(old)->async_nth != state_frame(cur)->async_nth)
		return MISS;
	if (aux->kfunc && aux->checkpoint)
		return iterator_is_active(cur) &&
				       state_admits(v, old, cur, EQUAL_ALL)
			       ? HIT_LOOP
			       : MISS;
	if (is_may_goto(v) && old->may_goto_depth != cur->may_goto_depth &&
	    state_admits(v, old, cur, EQUAL_ALL))
		return HIT_LOOP;
	if (aux->calls_callback)
		return state_admits(v, old, cur, EQUAL_ALL) ? HIT_LOOP : MISS;
	if (may_be_looping(old, cur) &&
	    state_admits(v, old, cur, EQUAL_EXACT) &&
	    !iterators_moved(old, cur) &&
	    old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_unroll == cur->callback_unroll)
		return ENDLESS;
	return MISS;
}

static enum verdict meet(struct verifier *v, struct state *old, bool *loops)
{
	bool incomplete;

	*loops = false;
	if (old->branches)
		return meet_own(v, old, loops);
	incomplete = is_incomplete(old);
	if (!incomplete && !old->cleaned && state_same_calls(old, v->cur))
		clean(v, old);
	if (!state_admits(v, old, v->cur, incomplete ? EQUAL_ALL : EQUAL_LIVE))
		return MISS;
	return incomplete ? HIT_LOOP : HIT;
}

static int hit(struct verifier *v, struct state *old, bool loop)
{
	bool changed = false;
	int ret = 0;

	old->hits++;
	if (v->aux[v->insn].jump_point)
		ret = step_add(v, 0, 0, 0);
	if (!ret)
		ret = precise_inherit(v, old, v->cur, &changed);
	if (!ret && loop)
		ret = add_edge(v, old);
	return ret ? ret : 1;
}

static bool is_useless(const struct verifier *v, const struct state *s)
{
	u32 n = v->aux[v->insn].checkpoint && s->branches ? 64 : 3;

	return s->misses > s->hits * n + n;
}

static void evict(struct verifier *v, struct state **at)
{
	struct state *s = *at;

	*at = s->next;
	s->evicted = true;
	s->next = v->evicted;
	v->evicted = s;
	v->stored_cnt--;
	maybe_free(s, v);
}

/* Else they have nothing to do with one another, and miss nothing. */
static bool same_callsite(const struct state *old, const struct state *cur)
{
	return state_frame(old)->callsite == state_frame(cur)->callsite;
}

int prune_check(struct verifier *v)
{
	bool force = v->aux[v->insn].checkpoint ||
		     v->cur->step_cnt > STEPS_MAX ||
		     v->attr->flags & BPF_F_TEST_STATE_FREQ;
	bool add = force || (v->jumps - v->last_jumps >= 2 &&
			     v->result->processed - v->last_processed >= 8);
	u32 seen = 0;

	if (v->attr->no_prune)
		return 0;
	/* stored states have none, and a loop ends when it meets one */
	if (v->aux[v->insn].checkpoint && v->stored[v->insn])
		drop_single_ids(v->cur);
	for (struct state **at = &v->stored[v->insn]; *at; seen++) {
		struct state *old = *at;
		enum verdict verdict;
		bool loops;

		if (!same_callsite(old, v->cur)) {
			at = &old->next;
			continue;
		}
		verdict = meet(v, old, &loops);
		if (verdict == ENDLESS) {
			reject(v, VERIFY_LOOP, -EINVAL,
			       "infinite loop detected at insn %u", v->insn);
			log_loop(v, old);
			return -EINVAL;
		}
		if (verdict != MISS) {
			log_safe(v);
			return hit(v, old, verdict == HIT_LOOP);
		}
		if (loops && !force && v->jumps - v->last_jumps < 20 &&
		    v->result->processed - v->last_processed < 100)
			add = false;
		old->misses += add;
		if (is_useless(v, old))
			evict(v, at);
		else
			at = &old->next;
	}
	v->result->max_states_per_insn =
		MAX(v->result->max_states_per_insn, seen);
	return add ? store(v) : 0;
}
