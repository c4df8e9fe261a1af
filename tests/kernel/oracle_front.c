/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle_front.c - the programs that make packets in the kernel make those
 * that Weir's side makes, whatever the program behind them does to a packet
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kprog.h"
#include "oracle/front.h"
#include "oracle/kernel.h"
#include "prog/environ.h"
#include "tests/asm.h"

static int failures;

#define CHECK(cond, ...)                                          \
	do {                                                      \
		if (cond)                                         \
			break;                                    \
		failures++;                                       \
		printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
		printf(__VA_ARGS__);                              \
		putchar('\n');                                    \
	} while (0)

static const u32 types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS };

/* With an option, to see that it counts. */
static const u8 frame[64] = {
	2,    0, 0, 0,	0, 1, 2,    0,	0,  0,	2,   8,	   0x08, 0x00,
	0x46, 0, 0, 50, 0, 0, 0x40, 0,	64, 17, 0,   0,	   10,	 0,
	0,    0, 192, 0, 2, 1, 0xff, 0xfe, 0x12, 0x34,
};

static int make_array(u32 type, u32 value_size, u32 entries)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = 4,
				.value_size = value_size,
				.max_entries = entries };

	return kernel_map_create(&attr);
}

static int load(u32 type, const struct bpf_insn *insns, u32 cnt)
{
	static char log[1 << 16];
	union bpf_attr attr = { .prog_type = type,
				.insns = (u64)(uintptr_t)insns,
				.insn_cnt = cnt,
				.license = (u64)(uintptr_t) "GPL",
				.log_level = 1,
				.log_size = sizeof(log),
				.log_buf = (u64)(uintptr_t)log };
	int fd = kernel_prog_load(&attr);

	CHECK(fd >= 0, "%d\n%s", fd, log);
	return fd;
}

static int run(int prog, u32 type, const u8 *bytes, u32 len, u32 repeat,
	       struct kernel_run *r, u8 out[4096])
{
	union environ_ctx ctx;

	*r = (struct kernel_run){ .prog = prog,
				  .in = bytes,
				  .in_len = len,
				  .ctx = &ctx,
				  .ctx_len = environ_ctx(type, len, &ctx),
				  .out = out,
				  .out_room = 4096,
				  .repeat = repeat };
	return kernel_test_run(r);
}

/* ---- flows ---- */

#define FLOWS 5

static void flows_are_the_same(u32 type)
{
	int state = make_array(BPF_MAP_TYPE_ARRAY, sizeof(struct flows), 1);
	int progs = make_array(BPF_MAP_TYPE_PROG_ARRAY, 4, 1), prog;
	struct bpf_insn insns[FRONT_INSNS];
	u8 out[4096], want[sizeof(frame)];
	struct flows flows;
	struct kernel_run r;
	u32 sum, zero = 0;

	memcpy(want, frame, sizeof(frame));
	CHECK(flows_sum(frame, sizeof(frame), &sum) == 0, "no IPv4");
	prog = load(type, insns,
		    front_flows(type, sum, state, progs, insns));
	flows_init(&flows, FLOWS);
	CHECK(kernel_map_write(state, &zero, &flows) == 0, "state");
	for (u32 n = 1; n < 4 * FLOWS; n++) {
		u32 flow = 0;

		for (u32 i = 0; i < n; i++)
			flow = flows_next(&flows);
		CHECK(flow < FLOWS, "flow %u", flow);
		flows_write(want, sum, flow);
		CHECK(run(prog, type, frame, sizeof(frame), n, &r, out) == 0,
		      "run");
		CHECK(r.out_len == sizeof(want) &&
			      memcmp(out, want, sizeof(want)) == 0,
		      "type %u: other bytes after %u more", type, n);
	}
	close(prog);
	close(progs);
	close(state);
}

/* The checksum is what the header asks for. */
static void flows_have_good_checksums(void)
{
	u8 bytes[sizeof(frame)];
	u32 sum = 0, header;

	memcpy(bytes, frame, sizeof(frame));
	CHECK(flows_sum(frame, sizeof(frame), &sum) == 0, "no IPv4");
	for (u32 flow = 0; flow < 1 << 24; flow += 65521) {
		flows_write(bytes, sum, flow);
		header = 0;
		for (u32 at = 14; at < 14 + 24; at += 2)
			header += (u32)bytes[at] << 8 | bytes[at + 1];
		header = (header >> 16) + (header & 0xffff);
		header = (header >> 16) + (header & 0xffff);
		CHECK(header == 0xffff, "flow %u: %x", flow, header);
	}
}

/* ---- turns ---- */

#define PACKETS 3

static const u32 lengths[PACKETS] = { 64, 1500, 60 };

/* It takes bytes off in front and changes others. */
static const struct bpf_insn spoil_xdp[] = {
	ALU64_X(MOV, R6, R1),
	ALU64_K(MOV, R2, 6),
	CALL(BPF_FUNC_xdp_adjust_head),
	ALU64_X(MOV, R1, R6),
	ALU64_K(MOV, R2, -9),
	CALL(BPF_FUNC_xdp_adjust_tail),
	ALU64_K(MOV, R0, 7),
	EXIT(),
};
/* It puts a tag beside the data and cuts the end off. */
static const struct bpf_insn spoil_skb[] = {
	ALU64_X(MOV, R6, R1),
	ALU64_K(MOV, R2, 0x8100 >> 8 | (0x8100 & 0xff) << 8),
	ALU64_K(MOV, R3, 5),
	CALL(BPF_FUNC_skb_vlan_push),
	ALU64_X(MOV, R1, R6),
	ALU64_K(MOV, R2, 50),
	ALU64_K(MOV, R3, 0),
	CALL(BPF_FUNC_skb_change_tail),
	ALU64_K(MOV, R0, 7),
	EXIT(),
};

static void fill(int packets)
{
	struct front_packet p;

	for (u32 i = 0; i < PACKETS; i++) {
		memset(&p, 0, sizeof(p));
		p.len = lengths[i];
		memcpy(p.bytes, frame, sizeof(frame));
		memset(p.bytes + 40, (int)i + 1, lengths[i] - 40);
		CHECK(kernel_map_write(packets, &i, &p) == 0, "packet %u", i);
	}
}

static void start(int state, u32 first, u32 end)
{
	const struct front_turn turn = { .next = first,
					 .first = first,
					 .end = end };
	const u32 zero = 0;

	CHECK(kernel_map_write(state, &zero, &turn) == 0, "state");
}

/* The n-th run makes the same of its packet as if it were the only one. */
static void turns_come_in_order(u32 type, int spoiler)
{
	int state = make_array(BPF_MAP_TYPE_ARRAY, sizeof(struct front_turn),
			       1);
	int packets = make_array(BPF_MAP_TYPE_ARRAY,
				 sizeof(struct front_packet), PACKETS);
	int progs = make_array(BPF_MAP_TYPE_PROG_ARRAY, 4, 1), prog;
	struct bpf_insn insns[FRONT_INSNS];
	struct kernel_run r, once;
	u8 out[4096], want[4096];
	const u32 zero = 0;

	fill(packets);
	prog = load(type, insns,
		    front_turns(type, state, packets, progs, insns));
	if (spoiler >= 0)
		CHECK(kernel_map_write(progs, &zero, &spoiler) == 0, "slot");
	for (u32 n = 1; n <= 3 * PACKETS; n++) {
		u32 last = (n - 1) % PACKETS;

		/* what becomes of it alone */
		start(state, last, last + 1);
		CHECK(run(prog, type, frame, sizeof(frame), 1, &once, want) ==
			      0,
		      "run");
		start(state, 0, PACKETS);
		CHECK(run(prog, type, frame, sizeof(frame), n, &r, out) == 0,
		      "run");
		CHECK(r.retval == (spoiler < 0 ? 0 : 7), "retval %u",
		      r.retval);
		CHECK(spoiler >= 0 || r.out_len == lengths[last],
		      "run %u: %u bytes", n, r.out_len);
		CHECK(r.out_len == once.out_len &&
			      memcmp(out, want, r.out_len) == 0,
		      "type %u, run %u: not packet %u", type, n, last);
	}
	close(prog);
	close(progs);
	close(packets);
	close(state);
}

int main(void)
{
	const char *why = kprog_unavailable();

	flows_have_good_checksums();
	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	for (u32 i = 0; i < ARRAY_LEN(types); i++) {
		int spoiler = types[i] == BPF_PROG_TYPE_XDP
				      ? load(types[i], spoil_xdp,
					     ARRAY_LEN(spoil_xdp))
				      : load(types[i], spoil_skb,
					     ARRAY_LEN(spoil_skb));

		flows_are_the_same(types[i]);
		turns_come_in_order(types[i], -1);
		turns_come_in_order(types[i], spoiler);
		close(spoiler);
	}
	return failures != 0;
}
