/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * image.h - a program decoded: what vm_prepare() makes and the loops run
 *
 * Slot for slot as in the program, so that a place in one is a place in the
 * other.  The second slot of a ld_imm64 is never reached.
 */
#ifndef WEIR_VM_IMAGE_H
#define WEIR_VM_IMAGE_H

#include "bpf/opcode.h"
#include "helper/helper.h"
#include "prog/ctx.h"
#include "vm/vm.h"

/* Operations that the decoder tells apart, beyond enum op. */
enum {
	VM_TAIL_CALL = OP_COUNT,
	VM_CTX_READ,	/* a field that is called for; off is CTX_READ_OFF() */
	VM_CTX_WRITE_K, /* ... is given off */
	VM_CTX_WRITE_X, /* ... is given src */
	VM_OPS,
};

#define CTX_READ_OFF(size, shift, sign) ((size) | (shift) << 8 | (sign) << 16)

struct vm_insn {
	u16 op;
	u8 dst;
	u8 src;
	s32 off; /* of the access; slots from the next one to the target */
	u64 imm; /* sign-extended; or what the helpers below read */
};

struct vm_image {
	enum vm_mode mode;
	u32 insn_cnt;
	struct vm_insn insns[];
};

static inline const struct vm_image *vm_image(const struct prog *prog)
{
	return prog->image;
}

/* of CALL and VM_TAIL_CALL */
static inline const struct helper *vm_insn_helper(const struct vm_insn *in)
{
	return (const struct helper *)(uintptr_t)in->imm;
}

/* of LD_MAP_FD and LD_MAP_VALUE, whose imm is an address in the latter */
static inline struct map *vm_insn_map(const struct vm_insn *in)
{
	return (struct map *)(uintptr_t)in[1].imm;
}

/* of VM_CTX_* */
static inline const struct ctx_field *vm_insn_field(const struct vm_insn *in)
{
	return (const struct ctx_field *)(uintptr_t)in->imm;
}

/* context.c: accesses of the context become accesses of the packet view. */
int vm_rewrite_context(const struct prog *prog, struct vm_image *image,
		       struct err *err);

u64 vm_run_plain(const struct prog *prog, struct run *run);
u64 vm_run_checked(const struct prog *prog, struct run *run);
u64 vm_call_plain(const struct prog *prog, struct run *run, u64 func,
		  const u64 arg[PROG_ARGS]);
u64 vm_call_checked(const struct prog *prog, struct run *run, u64 func,
		    const u64 arg[PROG_ARGS]);
u64 vm_run_mem_plain(const struct prog *prog, struct run *run, void *mem,
		     u64 size);
u64 vm_run_mem_checked(const struct prog *prog, struct run *run, void *mem,
		       u64 size);

/* Stop the program: fill run->fault unless it is filled.  Returns false. */
bool vm_fault(struct run *run, const struct vm_insn *in, int code,
	      const char *fmt, ...) PRINTF(4, 5);

#endif
