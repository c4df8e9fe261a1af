/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arg.c - what helpers may be given: each argument against its prototype
 */
#include "verify/verifier.h"

/* ---- kinds of registers that an argument may be ---- */

#define KIND(kind) (1u << REG_##kind)
#define KINDS_MEM                                                   \
	(KIND(STACK) | KIND(PKT) | KIND(PKT_META) | KIND(MAP_KEY) | \
	 KIND(MAP_VALUE) | KIND(MEM))
#define KINDS_SOCK \
	(KIND(SOCK_COMMON) | KIND(SOCK) | KIND(TCP_SOCK) | KIND(XDP_SOCK))

#define EXPECT_SOCK "sock_common, sock, tcp_sock, xdp_sock"
#define EXPECT_MEM                                                  \
	"fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, " \
	"buf, trusted_ptr_"

static const struct arg_kind {
	u32 kinds;
	bool or_null;	/* the constant 0 will do */
	bool rdonly_ok; /* memory that may not be written to */
	const char *expected;
} arg_kinds[] = {
	[ARG_CTX] = { KIND(CTX), .expected = "ctx" },
	[ARG_CTX_OR_NULL] = { KIND(CTX), .or_null = true, .expected = "ctx" },
	[ARG_TC_CTX] = { KIND(CTX), .expected = "ctx" },
	[ARG_MAP] = { KIND(MAP), .expected = "map_ptr" },
	[ARG_MAP_KEY] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_MAP_VALUE] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_MAP_VALUE_OUT] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_MEM] = { KINDS_MEM, .rdonly_ok = true, .expected = EXPECT_MEM },
	[ARG_MEM_OR_NULL] = { KINDS_MEM, .or_null = true, .rdonly_ok = true,
			      .expected = EXPECT_MEM },
	[ARG_MEM_OUT] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_MEM_WRITE] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_MEM_WRITE_OR_NULL] = { KINDS_MEM, .or_null = true,
				    .expected = EXPECT_MEM },
	[ARG_FIXED] = { KINDS_MEM, .rdonly_ok = true, .expected = EXPECT_MEM },
	[ARG_FIXED_OUT] = { KINDS_MEM, .expected = EXPECT_MEM },
	[ARG_SIZE] = { KIND(SCALAR), .expected = "scalar" },
	[ARG_SIZE_OR_ZERO] = { KIND(SCALAR), .expected = "scalar" },
	[ARG_CONST_STR] = { KIND(MAP_VALUE), .expected = "map_value" },
	[ARG_SPIN_LOCK] = { KIND(MAP_VALUE), .expected = "map_value, ptr_" },
	[ARG_TIMER] = { KIND(MAP_VALUE), .expected = "map_value" },
	[ARG_FUNC] = { KIND(FUNC), .expected = "func" },
	[ARG_STACK_OR_NULL] = { KIND(STACK), .or_null = true,
				.expected = "fp" },
	[ARG_RECORD] = { KIND(MEM), .expected = "ringbuf_mem" },
	[ARG_SOCK_COMMON] = { KINDS_SOCK | KIND(KERNEL_SOCK),
			      .expected = EXPECT_SOCK ", ptr_, trusted_ptr_" },
	[ARG_DYNPTR] = { KIND(STACK) | KIND(DYNPTR),
			 .expected = "fp, dynptr_ptr" },
	[ARG_DYNPTR_MEM_OUT] = { KIND(STACK) | KIND(DYNPTR),
				 .expected = "fp, dynptr_ptr" },
	[ARG_DYNPTR_RINGBUF_OUT] = { KIND(STACK) | KIND(DYNPTR),
				     .expected = "fp, dynptr_ptr" },
	[ARG_DYNPTR_RINGBUF] = { KIND(STACK) | KIND(DYNPTR),
				 .expected = "fp, dynptr_ptr" },
};

static int check_kind(struct verifier *v, u32 regno, enum arg_type type,
		      const struct helper *helper)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	const struct arg_kind *k = &arg_kinds[type];
	const char *expected = k->expected;
	char name[64];
	bool ok = k->kinds >> r->kind & 1 && !(r->flags & REG_OR_NULL) &&
		  (k->rdonly_ok || !(r->flags & REG_RDONLY));

	if (type == ARG_RECORD)
		ok &= r->flags & REG_RINGBUF && 1;
	if (type == ARG_SOCK_COMMON && helper->casts &&
	    helper->ret != RET_KERNEL_SOCK_OR_NULL) {
		ok &= r->kind != REG_KERNEL_SOCK;
		expected = EXPECT_SOCK;
	}
	if (ok)
		return 0;
	return reject(v,
		      r->flags & REG_OR_NULL ? VERIFY_NULL_POINTER : VERIFY_ARG,
		      -EACCES, "R%u type=%s expected=%s", regno,
		      reg_kind_name(r, name, sizeof(name)), expected);
}

/* Where an offset would be lost on who looks at the pointer's kind only. */
static int check_offset(struct verifier *v, u32 regno,
			const struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	if (regno == BPF_REG_1 && meta->helper &&
	    helper_releases(meta->helper) && r->kind != REG_STACK) {
		if (r->off)
			return reject(v, VERIFY_ARG, -EINVAL,
				      "R%u must have zero offset when passed "
				      "to release func or trusted arg to kfunc",
				      regno);
		return check_ptr_off(v, r, regno, false);
	}
	if (KINDS_MEM >> r->kind & 1 || r->kind == REG_SCALAR)
		return 0;
	return check_ptr_off(v, r, regno, false);
}

/* ---- memory ---- */

static int not_memory(struct verifier *v, u32 regno)
{
	char name[64];

	return reject(v, VERIFY_ARG, -EACCES, "R%u type=%s expected=fp", regno,
		      reg_kind_name(&state_regs(v->cur)[regno], name,
				    sizeof(name)));
}

static int cannot_write(struct verifier *v, u32 regno)
{
	char name[64];

	return reject(v, VERIFY_READ_ONLY, -EACCES, "R%u cannot write into %s",
		      regno,
		      reg_kind_name(&state_regs(v->cur)[regno], name,
				    sizeof(name)));
}

int check_mem_arg(struct verifier *v, u32 regno, u32 size, bool zero_ok,
		  enum access kind, bool fills)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	int ret;

	v->subject = regno;
	switch (r->kind) {
	case REG_PKT:
	case REG_PKT_META: return check_packet(v, regno, r->off, size, zero_ok);
	case REG_MAP_KEY:
		if (kind == ACCESS_WRITE)
			return cannot_write(v, regno);
		return check_region(v, regno, r->off, size, r->map->key_size,
				    false);
	case REG_MAP_VALUE:
		ret = check_map_flags(v, regno, r->off, size, kind);
		return ret ? ret
			   : check_map_value(v, regno, r->off, size, zero_ok);
	case REG_MEM:
		if (kind == ACCESS_WRITE && r->flags & REG_RDONLY)
			return cannot_write(v, regno);
		return check_region(v, regno, r->off, size, r->size, zero_ok);
	case REG_STACK:
		return stack_region(v, regno, r->off, size, zero_ok, kind,
				    fills);
	default:
		if (zero_ok && !size && reg_is_null(r))
			return 0;
		return not_memory(v, regno);
	}
}

static void remember_fill(struct verifier *v, u32 regno, u32 size, bool fills,
			  struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	if (!fills || r->kind != REG_STACK || !range_is_const(&r->var))
		return;
	meta->fills = true;
	meta->fill_reg = (int)regno;
	meta->fill_size = size;
}

int check_mem_size_arg(struct verifier *v, u32 mem, u32 size_reg, bool zero_ok,
		       enum access kind, struct call_meta *meta, bool fills)
{
	const struct reg *r = &state_regs(v->cur)[size_reg];
	int ret;

	v->subject = size_reg;
	fills &= range_is_const(&r->var);
	if (r->var.smin < 0)
		return reject(v, VERIFY_SIZE, -EACCES,
			      "R%u min value is negative, either use unsigned "
			      "or 'var &= const'",
			      size_reg);
	if (!r->var.umin && !zero_ok)
		return reject(v, VERIFY_SIZE, -EACCES,
			      "R%u invalid zero-sized read: u64=[%llu,%llu]",
			      size_reg, (unsigned long long)r->var.umin,
			      (unsigned long long)r->var.umax);
	if (r->var.umax >= OFFSET_MAX)
		return reject(v, VERIFY_SIZE, -EACCES,
			      "R%u unbounded memory access, use 'var &= const' "
			      "or 'if (var < const)'",
			      size_reg);
	meta->size_max = (u32)r->var.umax;
	ret = check_mem_arg(v, mem, meta->size_max, zero_ok, kind, fills);
	if (ret)
		return ret;
	remember_fill(v, mem, (u32)r->var.umax, fills, meta);
	return precise_mark(v, size_reg);
}

/* ---- maps ---- */

/* The number that a key on the stack is, if it is known. */
static int find_key(struct verifier *v, u32 regno, struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	u32 size = meta->map->key_size, n = 0, at;
	struct frame *f;
	struct slot *s;
	s32 off;

	if (r->kind != REG_STACK || !range_is_const(&r->var) || size > 8)
		return 0;
	f = v->cur->frames[r->frame];
	off = r->off + (s32)r->var.smin;
	s = &f->stack[slot_of(off)];
	at = (u32)(-off - 1) % 8;
	while (n <= at && s->byte[at - n] == SLOT_ZERO)
		n++;
	if (n >= size) {
		meta->key_known = true;
		meta->key = 0;
		return 0;
	}
	if (!slot_is_spilled_scalar(s))
		return 0;
	for (n = 0; n <= at && s->byte[at - n] == SLOT_SPILL;)
		n++;
	if (n != size || at != 7 || !range_is_const(&s->reg.var))
		return 0;
	meta->key_known = true;
	meta->key = s->reg.var.bits.value;
	return precise_mark_slot(v, r->frame, slot_of(off));
}

static int check_key(struct verifier *v, u32 regno, struct call_meta *meta)
{
	int ret = check_mem_arg(v, regno, meta->map->key_size, false,
				ACCESS_READ, false);

	if (!ret && (meta->map->type == BPF_MAP_TYPE_ARRAY ||
		     meta->map->type == BPF_MAP_TYPE_PERCPU_ARRAY))
		ret = find_key(v, regno, meta);
	return ret;
}

static int check_value(struct verifier *v, u32 regno, bool out,
		       struct call_meta *meta)
{
	int ret = check_mem_arg(v, regno, meta->map->value_size, false,
				out ? ACCESS_WRITE : ACCESS_READ, out);

	if (!ret)
		remember_fill(v, regno, meta->map->value_size, out, meta);
	return ret;
}

/* A timer belongs to the map it is initialised with. */
static int check_map(struct verifier *v, u32 regno, struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	if (meta->map &&
	    (meta->map != r->map || (r->map->inner && meta->map_uid != r->uid)))
		return reject(v, VERIFY_ARG, -EINVAL,
			      "timer pointer in R1 map_uid=%u doesn't match "
			      "map pointer in R2 map_uid=%u",
			      meta->map_uid, r->uid);
	if (meta->map && meta->map_uid != r->uid)
		return reject(v, VERIFY_ARG, -EINVAL,
			      "timer pointer in R1 map_uid=%u doesn't match "
			      "map pointer in R2 map_uid=%u",
			      meta->map_uid, r->uid);
	meta->map = r->map;
	meta->map_uid = r->uid;
	return 0;
}

static int check_string(struct verifier *v, u32 regno)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	const struct verify_map *m = r->map;
	u64 at;

	if (!(m->flags & BPF_F_RDONLY_PROG) || !m->contents)
		return reject(v, VERIFY_ARG, -EACCES,
			      "R%u does not point to a readonly map'", regno);
	if (!range_is_const(&r->var))
		return reject(v, VERIFY_ARG, -EACCES,
			      "R%u is not a constant address'", regno);
	if (check_map_value(v, regno, r->off, 1, false))
		return -EACCES;
	for (at = (u64)(r->off + r->var.smin); at < m->value_size; at++)
		if (!((const char *)m->contents)[at])
			return 0;
	return reject(v, VERIFY_ARG, -EINVAL, "string is not zero-terminated");
}

static int check_timer(struct verifier *v, u32 regno, struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	u32 at;

	if (!range_is_const(&r->var))
		return reject(v, VERIFY_ARG, -EINVAL,
			      "R%u doesn't have constant offset. bpf_timer has "
			      "to be at the constant offset",
			      regno);
	if (!r->map->btf && !r->map->field_cnt)
		return reject(v, VERIFY_ARG, -EINVAL,
			      "map '%s' has to have BTF in order to use "
			      "bpf_timer",
			      r->map->name);
	if (!map_has_field(r->map, BTF_FIELD_TIMER, &at))
		return reject(v, VERIFY_ARG, -EINVAL,
			      "map '%s' has no valid bpf_timer", r->map->name);
	if (at != (u64)(r->off + r->var.smin))
		return reject(v, VERIFY_ARG, -EINVAL,
			      "off %lld doesn't point to 'struct bpf_timer' "
			      "that is at %u",
			      (long long)(r->off + r->var.smin), at);
	meta->map = r->map;
	meta->map_uid = r->uid;
	return 0;
}

/* ---- locks ---- */

static int check_lock_place(struct verifier *v, u32 regno)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	u32 at;

	if (!range_is_const(&r->var))
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "R%u doesn't have constant offset. bpf_spin_lock "
			      "has to be at the constant offset",
			      regno);
	if (!r->map->btf && !r->map->field_cnt)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "map '%s' has to have BTF in order to use "
			      "bpf_spin_lock",
			      r->map->name);
	if (!map_has_field(r->map, BTF_FIELD_SPIN_LOCK, &at))
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "map '%s' has no valid bpf_spin_lock",
			      r->map->name);
	if (at != (u64)(r->off + r->var.smin))
		return reject(
			v, VERIFY_LOCK, -EINVAL,
			"off %lld doesn't point to 'struct bpf_spin_lock' "
			"that is at %u",
			(long long)(r->off + r->var.smin), at);
	return 0;
}

static int check_lock(struct verifier *v, u32 regno, bool lock)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct state *s = v->cur;
	int ret = check_lock_place(v, regno);

	if (ret)
		return ret;
	if (lock && s->lock_map)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "Locking two bpf_spin_locks are not allowed");
	if (lock) {
		s->lock_map = r->map;
		s->lock_id = r->id;
		return 0;
	}
	if (!s->lock_map)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "bpf_spin_unlock without taking a lock");
	if (s->lock_map != r->map || s->lock_id != r->id)
		return reject(v, VERIFY_LOCK, -EINVAL,
			      "bpf_spin_unlock of different lock");
	s->lock_map = NULL;
	s->lock_id = 0;
	return 0;
}

/* ---- the argument ---- */

static int check_fixed(struct verifier *v, u32 i, struct call_meta *meta,
		       bool out)
{
	u32 regno = BPF_REG_1 + i, size = meta->helper->size[i];
	int ret = check_mem_arg(v, regno, size, false,
				out ? ACCESS_WRITE : ACCESS_READ, out);

	if (!ret)
		remember_fill(v, regno, size, out, meta);
	return ret || !out ? ret : check_aligned(v, regno, size);
}

static int check_alloc_size(struct verifier *v, u32 regno,
			    struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	if (!range_is_const(&r->var))
		return reject(v, VERIFY_SIZE, -EACCES,
			      "R%u is not a known constant'", regno);
	meta->size = r->var.bits.value;
	meta->size_known = true;
	return precise_mark(v, regno);
}

static bool is_memory(enum arg_type type)
{
	return type == ARG_MEM || type == ARG_MEM_OR_NULL ||
	       type == ARG_MEM_OUT || type == ARG_MEM_WRITE ||
	       type == ARG_MEM_WRITE_OR_NULL;
}

static int check_size(struct verifier *v, u32 i, struct call_meta *meta)
{
	const enum arg_type *arg = meta->helper->arg;
	bool out = i && arg[i - 1] == ARG_MEM_OUT;
	bool writes = out || (i && (arg[i - 1] == ARG_MEM_WRITE ||
				    arg[i - 1] == ARG_MEM_WRITE_OR_NULL));

	if (!i || !is_memory(arg[i - 1]))
		return check_alloc_size(v, BPF_REG_1 + i, meta);

	return check_mem_size_arg(v, BPF_REG_0 + i, BPF_REG_1 + i,
				  arg[i] == ARG_SIZE_OR_ZERO,
				  writes ? ACCESS_WRITE : ACCESS_READ, meta,
				  out);
}

static int check_by_type(struct verifier *v, u32 i, struct call_meta *meta)
{
	u32 regno = BPF_REG_1 + i;

	switch (meta->helper->arg[i]) {
	case ARG_MAP: return check_map(v, regno, meta);
	case ARG_MAP_KEY: return check_key(v, regno, meta);
	case ARG_MAP_VALUE: return check_value(v, regno, false, meta);
	case ARG_MAP_VALUE_OUT: return check_value(v, regno, true, meta);
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO: return check_size(v, i, meta);
	case ARG_FIXED: return check_fixed(v, i, meta, false);
	case ARG_FIXED_OUT: return check_fixed(v, i, meta, true);
	case ARG_CONST_STR: return check_string(v, regno);
	case ARG_TIMER: return check_timer(v, regno, meta);
	case ARG_SPIN_LOCK:
		return check_lock(v, regno, meta->id == BPF_FUNC_spin_lock);
	case ARG_FUNC: meta->subprog = state_regs(v->cur)[regno].func; return 0;
	case ARG_DYNPTR:
	case ARG_DYNPTR_RINGBUF: return dynptr_use(v, regno, meta);
	case ARG_DYNPTR_MEM_OUT:
		return dynptr_make(v, regno, DYNPTR_LOCAL, false);
	case ARG_DYNPTR_RINGBUF_OUT:
		return dynptr_make(v, regno, DYNPTR_RINGBUF, true);
	default: return 0;
	}
}

static int check_ref(struct verifier *v, u32 i, struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[BPF_REG_1 + i];

	if (helper_releases(meta->helper) && !i &&
	    meta->helper->arg[0] != ARG_DYNPTR_RINGBUF && !r->ref &&
	    !reg_is_null(r))
		return reject(v, VERIFY_REF, -EINVAL,
			      "R%u must be referenced when passed to release "
			      "function",
			      BPF_REG_1 + i);
	if (!r->ref)
		return 0;
	if (meta->ref)
		return reject(v, VERIFY_REF, -EACCES,
			      "more than one arg with ref_obj_id R%u %u %u",
			      BPF_REG_1 + i, r->ref, meta->ref);
	meta->ref = r->ref;
	return 0;
}

int check_arg(struct verifier *v, u32 i, struct call_meta *meta)
{
	enum arg_type type = meta->helper->arg[i];
	u32 regno = BPF_REG_1 + i;
	const struct reg *r = &state_regs(v->cur)[regno];
	int ret;

	if (type == ARG_NONE ||
	    (type == ARG_TC_CTX && !(v->prog_mask & PROG_TC)))
		return 0;
	ret = reg_must_be_read(v, regno);
	if (ret || type == ARG_ANY)
		return ret;
	if (type == ARG_KERNEL)
		return unsupported(v, meta->helper->name);
	if (reg_is_packet(r) && !meta->helper->pkt_access)
		return reject(v, VERIFY_ARG, -EACCES,
			      "helper access to the packet is not allowed");
	if (!(arg_kinds[type].or_null && reg_is_null(r))) {
		ret = check_kind(v, regno, type, meta->helper);
		if (!ret)
			ret = check_offset(v, regno, meta);
		if (ret)
			return ret;
	}
	ret = check_ref(v, i, meta);
	return ret ? ret : check_by_type(v, i, meta);
}
