/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dynptr.c - dynptrs on the stack: two slots that only helpers read and write
 *
 * D1  Both slots are SLOT_DYNPTR or neither is; the one at the lower address
 *     has first set.
 * D2  A write over one destroys it and the memory it gave; one that holds a
 *     reference cannot be written over.
 */
#include "verify/verifier.h"

static bool holds_ref(u8 kind)
{
	return kind == DYNPTR_RINGBUF;
}

static bool is_dynptr_slot(const struct slot *s)
{
	for (u32 i = 0; i < 8; i++)
		if (s->byte[i] != SLOT_DYNPTR)
			return false;
	return true;
}

static void forget_slices(struct verifier *v, u32 id)
{
	struct reg *r;

	state_each_reg(v->cur, f, r, i)
	{
		if (r->kind == REG_MEM && id && r->dynptr_id == id)
			*r = reg_scalar();
	}
}

static void clear_slot(struct slot *s)
{
	*s = (struct slot){ .reg = reg_uninit() };
}

/* at: the first slot. */
static void clear_dynptr(struct verifier *v, struct frame *f, u32 at)
{
	u32 id = f->stack[at].reg.dynptr_id;

	clear_slot(&f->stack[at]);
	clear_slot(&f->stack[at - 1]);
	forget_slices(v, id);
}

int stack_destroy_dynptr(struct verifier *v, struct frame *f, u32 slot)
{
	const struct reg *r = &f->stack[slot].reg;

	if (f->stack[slot].byte[0] != SLOT_DYNPTR)
		return 0;
	if (holds_ref(r->dynptr))
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "cannot overwrite referenced dynptr");
	clear_dynptr(v, f, r->first ? slot : slot + 1);
	return 0;
}

/* The first slot that a pointer to a dynptr points to. */
static int find_slot(struct verifier *v, const struct reg *r, u32 *slot)
{
	s32 off;

	if (!range_is_const(&r->var))
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "dynptr has to be at a constant offset");
	off = r->off + (s32)r->var.smin;
	if (off % 8 || off > -16 || off < -BPF_STACK_BYTES)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "cannot pass in dynptr at an offset=%d", off);
	*slot = slot_of(off);
	return 0;
}

struct reg *dynptr_find(struct verifier *v, const struct reg *r)
{
	struct frame *f;
	s32 off;
	u32 at;

	if (r->kind != REG_STACK || !range_is_const(&r->var))
		return NULL;
	f = v->cur->frames[r->frame];
	off = r->off + (s32)r->var.smin;
	if (off % 8 || off > -16 || off < -BPF_STACK_BYTES)
		return NULL;
	at = slot_of(off);
	if (at >= f->slots || !is_dynptr_slot(&f->stack[at]) ||
	    !is_dynptr_slot(&f->stack[at - 1]) || !f->stack[at].reg.first)
		return NULL;
	live_read(v, r->frame, 3ull << (at - 1));
	return &f->stack[at].reg;
}

/* The first slots of a stack are written by an access like any other. */
static int write_slots(struct verifier *v, u32 regno)
{
	struct access_what a = {
		.reg = regno,
		.size = 8,
		.kind = ACCESS_WRITE,
		.value = -1,
	};
	int ret = check_access(v, &a);

	a.off = 8;
	return ret ? ret : check_access(v, &a);
}

static int make(struct verifier *v, u32 regno, enum dynptr_kind kind,
		bool acquires, u32 ref)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	struct reg made = reg_uninit();
	struct slot *stack;
	u32 at = 0;
	int ret;

	if (r->kind != REG_STACK)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "Dynptr has to be an uninitialized dynptr");
	ret = find_slot(v, r, &at);
	if (ret) {
		reject_more(v, "Dynptr has to be an uninitialized dynptr");
		return ret;
	}
	ret = write_slots(v, regno);
	if (ret)
		return ret;
	made.dynptr = (u8)kind;
	made.dynptr_id = new_id(v);
	made.ref = ref;
	if (acquires) {
		made.ref = new_id(v);
		if (state_add_ref(v->cur, made.ref, v->insn))
			return no_memory(v);
	}
	stack = v->cur->frames[r->frame]->stack;
	memset(stack[at].byte, SLOT_DYNPTR, 8);
	memset(stack[at - 1].byte, SLOT_DYNPTR, 8);
	stack[at - 1].reg = made;
	made.first = true;
	stack[at].reg = made;
	return 0;
}

int dynptr_make(struct verifier *v, u32 regno, enum dynptr_kind kind,
		bool acquires)
{
	return make(v, regno, kind, acquires, 0);
}

int dynptr_clone(struct verifier *v, u32 regno, const struct call_meta *of)
{
	return make(v, regno, of->dynptr, false,
		    holds_ref(of->dynptr) ? of->ref : 0);
}

static int unacquired(struct verifier *v, u32 regno, const struct reg *r)
{
	const struct reg *d;

	if (r->kind == REG_DYNPTR)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "cannot release unowned const bpf_dynptr");
	d = dynptr_find(v, r);
	if (!d || !d->ref)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "arg %u is an unacquired reference", regno);
	return 0;
}

int dynptr_use(struct verifier *v, u32 regno, struct call_meta *meta)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	const struct reg *d;

	if (meta->helper && helper_releases(meta->helper) &&
	    unacquired(v, regno, r))
		return -EINVAL;
	if (r->kind != REG_STACK && r->kind != REG_DYNPTR)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "arg#%u expected pointer to stack or const "
			      "struct bpf_dynptr",
			      regno - 1);
	if (r->kind == REG_DYNPTR && check_ptr_off(v, r, regno, false))
		return -EINVAL;
	d = r->kind == REG_DYNPTR ? r : dynptr_find(v, r);
	if (!d)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "Expected an initialized dynptr as arg #%u",
			      regno - 1);
	if (meta->helper && helper_releases(meta->helper) &&
	    d->dynptr != DYNPTR_RINGBUF)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "Expected a dynptr of type ringbuf as arg #%u",
			      regno - 1);
	meta->dynptr = d->dynptr;
	meta->dynptr_id = d->dynptr_id;
	meta->ref = d->ref;
	return 0;
}

/* It and all that share its reference. */
int dynptr_release(struct verifier *v, u32 regno)
{
	const struct reg *d = dynptr_find(v, &state_regs(v->cur)[regno]);
	u32 ref = d ? d->ref : 0;

	if (!d)
		return reject(v, VERIFY_DYNPTR, -EINVAL,
			      "Expected an initialized dynptr as arg #%u",
			      regno - 1);
	for (u32 n = 0; n <= v->cur->depth; n++) {
		struct frame *f = v->cur->frames[n];

		for (u32 i = 0; i < f->slots; i++)
			if (f->stack[i].byte[0] == SLOT_DYNPTR &&
			    f->stack[i].reg.first && f->stack[i].reg.ref == ref)
				clear_dynptr(v, f, i);
	}
	if (release_ref(v, ref))
		return reject(v, VERIFY_REF, -EINVAL,
			      "reference has not been acquired before");
	return 0;
}
