/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checked.c - the loop for programs that nobody verified
 *
 * The hooks keep numbers fast: only when an operand is something else do they
 * leave for shadow.c.
 */
#include "vm/shadow.h"

#define RUN vm_run_checked

VM_INLINE bool on_step(struct machine *m, const struct vm_insn *in)
{
	if (unlikely(!m->left))
		return shadow_step(m, in);
	m->left--;
	return true;
}

VM_INLINE bool on_alu_k(struct machine *m, const struct vm_insn *in,
			enum arith how)
{
	return likely(!m->s.kind[in->dst]) || shadow_arith(m, in, how, false);
}

VM_INLINE bool on_alu_x(struct machine *m, const struct vm_insn *in,
			enum arith how)
{
	return likely(!(m->s.kind[in->dst] | m->s.kind[in->src])) ||
	       shadow_arith(m, in, how, true);
}

VM_INLINE bool on_mov(struct machine *m, const struct vm_insn *in)
{
	u8 kind = m->s.kind[in->src];

	if (kind == K_UNSET)
		return shadow_unset(m, in, in->src);
	m->s.kind[in->dst] = kind;
	if (kind)
		m->s.obj[in->dst] = m->s.obj[in->src];
	return true;
}

VM_INLINE void on_set(struct machine *m, u32 reg)
{
	shadow_number(m, reg);
}

VM_INLINE bool on_set_from(struct machine *m, const struct vm_insn *in)
{
	u8 kind = m->s.kind[in->src];

	if (kind == K_UNSET)
		return shadow_unset(m, in, in->src);
	m->s.kind[in->dst] = kind ? K_LOST : K_NUMBER;
	return true;
}

VM_INLINE bool on_read(struct machine *m, const struct vm_insn *in, u32 reg)
{
	return likely(m->s.kind[reg] != K_UNSET) || shadow_unset(m, in, reg);
}

#define on_jmp_k(m, in) on_read(m, in, (in)->dst)
#define on_jmp_x(m, in) (on_read(m, in, (in)->dst) && on_read(m, in, (in)->src))

/* A whole slot of the stack brings back what was put there. */
VM_INLINE bool load(struct machine *m, const struct vm_insn *in, u32 size,
		    u64 *out)
{
	u64 addr = m->vm.r[in->src] + (s64)in->off;
	u8 kind = m->s.kind[in->src];
	const void *at;

	if (kind == K_CTX)
		return shadow_load_ctx(m, in, size, out);
	at = shadow_access(m, in, in->src, addr, size, ACCESS_READ);
	if (!at)
		return false;
	*out = mem_load(at, size);
	m->s.kind[in->dst] = K_NUMBER;
	if (size == 8 && kind == K_STACK && addr % 8 == 0) {
		u32 slot;
		const struct frame_shadow *f = shadow_slot(m, addr, &slot);

		m->s.kind[in->dst] = f->kind[slot];
		if (f->kind[slot])
			m->s.obj[in->dst] = f->obj[slot];
	}
	return true;
}

VM_INLINE bool store_k(struct machine *m, const struct vm_insn *in, u32 size)
{
	u64 addr = m->vm.r[in->dst] + (s64)in->off;
	void *at;

	if (m->s.kind[in->dst] == K_CTX)
		return shadow_store_ctx(m, in, size, in->imm);
	at = shadow_access(m, in, in->dst, addr, size, ACCESS_WRITE);
	if (!at)
		return false;
	mem_store(at, size, in->imm);
	return true;
}

VM_INLINE bool store_x(struct machine *m, const struct vm_insn *in, u32 size)
{
	u64 addr = m->vm.r[in->dst] + (s64)in->off;
	u8 kind = m->s.kind[in->src];
	void *at;

	if (kind == K_UNSET)
		return shadow_unset(m, in, in->src);
	if (m->s.kind[in->dst] == K_CTX)
		return shadow_store_ctx(m, in, size, m->vm.r[in->src]);
	at = shadow_access(m, in, in->dst, addr, size, ACCESS_WRITE);
	if (!at)
		return false;
	mem_store(at, size, m->vm.r[in->src]);
	if (size == 8 && kind && m->s.kind[in->dst] == K_STACK &&
	    addr % 8 == 0) {
		u32 slot;
		struct frame_shadow *f = shadow_slot(m, addr, &slot);

		f->kind[slot] = kind;
		f->obj[slot] = m->s.obj[in->src];
	}
	return true;
}

static bool on_ordered(struct machine *m, const struct vm_insn *in, u32 reg,
		       u32 size)
{
	u8 kind = m->s.kind[reg];

	if (kind == K_CTX || kind == K_PACKET || kind == K_META)
		return vm_fault(m->vm.run, in, -EACCES,
				"BPF_ATOMIC on the %s is not allowed",
				kind == K_CTX ? "context" : "packet");
	if ((m->vm.r[reg] + (s64)in->off) % size)
		return vm_fault(m->vm.run, in, -EACCES,
				"misaligned atomic access, %u bytes", size);
	return true;
}

static void *atomic_at(struct machine *m, const struct vm_insn *in, u32 size)
{
	u64 addr = m->vm.r[in->dst] + (s64)in->off;

	if (!on_read(m, in, in->src) || !on_ordered(m, in, in->dst, size))
		return NULL;
	if (in->op == OP_CMPXCHG32 || in->op == OP_CMPXCHG64)
		if (!on_read(m, in, BPF_REG_0))
			return NULL;
	return shadow_access(m, in, in->dst, addr, size, ACCESS_BOTH);
}

static bool on_skb_load(struct machine *m, const struct vm_insn *in)
{
	if (!shadow_may_not_hold(m, in, "the packet is loaded from"))
		return false;
	if (m->s.kind[BPF_REG_6] == K_CTX &&
	    m->vm.r[BPF_REG_6] == (u64)(uintptr_t)m->vm.run->pkt)
		return records_none(m, in, "BPF_LD_[ABS|IND]");
	return vm_fault(m->vm.run, in, -EINVAL,
			"at the time of BPF_LD_ABS|IND R6 != pointer to skb");
}

#define on_skb_index(m, in) on_read(m, in, (in)->src)

static void on_skb_loaded(struct machine *m)
{
	shadow_number(m, BPF_REG_0);
	shadow_clobber(m, BPF_REG_1, BPF_REG_5);
}

static void on_wide(struct machine *m, const struct vm_insn *in)
{
	struct object obj = { 0 };
	enum kind kind = K_MAP;

	if (in->op == OP_LD_FUNC) {
		kind = K_FUNC;
	} else if (in->op != OP_LD_MAP_FD && in->op != OP_LD_MAP_IDX) {
		kind = K_VALUE;
		obj.map = vm_insn_map(in);
		obj.base = in->imm - (u32)in[1].off;
		obj.size = obj.map->value_size;
	}
	shadow_set(m, in->dst, kind, obj);
}

#define on_push(m) shadow_push(m)
#define on_pop(m) shadow_pop(m)

/* What a function leaves in r0 is the caller's concern; what the program
 * leaves there is its verdict. */
static bool on_leave(struct machine *m, const struct vm_insn *in)
{
	if (m->vm.frames[m->vm.depth].ret)
		return true;
	if (m->vm.depth)
		return on_read(m, in, BPF_REG_0);
	return shadow_may_not_hold(m, in, "the program ends") &&
	       on_read(m, in, BPF_REG_0) &&
	       records_none(m, in, "BPF_EXIT instruction in main prog");
}

#define on_tail(m, in) shadow_check_tail(m, in)
#define on_tail_miss(m) shadow_clobber(m, BPF_REG_0, BPF_REG_5)

static void set_ctx(struct machine *m)
{
	m->vm.r[BPF_REG_1] = (u64)(uintptr_t)m->vm.run->pkt;
	shadow_set(m, BPF_REG_1, K_CTX, (struct object){ 0 });
}

static void on_replace(struct machine *m)
{
	shadow_clobber(m, BPF_REG_0, BPF_REG_9);
	shadow_new_frame(m);
	set_ctx(m);
}

#define call_helper(m, in) shadow_call(m, in)

static bool run_apart(struct machine *m, const struct prog *prog)
{
	struct run *run = m->vm.run;

	run->insns = m->limit - shadow_left(m);
	m->vm.r[BPF_REG_0] = prog->run(prog, run);
	shadow_limit(m);
	shadow_number(m, BPF_REG_0);
	return !run->fault.code;
}

#include "vm/exec.h"

static void begin(struct machine *m, const struct prog *prog, struct run *run,
		  struct vm_watch *watch)
{
	vm_begin(&m->vm, m, prog, run);
	shadow_begin(m, watch);
}

static u64 run_from(struct machine *m, u64 insn)
{
	u64 ret = exec(m, vm_image(m->vm.run->prog)->insns + insn);

	vm_end(&m->vm);
	records_drop(m);
	if (unlikely(m->held))
		spin_unlock(m->held);
	m->vm.run->insns = m->limit - shadow_left(m);
	return ret;
}

u64 vm_run_watched(const struct prog *prog, struct run *run,
		   struct vm_watch *watch)
{
	struct machine m;

	begin(&m, prog, run, watch);
	set_ctx(&m);
	return run_from(&m, 0);
}

u64 vm_run_checked(const struct prog *prog, struct run *run)
{
	return vm_run_watched(prog, run, NULL);
}

static u64 call_alone(const struct prog *prog, struct run *run, u64 func,
		      const u64 arg[PROG_ARGS])
{
	struct machine m;

	begin(&m, prog, run, NULL);
	for (u32 i = 0; i < PROG_ARGS; i++)
		m.vm.r[BPF_REG_1 + i] = arg[i];
	shadow_timer_args(&m);
	return run_from(&m, func);
}

u64 vm_call_checked(const struct prog *prog, struct run *run, u64 func,
		    const u64 arg[PROG_ARGS])
{
	struct machine *m = run->machine;
	u64 ret;

	if (!m)
		return call_alone(prog, run, func, arg);
	if (!vm_push_callback(&m->vm, func, arg))
		return 0;
	shadow_push_callback(m);
	ret = exec(m, vm_image(prog)->insns + func);
	if (run->fault.code)
		return 0;
	shadow_pop(m);
	return ret;
}

u64 vm_run_mem_checked(const struct prog *prog, struct run *run, void *mem,
		       u64 size)
{
	struct machine m;

	begin(&m, prog, run, NULL);
	m.vm.r[BPF_REG_1] = (u64)(uintptr_t)mem;
	m.vm.r[BPF_REG_2] = size;
	shadow_number(&m, BPF_REG_2);
	if (mem)
		shadow_set(&m, BPF_REG_1, K_MEM,
			   (struct object){ .base = (u64)(uintptr_t)mem,
					    .size = (u32)size });
	else
		shadow_number(&m, BPF_REG_1);
	return run_from(&m, 0);
}
