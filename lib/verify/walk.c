/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.c - every path of a program, until each ends or meets a known state
 *
 * A path is a state and the instruction it is at.  Where a jump may go both
 * ways one of them waits in pending.
 *
 * W1  branches of a stored state counts the paths from it that have not ended;
 *     at 0 everything after it has been walked.
 * W2  A stored state lives as long as it can be found or a state has it as its
 *     parent.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "verify/embed.h"
#include "verify/history.h"

/* ---- ends ---- */

static bool subject_is_known(const struct verifier *v)
{
	return !v->cur || v->subject == NO_REG ||
	       range_is_const(&state_regs(v->cur)[v->subject].var);
}

int reject(struct verifier *v, enum verify_code code, int err, const char *fmt,
	   ...)
{
	char text[512];
	va_list ap;

	if (v->result->code) /* the first reason stands */
		return err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->result->code = code;
	v->result->class = verify_code_class(code, subject_is_known(v));
	v->result->insn = v->insn;
	err_fail(v->err, err, "%s", text);
	log_text(v, UINT32_MAX, "%s\n", text);
	return err;
}

void reject_more(struct verifier *v, const char *fmt, ...)
{
	char *more = v->result->more, text[256];
	size_t len = strlen(more);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(more + len, sizeof(v->result->more) - len, "%s%s",
		 len ? "\n" : "", text);
	log_text(v, UINT32_MAX, "%s\n", text);
}

int unsupported(struct verifier *v, const char *what)
{
	v->result->unsupported = what;
	return reject(v, VERIFY_UNSUPPORTED, -EOPNOTSUPP,
		      "%s: not supported by Weir", what);
}

int no_memory(struct verifier *v)
{
	return reject(v, VERIFY_NO_MEMORY, -ENOMEM, "out of memory");
}

u32 new_id(struct verifier *v)
{
	return ++v->id_gen & ~ID_DELTA;
}

/* ---- paths ---- */

static struct state *path_add(struct verifier *v, u32 insn, u32 prev)
{
	struct pending *p;

	if (v->pending_cnt > PENDING_MAX) {
		reject(v, VERIFY_COMPLEX, -E2BIG,
		       "The sequence of %u jumps is too complex.",
		       v->pending_cnt);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (p)
		p->state = state_new();
	if (!p || !p->state) {
		free(p);
		no_memory(v);
		return NULL;
	}
	p->insn = insn;
	p->prev = prev;
	p->log_len = v->log.len;
	p->log_open = v->log.open;
	p->next = v->pending;
	v->pending = p;
	v->pending_cnt++;
	return p->state;
}

static int copy_steps(struct state *to, const struct state *from)
{
	to->steps = from->step_cnt ? calloc(from->step_cnt, sizeof(*to->steps))
				   : NULL;
	to->links = from->link_cnt ? calloc(from->link_cnt, sizeof(*to->links))
				   : NULL;
	if ((from->step_cnt && !to->steps) || (from->link_cnt && !to->links))
		return -ENOMEM;
	to->step_cnt = to->step_cap = from->step_cnt;
	to->link_cnt = to->link_cap = from->link_cnt;
	if (to->step_cnt)
		memcpy(to->steps, from->steps,
		       to->step_cnt * sizeof(*to->steps));
	if (to->link_cnt)
		memcpy(to->links, from->links,
		       to->link_cnt * sizeof(*to->links));
	return 0;
}

int path_copy(struct state *to, const struct state *from)
{
	return state_copy(to, from) || copy_steps(to, from) ? -ENOMEM : 0;
}

struct state *path_push(struct verifier *v, u32 insn, u32 prev)
{
	struct state *s = path_add(v, insn, prev);

	if (!s)
		return NULL;
	if (path_copy(s, v->cur)) {
		no_memory(v);
		return NULL;
	}
	s->path_pos = v->cur->path_pos;
	if (s->parent)
		s->parent->branches++;
	return state_charge(v, s) ? NULL : s;
}

struct state *path_push_async(struct verifier *v, u32 insn, u32 subprog)
{
	struct state *s = path_add(v, insn, NO_INSN);

	if (!s)
		return NULL;
	s->branches = 1;
	s->first_insn = insn;
	s->last_insn = NO_INSN;
	if (!frame_push(s, subprog, NO_INSN)) {
		no_memory(v);
		return NULL;
	}
	s->frames[0]->in_async = true;
	return s;
}

/* The path has ended: the next one; false: there is none. */
static bool next_path(struct verifier *v)
{
	struct pending *p = v->pending;

	if (v->cur) {
		branch_done(v, v->cur);
		state_discard(v, v->cur);
		v->cur = NULL;
	}
	if (!p)
		return false;
	v->pending = p->next;
	v->pending_cnt--;
	v->cur = p->state;
	v->insn = p->insn;
	v->prev = p->prev;
	log_path(v, p->log_len, p->log_open);
	free(p);
	return true;
}

static void drop_paths(struct verifier *v)
{
	while (v->pending) {
		struct pending *p = v->pending;

		v->pending = p->next;
		state_free(p->state);
		free(p);
	}
	v->pending_cnt = 0;
	state_free(v->cur);
	v->cur = NULL;
}

/* ---- one instruction ---- */

/* Linux looks at some registers before it looks at the rest. */
static int wrong_fields(struct verifier *v, int err, const char *reason)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	u8 class = BPF_CLASS(insn->code);
	int ret = 0;

	if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == 1)
		return reject(v, VERIFY_INSN, -EINVAL,
			      insn->imm == 1 || insn->imm == 1 << 16
				      ? "addr_space_cast insn can only be used "
					"in a program that has an associated "
					"arena"
				      : "addr_space_cast insn can only convert "
					"between address space 1 and 0");
	if (insn_is_jump(insn) && BPF_OP(insn->code) != BPF_JA &&
	    BPF_OP(insn->code) != BPF_JCOND && insn->dst_reg <= BPF_REG_10)
		ret = reg_must_be_read(v, insn->dst_reg);
	else if (err == -EACCES && BPF_SRC(insn->code) == BPF_X &&
		 (class == BPF_ALU || class == BPF_ALU64))
		ret = reg_must_be_read(v, insn->src_reg);
	return ret ? ret : reject(v, VERIFY_INSN, err, "%s", reason);
}

static int check_code(struct verifier *v)
{
	struct insn_aux *aux = &v->aux[v->insn];
	struct err err = { 0 };
	int ret;

	if (aux->op)
		return 0;
	ret = opcode_check(&v->insns[v->insn], &err, &aux->op);
	return ret ? wrong_fields(v, ret, err.reason) : 0;
}

static int check_ld_imm(struct verifier *v)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct reg *dst = &state_regs(v->cur)[insn->dst_reg];
	const struct verify_map *map;

	switch (opcode_op(v->aux[v->insn].op)) {
	case OP_LD_IMM64: *dst = reg_const(insn_imm64(insn)); return 0;
	case OP_LD_FUNC:
		*dst = reg_pointer(REG_FUNC);
		dst->func = v->aux[v->insn + 1 + (u32)insn->imm].subprog;
		if (!v->subprogs[dst->func].type_id)
			return reject(v, VERIFY_BTF, -EINVAL,
				      "missing btf func_info");
		if (v->subprogs[dst->func].global)
			return reject(v, VERIFY_CALL, -EINVAL,
				      "callback function not static");
		return 0;
	case OP_LD_MAP_FD:
	case OP_LD_MAP_IDX:
		*dst = reg_pointer(REG_MAP);
		dst->map = &v->attr->maps[insn->imm];
		return 0;
	default:
		map = &v->attr->maps[insn->imm];
		*dst = reg_pointer(REG_MAP_VALUE);
		dst->map = map;
		dst->off = insn[1].imm;
		return 0;
	}
}

static int check_may_goto(struct verifier *v)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	u32 next = v->insn + 1;
	struct state *s = path_push(v, next, v->insn);

	if (!s)
		return v->err->code;
	s->may_goto_depth++;
	prune_widen(v, s, v->cur->parent);
	v->prev = v->insn;
	v->insn = next + (u32)insn->off;
	return 0;
}

/* 0: at v->insn; 1: the path ended. */
static int check_exit(struct verifier *v)
{
	bool ended = false;
	u32 next;
	int ret = check_return(v, &next, &ended);

	if (ret)
		return ret;
	if (ended)
		return 1;
	v->prev = v->insn;
	v->insn = next;
	return 0;
}

static int go_on(struct verifier *v, int ret)
{
	u32 n = insn_is_wide(&v->insns[v->insn]) ? 2 : 1;

	if (ret)
		return ret;
	live_commit(v, v->insn);
	v->prev = v->insn;
	v->insn += n;
	return 0;
}

/* Of what may lead into another function, or out of this one. */
static int check_leap(struct verifier *v)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	u32 next = v->insn + 1, at = v->insn;
	int ret;

	if (BPF_CLASS(insn->code) == BPF_LD)
		ret = check_ld_abs(v, &next);
	else if (insn->src_reg == BPF_PSEUDO_CALL)
		ret = check_local_call(v, &next);
	else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		ret = check_kfunc(v);
	else
		ret = check_call(v, &next);
	if (ret)
		return ret;
	live_commit(v, at);
	v->prev = at;
	v->insn = next;
	return 0;
}

static int check_goto(struct verifier *v)
{
	u32 to = v->insn + 1 + (u32)insn_jump_off(&v->insns[v->insn]);

	live_commit(v, v->insn);
	v->prev = v->insn;
	v->insn = to;
	return 0;
}

static int check_insn(struct verifier *v)
{
	const struct opcode *op = v->aux[v->insn].op;
	u32 at = v->insn;
	int ret;

	if (BPF_CLASS(v->insns[at].code) == BPF_JMP ||
	    BPF_CLASS(v->insns[at].code) == BPF_JMP32)
		v->jumps++;
	switch (op->form) {
	case FORM_LDX:
	case FORM_LDSX: return go_on(v, check_load(v, op));
	case FORM_ST:
	case FORM_STX: return go_on(v, check_store(v, op));
	case FORM_ATOMIC:
	case FORM_FETCH:
	case FORM_CMPXCHG:
	case FORM_LOAD_ACQ:
	case FORM_STORE_REL: return go_on(v, check_atomic(v, op));
	case FORM_LD_IMM64: return go_on(v, check_ld_imm(v));
	case FORM_JA:
	case FORM_JAL: return check_goto(v);
	case FORM_MAY_GOTO:
		ret = check_may_goto(v);
		live_commit(v, at);
		return ret;
	case FORM_JMP_K:
	case FORM_JMP_X:
		ret = check_jump(v, op);
		live_commit(v, at);
		return ret;
	case FORM_LD_ABS:
	case FORM_LD_IND:
	case FORM_CALL:
	case FORM_KFUNC: return check_leap(v);
	case FORM_EXIT:
		ret = check_exit(v);
		live_commit(v, at);
		return ret;
	default: return go_on(v, check_alu(v, op));
	}
}

static int arrive(struct verifier *v)
{
	struct insn_aux *aux = &v->aux[v->insn];
	int ret;

	if (++v->result->processed > PROCESSED_MAX)
		return reject(v, VERIFY_COMPLEX, -E2BIG,
			      "BPF program is too large. Processed %u insn",
			      v->result->processed);
	v->cur->last_insn = v->prev;
	v->cur->insn = v->insn;
	v->step = NULL;
	v->subject = NO_REG;
	v->written = 0;
	if (aux->prune_point || prune_is_due(v)) {
		ret = prune_check(v);
		if (ret)
			return ret;
	}
	if (aux->jump_point) {
		ret = step_add(v, 0, 0, 0);
		if (ret)
			return ret;
	}
	log_insn(v);
	if (v->record)
		record_insn(v);
	aux->reached = true;
	ret = embed_pass(v);
	return ret ? ret : check_code(v);
}

static int walk(struct verifier *v)
{
	int ret;

	do {
		do {
			ret = arrive(v);
			if (!ret)
				ret = check_insn(v);
		} while (!ret);
		if (ret < 0)
			return ret;
	} while (next_path(v));
	return 0;
}

/* ---- the whole ---- */

/* Is there a value that was refused? */
static bool tells_history(const struct verifier *v)
{
	switch (v->result->code) {
	case VERIFY_LOOP:
	case VERIFY_COMPLEX:
	case VERIFY_NO_MEMORY: return false;
	default: return !v->attr->no_prune; /* else nobody knows the path */
	}
}

static int walk_subprog(struct verifier *v, u32 n)
{
	struct state *s = state_new();
	int ret;

	if (!s)
		return no_memory(v);
	v->cur = s;
	s->branches = 1;
	s->first_insn = v->subprogs[n].start;
	s->last_insn = NO_INSN;
	if (!frame_push(s, n, NO_INSN))
		ret = no_memory(v);
	else
		ret = func_enter(v, n, s);
	v->insn = v->subprogs[n].start;
	v->prev = NO_INSN;
	v->log.from = false;
	v->log.line = NULL;
	log_all(v);
	if (!ret)
		ret = walk(v);
	if (!ret)
		log_walked(v);
	else if (v->cur && !v->record && tells_history(v))
		path_find(v, &v->failed);
	drop_paths(v);
	states_free(v);
	return ret;
}

/* Global functions that others call, each on its own. */
static int walk_globals(struct verifier *v)
{
	bool more = true;
	int ret;

	while (more) {
		more = false;
		for (u32 n = 1; n < v->subprog_cnt; n++) {
			struct subprog *s = &v->subprogs[n];

			if (!s->global || !s->called || s->verified)
				continue;
			s->verified = more = true;
			log_text(v, UINT32_MAX, "Validating %s() func#%u...\n",
				 s->name, n);
			ret = walk_subprog(v, n);
			if (ret)
				return ret;
			log_text(v, UINT32_MAX,
				 "Func#%u ('%s') is safe for any args that "
				 "match its prototype\n",
				 n, s->name);
		}
	}
	return 0;
}

static int run_phases(struct verifier *v)
{
	int ret;

	for (u32 i = 0; i < v->attr->map_cnt; i++)
		map_read_fields(&v->attr->maps[i]);
	ret = cfg_check(v);
	for (u32 n = 0; !ret && n < v->subprog_cnt; n++)
		ret = func_read_args(v, n);
	if (!ret)
		fastcall_mark(v);
	if (!ret)
		ret = live_init(v);
	if (!ret) {
		log_live_regs(v);
		ret = walk_subprog(v, 0);
	}
	if (!ret)
		ret = walk_globals(v);
	if (!ret)
		fastcall_count(v);
	if (!ret)
		ret = cfg_check_depth(v);
	return ret;
}

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static void release(struct verifier *v)
{
	drop_paths(v);
	states_free(v);
	embed_finish(v);
	free(v->stored);
	free(v->work);
	free(v->preds);
	free(v->pred_start);
	free(v->aux);
	free(v->failed.insns);
}

static u8 facts_of(const struct insn_aux *aux)
{
	u8 facts = aux->reached ? VERIFY_INSN_REACHED : 0;

	if (aux->pointer_kind == REG_CTX)
		facts |= VERIFY_INSN_CTX;
	if (aux->pointer_kind == REG_PKT)
		facts |= VERIFY_INSN_PACKET;
	return facts;
}

/* Words of the context, a bit each. */
static u64 words(u32 off, u32 size)
{
	u32 first = off / 4, last = (off + size - 1) / 4;

	return UINT64_MAX >> (63 - last) & UINT64_MAX << first;
}

static bool takes_context(const struct helper *h)
{
	for (u32 i = 0; h && i < ARRAY_LEN(h->arg); i++)
		if (h->arg[i] == ARG_CTX || h->arg[i] == ARG_CTX_OR_NULL ||
		    h->arg[i] == ARG_TC_CTX)
			return true;
	return false;
}

static u64 words_given(s32 id)
{
	switch (id) {
	case BPF_FUNC_tail_call: return UINT64_MAX;
	case BPF_FUNC_skb_change_type:
		return PROG_CTX_ALL |
		       words(offsetof(struct __sk_buff, pkt_type), 4);
	default: return takes_context(helper_proto((u32)id)) ? PROG_CTX_ALL : 0;
	}
}

/* That an instruction may read; a program that is jumped to reads any. */
static u64 words_read(const struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];

	if (!v->aux[i].reached)
		return 0;
	if (v->aux[i].pointer_kind == REG_CTX)
		return BPF_CLASS(insn->code) == BPF_LDX
			       ? words((u32)(s32)insn->off, v->aux[i].op->bytes)
			       : PROG_CTX_ALL;
	if (BPF_CLASS(insn->code) == BPF_LD && !insn_is_wide(insn))
		return PROG_CTX_ALL;
	if (insn->code != (BPF_JMP | BPF_CALL) || insn_is_local_call(insn))
		return 0;
	return insn->src_reg ? PROG_CTX_ALL : words_given(insn->imm);
}

static void keep_facts(struct verifier *v)
{
	for (u32 i = 0; i < v->cnt; i++) {
		v->result->facts[i] = facts_of(&v->aux[i]);
		v->result->ctx_reads |= words_read(v, i);
	}
}

static int run(struct verifier *v)
{
	int ret;

	v->aux = calloc((size_t)v->cnt + 1, sizeof(*v->aux));
	v->work = calloc((size_t)v->cnt + 2, sizeof(*v->work));
	v->stored = calloc((size_t)v->cnt + 1, sizeof(*v->stored));
	v->result->facts = calloc((size_t)v->cnt + 1, 1);
	if (!v->aux || !v->work || !v->stored || !v->result->facts)
		ret = no_memory(v);
	else
		ret = embed_init(v);
	if (!ret)
		ret = run_phases(v);
	if (v->aux && v->result->facts)
		keep_facts(v);
	return ret;
}

static int verify_into(struct verifier *v)
{
	const struct verify_attr *attr = v->attr;

	v->insns = attr->insns;
	v->cnt = attr->insn_cnt;
	v->prog_mask = ctx_mask(attr->type);
	v->gpl = prog_license_is_gpl(attr->license);
	v->log.level = attr->log.level;
	v->strict_align = attr->flags & BPF_F_STRICT_ALIGNMENT;
	v->any_align = attr->flags & BPF_F_ANY_ALIGNMENT;
	v->subject = NO_REG;
	return v->prog_mask ? run(v) : unsupported(v, "this program type");
}

int verify_again(const struct verifier *v, struct record *r,
		 struct verify_result *result, u32 *subject)
{
	struct verify_attr attr = *v->attr;
	struct verifier *again = calloc(1, sizeof(*again));
	struct err err = { 0 };
	int ret;

	if (!again)
		return -ENOMEM;
	attr.log = (struct verify_log){ 0 };
	attr.keep_states = false;
	again->attr = &attr;
	again->result = result;
	again->err = &err;
	again->record = r;
	ret = verify_into(again);
	*subject = again->subject;
	release(again);
	free(again);
	return ret;
}

int verify(const struct verify_attr *attr, struct verify_result *result,
	   struct err *err)
{
	struct err unseen = { 0 };
	struct verifier *v;
	u64 start = now_ns();
	int ret;

	*result = (struct verify_result){ 0 };
	if (!err)
		err = &unseen;
	if (!attr->insn_cnt || attr->insn_cnt > PROCESSED_MAX) {
		result->code = VERIFY_COMPLEX;
		return err_fail(err, -E2BIG, "a program of %u instructions",
				attr->insn_cnt);
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		result->code = VERIFY_NO_MEMORY;
		return err_fail(err, -ENOMEM, "out of memory");
	}
	v->attr = attr;
	v->result = result;
	v->err = err;
	ret = verify_into(v);
	result->time_ns = now_ns() - start;
	if (ret)
		explain(v);
	log_result(v);
	release(v);
	free(v);
	return ret;
}

void verify_result_free(struct verify_result *result)
{
	free(result->facts);
	result->facts = NULL;
	verify_states_free(result->states);
	result->states = NULL;
	free(result->history);
	result->history = NULL;
}
