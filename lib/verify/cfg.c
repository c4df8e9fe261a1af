/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cfg.c - what holds for all paths: functions, jumps, reachability, calls
 *
 * C1  Every jump stays in its function and lands on an instruction.
 * C2  Every instruction can be reached from the first by jumps and calls.
 * C3  No chain of calls is deeper than BPF_MAX_FRAMES or takes more than
 *     BPF_STACK_BYTES.
 */
#include <stdlib.h>

#include "bpf/kfunc.h"
#include "verify/verifier.h"

/* ---- functions ---- */

int subprog_at(const struct verifier *v, u32 insn)
{
	for (u32 i = 0; i < v->subprog_cnt; i++)
		if (v->subprogs[i].start == insn)
			return (int)i;
	return -1;
}

static int add_subprog(struct verifier *v, s64 start)
{
	u32 at;

	if (start < 0 || start >= v->cnt)
		return reject(v, VERIFY_FLOW, -EINVAL,
			      "call to invalid destination");
	if (subprog_at(v, (u32)start) >= 0)
		return 0;
	if (v->subprog_cnt == SUBPROGS_MAX)
		return reject(v, VERIFY_FLOW, -E2BIG, "too many subprograms");
	for (at = v->subprog_cnt++; at; at--) {
		if (v->subprogs[at - 1].start < start)
			break;
		v->subprogs[at] = v->subprogs[at - 1];
	}
	v->subprogs[at] = (struct subprog){ .start = (u32)start };
	return 0;
}

static int find_subprogs(struct verifier *v)
{
	int ret = add_subprog(v, 0);

	for (u32 i = 0; !ret && i < v->cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];

		v->insn = i;
		if (insn_is_local_call(insn) || insn_is_func_ref(insn))
			ret = add_subprog(v, (s64)i + 1 + insn->imm);
	}
	if (ret)
		return ret;
	for (u32 i = 0; i < v->subprog_cnt; i++) {
		struct subprog *s = &v->subprogs[i];

		s->end = i + 1 < v->subprog_cnt ? s[1].start : v->cnt;
		for (u32 k = s->start; k < s->end; k++)
			v->aux[k].subprog = i;
	}
	return 0;
}

static bool ends_function(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT) ||
	       insn->code == (BPF_JMP | BPF_JA) ||
	       insn->code == (BPF_JMP32 | BPF_JA);
}

/* C1, but for the middle of an instruction. */
static int check_jumps(struct verifier *v)
{
	for (u32 n = 0; n < v->subprog_cnt; n++) {
		struct subprog *s = &v->subprogs[n];

		for (u32 i = s->start; i < s->end; i++) {
			const struct bpf_insn *insn = &v->insns[i];
			s64 to = (s64)i + 1 + insn_jump_off(insn);

			v->insn = i;
			if (BPF_CLASS(insn->code) == BPF_LD &&
			    (BPF_MODE(insn->code) == BPF_ABS ||
			     BPF_MODE(insn->code) == BPF_IND))
				s->has_ld_abs = true;
			if (insn->code == (BPF_JMP | BPF_CALL) &&
			    !insn->src_reg && insn->imm == BPF_FUNC_tail_call)
				s->tail_call = true;
			if (!insn_is_jump(insn) ||
			    (to >= s->start && to < s->end))
				continue;
			return reject(v, VERIFY_FLOW, -EINVAL,
				      "jump out of range from insn %u to %lld",
				      i, (long long)to);
		}
		if (!ends_function(&v->insns[s->end - 1]))
			return reject(v, VERIFY_FLOW, -EINVAL,
				      "last insn is not an exit or jmp");
	}
	return 0;
}

/* ---- instructions ---- */

static int check_direct_value(struct verifier *v, const struct verify_map *m,
			      u32 off)
{
	if (m->type != BPF_MAP_TYPE_ARRAY)
		return reject(v, VERIFY_MAP, -EINVAL,
			      "no direct value access support for this map "
			      "type");
	if (off >= OFFSET_MAX)
		return reject(v, VERIFY_MAP, -EINVAL,
			      "direct value offset of %u is not allowed", off);
	if (m->max_entries != 1 || off >= m->value_size)
		return reject(v, VERIFY_MAP, -EINVAL,
			      "invalid access to map value pointer, "
			      "value_size=%u off=%u",
			      m->value_size, off);
	return 0;
}

static int check_map_ref(struct verifier *v, const struct bpf_insn *insn,
			 const struct opcode *op)
{
	bool value = opcode_op(op) == OP_LD_MAP_VALUE ||
		     opcode_op(op) == OP_LD_MAP_IDX_VALUE;
	const struct verify_map *m;

	if (!value && insn[1].imm)
		return reject(v, VERIFY_INSN, -EINVAL,
			      "unrecognized bpf_ld_imm64 insn");
	if ((u32)insn->imm >= v->attr->map_cnt)
		return reject(v, VERIFY_MAP, -EBADF,
			      "fd %d is not pointing to valid bpf_map",
			      insn->imm);
	m = &v->attr->maps[insn->imm];
	if (m->has_kptr)
		return unsupported(v, "kernel pointers in maps");
	if (v->prog_mask == PROG_SOCKET &&
	    map_has_field(m, BTF_FIELD_SPIN_LOCK, NULL))
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "socket filter progs cannot use bpf_spin_lock "
			      "yet");
	if (value)
		return check_direct_value(v, m, (u32)insn[1].imm);
	return 0;
}

static int check_wide(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	const struct opcode *op;

	if (i + 1 == v->cnt || insn[1].code || insn[1].dst_reg ||
	    insn[1].src_reg || insn[1].off)
		return reject(v, VERIFY_INSN, -EINVAL,
			      "invalid bpf_ld_imm64 insn");
	op = opcode_find(insn);
	if (!op)
		return reject(v, VERIFY_INSN, -EINVAL,
			      "unrecognized bpf_ld_imm64 insn");
	v->aux[i + 1].wide_second = true;
	switch (opcode_op(op)) {
	case OP_LD_IMM64:
	case OP_LD_FUNC: return 0;
	case OP_LD_BTF_ID: return unsupported(v, "kernel symbols");
	default: return check_map_ref(v, insn, op);
	}
}

/* Operations exist; their unused fields matter where they are reached. */
static int check_insns(struct verifier *v)
{
	for (u32 i = 0; i < v->cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];
		struct bpf_insn any = *insn;
		struct err err = { 0 };
		const struct opcode *op;
		int ret = 0;

		v->insn = i;
		if (insn_is_wide(insn)) {
			ret = check_wide(v, i++);
		} else if (BPF_CLASS(insn->code) == BPF_LDX && insn->imm) {
			ret = reject(v, VERIFY_INSN, -EINVAL,
				     "BPF_LDX uses reserved fields");
		} else {
			any.dst_reg = any.src_reg = 0;
			any.off = 0;
			any.imm = 0;
			if (opcode_check(&any, &err, &op) &&
			    (strncmp(err.reason, "unknown opcode", 14) == 0 ||
			     BPF_CLASS(insn->code) == BPF_LDX))
				ret = reject(v, VERIFY_INSN, -EINVAL, "%s",
					     err.reason);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- flow ---- */

u32 insn_next(const struct verifier *v, u32 at, u32 next[2])
{
	const struct bpf_insn *insn = &v->insns[at];
	u32 n = 0;

	if (insn->code == (BPF_JMP | BPF_EXIT))
		return 0;
	if (insn_is_jump(insn))
		next[n++] = at + 1 + (u32)insn_jump_off(insn);
	if (!ends_function(insn)) {
		next[n] = at + 1 + insn_is_wide(insn);
		if (!n || next[0] != next[n])
			n++;
	}
	return n;
}

/* Helpers that call a function of the program before they return. */
bool helper_calls_back(u32 id)
{
	return id == BPF_FUNC_for_each_map_elem || id == BPF_FUNC_loop ||
	       id == BPF_FUNC_find_vma || id == BPF_FUNC_user_ringbuf_drain;
}

static void prune_at(struct verifier *v, u32 at)
{
	v->aux[at].prune_point = true;
}

static void remember_at(struct verifier *v, u32 at)
{
	v->aux[at].prune_point = true;
	v->aux[at].jump_point = true;
}

static void mark_call(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	const char *kfunc = v->aux[i].kfunc;

	remember_at(v, i + 1);
	if (insn->src_reg == BPF_PSEUDO_CALL) {
		prune_at(v, i);
	} else if (!insn->src_reg && helper_calls_back((u32)insn->imm)) {
		prune_at(v, i);
		v->aux[i].calls_callback = true;
		v->aux[i].checkpoint = true;
	} else if (!insn->src_reg && insn->imm == BPF_FUNC_timer_set_callback) {
		prune_at(v, i);
	} else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL && kfunc &&
		   strcmp(kfunc, "bpf_iter_num_next") == 0) {
		prune_at(v, i);
		v->aux[i].checkpoint = true;
	}
}

/* Where paths may meet, and where they part. */
static void mark_points(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];

	if (insn->code == (BPF_JMP | BPF_CALL)) {
		mark_call(v, i);
	} else if (insn_is_func_ref(insn)) {
		prune_at(v, i);
		remember_at(v, i + 2);
	} else if (insn_is_jump(insn)) {
		remember_at(v, i + 1 + (u32)insn_jump_off(insn));
		if (ends_function(insn))
			return;
		prune_at(v, i);
		if (BPF_OP(insn->code) == BPF_JCOND)
			v->aux[i].checkpoint = true;
	}
}

static bool visit(bool *seen, u32 *work, u32 *n, u32 at)
{
	if (seen[at])
		return false;
	seen[at] = true;
	work[(*n)++] = at;
	return true;
}

static void walk_flow(struct verifier *v, bool *seen, u32 *work)
{
	u32 next[2], n = 0;

	visit(seen, work, &n, 0);
	while (n) {
		u32 at = work[--n];
		const struct bpf_insn *insn = &v->insns[at];

		mark_points(v, at);
		for (u32 i = insn_next(v, at, next); i; i--)
			visit(seen, work, &n, next[i - 1]);
		if (insn_is_local_call(insn) || insn_is_func_ref(insn)) {
			u32 to = at + 1 + (u32)insn->imm;

			remember_at(v, to);
			visit(seen, work, &n, to);
		}
	}
}

static int check_flow(struct verifier *v)
{
	bool *seen = calloc(v->cnt + 1, sizeof(*seen));
	int ret = 0;

	if (!seen)
		return no_memory(v);
	walk_flow(v, seen, v->work);
	for (u32 i = 0; !ret && i < v->cnt; i++) {
		v->insn = i;
		if (!seen[i])
			ret = reject(v, VERIFY_FLOW, -EINVAL,
				     "unreachable insn %u", i);
		else if (insn_is_wide(&v->insns[i]) && seen[++i])
			ret = reject(v, VERIFY_FLOW, -EINVAL,
				     "jump into the middle of ldimm64 insn %u",
				     i - 1);
	}
	free(seen);
	return ret;
}

/* ---- what functions do to their callers ---- */

static bool insn_moves_packet(const struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	const struct helper *h;

	if (insn->code != (BPF_JMP | BPF_CALL))
		return false;
	if (insn->src_reg == BPF_PSEUDO_CALL) {
		int to = subprog_at(v, i + 1 + (u32)insn->imm);

		return to >= 0 && v->subprogs[to].moves_packet;
	}
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return false;
	h = helper_proto((u32)insn->imm);
	return h && h->moves_packet;
}

static void find_packet_movers(struct verifier *v)
{
	bool more = true;

	while (more) {
		more = false;
		for (u32 n = 0; n < v->subprog_cnt; n++) {
			struct subprog *s = &v->subprogs[n];

			for (u32 i = s->start; !s->moves_packet && i < s->end;
			     i++) {
				s->moves_packet = insn_moves_packet(v, i);
				more |= s->moves_packet;
			}
		}
	}
}

static void name_kfuncs(struct verifier *v)
{
	for (u32 i = 0; !v->attr->kfuncs && i < v->cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) &&
		    insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
			v->aux[i].kfunc = kfunc_name((u32)insn->imm);
	}
	for (u32 i = 0; i < v->attr->kfunc_cnt; i++)
		if (v->attr->kfuncs[i].insn < v->cnt)
			v->aux[v->attr->kfuncs[i].insn].kfunc =
				v->attr->kfuncs[i].name;
}

int cfg_check(struct verifier *v)
{
	int ret = find_subprogs(v);

	log_subprogs(v);
	name_kfuncs(v);
	if (!ret)
		ret = check_jumps(v);
	if (!ret)
		ret = check_insns(v);
	if (!ret)
		ret = check_flow(v);
	if (!ret)
		find_packet_movers(v);
	return ret;
}

/* ---- C3 ---- */

#define NOT_CALLED UINT32_MAX

static u32 frame_bytes(const struct subprog *s)
{
	return (u32)round_up(s->stack, 16);
}

/* One level of calls: before[] and after[] are the stack that callers use. */
static int check_level(struct verifier *v, u32 level, const u32 *before,
		       u32 *after)
{
	for (u32 n = 0; n < v->subprog_cnt; n++) {
		const struct subprog *s = &v->subprogs[n];
		u32 depth = before[n];

		if (depth == NOT_CALLED)
			continue;
		v->insn = s->start;
		if (n && s->tail_call && depth >= TAIL_CALL_STACK_MAX)
			return reject(v, VERIFY_STACK_DEPTH, -EACCES,
				      "tail_calls are not allowed when call "
				      "stack of previous frames is %u bytes. "
				      "Too large",
				      depth);
		depth += frame_bytes(s);
		if (depth > BPF_STACK_BYTES)
			return reject(v, VERIFY_STACK_DEPTH, -EACCES,
				      "combined stack size of %u calls is %u. "
				      "Too large",
				      level + 1, depth);
		v->result->stack_depth = MAX(v->result->stack_depth, depth);
		for (u32 i = s->start; i < s->end; i++) {
			const struct bpf_insn *insn = &v->insns[i];
			int to;

			if (!insn_is_local_call(insn) &&
			    !insn_is_func_ref(insn))
				continue;
			to = subprog_at(v, i + 1 + (u32)insn->imm);
			if (!insn_is_local_call(insn) &&
			    v->subprogs[to].is_async)
				continue;
			v->insn = i;
			if (level + 1 == BPF_MAX_FRAMES)
				return reject(v, VERIFY_STACK_DEPTH, -E2BIG,
					      "the call stack of %u frames is "
					      "too deep !",
					      level + 1);
			if (after[to] == NOT_CALLED || after[to] < depth)
				after[to] = depth;
		}
	}
	return 0;
}

int cfg_check_depth(struct verifier *v)
{
	u32 level[2][SUBPROGS_MAX];
	int ret = 0;

	for (u32 n = 0; n < v->subprog_cnt; n++)
		level[0][n] = n && !v->subprogs[n].is_async ? NOT_CALLED : 0;
	for (u32 i = 0; !ret && i < BPF_MAX_FRAMES; i++) {
		u32 *after = level[(i + 1) % 2];

		for (u32 n = 0; n < v->subprog_cnt; n++)
			after[n] = NOT_CALLED;
		ret = check_level(v, i, level[i % 2], after);
	}
	return ret;
}
