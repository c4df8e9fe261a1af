/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kfunc.c - the kernel functions that Weir has: iterators over numbers, dynptrs
 * of packets
 */
#include "verify/verifier.h"

struct kfunc {
	const char *name;
	u32 progs;
	int (*check)(struct verifier *v);
};

/* ---- iterators ---- */

static int iter_slot(struct verifier *v, struct slot **slot)
{
	const struct reg *r = &state_regs(v->cur)[BPF_REG_1];
	s32 off;

	if (r->kind != REG_STACK)
		return reject(v, VERIFY_ITER, -EINVAL,
			      "arg#0 expected pointer to an iterator on stack");
	if (!range_is_const(&r->var))
		return reject(v, VERIFY_ITER, -EINVAL,
			      "iter_num has to be at a constant offset");
	off = r->off + (s32)r->var.smin;
	if (off % 8 || off > -8 || off < -BPF_STACK_BYTES)
		return reject(v, VERIFY_ITER, -EINVAL,
			      "cannot pass in iter_num at an offset=%d", off);
	if (frame_grow(v->cur->frames[r->frame], slot_of(off) + 1))
		return no_memory(v);
	*slot = &v->cur->frames[r->frame]->stack[slot_of(off)];
	live_read(v, r->frame, 1ull << slot_of(off));
	return 0;
}

static bool is_iter(const struct slot *s)
{
	for (u32 i = 0; i < 8; i++)
		if (s->byte[i] != SLOT_ITER)
			return false;
	return true;
}

static int live_iter(struct verifier *v, struct slot **slot)
{
	int ret = iter_slot(v, slot);

	if (ret || is_iter(*slot))
		return ret;
	return reject(v, VERIFY_ITER, -EINVAL,
		      "expected an initialized iter_num as arg #0");
}

static int check_scalar(struct verifier *v, u32 regno)
{
	int ret = reg_must_be_read(v, regno);

	if (!ret && state_regs(v->cur)[regno].kind != REG_SCALAR)
		ret = reject(v, VERIFY_ARG, -EINVAL, "R%u is not a scalar",
			     regno);
	return ret;
}

static int iter_new(struct verifier *v)
{
	struct access_what a = {
		.reg = BPF_REG_1,
		.size = 8,
		.kind = ACCESS_WRITE,
		.value = -1,
	};
	struct slot *s;
	int ret = iter_slot(v, &s);

	for (u32 i = 0; !ret && i < 8; i++)
		if (s->byte[i] == SLOT_ITER)
			ret = reject(v, VERIFY_ITER, -EINVAL,
				     "expected uninitialized iter_num as arg "
				     "#0");
	if (!ret)
		ret = check_access(v, &a);
	if (!ret)
		ret = check_scalar(v, BPF_REG_2);
	if (!ret)
		ret = check_scalar(v, BPF_REG_3);
	if (ret)
		return ret;
	ret = iter_slot(v, &s);
	memset(s->byte, SLOT_ITER, sizeof(s->byte));
	s->reg = reg_uninit();
	s->reg.ref = new_id(v);
	s->reg.iter = ITER_ACTIVE;
	if (state_add_ref(v->cur, s->reg.ref, v->insn))
		return no_memory(v);
	forget_caller_saved(v);
	state_regs(v->cur)[BPF_REG_0] = reg_scalar();
	return ret;
}

/* It may go on, in a path of its own; here it has ended. */
static int iter_next(struct verifier *v)
{
	const struct reg *r1 = &state_regs(v->cur)[BPF_REG_1];
	u32 frame = r1->frame, at = slot_of(r1->off + (s32)r1->var.smin);
	struct state *more;
	struct slot *s;
	struct reg *r0;
	int ret = live_iter(v, &s);

	if (ret)
		return ret;
	forget_caller_saved(v);
	r0 = &state_regs(v->cur)[BPF_REG_0];
	if (s->reg.iter == ITER_ACTIVE) {
		*r0 = reg_pointer(REG_MEM);
		r0->size = 4;
		r0->flags = REG_RDONLY;
		r0->ref = s->reg.ref; /* ends with the iterator */
		more = path_push(v, v->insn + 1, v->insn);
		if (!more)
			return v->err->code;
		more->frames[frame]->stack[at].reg.depth++;
		prune_widen(v, more, v->cur->parent);
	}
	s->reg.iter = ITER_DRAINED;
	*r0 = reg_const(0);
	return 0;
}

static int iter_destroy(struct verifier *v)
{
	struct slot *s;
	int ret = live_iter(v, &s);
	u32 ref;

	if (ret)
		return ret;
	ref = s->reg.ref;
	*s = (struct slot){ .reg = reg_uninit() };
	if (release_ref(v, ref))
		return reject(v, VERIFY_REF, -EINVAL,
			      "reference has not been acquired before");
	forget_caller_saved(v);
	return 0;
}

/* ---- dynptrs of packets ---- */

static int from_packet(struct verifier *v, enum dynptr_kind kind)
{
	const struct reg *r1 = &state_regs(v->cur)[BPF_REG_1];
	char name[64];
	int ret = reg_must_be_read(v, BPF_REG_1);

	if (!ret && r1->kind != REG_CTX)
		ret = reject(v, VERIFY_ARG, -EINVAL,
			     "arg#0 expected pointer to ctx, but got %s",
			     reg_kind_name(r1, name, sizeof(name)));
	if (!ret)
		ret = check_scalar(v, BPF_REG_2);
	if (!ret)
		ret = reg_must_be_read(v, BPF_REG_3);
	if (!ret)
		ret = dynptr_make(v, BPF_REG_3, kind, false);
	if (ret)
		return ret;
	forget_caller_saved(v);
	state_regs(v->cur)[BPF_REG_0] = reg_scalar();
	return 0;
}

static int dynptr_from_skb(struct verifier *v)
{
	return from_packet(v, DYNPTR_SKB);
}

static int dynptr_from_xdp(struct verifier *v)
{
	return from_packet(v, DYNPTR_XDP);
}

static int check_buffer(struct verifier *v)
{
	const struct reg *regs = state_regs(v->cur);
	struct call_meta meta = { 0 };
	int ret = reg_must_be_read(v, BPF_REG_3);

	if (!ret)
		ret = check_scalar(v, BPF_REG_4);
	if (ret)
		return ret;
	if (!range_is_const(&regs[BPF_REG_4].var))
		return reject(v, VERIFY_SIZE, -EINVAL,
			      "R4 must be a known constant");
	if (reg_is_null(&regs[BPF_REG_3])) /* then it is a slice or nothing */
		return precise_mark(v, BPF_REG_4);
	return check_mem_size_arg(v, BPF_REG_3, BPF_REG_4, true, ACCESS_WRITE,
				  &meta, false);
}

static int slice(struct verifier *v, bool rdonly)
{
	struct reg *regs = state_regs(v->cur);
	struct call_meta meta = { 0 };
	u32 size;
	int ret = reg_must_be_read(v, BPF_REG_1);

	if (!ret)
		ret = dynptr_use(v, BPF_REG_1, &meta);
	if (!ret)
		ret = check_scalar(v, BPF_REG_2);
	if (!ret)
		ret = check_buffer(v);
	if (ret)
		return ret;
	if (!rdonly && v->prog_mask == PROG_SOCKET)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "the prog does not allow writes to packet data");
	size = (u32)regs[BPF_REG_4].var.umin;
	forget_caller_saved(v);
	regs[BPF_REG_0] = reg_pointer(REG_MEM);
	regs[BPF_REG_0].size = size;
	regs[BPF_REG_0].flags =
		(u8)(REG_OR_NULL | (rdonly ? REG_RDONLY : 0) |
		     (meta.dynptr == DYNPTR_SKB || meta.dynptr == DYNPTR_XDP
			      ? REG_SLICE
			      : 0));
	regs[BPF_REG_0].id = new_id(v);
	regs[BPF_REG_0].ref = meta.ref;
	regs[BPF_REG_0].dynptr_id = meta.dynptr_id;
	return 0;
}

static int dynptr_slice(struct verifier *v)
{
	return slice(v, true);
}

static int dynptr_slice_rdwr(struct verifier *v)
{
	return slice(v, false);
}

static int dynptr_ask(struct verifier *v)
{
	struct call_meta meta = { 0 };
	int ret = reg_must_be_read(v, BPF_REG_1);

	if (!ret)
		ret = dynptr_use(v, BPF_REG_1, &meta);
	if (ret)
		return ret;
	forget_caller_saved(v);
	state_regs(v->cur)[BPF_REG_0] = reg_scalar();
	return 0;
}

static int dynptr_adjust(struct verifier *v)
{
	int ret = reg_must_be_read(v, BPF_REG_1);

	if (!ret)
		ret = check_scalar(v, BPF_REG_2);
	if (!ret)
		ret = check_scalar(v, BPF_REG_3);
	return ret ? ret : dynptr_ask(v);
}

static int clone_dynptr(struct verifier *v)
{
	struct call_meta meta = { 0 };
	int ret = reg_must_be_read(v, BPF_REG_1);

	if (!ret)
		ret = dynptr_use(v, BPF_REG_1, &meta);
	if (!ret)
		ret = reg_must_be_read(v, BPF_REG_2);
	if (!ret)
		ret = dynptr_clone(v, BPF_REG_2, &meta);
	if (ret)
		return ret;
	forget_caller_saved(v);
	state_regs(v->cur)[BPF_REG_0] = reg_scalar();
	return 0;
}

static const struct kfunc kfuncs[] = {
	{ "bpf_iter_num_new", PROG_ANY, iter_new },
	{ "bpf_iter_num_next", PROG_ANY, iter_next },
	{ "bpf_iter_num_destroy", PROG_ANY, iter_destroy },
	{ "bpf_dynptr_from_skb", PROG_TC | PROG_SOCKET, dynptr_from_skb },
	{ "bpf_dynptr_from_xdp", PROG_XDP, dynptr_from_xdp },
	{ "bpf_dynptr_slice", PROG_ANY, dynptr_slice },
	{ "bpf_dynptr_slice_rdwr", PROG_ANY, dynptr_slice_rdwr },
	{ "bpf_dynptr_adjust", PROG_ANY, dynptr_adjust },
	{ "bpf_dynptr_is_null", PROG_ANY, dynptr_ask },
	{ "bpf_dynptr_is_rdonly", PROG_ANY, dynptr_ask },
	{ "bpf_dynptr_size", PROG_ANY, dynptr_ask },
	{ "bpf_dynptr_clone", PROG_ANY, clone_dynptr },
};

int check_kfunc(struct verifier *v)
{
	const char *name = v->aux[v->insn].kfunc;

	if (!name)
		return reject(v, VERIFY_HELPER, -EINVAL,
			      "calling kernel function is not allowed");
	for (u32 i = 0; i < ARRAY_LEN(kfuncs); i++) {
		if (strcmp(kfuncs[i].name, name) != 0)
			continue;
		if (!(kfuncs[i].progs & v->prog_mask))
			return reject(v, VERIFY_HELPER, -EACCES,
				      "calling kernel function %s is not "
				      "allowed",
				      name);
		if (v->cur->lock_map && strncmp(name, "bpf_iter_num", 12) != 0)
			return reject(v, VERIFY_LOCK, -EINVAL,
				      "function calls are not allowed while "
				      "holding a lock");
		return kfuncs[i].check(v);
	}
	return unsupported(v, name);
}
