/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * args.c - helper calls in checked mode: every argument against the prototype
 *
 * A helper trusts what it is given, so nothing reaches it that does not fit.
 */
#include "helper/dynptr.h"
#include "maps/fields.h"
#include "vm/shadow.h"

#define ARGS 5

struct call {
	struct machine *m;
	const struct vm_insn *in;
	const struct helper *helper;
	const struct map *map; /* the last ARG_MAP */
	u32 mem_size;	       /* the last ARG_SIZE */
	u32 record;	       /* of what is given back: its life, 0: none */
	/* the last ARG_DYNPTR, its first slot, and where one is made */
	const struct dynptr *dynptr;
	struct object slot;
	enum arg_type made;
	u64 made_at;
};

static bool wrong(const struct call *c, u32 reg, const char *expected)
{
	return vm_fault(c->m->vm.run, c->in, -EACCES,
			"R%u of bpf_%s is not what it must be: %s", reg,
			c->helper->name, expected);
}

static bool reach(const struct call *c, u32 reg, u64 size, enum access access)
{
	u8 kind = c->m->s.kind[reg];

	if ((kind == K_PACKET || kind == K_META) && !c->helper->pkt_access)
		return vm_fault(c->m->vm.run, c->in, -EACCES,
				"helper access to the packet is not allowed");
	return shadow_access(c->m, c->in, reg, c->m->vm.r[reg], size, access);
}

static bool writes_map(u32 helper)
{
	return helper == BPF_FUNC_map_update_elem ||
	       helper == BPF_FUNC_map_delete_elem ||
	       helper == BPF_FUNC_map_push_elem ||
	       helper == BPF_FUNC_map_pop_elem;
}

static bool check_map(struct call *c, u32 reg)
{
	const struct map *map;

	if (c->m->s.kind[reg] != K_MAP)
		return wrong(c, reg, "a map");
	map = (const struct map *)(uintptr_t)c->m->vm.r[reg];
	if (!helper_takes_map(c->helper->id, map->type))
		return vm_fault(c->m->vm.run, c->in, -EINVAL,
				"cannot pass map_type %u into func bpf_%s#%u",
				map->type, c->helper->name, c->helper->id);
	if (c->helper->id == BPF_FUNC_for_each_map_elem && !map->ops->for_each)
		return vm_fault(c->m->vm.run, c->in, -EINVAL,
				"callback function not allowed for map");
	if ((map->flags & BPF_F_RDONLY_PROG) && writes_map(c->helper->id))
		return vm_fault(c->m->vm.run, c->in, -EACCES,
				"write into map forbidden: '%s' is read-only "
				"for programs",
				map->name);
	if (c->helper->arg[0] == ARG_TIMER &&
	    c->m->s.obj[BPF_REG_1].map != map)
		return wrong(c, reg, "the map of the timer");
	c->map = map;
	return true;
}

/* reg points to memory whose size is in the next one. */
static bool check_mem(struct call *c, u32 reg, enum access access,
		      bool may_be_null)
{
	u64 size = c->m->vm.r[reg + 1];

	if (c->m->s.kind[reg + 1] != K_NUMBER)
		return wrong(c, reg + 1, "a size");
	if (may_be_null && !c->m->vm.r[reg] && !size)
		return true;
	return reach(c, reg, size, access);
}

static bool check_size(struct call *c, u32 reg, bool zero)
{
	u64 size = c->m->vm.r[reg];

	if (c->m->s.kind[reg] != K_NUMBER || size > UINT32_MAX ||
	    (!size && !zero))
		return wrong(c, reg, zero ? "a size" : "a size above 0");
	if (size % 8 && c->helper->id == BPF_FUNC_snprintf && reg == BPF_REG_5)
		return wrong(c, reg, "a size of arguments of 8 bytes");
	c->mem_size = (u32)size;
	return true;
}

static bool check_string(struct call *c, u32 reg)
{
	const struct object *o = &c->m->s.obj[reg];
	u64 addr = c->m->vm.r[reg];

	if (c->m->s.kind[reg] != K_VALUE ||
	    !(o->map->flags & BPF_F_RDONLY_PROG) ||
	    !atomic_load_explicit(&o->map->frozen, memory_order_relaxed))
		return wrong(c, reg, "a string in a read-only, frozen map");
	if (!reach(c, reg, 1, ACCESS_READ))
		return false;
	for (u64 end = o->base + o->size; addr < end; addr++)
		if (!*(const char *)(uintptr_t)addr)
			return true;
	return wrong(c, reg, "a string that ends inside the map's value");
}

/* A field of this kind in a value, and where it starts. */
static bool check_field(struct call *c, u32 reg, enum btf_field_kind kind)
{
	const struct object *o = &c->m->s.obj[reg];
	u64 off = c->m->vm.r[reg] - o->base;
	const char *name = btf_field_name(kind);

	if (c->m->s.kind[reg] != K_VALUE)
		return wrong(c, reg, "inside a map's value");
	if (!fields_have(o->map->fields, kind))
		return vm_fault(c->m->vm.run, c->in, -EINVAL,
				"map '%s' has no valid %s", o->map->name, name);
	for (u32 i = 0; i < o->map->fields->cnt; i++) {
		if (o->map->fields->at[i].kind == kind &&
		    o->map->fields->at[i].offset == off)
			return true;
	}
	return vm_fault(c->m->vm.run, c->in, -EINVAL,
			"off %lld doesn't point to 'struct %s'",
			(long long)off, name);
}

static bool check_spin_lock(struct call *c, u32 reg)
{
	struct machine *m = c->m;
	bool lock = c->helper->id == BPF_FUNC_spin_lock;

	if (!check_field(c, reg, BTF_FIELD_SPIN_LOCK))
		return false;
	if (lock && m->held)
		return vm_fault(m->vm.run, c->in, -EINVAL,
				"Locking two bpf_spin_locks are not allowed");
	if (lock)
		return true;
	if (!m->held)
		return vm_fault(m->vm.run, c->in, -EINVAL,
				"bpf_spin_unlock without taking a lock");
	return m->held == (struct spin *)(uintptr_t)m->vm.r[reg] ||
	       vm_fault(m->vm.run, c->in, -EINVAL,
			"bpf_spin_unlock of different lock");
}

/* Which one it was has to be known when it is gone. */
static bool check_record(struct call *c, u32 reg)
{
	const struct object *o = &c->m->s.obj[reg];

	if (c->m->s.kind[reg] == K_NUMBER)
		return vm_fault(c->m->vm.run, c->in, -EACCES,
				"R%u type=scalar expected=ringbuf_mem", reg);
	if (c->m->s.kind[reg] != K_MEM || c->m->vm.r[reg] != o->base ||
	    !record_lives(c->m, o->life))
		return wrong(c, reg, "the start of a record that was reserved");
	c->record = o->life;
	return true;
}

static bool check_dynptr(struct call *c, u32 reg, bool release)
{
	c->dynptr = shadow_dynptr(c->m, c->in, reg, release, &c->slot);
	if (!c->dynptr)
		return false;
	if (release) {
		c->record = c->slot.life;
		c->made_at = c->m->vm.r[reg];
	}
	return true;
}

/* The two lie where nothing else of the call does. */
static bool check_room(struct call *c, u32 reg, enum arg_type type)
{
	c->made = type;
	c->made_at = c->m->vm.r[reg];
	if (type == ARG_ITER_OUT)
		return shadow_iter_room(c->m, c->in, reg);
	return shadow_dynptr_room(c->m, c->in, reg);
}

/* Of a packet a dynptr is made, of a value or what a dynptr gave it another. */
static bool check_write(struct call *c, u32 reg)
{
	if (c->helper->id == BPF_FUNC_dynptr_from_mem &&
	    c->m->s.kind[reg] != K_VALUE)
		return wrong(c, reg, "inside a map's value");
	return check_mem(c, reg, ACCESS_BOTH, false);
}

/* kfuncs' and those of dynptrs. */
static bool check_object(struct call *c, u32 reg, enum arg_type type)
{
	switch (type) {
	case ARG_DYNPTR:
		return check_dynptr(c, reg, false);
	case ARG_DYNPTR_RINGBUF:
		return check_dynptr(c, reg, true);
	case ARG_DYNPTR_MEM_OUT:
	case ARG_DYNPTR_RINGBUF_OUT:
	case ARG_DYNPTR_PACKET_OUT:
	case ARG_DYNPTR_CLONE_OUT:
	case ARG_ITER_OUT:
		return check_room(c, reg, type);
	case ARG_ITER:
	case ARG_ITER_END:
		c->made_at = c->m->vm.r[reg];
		return shadow_iter(c->m, c->in, reg);
	case ARG_BUFFER_OR_NULL:
		return (c->m->s.kind[reg] == K_NUMBER && !c->m->vm.r[reg]) ||
		       check_mem(c, reg, ACCESS_WRITE, false);
	default:
		return wrong(c, reg, "something this version knows");
	}
}

static bool check_special(struct call *c, u32 reg, enum arg_type type)
{
	u8 kind = c->m->s.kind[reg];
	u64 value = c->m->vm.r[reg];

	switch (type) {
	case ARG_TC_CTX:
		return !(ctx_mask(c->m->vm.run->prog->type) & PROG_TC) ||
		       check_special(c, reg, ARG_CTX);
	case ARG_CTX:
		return (kind == K_CTX &&
			value == (u64)(uintptr_t)c->m->vm.run->pkt) ||
		       wrong(c, reg, "the context");
	case ARG_SOCK_COMMON:
		return kind == K_SOCK || wrong(c, reg, "a socket");
	case ARG_CTX_OR_NULL:
		return (kind == K_NUMBER && !value) ||
		       check_special(c, reg, ARG_CTX);
	case ARG_CONST_STR:
		return check_string(c, reg);
	case ARG_SPIN_LOCK:
		return check_spin_lock(c, reg);
	case ARG_TIMER:
		return check_field(c, reg, BTF_FIELD_TIMER);
	case ARG_FUNC:
		return kind == K_FUNC || wrong(c, reg, "a function");
	case ARG_RECORD:
		return check_record(c, reg);
	case ARG_STACK_OR_NULL:
		return kind == K_STACK || (kind == K_NUMBER && !value) ||
		       wrong(c, reg, "a place in the stack, or NULL");
	default:
		return check_object(c, reg, type);
	}
}

static bool check_aligned(const struct call *c, u32 reg)
{
	return !(c->m->vm.r[reg] % c->helper->size[reg - 1]) ||
	       vm_fault(c->m->vm.run, c->in, -EACCES,
			"misaligned access: R%u is no multiple of %u", reg,
			c->helper->size[reg - 1]);
}

static bool check_arg(struct call *c, u32 reg, enum arg_type type)
{
	if (c->m->s.kind[reg] == K_UNSET)
		return shadow_unset(c->m, c->in, reg);
	switch (type) {
	case ARG_ANY:
		return true;
	case ARG_MAP:
		return check_map(c, reg);
	case ARG_MAP_KEY:
		return reach(c, reg, c->map->key_size, ACCESS_READ);
	case ARG_MAP_VALUE:
		return reach(c, reg, c->map->value_size, ACCESS_READ);
	case ARG_MAP_VALUE_OUT:
		return reach(c, reg, c->map->value_size,
			     c->map->type == BPF_MAP_TYPE_BLOOM_FILTER
				     ? ACCESS_READ
				     : ACCESS_WRITE);
	case ARG_MEM:
		return check_mem(c, reg, ACCESS_READ, false);
	case ARG_MEM_OR_NULL:
		return check_mem(c, reg, ACCESS_READ, true);
	case ARG_MEM_OUT:
		return check_mem(c, reg, ACCESS_WRITE, false);
	case ARG_MEM_WRITE_OR_NULL:
		return check_mem(c, reg, ACCESS_WRITE, true);
	case ARG_MEM_WRITE:
		return check_write(c, reg);
	case ARG_FIXED:
		return reach(c, reg, c->helper->size[reg - 1], ACCESS_READ);
	case ARG_FIXED_OUT:
		return check_aligned(c, reg) &&
		       reach(c, reg, c->helper->size[reg - 1], ACCESS_WRITE);
	case ARG_SIZE:
		return check_size(c, reg, false);
	case ARG_SIZE_OR_ZERO:
		return check_size(c, reg, true);
	default:
		return check_special(c, reg, type);
	}
}

static bool check_args(struct call *c)
{
	bool locks = c->helper->arg[0] == ARG_SPIN_LOCK;

	if (!locks && !shadow_may_not_hold(c->m, c->in, "a helper is called"))
		return false;
	for (u32 i = 0; i < ARGS && c->helper->arg[i] != ARG_NONE; i++)
		if (!check_arg(c, i + 1, c->helper->arg[i]))
			return false;
	return true;
}

/* A record inside a dynptr. */
static bool add_record(struct call *c, u32 *life)
{
	const struct dynptr *d = (const void *)(uintptr_t)c->made_at;

	*life = 0;
	return !d->data || record_add(c->m, c->in, d->data, life);
}

/* What the call has made of the stack. */
static bool set_made(struct call *c)
{
	u32 life;

	switch (c->made) {
	case ARG_DYNPTR_RINGBUF_OUT:
		if (!add_record(c, &life))
			return false;
		shadow_dynptr_made(c->m, c->made_at, true, life);
		return true;
	case ARG_DYNPTR_MEM_OUT:
	case ARG_DYNPTR_PACKET_OUT:
		shadow_dynptr_made(c->m, c->made_at, false, 0);
		return true;
	case ARG_DYNPTR_CLONE_OUT:
		shadow_dynptr_made(c->m, c->made_at, c->slot.size,
				   c->slot.life);
		return true;
	case ARG_ITER_OUT:
		shadow_iter_set(c->m, c->made_at, true);
		return true;
	default:
		break;
	}
	if (c->helper->arg[0] == ARG_DYNPTR_RINGBUF)
		shadow_dynptr_gone(c->m, c->made_at);
	else if (c->helper->arg[0] == ARG_ITER_END)
		shadow_iter_set(c->m, c->made_at, false);
	return true;
}

static bool of_packet(const struct dynptr *d)
{
	return d->of == DYNPTR_OF_SKB || d->of == DYNPTR_OF_XDP;
}

/* Not in frags, nor a copy. */
static bool is_linear(const struct pkt *p, u64 addr)
{
	return addr >= (u64)(uintptr_t)p->data &&
	       addr <= (u64)(uintptr_t)p->data_end;
}

static bool set_result(struct call *c)
{
	struct object obj = { .base = c->m->vm.r[BPF_REG_0], .map = c->map };
	enum kind kind = K_NUMBER;

	switch (c->helper->ret) {
	case RET_INT:
		break;
	case RET_VOID:
		kind = K_UNSET;
		break;
	case RET_MAP_VALUE_OR_NULL:
		kind = K_VALUE;
		obj.size = c->map->value_size;
		if (c->map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		    c->map->type == BPF_MAP_TYPE_HASH_OF_MAPS)
			kind = K_MAP;
		break;
	case RET_MEM_OR_NULL:
		kind = K_MEM;
		obj.size = c->mem_size;
		if (obj.base && !record_add(c->m, c->in,
					    (void *)(uintptr_t)obj.base,
					    &obj.life))
			return false;
		break;
	case RET_SLICE_OR_NULL:
	case RET_DYNPTR_MEM_OR_NULL:
		kind = K_MEM;
		obj.size = c->mem_size;
		obj.life = c->slot.life;
		obj.rdonly = c->helper->ret == RET_SLICE_OR_NULL;
		if (obj.base && of_packet(c->dynptr) &&
		    is_linear(c->m->vm.run->pkt, obj.base)) {
			kind = K_PACKET;
			obj.life = c->m->vm.run->pkt->generation;
		}
		break;
	case RET_SOCK_OR_NULL:
	case RET_SOCK_COMMON_OR_NULL:
		kind = K_SOCK;
		obj.size = sizeof(struct bpf_sock);
		obj.rdonly = true;
		break;
	case RET_TCP_SOCK_OR_NULL:
		kind = K_SOCK;
		obj.size = sizeof(struct bpf_tcp_sock);
		obj.rdonly = true;
		break;
	case RET_NUMBER_OR_NULL:
		kind = K_MEM;
		obj.size = sizeof(s32);
		obj.rdonly = true;
		break;
	default:
		return wrong(c, BPF_REG_0, "something this version knows");
	}
	if (kind > K_UNSET && !obj.base)
		kind = K_NUMBER;
	shadow_set(c->m, BPF_REG_0, kind, obj);
	return true;
}

/* The call itself; what it hands to a callback is its third argument. */
static void do_call(struct call *c)
{
	struct machine *m = c->m;
	const struct vm_calling *before = m->calling;
	const struct vm_calling calling = {
		.helper = c->helper,
		.map = c->map,
		.kind = m->s.kind[BPF_REG_3],
		.obj = m->s.obj[BPF_REG_3],
	};
	u64 *r = m->vm.r;

	m->calling = &calling;
	r[BPF_REG_0] = c->helper->fn(m->vm.run, r[1], r[2], r[3], r[4], r[5]);
	m->calling = before;
}

bool shadow_call(struct machine *m, const struct vm_insn *in)
{
	struct call c = { .m = m, .in = in, .helper = vm_insn_helper(in) };
	struct run *run = m->vm.run;
	u64 first = m->vm.r[BPF_REG_1];

	if (!check_args(&c))
		return false;
	do_call(&c);
	if (run->fault.code)
		return false;
	if (c.helper->id == BPF_FUNC_spin_lock)
		m->held = (struct spin *)(uintptr_t)first;
	else if (c.helper->id == BPF_FUNC_spin_unlock)
		m->held = NULL;
	if (c.helper->moves_packet && run->pkt)
		run->pkt->generation++;
	if (c.record)
		record_given_back(m, c.record);
	shadow_clobber(m, BPF_REG_1, BPF_REG_5);
	return set_made(&c) && set_result(&c);
}

bool shadow_check_tail(struct machine *m, const struct vm_insn *in)
{
	struct call c = { .m = m, .in = in, .helper = vm_insn_helper(in) };

	return check_args(&c) && records_none(m, in, "tail_call");
}
