/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call.c - calls of helpers, the end of functions, loads from packets
 */
#include "verify/verifier.h"

/* ---- what a call makes of registers ---- */

void forget_caller_saved(struct verifier *v)
{
	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++)
		state_regs(v->cur)[i] = reg_uninit();
}

/* The packet may be elsewhere. */
void forget_packet(struct state *s)
{
	struct reg *r;

	state_each_reg(s, f, r, i)
	{
		if (reg_is_packet(r) || r->kind == REG_PKT_END ||
		    (r->kind == REG_MEM && r->flags & REG_SLICE))
			*r = reg_scalar();
	}
}

/* Whatever holds the reference holds it no more. */
int release_ref(struct verifier *v, u32 ref)
{
	struct reg *r;

	if (!state_drop_ref(v->cur, ref))
		return -EINVAL;
	state_each_reg(v->cur, f, r, i)
	{
		if (r->ref == ref)
			*r = reg_scalar();
	}
	return 0;
}

int check_leaks(struct verifier *v, bool lock_too, const char *what)
{
	const struct state *s = v->cur;

	if (!s->depth && s->ref_cnt) {
		for (u32 i = 0; i < s->ref_cnt; i++)
			log_text(v, UINT32_MAX,
				 "Unreleased reference id=%u "
				 "alloc_insn=%u\n",
				 s->refs[i].id, s->refs[i].insn);
		return reject(v, VERIFY_REF, -EINVAL,
			      "%s would lead to reference leak", what);
	}
	if (lock_too && s->lock_map)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "%s cannot be used inside bpf_spin_lock-ed "
			      "region",
			      what);
	return 0;
}

/* ---- maps and the helpers for them ---- */

#define FN(name) BPF_FUNC_##name
#define ERRNO_MAX 4095

static bool map_is_lacking(u32 type)
{
	return type == BPF_MAP_TYPE_SOCKMAP || type == BPF_MAP_TYPE_SOCKHASH ||
	       type == BPF_MAP_TYPE_SK_STORAGE ||
	       type == BPF_MAP_TYPE_CGROUP_STORAGE ||
	       type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ||
	       type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ||
	       type == BPF_MAP_TYPE_ARENA;
}

static int check_map_for(struct verifier *v, const struct call_meta *meta)
{
	const struct verify_map *m = meta->map;

	if (!m)
		return 0;
	if (map_is_lacking(m->type))
		return unsupported(v, "this kind of map");
	if (!helper_takes_map(meta->id, m->type))
		return reject(v, VERIFY_MAP, -EINVAL,
			      "cannot pass map_type %u into func bpf_%s#%u",
			      m->type, meta->name, meta->id);
	if (m->flags & BPF_F_RDONLY_PROG &&
	    (meta->id == FN(map_update_elem) ||
	     meta->id == FN(map_delete_elem) || meta->id == FN(map_push_elem) ||
	     meta->id == FN(map_pop_elem)))
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "write into map forbidden");
	return 0;
}

/* ---- the helper ---- */

static int find_helper(struct verifier *v, struct call_meta *meta)
{
	const struct helper *h = helper_proto(meta->id);
	const char *name = meta->id ? helper_name(meta->id) : "unspec";

	if (!name)
		return reject(v, VERIFY_HELPER, -EINVAL,
			      "invalid func unknown#%d", (s32)meta->id);
	if (!h || !(h->progs & v->prog_mask))
		return reject(
			v, VERIFY_HELPER, -EINVAL,
			"program of this type cannot use helper bpf_%s#%u",
			name, meta->id);
	if (h->gpl_only && !v->gpl)
		return reject(
			v, VERIFY_HELPER, -EINVAL,
			"cannot call GPL-restricted function from non-GPL "
			"compatible program");
	if (v->cur->lock_map && meta->id != FN(spin_unlock))
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "function calls are not allowed while holding a "
			      "lock");
	meta->helper = h;
	meta->name = name;
	return 0;
}

/* Memory that the helper fills is initialised from here on. */
static int fill_memory(struct verifier *v, const struct call_meta *meta)
{
	struct access_what a = {
		.reg = (u32)meta->fill_reg,
		.size = 1,
		.kind = ACCESS_WRITE,
		.value = -1,
	};
	const struct reg *r = &state_regs(v->cur)[a.reg];
	s32 off = r->off + (s32)r->var.smin;
	u64 whole = 0;
	int ret = 0;

	for (u32 i = 0; !ret && i < meta->fill_size; i++) {
		a.off = (s32)i;
		ret = check_access(v, &a);
		if (!((off + (s32)i) % 8) && i + 8 <= meta->fill_size)
			whole |= 1ull << slot_of(off + (s32)i);
	}
	live_write(v, r->frame, whole);
	return ret;
}

static int release_args(struct verifier *v, const struct call_meta *meta)
{
	if (!helper_releases(meta->helper))
		return 0;
	if (meta->helper->arg[0] == ARG_DYNPTR_RINGBUF)
		return dynptr_release(v, BPF_REG_1);
	if (meta->ref && !release_ref(v, meta->ref))
		return 0;
	if (!meta->ref && reg_is_null(&state_regs(v->cur)[BPF_REG_1]))
		return 0;
	return reject(v, VERIFY_REF, -EINVAL,
		      "func bpf_%s#%u reference has not been acquired before",
		      meta->name, meta->id);
}

static int start_loop(struct verifier *v, const struct call_meta *meta)
{
	struct frame *f = state_frame(v->cur);
	int ret = precise_mark(v, BPF_REG_1);

	if (ret)
		return ret;
	if (f->callback_depth < state_regs(v->cur)[BPF_REG_1].var.umax)
		return push_callback(v, meta);
	f->callback_depth = 0;
	return 0;
}

/* The function may end here with this result; that it goes on is a path of its
 * own. */
static int end_early(struct verifier *v, struct reg result, u32 *next)
{
	const struct frame *f = state_frame(v->cur);
	bool callback = f->in_callback;

	if (!path_push(v, v->insn + 1, v->insn))
		return v->err->code;
	*next = callback ? f->callsite : f->callsite + 1;
	frame_pop(v->cur);
	if (!callback)
		state_regs(v->cur)[BPF_REG_0] = result;
	return 0;
}

static int check_tail_call(struct verifier *v)
{
	const struct reg *regs = state_regs(v->cur);
	const struct reg *r3 = &regs[BPF_REG_3];
	int ret = 0;

	/* Linux makes a jump of it only then, and only then it decides */
	if (reg_is_const(r3) &&
	    r3->var.bits.value < regs[BPF_REG_2].map->max_entries)
		ret = precise_mark(v, BPF_REG_3);
	return ret ? ret : check_leaks(v, true, "tail_call");
}

/* A program that runs instead of the rest of this function returns to the
 * function's caller, and may have moved the packet. */
static int end_by_tail_call(struct verifier *v, u32 *next)
{
	int ret = end_early(v, reg_scalar(), next);

	if (!ret)
		forget_packet(v->cur);
	return ret;
}

/* As many arguments as the size says; which need not be known here. */
static int check_format(struct verifier *v)
{
	const struct reg *fmt = &state_regs(v->cur)[BPF_REG_3];
	const struct reg *size = &state_regs(v->cur)[BPF_REG_5];
	const char *text = fmt->map->contents;

	if (size->var.bits.value % 8)
		return reject(v, VERIFY_ARG, -EINVAL,
			      "R5 is no size of arguments of 8 bytes");
	text += fmt->off + fmt->var.smin;
	if (helper_format_ok(text, (u32)(size->var.bits.value / 8)))
		return 0;
	return reject(v, VERIFY_ARG, -EINVAL, "Invalid format string");
}

/* What single helpers want besides. */
static int check_special(struct verifier *v, struct call_meta *meta)
{
	const struct reg *regs = state_regs(v->cur);
	char name[64];

	switch (meta->id) {
	case FN(tail_call): return check_tail_call(v);
	case FN(loop): return start_loop(v, meta);
	case FN(for_each_map_elem):
	case FN(user_ringbuf_drain):
	case FN(timer_set_callback): return push_callback(v, meta);
	case FN(snprintf): return check_format(v);
	case FN(dynptr_from_mem):
		if (regs[BPF_REG_1].kind == REG_MAP_VALUE)
			return 0;
		return reject(v, VERIFY_DYNPTR, -EACCES,
			      "Unsupported reg type %s for bpf_dynptr_from_mem "
			      "data",
			      reg_kind_name(&regs[BPF_REG_1], name,
					    sizeof(name)));
	default: return 0;
	}
}

static struct reg returned_value(struct verifier *v,
				 const struct call_meta *meta)
{
	struct reg r = reg_pointer(REG_MAP_VALUE);
	bool array = meta->map->type == BPF_MAP_TYPE_ARRAY ||
		     meta->map->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	r.map = meta->map;
	r.uid = meta->map_uid;
	if (meta->id != FN(map_lookup_elem) || !array || !meta->key_known ||
	    meta->key >= meta->map->max_entries)
		r.flags = REG_OR_NULL;
	else if (map_has_field(meta->map, BTF_FIELD_SPIN_LOCK, NULL))
		r.id = new_id(v);
	return r;
}

static int set_returned(struct verifier *v, const struct call_meta *meta)
{
	struct reg *r0 = &state_regs(v->cur)[BPF_REG_0];

	switch (meta->helper->ret) {
	case RET_VOID: *r0 = reg_uninit(); return 0;
	case RET_INT: *r0 = reg_scalar(); return 0;
	case RET_MAP_VALUE_OR_NULL: *r0 = returned_value(v, meta); break;
	case RET_MEM_OR_NULL:
	case RET_DYNPTR_MEM_OR_NULL:
		*r0 = reg_pointer(REG_MEM);
		r0->size = (u32)MIN(meta->size, UINT32_MAX);
		r0->flags = REG_OR_NULL;
		if (meta->helper->ret == RET_MEM_OR_NULL)
			r0->flags |= REG_RINGBUF;
		else
			r0->dynptr_id = meta->dynptr_id;
		break;
	case RET_SOCK_OR_NULL: *r0 = reg_pointer(REG_SOCK); break;
	case RET_SOCK_COMMON_OR_NULL: *r0 = reg_pointer(REG_SOCK_COMMON); break;
	case RET_TCP_SOCK_OR_NULL: *r0 = reg_pointer(REG_TCP_SOCK); break;
	case RET_KERNEL_SOCK_OR_NULL: *r0 = reg_pointer(REG_KERNEL_SOCK); break;
	default: return unsupported(v, meta->name);
	}
	if (meta->helper->ret >= RET_SOCK_OR_NULL)
		r0->flags = REG_OR_NULL;
	if (r0->flags & REG_OR_NULL)
		r0->id = new_id(v);
	if (meta->helper->casts ||
	    meta->helper->ret == RET_DYNPTR_MEM_OR_NULL) {
		r0->ref = meta->ref;
	} else if (helper_acquires(meta->helper)) {
		r0->ref = r0->id;
		if (state_add_ref(v->cur, r0->ref, v->insn))
			return no_memory(v);
	}
	return 0;
}

/* What is known of the number that a helper returns. */
static void refine_returned(struct verifier *v, const struct call_meta *meta)
{
	struct range *r0 = &state_regs(v->cur)[BPF_REG_0].var;

	switch (meta->id) {
	case FN(get_smp_processor_id):
		*r0 = range_between(0, SLOT_MAX - 1);
		break;
	case FN(probe_read_kernel_str):
	case FN(probe_read_user_str): /* an error, or as many as were read */
		r0->smin = r0->smin32 = -ERRNO_MAX;
		r0->smax = r0->smax32 = (s32)meta->size_max;
		range_sync(r0);
		break;
	default: break;
	}
}

static int check_args(struct verifier *v, struct call_meta *meta)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < 5; i++)
		ret = check_arg(v, i, meta);
	if (!ret)
		ret = check_map_for(v, meta);
	if (!ret && meta->fills)
		ret = fill_memory(v, meta);
	if (!ret)
		ret = release_args(v, meta);
	return ret ? ret : check_special(v, meta);
}

int check_call(struct verifier *v, u32 *next)
{
	struct call_meta meta = { .id = (u32)v->insns[v->insn].imm };
	int ret = find_helper(v, &meta);

	if (!ret)
		ret = check_args(v, &meta);
	if (ret)
		return ret;
	forget_caller_saved(v);
	ret = set_returned(v, &meta);
	if (ret)
		return ret;
	refine_returned(v, &meta);
	if (meta.id == FN(tail_call))
		return v->cur->depth ? end_by_tail_call(v, next) : 0;
	if (meta.helper->moves_packet ||
	    (meta.id == FN(dynptr_write) && meta.dynptr == DYNPTR_SKB))
		forget_packet(v->cur);
	return 0;
}

/* ---- loads from packets, the old way ---- */

int check_ld_abs(struct verifier *v, u32 *next)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct reg *regs = state_regs(v->cur);
	int ret;

	if (v->prog_mask == PROG_XDP)
		return reject(v, VERIFY_INSN, -EINVAL,
			      "BPF_LD_[ABS|IND] instructions not allowed for "
			      "this program type");
	ret = reg_must_be_read(v, BPF_REG_6);
	if (!ret)
		ret = check_leaks(v, true, "BPF_LD_[ABS|IND]");
	if (ret)
		return ret;
	if (regs[BPF_REG_6].kind != REG_CTX)
		return reject(v, VERIFY_CTX, -EINVAL,
			      "at the time of BPF_LD_ABS|IND R6 != pointer to "
			      "skb");
	if (BPF_MODE(insn->code) == BPF_IND)
		ret = reg_must_be_read(v, insn->src_reg);
	if (!ret)
		ret = check_ptr_off(v, &regs[BPF_REG_6], BPF_REG_6, false);
	if (ret)
		return ret;
	forget_caller_saved(v);
	regs[BPF_REG_0] = reg_scalar();
	return v->cur->depth ? end_early(v, reg_const(0), next) : 0;
}
