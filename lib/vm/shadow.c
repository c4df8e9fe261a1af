/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/shadow.h"

#include <string.h>

#include "maps/fields.h"
#include "prog/ctx.h"

bool shadow_unset(struct machine *m, const struct vm_insn *in, u32 reg)
{
	return vm_fault(m->vm.run, in, -EACCES,
			"R%u !read_ok: it has no value here", reg);
}

void shadow_clobber(struct machine *m, u32 first, u32 last)
{
	for (u32 reg = first; reg <= last; reg++)
		m->s.kind[reg] = K_UNSET;
}

void shadow_point_frame(struct machine *m)
{
	u32 depth = m->vm.depth;

	shadow_set(m, BPF_REG_10, K_STACK,
		   (struct object){
			   .base = (u64)(uintptr_t)m->vm.stack[depth],
			   .size = BPF_STACK_BYTES,
			   .life = m->frames[depth].serial,
		   });
}

void shadow_new_frame(struct machine *m)
{
	u32 depth = m->vm.depth;
	struct frame_shadow *f = &m->frames[depth];

	memset(m->vm.stack[depth], 0, BPF_STACK_BYTES);
	memset(f->kind, K_NUMBER, sizeof(f->kind));
	f->serial = ++m->serials;
	shadow_point_frame(m);
}

void shadow_push(struct machine *m)
{
	struct frame_shadow *f = &m->frames[m->vm.depth];

	for (u32 i = 0; i < VM_SAVED; i++) {
		f->saved_kind[i] = m->s.kind[BPF_REG_6 + i];
		f->saved_obj[i] = m->s.obj[BPF_REG_6 + i];
	}
	m->s.kind[BPF_REG_0] = K_UNSET;
	shadow_clobber(m, BPF_REG_6, BPF_REG_9);
	shadow_new_frame(m);
}

/* The frame left is the one above the one in use. */
void shadow_pop(struct machine *m)
{
	const struct frame_shadow *f = &m->frames[m->vm.depth + 1];

	for (u32 i = 0; i < VM_SAVED; i++)
		shadow_set(m, BPF_REG_6 + i, f->saved_kind[i], f->saved_obj[i]);
	shadow_clobber(m, BPF_REG_1, BPF_REG_5);
	shadow_point_frame(m);
}

bool shadow_step(struct machine *m, const struct vm_insn *in)
{
	struct run *run = m->vm.run;

	if (!m->aside)
		return vm_fault(run, in, -E2BIG,
				"program exceeded %llu instructions",
				(unsigned long long)m->limit);
	m->aside--;
	return m->watch->step(m->watch, m,
			      (u32)(in - vm_image(run->prog)->insns));
}

void shadow_limit(struct machine *m)
{
	const struct run *run = m->vm.run;
	u64 left = m->limit > run->insns ? m->limit - run->insns : 0;

	m->left = m->watch ? 0 : left;
	m->aside = m->watch ? left : 0;
}

void shadow_begin(struct machine *m, struct vm_watch *watch)
{
	struct run *run = m->vm.run;

	m->limit = run->insn_limit ? run->insn_limit : VM_INSN_LIMIT;
	m->watch = watch;
	shadow_limit(m);
	m->serials = 0;
	m->record_cnt = 0;
	m->held = NULL;
	m->calling = NULL;
	shadow_clobber(m, BPF_REG_0, BPF_REG_9);
	shadow_new_frame(m);
}

/* Kinds that arithmetic may move within their object. */
static bool movable(u8 kind)
{
	return kind == K_STACK || kind == K_CTX || kind == K_PACKET ||
	       kind == K_META || kind == K_VALUE || kind == K_MEM;
}

bool shadow_arith(struct machine *m, const struct vm_insn *in, enum arith how,
		  bool two)
{
	u8 dst = m->s.kind[in->dst];
	u8 src = two ? m->s.kind[in->src] : K_NUMBER;

	if (dst == K_UNSET)
		return shadow_unset(m, in, in->dst);
	if (src == K_UNSET)
		return shadow_unset(m, in, in->src);
	if (how != ARITH_OTHER && movable(dst) && src == K_NUMBER)
		return true;
	if (how == ARITH_ADD && dst == K_NUMBER && movable(src))
		shadow_copy(m, in->dst, in->src);
	else if (how == ARITH_SUB && dst > K_LOST && src > K_LOST)
		shadow_number(m, in->dst);
	else
		m->s.kind[in->dst] = K_LOST;
	return true;
}

static void *no_pointer(struct machine *m, const struct vm_insn *in, u32 reg)
{
	static const char *const why[] = {
		[K_NUMBER] = "a number, not a pointer",
		[K_LOST] = "no pointer any more: only adding or subtracting a "
			   "number keeps one",
		[K_PACKET_END] = "the packet's end: only for comparing",
		[K_MAP] = "a map: only helpers can use it",
		[K_FUNC] = "a function: only helpers can use it",
		[K_DYNPTR] = "a dynptr: only helpers can use it",
		[K_CTX] = "the context: not here",
	};
	u8 kind = m->s.kind[reg];

	if (kind == K_UNSET)
		shadow_unset(m, in, reg);
	else if (kind == K_NUMBER && !m->vm.r[reg])
		vm_fault(m->vm.run, in, -EACCES,
			 "R%u is NULL: test what a lookup returns before "
			 "using it",
			 reg);
	else
		vm_fault(m->vm.run, in, -EACCES, "R%u is %s", reg, why[kind]);
	return NULL;
}

static bool inside(u64 addr, u64 size, u64 low, u64 high)
{
	u64 off = addr - low, len = high - low;

	return off <= len && size <= len - off;
}

static void *packet_access(struct machine *m, const struct vm_insn *in, u32 reg,
			   u64 addr, u64 size)
{
	struct run *run = m->vm.run;
	const struct pkt *p = run->pkt;
	bool meta = m->s.kind[reg] == K_META;
	const char *what = meta ? "metadata" : "packet";
	u64 low = (u64)(uintptr_t)(meta ? p->data_meta : p->data);
	u64 high = (u64)(uintptr_t)(meta ? p->data : p->data_end);

	if (m->s.obj[reg].life != p->generation)
		vm_fault(run, in, -EACCES,
			 "R%u points into the packet as it was before a helper "
			 "moved it: read data and data_end again",
			 reg);
	else if (!inside(addr, size, low, high))
		vm_fault(run, in, -EACCES,
			 "%s access at offset %lld, %llu bytes: the %s ends "
			 "at %llu",
			 what, (long long)(addr - low),
			 (unsigned long long)size, what,
			 (unsigned long long)(high - low));
	else
		return (void *)(uintptr_t)addr;
	return NULL;
}

static bool map_allows(struct machine *m, const struct vm_insn *in,
		       const struct map *map, enum access access)
{
	if (access != ACCESS_READ && (map->flags & BPF_F_RDONLY_PROG))
		return vm_fault(m->vm.run, in, -EACCES,
				"write into map forbidden: '%s' is read-only "
				"for programs",
				map->name);
	if (access != ACCESS_WRITE && (map->flags & BPF_F_WRONLY_PROG))
		return vm_fault(m->vm.run, in, -EACCES,
				"read from map forbidden: '%s' is write-only "
				"for programs",
				map->name);
	return true;
}

bool shadow_may_not_hold(struct machine *m, const struct vm_insn *in,
			 const char *what)
{
	return likely(!m->held) ||
	       vm_fault(m->vm.run, in, -EINVAL,
			"%s while a bpf_spin_lock is held", what);
}

static void *stack_access(struct machine *m, const struct vm_insn *in, u32 reg,
			  u64 addr, u64 size, enum access access)
{
	const struct object *o = &m->s.obj[reg];
	u64 off = addr - o->base;
	u32 slot;
	struct frame_shadow *f = shadow_slot(m, o->base, &slot);

	if (f > &m->frames[m->vm.depth] || f->serial != o->life) {
		vm_fault(m->vm.run, in, -EACCES,
			 "R%u points into the stack of a function that has "
			 "returned",
			 reg);
		return NULL;
	}
	if (!size)
		return (void *)(uintptr_t)addr;
	if (!shadow_touch(m, in, f, (u32)(off / 8), (u32)((off + size - 1) / 8),
			  access != ACCESS_READ))
		return NULL;
	return (void *)(uintptr_t)addr;
}

static void *outside(struct machine *m, const struct vm_insn *in, u32 reg,
		     u64 addr, u64 size)
{
	const struct object *o = &m->s.obj[reg];
	long long off = (long long)(addr - o->base);
	unsigned long long bytes = size;

	if (m->s.kind[reg] == K_STACK)
		vm_fault(m->vm.run, in, -EACCES,
			 "stack access at fp%+lld, %llu bytes: a frame goes "
			 "from fp-%u to fp",
			 off - BPF_STACK_BYTES, bytes, BPF_STACK_BYTES);
	else if (m->s.kind[reg] == K_VALUE)
		vm_fault(m->vm.run, in, -EACCES,
			 "map value access at offset %lld, %llu bytes: values "
			 "of '%s' have %u",
			 off, bytes, o->map->name, o->size);
	else
		vm_fault(m->vm.run, in, -EACCES,
			 "memory access at offset %lld, %llu bytes: there are "
			 "%u",
			 off, bytes, o->size);
	return NULL;
}

/* Locks and the like are for helpers. */
static void *value_access(struct machine *m, const struct vm_insn *in, u32 reg,
			  u64 addr, u64 size)
{
	const struct object *o = &m->s.obj[reg];
	const struct btf_field *field = NULL;

	if (!inside(addr, size, o->base, o->base + o->size))
		return outside(m, in, reg, addr, size);
	if (o->map->fields)
		field = fields_touched(o->map->fields, addr - o->base, size);
	if (!field)
		return (void *)(uintptr_t)addr;
	vm_fault(m->vm.run, in, -EACCES,
		 "%s cannot be accessed directly by load/store",
		 btf_field_name(field->kind));
	return NULL;
}

void *shadow_access(struct machine *m, const struct vm_insn *in, u32 reg,
		    u64 addr, u64 size, enum access access)
{
	const struct object *o = &m->s.obj[reg];

	switch (m->s.kind[reg]) {
	case K_PACKET:
	case K_META:
		return packet_access(m, in, reg, addr, size);
	case K_STACK:
		if (!inside(addr, size, o->base, o->base + o->size))
			return outside(m, in, reg, addr, size);
		return stack_access(m, in, reg, addr, size, access);
	case K_VALUE:
		if (!map_allows(m, in, o->map, access))
			return NULL;
		return value_access(m, in, reg, addr, size);
	case K_MEM:
		if (o->life && !record_lives(m, o->life)) {
			vm_fault(m->vm.run, in, -EACCES,
				 "R%u points to a record that was given back",
				 reg);
			return NULL;
		}
		/* fall through */
	case K_SOCK:
		if (o->rdonly && access != ACCESS_READ) {
			vm_fault(m->vm.run, in, -EACCES,
				 "R%u points to memory that is only to be read",
				 reg);
			return NULL;
		}
		break;
	default:
		return no_pointer(m, in, reg);
	}
	if (!inside(addr, size, o->base, o->base + o->size))
		return outside(m, in, reg, addr, size);
	return (void *)(uintptr_t)addr;
}

static const struct ctx_field *find_field(struct machine *m,
					  const struct vm_insn *in, u32 reg,
					  u32 size, bool write, u32 *off)
{
	struct run *run = m->vm.run;
	u64 at = m->vm.r[reg] + (s64)in->off - (u64)(uintptr_t)run->pkt;
	const struct ctx_field *f = NULL;

	*off = (u32)at;
	if (at < ctx_size(run->prog->type))
		f = ctx_find(run->prog->type, run->prog->expected_attach_type,
			     *off, size, write);
	if (!f)
		vm_fault(run, in, -EACCES,
			 "invalid bpf_context access off=%lld size=%u%s",
			 (long long)at, size, write ? ", a write" : "");
	return f;
}

bool shadow_load_ctx(struct machine *m, const struct vm_insn *in, u32 size,
		     u64 *out)
{
	static const u8 kinds[] = {
		[CTX_PLAIN] = K_NUMBER,
		[CTX_DATA] = K_PACKET,
		[CTX_DATA_END] = K_PACKET_END,
		[CTX_DATA_META] = K_META,
		[CTX_CALL] = K_NUMBER,
		[CTX_SOCK] = K_NUMBER,
	};
	const struct pkt *p = m->vm.run->pkt;
	const struct ctx_field *f;
	u32 off;

	f = find_field(m, in, in->src, size, false, &off);
	if (!f)
		return false;
	*out = ctx_load(f, p, off, size);
	shadow_set(m, in->dst, kinds[f->how],
		   (struct object){ .life = p->generation });
	return true;
}

bool shadow_store_ctx(struct machine *m, const struct vm_insn *in, u32 size,
		      u64 value)
{
	const struct ctx_field *f;
	u32 off;

	f = find_field(m, in, in->dst, size, true, &off);
	if (!f)
		return false;
	ctx_store(f, m->vm.run->pkt, off, size, value);
	return true;
}
