/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain.c - the loop for verified programs: nothing is checked
 *
 * The context's address is that of the packet view, where accesses of the
 * context were rewritten to go.
 */
#include "vm/machine.h"
#include "vm/mem.h"

struct machine {
	struct vm vm;
};

#define RUN vm_run_plain
#define on_step(m, in) true
#define on_alu_k(m, in, how) true
#define on_alu_x(m, in, how) true
#define on_mov(m, in) true
#define on_set(m, reg) ((void)0)
#define on_set_from(m, in) true
#define on_jmp_k(m, in) true
#define on_jmp_x(m, in) true
#define on_ordered(m, in, reg, size) true
#define on_skb_load(m, in) true
#define on_skb_index(m, in) true
#define on_skb_loaded(m) ((void)0)
#define on_wide(m, in) ((void)0)
#define on_push(m) ((void)0)
#define on_pop(m) ((void)0)
#define on_tail(m, in) true
#define on_tail_miss(m) ((void)0)
#define on_replace(m) ((void)0)
#define on_leave(m, in) true

VM_INLINE bool load(struct machine *m, const struct vm_insn *in, u32 size,
		    u64 *out)
{
	u64 at = m->vm.r[in->src] + (s64)in->off;

	*out = mem_load((const void *)(uintptr_t)at, size);
	return true;
}

VM_INLINE bool store(struct machine *m, const struct vm_insn *in, u32 size,
		     u64 value)
{
	u64 at = m->vm.r[in->dst] + (s64)in->off;

	mem_store((void *)(uintptr_t)at, size, value);
	return true;
}

#define store_k(m, in, size) store(m, in, size, (in)->imm)
#define store_x(m, in, size) store(m, in, size, (m)->vm.r[(in)->src])

VM_INLINE void *atomic_at(struct machine *m, const struct vm_insn *in, u32 size)
{
	(void)size;
	return (void *)(uintptr_t)(m->vm.r[in->dst] + (s64)in->off);
}

VM_INLINE bool call_helper(struct machine *m, const struct vm_insn *in)
{
	u64 *r = m->vm.r;

	r[BPF_REG_0] = vm_insn_helper(in)->fn(m->vm.run, r[1], r[2], r[3],
					      r[4], r[5]);
	return likely(!m->vm.run->fault.code);
}

static bool run_apart(struct machine *m, const struct prog *prog)
{
	struct run *run = m->vm.run;

	m->vm.r[BPF_REG_0] = prog->run(prog, run);
	return !run->fault.code;
}

#include "vm/exec.h"

static u64 run_from(struct machine *m, u64 insn)
{
	u64 ret = exec(m, vm_image(m->vm.run->prog)->insns + insn);

	vm_end(&m->vm);
	return ret;
}

u64 vm_run_plain(const struct prog *prog, struct run *run)
{
	struct machine m;

	vm_begin(&m.vm, &m, prog, run);
	m.vm.r[BPF_REG_1] = (u64)(uintptr_t)run->pkt;
	return run_from(&m, 0);
}

static u64 call_alone(const struct prog *prog, struct run *run, u64 func,
		      const u64 arg[PROG_ARGS])
{
	struct machine m;

	vm_begin(&m.vm, &m, prog, run);
	for (u32 i = 0; i < PROG_ARGS; i++)
		m.vm.r[BPF_REG_1 + i] = arg[i];
	return run_from(&m, func);
}

u64 vm_call_plain(const struct prog *prog, struct run *run, u64 func,
		  const u64 arg[PROG_ARGS])
{
	struct machine *m = run->machine;

	if (!m)
		return call_alone(prog, run, func, arg);
	if (!vm_push_callback(&m->vm, func, arg))
		return 0;
	return exec(m, vm_image(prog)->insns + func);
}

u64 vm_run_mem_plain(const struct prog *prog, struct run *run, void *mem,
		     u64 size)
{
	struct machine m;

	vm_begin(&m.vm, &m, prog, run);
	m.vm.r[BPF_REG_1] = (u64)(uintptr_t)mem;
	m.vm.r[BPF_REG_2] = size;
	return run_from(&m, 0);
}
