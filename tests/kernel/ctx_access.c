/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx_access.c - who may touch what of a context: as the live kernel says
 *
 * For every type of program, every offset in and around the context and every
 * size: a load, a load with its sign, a store of a register and of a constant.
 * The kernel's verifier and the field tables agree on each.
 */
#include <stdio.h>
#include <unistd.h>

#include "../asm.h"
#include "kprog.h"
#include "prog/ctx.h"

static const struct {
	const char *name;
	u32 type;
	u32 attach_type;
	u32 size;
} kinds[] = {
	{ "xdp", BPF_PROG_TYPE_XDP, 0, sizeof(struct xdp_md) },
	{ "xdp/devmap", BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP,
	  sizeof(struct xdp_md) },
	{ "xdp/cpumap", BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP,
	  sizeof(struct xdp_md) },
	{ "tc", BPF_PROG_TYPE_SCHED_CLS, 0, sizeof(struct __sk_buff) },
	{ "tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS,
	  sizeof(struct __sk_buff) },
	{ "action", BPF_PROG_TYPE_SCHED_ACT, 0, sizeof(struct __sk_buff) },
	{ "socket", BPF_PROG_TYPE_SOCKET_FILTER, 0, sizeof(struct __sk_buff) },
};

enum how { LOAD, LOAD_SIGNED, STORE, STORE_CONST, HOWS };

static const char *const how_names[HOWS] = {
	"load",
	"signed load",
	"store",
	"store of a constant",
};

static u8 size_code(u32 size)
{
	return size == 1   ? BPF_B
	       : size == 2 ? BPF_H
	       : size == 4 ? BPF_W
			   : BPF_DW;
}

static struct bpf_insn access_insn(enum how how, u32 off, u32 size)
{
	struct bpf_insn insn = { .off = (s16)off };

	switch (how) {
	case LOAD: insn.code = BPF_LDX | BPF_MEM; break;
	case LOAD_SIGNED: insn.code = BPF_LDX | BPF_MEMSX; break;
	case STORE: insn.code = BPF_STX | BPF_MEM; break;
	default: insn.code = BPF_ST | BPF_MEM; break;
	}
	insn.code |= size_code(size);
	if (how == LOAD || how == LOAD_SIGNED) {
		insn.dst_reg = R2;
		insn.src_reg = R1;
	} else {
		insn.dst_reg = R1;
	}
	return insn;
}

static bool kernel_accepts(u32 kind, enum how how, u32 off, u32 size)
{
	const struct bpf_insn insns[] = {
		ALU64_K(MOV, R0, 0),
		access_insn(how, off, size),
		ALU64_K(MOV, R0, 0),
		EXIT(),
	};
	const struct kprog_load l = {
		.type = kinds[kind].type,
		.attach_type = kinds[kind].attach_type,
		.insns = insns,
		.cnt = ARRAY_LEN(insns),
		.license = "GPL",
	};
	int fd = kprog_load(&l);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool weir_accepts(u32 kind, enum how how, u32 off, u32 size)
{
	bool write = how == STORE || how == STORE_CONST;
	const struct ctx_field *f =
		ctx_find(kinds[kind].type, kinds[kind].attach_type, off, size,
			 write);

	if (!f || how != LOAD_SIGNED)
		return f;
	return f->how == CTX_PLAIN || f->how == CTX_CALL;
}

struct tally {
	u32 asked;
	u32 accepted;
	u32 different;
};

static void ask(struct tally *t, u32 kind, enum how how, u32 off, u32 size)
{
	bool ours = weir_accepts(kind, how, off, size);
	bool theirs = kernel_accepts(kind, how, off, size);

	t->asked++;
	t->accepted += theirs;
	if (ours == theirs)
		return;
	t->different++;
	printf("%s: %s of %u at %d: Linux %s\n", kinds[kind].name,
	       how_names[how], size, (s32)off, theirs ? "accepts" : "refuses");
}

static void ask_all(struct tally *t, u32 kind)
{
	const s32 around = 8;
	s32 end = (s32)kinds[kind].size + around;

	if (ctx_size(kinds[kind].type) != kinds[kind].size) {
		printf("%s: %u bytes\n", kinds[kind].name,
		       ctx_size(kinds[kind].type));
		t->different++;
	}
	for (s32 off = -around; off < end; off++)
		for (u32 size = 1; size <= 8; size *= 2)
			for (enum how how = LOAD; how < HOWS; how++)
				if (how != LOAD_SIGNED || size < 8)
					ask(t, kind, how, (u32)off, size);
}

int main(void)
{
	const char *why = kprog_unavailable();
	struct tally t = { 0 };

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	for (u32 kind = 0; kind < ARRAY_LEN(kinds); kind++)
		ask_all(&t, kind);
	printf("%u accesses, %u accepted by Linux, %u different\n", t.asked,
	       t.accepted, t.different);
	return t.different || !t.accepted;
}
