/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pkt_limits.c - how much room an XDP program has: the live kernel's numbers
 *
 * The packet view has Linux's room before the data, of which struct xdp_frame
 * keeps a part, and Linux's longest linear packet.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../asm.h"
#include "kprog.h"
#include "prog/pkt.h"

#define FRAME 64

/* r0 = helper(ctx, n): 0 is success, what else becomes 1. */
static int load_adjust(u32 helper, s32 first, u32 second_helper, s32 second)
{
	const struct bpf_insn insns[] = {
		ALU64_X(MOV, R6, R1), ALU64_K(MOV, R2, first),
		CALL(helper),	      JMP64_K(JNE, R0, 0, 3),
		ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, second),
		CALL(second_helper),  JMP64_K(JEQ, R0, 0, 1),
		ALU64_K(MOV, R0, 1),  EXIT(),
	};
	const struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = insns,
		.cnt = ARRAY_LEN(insns),
		.license = "GPL",
	};

	return kprog_load(&l);
}

/* Does the kernel do both adjustments of a packet of len bytes? */
static bool allowed(u32 len, u32 helper, s32 first, u32 second_helper,
		    s32 second)
{
	u8 data[PKT_XDP_LINEAR_MAX + 1] = { 0 };
	int fd = load_adjust(helper, first, second_helper, second);
	u32 ret = 1;
	int err;

	if (fd < 0) {
		printf("Linux refuses the program: %s\n", strerror(-fd));
		return false;
	}
	err = kprog_run(fd, data, len, &ret);
	close(fd);
	return !err && ret == 0;
}

static bool push_allowed(u32 meta, u32 push)
{
	return allowed(FRAME, BPF_FUNC_xdp_adjust_meta, -(s32)meta,
		       BPF_FUNC_xdp_adjust_head, -(s32)push);
}

static bool grow_allowed(u32 len, u32 grow)
{
	return allowed(len, BPF_FUNC_xdp_adjust_tail, (s32)grow,
		       BPF_FUNC_xdp_adjust_tail, 0);
}

static u32 failures;

static void expect(const char *fact, bool holds)
{
	if (holds)
		return;
	failures++;
	printf("not so: %s\n", fact);
}

/* The bytes between data and data_end of a packet of len bytes; the rest is
 * in fragments. */
static u32 linear_part(u32 len)
{
	const struct bpf_insn insns[] = {
		LDX(W, R0, R1, offsetof(struct xdp_md, data_end)),
		LDX(W, R2, R1, offsetof(struct xdp_md, data)),
		ALU64_X(SUB, R0, R2),
		EXIT(),
	};
	const struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.flags = BPF_F_XDP_HAS_FRAGS,
		.insns = insns,
		.cnt = ARRAY_LEN(insns),
		.license = "GPL",
	};
	u8 data[2 * PKT_XDP_LINEAR_MAX] = { 0 };
	int fd = kprog_load(&l), err;
	u32 ret = 0;

	if (fd < 0)
		return 0;
	err = kprog_run(fd, data, len, &ret);
	close(fd);
	return err ? 0 : ret;
}

int main(void)
{
	const u32 room = PKT_HEADROOM - PKT_XDP_FRAME;
	const u32 meta = 32, grow = PKT_XDP_LINEAR_MAX - FRAME;
	const char *why = kprog_unavailable();

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	expect("the room is 216 bytes", room == 216);
	expect("all of it can be used", push_allowed(0, room));
	expect("one byte more cannot", !push_allowed(0, room + 1));
	expect("metadata takes from it", push_allowed(meta, room - meta));
	expect("... as much as it is long",
	       !push_allowed(meta, room - meta + 1));
	expect("a packet grows to the limit", grow_allowed(FRAME, grow));
	expect("... and not past it", !grow_allowed(FRAME, grow + 1));
	expect("one can be as long, linear",
	       linear_part(PKT_XDP_LINEAR_MAX) == PKT_XDP_LINEAR_MAX);
	expect("... and no longer",
	       linear_part(PKT_XDP_LINEAR_MAX + 1) == PKT_XDP_LINEAR_MAX);
	printf("%u different\n", failures);
	return failures != 0;
}
