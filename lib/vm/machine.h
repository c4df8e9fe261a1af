/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine.h - registers, frames, stack: what both modes have
 *
 * Lives on the C stack of one vm_run_*() call.
 */
#ifndef WEIR_VM_MACHINE_H
#define WEIR_VM_MACHINE_H

#include <errno.h>

#include "maps/prog_array.h"
#include "vm/image.h"

#define VM_REGS 11 /* r0 to r10 */
#define VM_SAVED 4 /* r6 to r9 */
#define VM_MAY_GOTO (8u << 20) /* rounds a function may_goto, as in Linux */

struct frame {
	const struct vm_insn *ret; /* NULL: exec() returns, from the program or
				      from what a helper has called back */
	const struct prog *prog;   /* that ret is in */
	u64 saved[VM_SAVED];	   /* the caller's r6 to r9 */
	u32 may_goto;		   /* rounds left */
};

struct vm {
	u64 r[VM_REGS];
	struct run *run;
	void *outer; /* run->machine before */
	u32 depth;   /* of the frame in use, from 0 */
	struct frame frames[BPF_MAX_FRAMES];
	_Alignas(16) u8 stack[BPF_MAX_FRAMES][BPF_STACK_BYTES];
};

static inline u64 vm_frame_top(const struct vm *vm, u32 depth)
{
	return (u64)(uintptr_t)vm->stack[depth] + BPF_STACK_BYTES;
}

/* machine is what vm is in. */
static inline void vm_begin(struct vm *vm, void *machine,
			    const struct prog *prog, struct run *run)
{
	for (u32 i = 0; i < BPF_REG_10; i++)
		vm->r[i] = 0;
	vm->r[BPF_REG_10] = vm_frame_top(vm, 0);
	vm->run = run;
	vm->depth = 0;
	vm->frames[0].ret = NULL;
	vm->frames[0].may_goto = VM_MAY_GOTO;
	vm->outer = run->machine;
	run->machine = machine;
	run->prog = prog;
}

static inline void vm_end(struct vm *vm)
{
	vm->run->machine = vm->outer;
}

/* at: what is blamed. */
static inline bool vm_push(struct vm *vm, const struct vm_insn *at,
			   const struct vm_insn *ret)
{
	struct frame *f;

	if (vm->depth + 1 == BPF_MAX_FRAMES)
		return vm_fault(vm->run, at, -E2BIG,
				"the call stack of %d frames is too deep",
				BPF_MAX_FRAMES + 1);
	f = &vm->frames[++vm->depth];
	f->ret = ret;
	f->prog = vm->run->prog;
	f->may_goto = VM_MAY_GOTO;
	for (u32 i = 0; i < VM_SAVED; i++)
		f->saved[i] = vm->r[BPF_REG_6 + i];
	vm->r[BPF_REG_10] = vm_frame_top(vm, vm->depth);
	return true;
}

/* A helper calls back the function at insn. */
static inline bool vm_push_callback(struct vm *vm, u64 insn,
				    const u64 arg[PROG_ARGS])
{
	if (!vm_push(vm, vm_image(vm->run->prog)->insns + insn, NULL))
		return false;
	for (u32 i = 0; i < PROG_ARGS; i++)
		vm->r[BPF_REG_1 + i] = arg[i];
	return true;
}

/* Where to go on, in the caller; NULL: exec() returns. */
static inline const struct vm_insn *vm_pop(struct vm *vm)
{
	const struct frame *f = &vm->frames[vm->depth];

	if (!vm->depth)
		return NULL;
	for (u32 i = 0; i < VM_SAVED; i++)
		vm->r[BPF_REG_6 + i] = f->saved[i];
	vm->depth--;
	vm->r[BPF_REG_10] = vm_frame_top(vm, vm->depth);
	vm->run->prog = f->prog;
	return f->ret;
}

/*
 * Where a tail call goes, counted; NULL: nowhere, the program goes on.  Only
 * slots that hold a program count towards the limit.
 */
static inline const struct prog *vm_tail_target(struct vm *vm)
{
	const struct map *map = (struct map *)(uintptr_t)vm->r[BPF_REG_2];
	const struct prog *prog;

	if (vm->run->tail_calls >= BPF_MAX_TAIL_CALLS)
		return NULL;
	prog = prog_array_at(map, (u32)vm->r[BPF_REG_3]);
	if (prog)
		vm->run->tail_calls++;
	return prog;
}

/* VM_CTX_READ */
static inline u64 vm_read_field(const struct vm_insn *in, const struct pkt *pkt)
{
	const struct ctx_access a = {
		.field = vm_insn_field(in),
		.size = (u8)in->off,
		.shift = (u8)(in->off >> 8),
	};
	u32 above = 64 - a.size * 8;
	u64 value = ctx_read(&a, pkt);

	return in->off >> 16 ? (u64)((s64)(value << above) >> above) : value;
}

#endif
