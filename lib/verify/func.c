/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * func.c - functions of the program: static ones, global ones, callbacks
 *
 * A static function is walked as part of its caller.  A global function is
 * walked alone, with what its prototype promises of its arguments, and its
 * callers have to keep the promise.  A callback is walked as often as it takes
 * for its effects to repeat.
 */
#include <stdio.h>

#include "verify/verifier.h"

enum func_arg {
	FUNC_ARG_SCALAR,
	FUNC_ARG_CTX,
	FUNC_ARG_MEM,
	FUNC_ARG_DYNPTR,
};

/* ---- prototypes ---- */

static const struct btf_type *skip(const struct btf_blob *btf, u32 id)
{
	return btf_type(btf, btf_skip(btf, id));
}

static u32 kind_of(const struct btf_type *t)
{
	return t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
}

static bool is_number(const struct btf_type *t)
{
	u32 kind = kind_of(t);

	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM ||
	       kind == BTF_KIND_ENUM64;
}

/* The declaration tag "arg:NAME" of the function's n-th parameter. */
static bool has_tag(const struct btf_blob *btf, u32 func, u32 n,
		    const char *name)
{
	for (u32 id = 1; id <= btf_type_count(btf); id++) {
		const struct btf_type *t = btf_type(btf, id);
		const struct btf_decl_tag *tag = (const void *)(t + 1);
		const char *value;

		if (kind_of(t) != BTF_KIND_DECL_TAG || t->type != func ||
		    tag->component_idx != (s32)n)
			continue;
		value = btf_string(btf, t->name_off);
		if (strncmp(value, "arg:", 4) == 0 &&
		    strcmp(value + 4, name) == 0)
			return true;
	}
	return false;
}

static bool is_ctx_type(const struct verifier *v, const char *name)
{
	if (v->prog_mask == PROG_XDP)
		return strcmp(name, "xdp_md") == 0;
	return strcmp(name, "__sk_buff") == 0;
}

/* An argument called the context by its tag: of any type, or this program's. */
static int read_ctx(struct verifier *v, struct subprog *s, u32 n,
		    const struct btf_type *t)
{
	const struct btf_blob *btf = v->attr->btf;
	u32 id = btf_skip(btf, t->type);

	if (id && !is_ctx_type(v, btf_name(btf, id)))
		return reject(v, VERIFY_BTF, -EINVAL,
			      "Caller passes invalid args into func#%u ('%s')",
			      (u32)(s - v->subprogs), s->name);
	s->args[n].kind = FUNC_ARG_CTX;
	return 0;
}

static int read_pointer(struct verifier *v, struct subprog *s, u32 n,
			const struct btf_type *t)
{
	const struct btf_blob *btf = v->attr->btf;
	const char *name = btf_name(btf, btf_skip(btf, t->type));
	s64 size;

	if (has_tag(btf, s->type_id, n, "trusted") ||
	    has_tag(btf, s->type_id, n, "untrusted") ||
	    has_tag(btf, s->type_id, n, "arena"))
		return unsupported(v, "arguments that are kernel pointers");
	if (kind_of(skip(btf, t->type)) == BTF_KIND_STRUCT &&
	    is_ctx_type(v, name))
		s->args[n].kind = FUNC_ARG_CTX;
	else if (has_tag(btf, s->type_id, n, "ctx"))
		return read_ctx(v, s, n, t);
	if (s->args[n].kind == FUNC_ARG_CTX)
		return 0;
	if (strcmp(name, "bpf_dynptr") == 0) {
		s->args[n].kind = FUNC_ARG_DYNPTR;
		return 0;
	}
	size = btf_size(btf, t->type);
	if (size < 0 || size > UINT32_MAX)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be "
			      "determined: %lld",
			      n, "UNKNOWN", name, (long long)size);
	s->args[n].kind = FUNC_ARG_MEM;
	s->args[n].size = (u32)size;
	s->args[n].nonnull = has_tag(btf, s->type_id, n, "nonnull");
	return 0;
}

static int read_arg(struct verifier *v, struct subprog *s, u32 n, u32 id)
{
	const struct btf_type *t = skip(v->attr->btf, id);

	if (is_number(t)) {
		s->args[n].kind = FUNC_ARG_SCALAR;
		return 0;
	}
	if (kind_of(t) == BTF_KIND_PTR)
		return read_pointer(v, s, n, t);
	return reject(v, VERIFY_BTF, -EINVAL,
		      "Arg#%u type in %s() is not supported yet.", n, s->name);
}

static const struct prog_func *record_of(const struct verifier *v, u32 insn)
{
	for (u32 i = 0; i < v->attr->func_cnt; i++)
		if (v->attr->funcs[i].insn == insn)
			return &v->attr->funcs[i];
	return NULL;
}

static int check_returns_int(struct verifier *v, u32 n,
			     const struct btf_type *proto)
{
	const struct subprog *s = &v->subprogs[n];

	if (!n || is_number(skip(v->attr->btf, proto->type)))
		return 0;
	if (s->has_ld_abs)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "LD_ABS is only allowed in functions that return "
			      "'int'.");
	if (s->tail_call)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "tail_call is only allowed in functions that "
			      "return 'int'.");
	return 0;
}

static int check_without_btf(struct verifier *v, u32 n)
{
	if (n && v->subprogs[n].has_ld_abs)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "LD_ABS is not allowed in subprogs without BTF");
	if (n && v->subprogs[n].tail_call)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "tail_call is not allowed in subprogs without "
			      "BTF");
	return 0;
}

/* A function named as what runs instead when a program throws. */
static bool is_thrower(const struct verifier *v, u32 func)
{
	const struct btf_blob *btf = v->attr->btf;

	for (u32 id = 1; id <= btf_type_count(btf); id++) {
		const struct btf_type *t = btf_type(btf, id);

		if (kind_of(t) == BTF_KIND_DECL_TAG && t->type == func &&
		    strncmp(btf_string(btf, t->name_off),
			    "exception_callback:", 19) == 0)
			return true;
	}
	return false;
}

int func_read_args(struct verifier *v, u32 n)
{
	struct subprog *s = &v->subprogs[n];
	const struct btf_blob *btf = v->attr->btf;
	const struct prog_func *record = record_of(v, s->start);
	const struct btf_type *func, *proto;

	v->insn = s->start;
	s->name = record && record->name ? record->name : "";
	if (!record || !record->type_id || !btf)
		return check_without_btf(v, n);
	s->type_id = record->type_id;
	func = btf_type(btf, s->type_id);
	if (kind_of(func) != BTF_KIND_FUNC)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "invalid type id %u in func info", s->type_id);
	proto = btf_type(btf, func->type);
	if (!s->name[0])
		s->name = btf_name(btf, s->type_id);
	s->global = n && BTF_INFO_VLEN(func->info) == BTF_FUNC_GLOBAL;
	s->arg_cnt = BTF_INFO_VLEN(proto->info);
	if (is_thrower(v, s->type_id))
		return unsupported(v, "exceptions");
	return check_returns_int(v, n, proto);
}

/* What a global function's prototype promises, read when it matters. */
static int read_promises(struct verifier *v, struct subprog *s)
{
	const struct btf_blob *btf = v->attr->btf;
	const struct btf_type *proto =
		btf_type(btf, btf_type(btf, s->type_id)->type);
	const struct btf_param *params = (const void *)(proto + 1);
	int ret = 0;

	if (s->args_known)
		return 0;
	if (s->arg_cnt > 5)
		return reject(v, VERIFY_BTF, -EINVAL,
			      "Global function %s() with %u > 5 args. Buggy "
			      "compiler.",
			      s->name, s->arg_cnt);
	if (!is_number(skip(btf, proto->type)))
		return reject(
			v, VERIFY_BTF, -EINVAL,
			"Global function %s() doesn't return scalar. Only "
			"those are supported.",
			s->name);
	for (u32 i = 0; !ret && i < s->arg_cnt; i++)
		ret = read_arg(v, s, i, params[i].type);
	s->args_known = !ret;
	return ret;
}

/* ---- the start ---- */

static struct reg promised(struct verifier *v, const struct subprog *s, u32 n)
{
	struct reg r;

	switch (s->args[n].kind) {
	case FUNC_ARG_CTX: return reg_pointer(REG_CTX);
	case FUNC_ARG_DYNPTR:
		r = reg_pointer(REG_DYNPTR);
		r.dynptr = DYNPTR_LOCAL;
		r.dynptr_id = new_id(v);
		return r;
	case FUNC_ARG_MEM:
		r = reg_pointer(REG_MEM);
		r.size = s->args[n].size;
		if (!s->args[n].nonnull) {
			r.flags = REG_OR_NULL;
			r.id = new_id(v);
		}
		return r;
	default: return reg_scalar();
	}
}

int func_enter(struct verifier *v, u32 n, struct state *s)
{
	struct reg *regs = state_regs(s);
	struct subprog *sub = &v->subprogs[n];
	int ret;

	if (!n) {
		regs[BPF_REG_1] = reg_pointer(REG_CTX);
		return 0;
	}
	ret = read_promises(v, sub);
	for (u32 i = 0; !ret && i < sub->arg_cnt; i++)
		regs[BPF_REG_1 + i] = promised(v, sub, i);
	return ret;
}

/* ---- calls ---- */

static int keep_promise(struct verifier *v, const struct subprog *s, u32 n)
{
	u32 regno = BPF_REG_1 + n;
	struct reg *r = &state_regs(v->cur)[regno];
	struct call_meta meta = { .name = s->name };
	const struct reg before = *r;
	int ret;

	switch (s->args[n].kind) {
	case FUNC_ARG_SCALAR:
		if (r->kind == REG_SCALAR)
			return 0;
		return reject(v, VERIFY_ARG, -EINVAL, "R%u is not a scalar",
			      regno);
	case FUNC_ARG_CTX:
		if (r->kind != REG_CTX)
			return reject(v, VERIFY_ARG, -EINVAL,
				      "arg#%u expects pointer to ctx", n);
		return check_ptr_off(v, r, regno, false);
	case FUNC_ARG_DYNPTR: return dynptr_use(v, regno, &meta);
	default: break;
	}
	if (r->flags & REG_OR_NULL && s->args[n].nonnull)
		return reject(v, VERIFY_ARG, -EINVAL,
			      "arg#%u is expected to be non-NULL", n);
	if (reg_is_null(r) && !s->args[n].nonnull)
		return 0;
	if (r->flags & REG_OR_NULL)
		reg_set_not_null(r);
	ret = check_mem_arg(v, regno, s->args[n].size, true, ACCESS_READ,
			    false);
	if (!ret)
		ret = check_mem_arg(v, regno, s->args[n].size, true,
				    ACCESS_WRITE, false);
	*r = before;
	return ret;
}

static int call_global(struct verifier *v, u32 n)
{
	struct subprog *s = &v->subprogs[n];
	int ret = read_promises(v, s);

	if (!ret && v->cur->lock_map)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "global function calls are not allowed while "
			      "holding a lock,\nuse static function instead");
	for (u32 i = 0; !ret && i < s->arg_cnt; i++)
		ret = keep_promise(v, s, i);
	if (ret) {
		reject_more(v, "Caller passes invalid args into func#%u ('%s')",
			    n, s->name);
		return ret;
	}
	log_text(v, VERIFY_LOG_BRANCHES | VERIFY_LOG_INSNS,
		 "Func#%u ('%s') is global and assumed valid.\n", n, s->name);
	if (s->moves_packet)
		forget_packet(v->cur);
	s->called = true;
	forget_caller_saved(v);
	state_regs(v->cur)[BPF_REG_0] = reg_scalar();
	return 0;
}

static struct frame *enter_frame(struct verifier *v, struct state *s, u32 n,
				 u32 callsite)
{
	struct frame *f;

	if (s->depth + 1 >= BPF_MAX_FRAMES) {
		reject(v, VERIFY_STACK_DEPTH, -E2BIG,
		       "the call stack of %u frames is too deep", s->depth + 2);
		return NULL;
	}
	f = frame_push(s, n, callsite);
	if (!f)
		no_memory(v);
	return f;
}

int check_local_call(struct verifier *v, u32 *next)
{
	u32 to = v->insn + 1 + (u32)v->insns[v->insn].imm;
	u32 n = v->aux[to].subprog;
	struct reg *regs = state_regs(v->cur);
	struct frame *f;

	if (v->subprogs[n].global)
		return call_global(v, n);
	f = enter_frame(v, v->cur, n, v->insn);
	if (!f)
		return v->err->code;
	for (u32 i = BPF_REG_1; i <= BPF_REG_5; i++)
		f->regs[i] = regs[i];
	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++)
		regs[i] = reg_uninit();
	log_call(v, v->cur);
	*next = to;
	return 0;
}

/* ---- callbacks ---- */

static struct reg element(enum reg_kind kind, const struct verify_map *map,
			  u32 uid)
{
	struct reg r = reg_pointer(kind);

	r.map = map;
	r.uid = uid;
	return r;
}

static void set_callback_args(struct verifier *v, const struct call_meta *meta,
			      const struct reg *from, struct frame *f)
{
	struct reg *to = f->regs;

	f->has_ret = true;
	f->ret_max = 1;
	switch (meta->id) {
	case BPF_FUNC_loop:
		to[BPF_REG_1] = reg_scalar();
		to[BPF_REG_2] = from[BPF_REG_3];
		break;
	case BPF_FUNC_user_ringbuf_drain:
		to[BPF_REG_1] = reg_pointer(REG_DYNPTR);
		to[BPF_REG_1].dynptr = DYNPTR_LOCAL;
		to[BPF_REG_1].dynptr_id = new_id(v);
		to[BPF_REG_2] = from[BPF_REG_3];
		break;
	default: /* of a map's elements */
		to[BPF_REG_1] = element(REG_MAP, meta->map, meta->map_uid);
		to[BPF_REG_2] = element(REG_MAP_KEY, meta->map, 0);
		to[BPF_REG_3] =
			element(REG_MAP_VALUE, meta->map, meta->map_uid);
		if (meta->id == BPF_FUNC_for_each_map_elem)
			to[BPF_REG_4] = from[BPF_REG_3];
		else
			f->ret_max = 0;
		break;
	}
}

static bool map_has_for_each(u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH: return true;
	default: return false;
	}
}

int push_callback(struct verifier *v, const struct call_meta *meta)
{
	const struct reg *from = state_regs(v->cur);
	struct subprog *sub = &v->subprogs[meta->subprog];
	struct state *s;
	struct frame *f;

	if (meta->id == BPF_FUNC_for_each_map_elem &&
	    !map_has_for_each(meta->map->type))
		return reject(v, VERIFY_MAP, -ENOTSUPP,
			      "callback function not allowed for map");
	if (meta->id == BPF_FUNC_timer_set_callback) {
		sub->is_async = true;
		s = path_push_async(v, sub->start, meta->subprog);
		if (!s)
			return v->err->code;
		s->frames[0]->async_nth = state_frame(v->cur)->async_nth + 1;
		set_callback_args(v, meta, from, s->frames[0]);
		return 0;
	}
	s = path_push(v, sub->start, v->insn);
	if (!s)
		return v->err->code;
	f = enter_frame(v, s, meta->subprog, v->insn);
	if (!f)
		return v->err->code;
	f->in_callback = true;
	set_callback_args(v, meta, from, f);
	s->callback_unroll++;
	s->frames[s->depth - 1]->callback_depth++;
	state_frame(v->cur)->callback_depth = 0;
	return 0;
}

/* ---- returns ---- */

static int not_in_range(struct verifier *v, const struct reg *r,
			const char *when, s32 min, s32 max)
{
	char text[128] = " unknown scalar value";
	int n = 0;

	v->subject = BPF_REG_0;
	if (r->var.smin > INT64_MIN)
		n += snprintf(text, sizeof(text), " smin=%lld",
			      (long long)r->var.smin);
	if (r->var.smax < INT64_MAX)
		snprintf(text + n, sizeof(text) - (size_t)n, " smax=%lld",
			 (long long)r->var.smax);
	return reject(v, VERIFY_RETURN, -EINVAL,
		      "%s the register R0 has%s should have been in [%d, %d]",
		      when, text, min, max);
}

static bool in_range(const struct reg *r, s32 min, s32 max)
{
	return r->var.smin >= min && r->var.smax <= max;
}

static int return_from_callback(struct verifier *v, const struct frame *f)
{
	const struct reg *r0 = &f->regs[BPF_REG_0];
	int ret;

	if (r0->kind != REG_SCALAR)
		return reject(v, VERIFY_RETURN, -EACCES,
			      "R0 not a scalar value");
	ret = precise_mark(v, BPF_REG_0);
	if (ret)
		return ret;
	if (!in_range(r0, f->ret_min, f->ret_max))
		return not_in_range(v, r0, "At callback return", f->ret_min,
				    f->ret_max);
	return 0;
}

/* The program's own end, or that of a function walked alone. */
static int check_end(struct verifier *v)
{
	const struct frame *f = state_frame(v->cur);
	const struct reg *r0 = &f->regs[BPF_REG_0];
	char name[64];
	int ret = reg_must_be_read(v, BPF_REG_0);

	if (ret)
		return ret;
	if (f->in_async) {
		if (r0->kind != REG_SCALAR)
			return reject(v, VERIFY_RETURN, -EINVAL,
				      "At async callback return the register "
				      "R0 is not a known value (%s)",
				      reg_kind_name(r0, name, sizeof(name)));
		ret = precise_mark(v, BPF_REG_0);
		if (!ret && !in_range(r0, 0, 0))
			ret = not_in_range(v, r0, "At async callback return", 0,
					   0);
		return ret;
	}
	if (f->subprog && r0->kind != REG_SCALAR)
		return reject(v, VERIFY_RETURN, -EINVAL,
			      "At subprogram exit the register R0 is not a "
			      "scalar value (%s)",
			      reg_kind_name(r0, name, sizeof(name)));
	return 0;
}

int check_return(struct verifier *v, u32 *next, bool *ended)
{
	struct state *s = v->cur;
	struct frame *f = state_frame(s);
	bool callback = f->in_callback;
	int ret;

	*ended = !s->depth;
	ret = check_leaks(v, *ended, "BPF_EXIT instruction in main prog");
	if (ret || *ended)
		return ret ? ret : check_end(v);
	if (f->regs[BPF_REG_0].kind == REG_STACK)
		return reject(v, VERIFY_RETURN, -EINVAL,
			      "cannot return stack pointer to the caller");
	if (callback) {
		ret = return_from_callback(v, f);
		if (ret)
			return ret;
	} else {
		s->frames[s->depth - 1]->regs[BPF_REG_0] = f->regs[BPF_REG_0];
	}
	*next = callback ? f->callsite : f->callsite + 1;
	log_return(v, *next);
	v->written = 0;
	frame_pop(s);
	if (callback) {
		u32 at = v->insn;

		v->insn = *next;
		prune_widen(v, s, s);
		v->insn = at;
	}
	return 0;
}
