/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dynptr.c - in checked mode: dynptrs and iterators on the stack
 *
 * A dynptr takes two slots: base of their objects is 1 in the first and 0 in
 * the second, size is 1 if it was reserved in a ring buffer.
 */
#include "helper/dynptr.h"
#include "vm/shadow.h"

static bool is_dynptr(const struct frame_shadow *f, u32 slot)
{
	return f->kind[slot] == K_DYNPTR_SLOT &&
	       f->kind[slot + 1] == K_DYNPTR_SLOT && f->obj[slot].base;
}

static bool holds_record(struct machine *m, const struct object *o)
{
	return o->size && o->life && record_lives(m, o->life);
}

static bool touch_special(struct machine *m, const struct vm_insn *in,
			  struct frame_shadow *f, u32 slot, bool write)
{
	const struct object *o = &f->obj[slot];
	bool iter = f->kind[slot] == K_ITER_SLOT;

	if (!write)
		return vm_fault(m->vm.run, in, -EACCES,
				"%s on the stack: only helpers can use it",
				iter ? "an iterator" : "a dynptr");
	f->kind[slot] = K_NUMBER;
	if (iter)
		return true;
	if (holds_record(m, o))
		return vm_fault(m->vm.run, in, -EINVAL,
				"cannot overwrite referenced dynptr");
	f->kind[o->base ? slot + 1 : slot - 1] = K_NUMBER;
	return true;
}

bool shadow_touch(struct machine *m, const struct vm_insn *in,
		  struct frame_shadow *f, u32 first, u32 last, bool write)
{
	for (u32 i = first; i <= last; i++) {
		if (unlikely(f->kind[i] >= K_DYNPTR_SLOT)) {
			if (!touch_special(m, in, f, i, write))
				return false;
		} else if (write) {
			f->kind[i] = K_NUMBER;
		}
	}
	return true;
}

/* Aligned, in a live frame: its shadow. */
static struct frame_shadow *find(struct machine *m, const struct vm_insn *in,
				 u32 reg, u32 slots, u32 *slot)
{
	const struct object *o = &m->s.obj[reg];
	u64 addr = m->vm.r[reg], off = addr - o->base;
	struct frame_shadow *f = NULL;

	if (m->s.kind[reg] == K_STACK && off % 8 == 0 &&
	    off <= BPF_STACK_BYTES - 8ull * slots)
		f = shadow_slot(m, addr, slot);
	if (f && f <= &m->frames[m->vm.depth] && f->serial == o->life)
		return f;
	vm_fault(m->vm.run, in, -EINVAL,
		 "R%u does not point to %u aligned bytes of the stack", reg,
		 8 * slots);
	return NULL;
}

static const struct dynptr *uninitialised(struct machine *m,
					  const struct vm_insn *in, u32 reg)
{
	vm_fault(m->vm.run, in, -EINVAL,
		 "Expected an initialized dynptr as arg #%u", reg - 1);
	return NULL;
}

const struct dynptr *shadow_dynptr(struct machine *m, const struct vm_insn *in,
				   u32 reg, bool release, struct object *o)
{
	const struct dynptr *d = (const void *)(uintptr_t)m->vm.r[reg];
	const struct frame_shadow *f;
	u32 slot = 0;

	*o = (struct object){ 0 };
	if (m->s.kind[reg] == K_DYNPTR && !release)
		return m->vm.r[reg] == m->s.obj[reg].base
			       ? d
			       : uninitialised(m, in, reg);
	f = find(m, in, reg, 2, &slot);
	if (!f)
		return NULL;
	*o = f->obj[slot];
	if (!is_dynptr(f, slot) || (o->life && !record_lives(m, o->life)))
		return uninitialised(m, in, reg);
	if (!release || o->size)
		return d;
	vm_fault(m->vm.run, in, -EINVAL, "arg %u is an unacquired reference",
		 reg);
	return NULL;
}

bool shadow_dynptr_room(struct machine *m, const struct vm_insn *in, u32 reg)
{
	u32 slot = 0;
	struct frame_shadow *f = find(m, in, reg, 2, &slot);

	return f && shadow_touch(m, in, f, slot, slot + 1, true);
}

void shadow_dynptr_made(struct machine *m, u64 addr, bool ringbuf, u32 life)
{
	u32 slot;
	struct frame_shadow *f = shadow_slot(m, addr, &slot);

	for (u32 i = 0; i < 2; i++) {
		f->kind[slot + i] = K_DYNPTR_SLOT;
		f->obj[slot + i] = (struct object){ .base = i == 0,
						    .size = ringbuf,
						    .life = life };
	}
}

void shadow_dynptr_gone(struct machine *m, u64 addr)
{
	u32 slot;
	struct frame_shadow *f = shadow_slot(m, addr, &slot);

	f->kind[slot] = f->kind[slot + 1] = K_NUMBER;
}

bool shadow_iter(struct machine *m, const struct vm_insn *in, u32 reg)
{
	u32 slot = 0;
	const struct frame_shadow *f = find(m, in, reg, 1, &slot);

	return f && (f->kind[slot] == K_ITER_SLOT ||
		     vm_fault(m->vm.run, in, -EINVAL,
			      "expected an initialized iter_num as arg #0"));
}

bool shadow_iter_room(struct machine *m, const struct vm_insn *in, u32 reg)
{
	u32 slot = 0;
	struct frame_shadow *f = find(m, in, reg, 1, &slot);

	if (!f)
		return false;
	if (f->kind[slot] == K_ITER_SLOT)
		return vm_fault(m->vm.run, in, -EINVAL,
				"expected uninitialized iter_num as arg #0");
	return shadow_touch(m, in, f, slot, slot, true);
}

void shadow_iter_set(struct machine *m, u64 addr, bool there)
{
	u32 slot;
	struct frame_shadow *f = shadow_slot(m, addr, &slot);

	f->kind[slot] = there ? K_ITER_SLOT : K_NUMBER;
}
