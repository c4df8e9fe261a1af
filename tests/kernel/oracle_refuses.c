/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle_refuses.c - which packets BPF_PROG_TEST_RUN takes, and the reasons
 * given for those it does not
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kprog.h"
#include "prog/environ.h"
#include "oracle/kernel.h"
#include "tests/asm.h"

#define XDP BPF_PROG_TYPE_XDP
#define TC BPF_PROG_TYPE_SCHED_CLS

static const struct {
	u32 type;
	u16 ethertype;
	u32 len;
	const char *reason; /* NULL: it is taken */
} rows[] = {
	{ XDP, 0x0800, 13, "shorter than an Ethernet header" },
	{ XDP, 0x0800, 14, NULL },
	{ XDP, 0x86dd, 14, NULL },
	{ XDP, 0x0800, 3520, NULL },
	{ TC, 0x0806, 13, "shorter than an Ethernet header" },
	{ TC, 0x0806, 15, NULL },
	{ TC, 0x0800, 33, "IPv4 shorter than its header" },
	{ TC, 0x0800, 34, NULL },
	{ TC, 0x86dd, 53, "IPv6 shorter than its header" },
	{ TC, 0x86dd, 54, NULL },
	{ TC, 0x8100, 18, NULL },
	{ TC, 0x0800, 3712, NULL },
};

static int pass(u32 type, u32 attach)
{
	static const struct bpf_insn code[] = {
		ALU64_K(MOV, R0, 0),
		EXIT(),
	};
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach,
		.insns = (u64)(uintptr_t)code,
		.insn_cnt = ARRAY_LEN(code),
		.license = (u64)(uintptr_t) "GPL",
	};

	return kernel_prog_load(&attr);
}

static int test_run(int prog, u32 type, const u8 *packet, u32 len)
{
	static u8 out[8192];
	union environ_ctx ctx;
	struct kernel_run run = {
		.prog = prog,
		.in = packet,
		.in_len = len,
		.ctx = &ctx,
		.ctx_len = environ_ctx(type, len, &ctx),
		.out = out,
		.out_room = sizeof(out),
	};
	int res = kernel_test_run(&run);

	if (!res && (run.out_len != len || memcmp(out, packet, len) != 0))
		return -EBADMSG;
	return res;
}

static int check_row(u32 i)
{
	int prog = pass(rows[i].type, 0), res;
	u8 packet[4096] = { 0 };
	const char *reason;

	packet[12] = (u8)(rows[i].ethertype >> 8);
	packet[13] = (u8)rows[i].ethertype;
	res = test_run(prog, rows[i].type, packet, rows[i].len);
	close(prog);
	reason = environ_refuses(rows[i].type, 0, packet, rows[i].len);
	if (!rows[i].reason && !res)
		return 0;
	if (rows[i].reason && res == -EINVAL &&
	    strncmp(reason, rows[i].reason, strlen(rows[i].reason)) == 0)
		return 0;
	printf("type %u, protocol 0x%04x, %u bytes: %s; reason: %s\n",
	       rows[i].type, rows[i].ethertype, rows[i].len, strerror(-res),
	       reason);
	return 1;
}

static int check_attach_type(u32 attach, const char *reason)
{
	const u8 packet[64] = { 0 };
	int prog = pass(XDP, attach);
	int res = test_run(prog, XDP, packet, sizeof(packet));
	const char *why = environ_refuses(XDP, attach, packet, sizeof(packet));

	close(prog);
	if (res == -EINVAL && strncmp(why, reason, strlen(reason)) == 0)
		return 0;
	printf("attach type %u: %s; reason: %s\n", attach, strerror(-res), why);
	return 1;
}

int main(void)
{
	const char *why = kprog_unavailable();
	int failed = 0;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	for (u32 i = 0; i < ARRAY_LEN(rows); i++)
		failed += check_row(i);
	failed += check_attach_type(BPF_XDP_DEVMAP, "programs for devmap");
	failed += check_attach_type(BPF_XDP_CPUMAP, "programs for cpumap");
	return failed != 0;
}
