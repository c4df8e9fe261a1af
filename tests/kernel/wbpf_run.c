/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_run.c - BPF_PROG_TEST_RUN through bpf(2) and wbpf() */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "asm.h"
#include "prog/pkt.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8
#define SIZE 100

#define XDP BPF_PROG_TYPE_XDP
#define CLS BPF_PROG_TYPE_SCHED_CLS
#define ACT BPF_PROG_TYPE_SCHED_ACT
#define SOCKET BPF_PROG_TYPE_SOCKET_FILTER

static const u32 types[] = { XDP, CLS, ACT, SOCKET };

#define FRAGS_MAX (PKT_XDP_LINEAR_MAX + PKT_FRAGS_MAX * PKT_FRAG_SIZE)

static u8 in[FRAGS_MAX + 1], out[FRAGS_MAX + 1];

static int load_flags(struct side *s, u32 type, u32 attach, u32 flags,
		      const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr = { .prog_type = type,
				.prog_flags = flags,
				.expected_attach_type = attach,
				.insns = PTR(insns),
				.insn_cnt = cnt,
				.license = PTR("GPL") };
	int fd = side_call(s, BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fprintf(stderr, "%s: no prog: %s\n", s->name, strerror(-fd));
	return fd;
}

static int load(struct side *s, u32 type, u32 attach,
		const struct bpf_insn *insns, u32 cnt)
{
	return load_flags(s, type, attach, 0, insns, cnt);
}

static int passing(struct side *s, u32 type)
{
	static const struct bpf_insn code[] = { ALU64_K(MOV, R0, 2), EXIT() };

	return load(s, type, 0, code, ARRAY_LEN(code));
}

static void fill(void)
{
	for (u32 i = 0; i < sizeof(in); i++)
		in[i] = (u8)(i * 7 + 1);
	/* no IP */
	in[12] = 0x88;
	in[13] = 0xb5;
}

static union bpf_attr run_attr(int fd, u32 size)
{
	fill();
	return (union bpf_attr){ .test = { .prog_fd = (u32)fd,
					   .data_in = PTR(in),
					   .data_size_in = size,
					   .data_out = PTR(out),
					   .data_size_out = sizeof(out) } };
}

/* All that comes back, but the time it took. */
static void run(struct side *s, const char *what, union bpf_attr *attr)
{
	u32 sum = 0;
	int res;

	memset(out, 0xee, sizeof(out));
	res = side_call(s, BPF_PROG_TEST_RUN, attr);
	for (u32 i = 0; i < sizeof(out); i++)
		sum = sum * 31 + out[i];
	say(s, "%s: %d, retval %u, size %u, ctx %u, bytes %08x\n", what, res,
	    attr->test.retval, attr->test.data_size_out,
	    attr->test.ctx_size_out, sum);
}

static void sizes(struct side *s)
{
	static const u32 all[] = { 0,	 1,    13,   14,   15,	 33,
				   34,	 53,   54,   100,  1514, 3519,
				   3520, 3700, 3712, 3713, 4096, 8000 };
	static const u16 protocols[] = { 0x88b5, ETH_P_IP, ETH_P_IPV6, 100 };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (size_t i = 0; i < ARRAY_LEN(all); i++) {
			for (size_t p = 0; p < ARRAY_LEN(protocols); p++) {
				union bpf_attr attr = run_attr(fd, all[i]);

				in[12] = (u8)(protocols[p] >> 8);
				in[13] = (u8)protocols[p];
				say(s, "type %u, %u bytes, 0x%x ", types[t],
				    all[i], protocols[p]);
				run(s, "run", &attr);
			}
		}
		side_close(s, fd);
	}
}

static void fields(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (u32 word = 4; word < 168; word += 4) {
			union bpf_attr_618 u = whole_attr(run_attr(fd, SIZE));
			int res;

			if (word == 4 || (word >= 16 && word < 40))
				continue; /* addresses, results, repeat */
			memcpy(&u.bytes[word], &(u32){ 20 }, 4);
			res = side_call_sized(s, BPF_PROG_TEST_RUN, &u,
					      sizeof(u));
			say(s, "type %u word %u: %d\n", types[t], word, res);
		}
		side_close(s, fd);
	}
}

static void flags(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (u32 bit = 0; bit < 32; bit++) {
			union bpf_attr attr = run_attr(fd, SIZE);

			if (types[t] == XDP && bit == 1)
				continue; /* live frames */
			attr.test.flags = 1u << bit;
			say(s, "type %u flag %u ", types[t], bit);
			run(s, "run", &attr);
			attr.test.cpu = 1;
			run(s, "cpu", &attr);
			attr.test.batch_size = 1;
			run(s, "batch", &attr);
		}
		side_close(s, fd);
	}
}

static void handles(struct side *s)
{
	int map = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	const int fds[] = { map, 1000, -1, 0 };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		union bpf_attr attr = run_attr(fds[i], SIZE);

		say(s, "%zu ", i);
		run(s, "run", &attr);
		attr.test.ctx_in = BAD_POINTER;
		run(s, "an address without a size", &attr);
		attr.test.ctx_size_in = 4;
		attr.test.ctx_out = BAD_POINTER;
		run(s, "another", &attr);
	}
	side_close(s, map);
}

static void devices_programs(struct side *s)
{
	static const struct bpf_insn code[] = { ALU64_K(MOV, R0, 2), EXIT() };
	static const u32 attach[] = { BPF_XDP, BPF_XDP_DEVMAP, BPF_XDP_CPUMAP };

	for (size_t i = 0; i < ARRAY_LEN(attach); i++) {
		int fd = load(s, XDP, attach[i], code, ARRAY_LEN(code));
		union bpf_attr attr = run_attr(fd, SIZE);

		run(s, "run", &attr);
		side_close(s, fd);
	}
}

/* What does not fit is counted; what fits is given. */
static void room(struct side *s)
{
	static const u32 rooms[] = { 0, 1, 14, 99, 100, 101 };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
			union bpf_attr attr = run_attr(fd, SIZE);

			attr.test.data_size_out = rooms[i];
			say(s, "type %u room %u ", types[t], rooms[i]);
			run(s, "run", &attr);
			attr.test.data_size_out = rooms[i];
			attr.test.data_out = 0;
			run(s, "no data", &attr);
		}
		side_close(s, fd);
	}
}

static void addresses(struct side *s)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (u32 bad = 1; bad < 32; bad++) {
			union bpf_attr attr = run_attr(fd, SIZE);
			static u8 ctx[4200];

			memset(ctx, 0, sizeof(ctx));
			memcpy(&ctx[4], &(u32){ types[t] == XDP ? SIZE : 0 },
			       4);
			if (bad & 16)
				ctx[4100] = 1;
			if (bad & 1)
				attr.test.data_in = BAD_POINTER;
			if (bad & 2)
				attr.test.data_out = BAD_POINTER;
			attr.test.ctx_in = bad & 4 ? BAD_POINTER : PTR(ctx);
			attr.test.ctx_out = bad & 8 ? BAD_POINTER : PTR(ctx);
			attr.test.ctx_size_in = bad & 16 ? 4200 : 24;
			attr.test.ctx_size_out = 24;
			say(s, "type %u, %u ", types[t], bad);
			run(s, "run", &attr);
		}
		side_close(s, fd);
	}
}

static void say_ctx(struct side *s, const void *ctx, u32 size)
{
	const u8 *bytes = ctx;

	for (u32 i = 0; i < size; i++)
		say(s, "%02x", bytes[i]);
	say(s, "\n");
}

static void xdp_contexts(struct side *s)
{
	static const u32 data[] = { 0,	1,  2,	 4,   8,   32,	33,  84, 86,
				    88, 96, 100, 104, 212, 216, 220, 256 };
	static const u32 lengths[] = { 14, 20, 100, 240, 300, 3520, 3600 };
	int fd = passing(s, XDP);

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(data); k++) {
			struct xdp_md ctx = { .data = data[k],
					      .data_end = lengths[i] };
			union bpf_attr attr = run_attr(fd, lengths[i]);

			attr.test.ctx_in = attr.test.ctx_out = PTR(&ctx);
			attr.test.ctx_size_in = sizeof(ctx);
			attr.test.ctx_size_out = sizeof(ctx);
			say(s, "%u of %u ", data[k], lengths[i]);
			run(s, "run", &attr);
			say_ctx(s, &ctx, sizeof(ctx));
		}
	}
	for (u32 word = 0; word < 6; word++) {
		struct xdp_md ctx = { .data_end = SIZE };
		union bpf_attr attr = run_attr(fd, SIZE);

		((u32 *)&ctx)[word] = 101;
		attr.test.ctx_in = PTR(&ctx);
		attr.test.ctx_size_in = sizeof(ctx);
		say(s, "word %u ", word);
		run(s, "run", &attr);
		((u32 *)&ctx)[word] = 1;
		run(s, "one", &attr);
	}
	side_close(s, fd);
}

static void ctx_room(struct side *s)
{
	static const u32 rooms[] = { 1, 4, 8, 23, 24, 25, 192, 200, 4096 };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
			static u8 ctx[4096];
			union bpf_attr attr = run_attr(fd, SIZE);

			memset(ctx, 0, sizeof(ctx));
			if (types[t] == XDP)
				memcpy(&ctx[4], &(u32){ SIZE }, 4);
			attr.test.ctx_in = attr.test.ctx_out = PTR(ctx);
			attr.test.ctx_size_in = MAX(rooms[i], 8u);
			attr.test.ctx_size_out = rooms[i];
			say(s, "type %u room %u ", types[t], rooms[i]);
			run(s, "run", &attr);
			say_ctx(s, ctx, 200);
			ctx[4095] = ctx[sizeof(struct __sk_buff)] = 1;
			attr.test.ctx_size_in = MAX(rooms[i], 8u);
			run(s, "not zero behind", &attr);
			attr.test.ctx_size_in = 4097;
			run(s, "too long", &attr);
		}
		side_close(s, fd);
	}
}

static void skb_contexts(struct side *s)
{
	static const u32 values[] = { 1,     2,	    99,	   100,	  1000,
				      65535, 65536, 65537, 70000, UINT32_MAX };

	for (size_t t = 1; t < ARRAY_LEN(types); t++) {
		int fd = passing(s, types[t]);

		for (u32 word = 0; word < sizeof(struct __sk_buff) / 4;
		     word++) {
			for (size_t i = 0; i < ARRAY_LEN(values); i++) {
				struct __sk_buff ctx = { 0 };
				union bpf_attr attr = run_attr(fd, SIZE);

				((u32 *)&ctx)[word] = values[i];
				attr.test.ctx_in = PTR(&ctx);
				attr.test.ctx_out = PTR(&ctx);
				attr.test.ctx_size_in = sizeof(ctx);
				attr.test.ctx_size_out = sizeof(ctx);
				say(s, "type %u word %u ", types[t], word);
				run(s, "run", &attr);
				if (attr.test.retval)
					say_ctx(s, &ctx, sizeof(ctx));
			}
		}
		side_close(s, fd);
	}
}

/* ---- what programs see and leave ---- */

#define HEAD(n)                                    \
	ALU64_X(MOV, R6, R1), ALU64_K(MOV, R2, n), \
		CALL(BPF_FUNC_xdp_adjust_head)
#define CTX_WORD(type, field) LDX(W, R0, R1, offsetof(type, field)), EXIT()

static const struct bpf_insn grow[] = { HEAD(-8), EXIT() };
static const struct bpf_insn shrink[] = { HEAD(8), EXIT() };
static const struct bpf_insn tail[] = { ALU64_K(MOV, R2, 10),
					CALL(BPF_FUNC_xdp_adjust_tail),
					EXIT() };
static const struct bpf_insn meta[] = { ALU64_K(MOV, R2, -8),
					CALL(BPF_FUNC_xdp_adjust_meta),
					EXIT() };
static const struct bpf_insn ingress[] = { CTX_WORD(struct xdp_md,
						    ingress_ifindex) };
static const struct bpf_insn queue[] = { CTX_WORD(struct xdp_md,
						  rx_queue_index) };
static const struct bpf_insn len[] = { CTX_WORD(struct __sk_buff, len) };
static const struct bpf_insn kind[] = { CTX_WORD(struct __sk_buff, pkt_type) };
static const struct bpf_insn protocol[] = { CTX_WORD(struct __sk_buff,
						     protocol) };
static const struct bpf_insn mark[] = {
	ST(W, R1, offsetof(struct __sk_buff, mark), 77),
	ST(W, R1, offsetof(struct __sk_buff, cb) + 4, 5),
	ALU64_K(MOV, R0, -1),
	EXIT(),
};
static const struct bpf_insn tag[] = { ALU64_K(MOV, R2, 0x81),
				       ALU64_K(MOV, R3, 5),
				       CALL(BPF_FUNC_skb_vlan_push), EXIT() };
static const struct bpf_insn longer[] = { ALU64_K(MOV, R2, 300),
					  ALU64_K(MOV, R3, 0),
					  CALL(BPF_FUNC_skb_change_tail),
					  EXIT() };
static const struct bpf_insn byte0[] = { ALU64_X(MOV, R6, R1), LD_ABS(B, 0),
					 EXIT() };
static const struct bpf_insn behind[] = { ALU64_X(MOV, R6, R1), LD_ABS(W, 84),
					  EXIT() };

static const struct {
	const char *name;
	u32 type;
	const struct bpf_insn *insns;
	u32 cnt;
} programs[] = {
	{ "grow", XDP, grow, ARRAY_LEN(grow) },
	{ "shrink", XDP, shrink, ARRAY_LEN(shrink) },
	{ "tail", XDP, tail, ARRAY_LEN(tail) },
	{ "meta", XDP, meta, ARRAY_LEN(meta) },
	{ "ingress", XDP, ingress, ARRAY_LEN(ingress) },
	{ "queue", XDP, queue, ARRAY_LEN(queue) },
	{ "len", CLS, len, ARRAY_LEN(len) },
	{ "len", SOCKET, len, ARRAY_LEN(len) },
	{ "type", CLS, kind, ARRAY_LEN(kind) },
	{ "protocol", ACT, protocol, ARRAY_LEN(protocol) },
	{ "mark", CLS, mark, ARRAY_LEN(mark) },
	{ "tag", CLS, tag, ARRAY_LEN(tag) },
	{ "longer", CLS, longer, ARRAY_LEN(longer) },
	{ "byte 0", SOCKET, byte0, ARRAY_LEN(byte0) },
	{ "behind", SOCKET, behind, ARRAY_LEN(behind) },
	{ "byte 0", CLS, byte0, ARRAY_LEN(byte0) },
};

static void effects(struct side *s)
{
	static const u32 repeats[] = { 0, 1, 2, 3 };

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		int fd = load(s, programs[i].type, 0, programs[i].insns,
			      programs[i].cnt);

		for (size_t k = 0; k < ARRAY_LEN(repeats); k++) {
			union environ_ctx {
				struct xdp_md xdp;
				struct __sk_buff skb;
			} ctx = { 0 };
			union bpf_attr attr = run_attr(fd, SIZE);

			if (programs[i].type == XDP)
				ctx.xdp.data_end = SIZE;
			attr.test.repeat = repeats[k];
			attr.test.ctx_in = attr.test.ctx_out = PTR(&ctx);
			attr.test.ctx_size_in = sizeof(ctx);
			attr.test.ctx_size_out = sizeof(ctx);
			run(s, programs[i].name, &attr);
			say_ctx(s, &ctx, sizeof(ctx));
		}
		side_close(s, fd);
	}
}

/* ---- packets in several pieces ---- */

/* helper(ctx, n), then the length of the whole, or why not. */
#define ADJUST(helper, n)                                                \
	{                                                                \
		ALU64_X(MOV, R6, R1), ALU64_K(MOV, R2, n), CALL(helper), \
			JMP64_K(JNE, R0, 0, 2), ALU64_X(MOV, R1, R6),    \
			CALL(BPF_FUNC_xdp_get_buff_len), EXIT(),         \
	}

/* One piece or several, as long as the context lets the first be. */
static void run_frags(struct side *s, int fd, u32 size, u32 meta, u32 linear)
{
	struct xdp_md ctx = { .data = meta, .data_end = linear };
	union bpf_attr attr = run_attr(fd, size);

	attr.test.ctx_in = attr.test.ctx_out = PTR(&ctx);
	attr.test.ctx_size_in = attr.test.ctx_size_out = sizeof(ctx);
	say(s, "%u bytes, %u meta, %u linear ", size, meta, linear);
	run(s, "run", &attr);
	say_ctx(s, &ctx, sizeof(ctx));
}

static void run_sizes(struct side *s, const struct bpf_insn *code, u32 cnt)
{
	static const u32 sizes[] = { 60,   1514, 3520, 3521, 3600,
				     7616, 7617, 9014, 15000 };
	static const u32 flags[] = { 0, BPF_F_XDP_HAS_FRAGS };

	for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
		int fd = load_flags(s, XDP, 0, flags[f], code, cnt);

		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			run_frags(s, fd, sizes[i], 0, sizes[i]);
			run_frags(s, fd, sizes[i], 0, 40);
			run_frags(s, fd, sizes[i], 32, 60);
		}
		side_close(s, fd);
	}
}

static void frags_adjusted(struct side *s)
{
	static const s32 by[] = { 0,	 1,	2,     26,    80,    495,
				  496,	 1000,	3000,  4095,  4096,  4097,
				  -1,	 -26,	-46,   -80,   -81,   -1000,
				  -3520, -4096, -5494, -7000, -9000, -15000 };

	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		const struct bpf_insn tails[] =
			ADJUST(BPF_FUNC_xdp_adjust_tail, by[i]);
		const struct bpf_insn heads[] =
			ADJUST(BPF_FUNC_xdp_adjust_head, by[i]);

		say(s, "by %d\n", by[i]);
		run_sizes(s, tails, ARRAY_LEN(tails));
		run_sizes(s, heads, ARRAY_LEN(heads));
	}
}

/* Reads there, changes what it read and writes it further on. */
static void frags_bytes(struct side *s)
{
	static const u32 offsets[] = { 0,    20,    28,	   36,	 40,
				       1000, 3515,  3519,  3520, 4131,
				       4136, 7610,  7616,  8990, 9006,
				       9007, 14990, 65535, 65536 };

	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		const struct bpf_insn code[] = {
			ALU64_X(MOV, R6, R1),
			ST(DW, R10, -8, 0),
			ALU64_K(MOV, R2, offsets[i]),
			ALU64_X(MOV, R3, R10),
			ALU64_K(ADD, R3, -8),
			ALU64_K(MOV, R4, 8),
			CALL(BPF_FUNC_xdp_load_bytes),
			JMP64_K(JNE, R0, 0, 11),
			LDX(W, R7, R10, -8),
			LDX(W, R1, R10, -4),
			ALU64_X(ADD, R7, R1),
			STX(W, R10, -4, R7),
			ALU64_X(MOV, R1, R6),
			ALU64_K(MOV, R2, offsets[i] + 5),
			ALU64_X(MOV, R3, R10),
			ALU64_K(ADD, R3, -8),
			ALU64_K(MOV, R4, 8),
			CALL(BPF_FUNC_xdp_store_bytes),
			ALU64_X(ADD, R0, R7),
			EXIT(),
		};

		say(s, "at %u\n", offsets[i]);
		run_sizes(s, code, ARRAY_LEN(code));
	}
}

static void frags_limits(struct side *s)
{
	static const u32 linear[] = { 0, 1, 13, 14, 15, 100 };
	static const u32 meta[] = { 0, 4, 8, 12, 96 };
	int fd = passing(s, XDP);

	run_frags(s, fd, FRAGS_MAX, 0, FRAGS_MAX);
	run_frags(s, fd, FRAGS_MAX + 1, 0, FRAGS_MAX + 1);
	run_frags(s, fd, FRAGS_MAX, 4, FRAGS_MAX);
	for (size_t i = 0; i < ARRAY_LEN(linear); i++)
		for (size_t k = 0; k < ARRAY_LEN(meta); k++)
			run_frags(s, fd, 200, meta[k], linear[i]);
	side_close(s, fd);
}

static const u8 destinations[][ETH_ALEN] = {
	{ 0 },
	{ 2, 0, 0, 0, 0, 1 },
	{ 1, 0, 0x5e, 0, 0, 1 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};

static void addressed(struct side *s)
{
	int fd = load(s, CLS, 0, kind, ARRAY_LEN(kind));

	for (size_t i = 0; i < ARRAY_LEN(destinations); i++) {
		union bpf_attr attr = run_attr(fd, SIZE);

		memcpy(in, destinations[i], ETH_ALEN);
		run(s, "destination", &attr);
	}
	side_close(s, fd);
}

/* A sum that was not followed when the bytes changed. */
static void checksums(struct side *s)
{
	const u64 recompute[] = { 0, BPF_F_RECOMPUTE_CSUM };

	for (size_t i = 0; i < ARRAY_LEN(recompute); i++) {
		for (u32 off = 0; off < 30; off += 10) {
			const struct bpf_insn code[] = {
				ST(DW, R10, -8, 0x1234567),
				ALU64_K(MOV, R2, off),
				ALU64_X(MOV, R3, R10),
				ALU64_K(ADD, R3, -8),
				ALU64_K(MOV, R4, 8),
				ALU64_K(MOV, R5, recompute[i]),
				CALL(BPF_FUNC_skb_store_bytes),
				EXIT(),
			};
			int fd = load(s, CLS, 0, code, ARRAY_LEN(code));
			union bpf_attr attr = run_attr(fd, SIZE);

			say(s, "at %u, recompute %zu ", off, i);
			run(s, "plain", &attr);
			attr = run_attr(fd, SIZE);
			attr.test.flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE;
			run(s, "sum", &attr);
			side_close(s, fd);
		}
	}
}

/* Each run counts, in the map that the caller reads. */
static void counting(struct side *s)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH };
	static const u32 repeats[] = { 0, 1, 1000 };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		int map = side_map(s, kinds[k], 4, 8, 1, 0);
		u32 key = 0;
		u64 value = 0;
		const struct bpf_insn code[] = {
			ST(W, R10, -4, 0),
			LD_MAP(R1, map),
			ALU64_X(MOV, R2, R10),
			ALU64_K(ADD, R2, -4),
			CALL(BPF_FUNC_map_lookup_elem),
			JMP64_K(JEQ, R0, 0, 2),
			ALU64_K(MOV, R1, 1),
			ATOMIC(DW, R0, 0, R1, BPF_ADD),
			ALU64_K(MOV, R0, 0),
			EXIT(),
		};
		union bpf_attr attr = { .map_fd = (u32)map,
					.key = PTR(&key),
					.value = PTR(&value) };
		union bpf_attr put = attr;
		int fd = load(s, XDP, 0, code, ARRAY_LEN(code));

		say_call(s, "put", BPF_MAP_UPDATE_ELEM, &put);
		for (size_t i = 0; i < ARRAY_LEN(repeats); i++) {
			union bpf_attr test = run_attr(fd, SIZE);

			test.test.repeat = repeats[i];
			run(s, "run", &test);
			put = attr;
			say_call(s, "get", BPF_MAP_LOOKUP_ELEM, &put);
			say(s, "%llu\n", (unsigned long long)value);
		}
		side_close(s, fd);
		side_close(s, map);
	}
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "sizes", sizes },
		{ "fields", fields },
		{ "flags", flags },
		{ "handles", handles },
		{ "programs for devices", devices_programs },
		{ "room", room },
		{ "addresses", addresses },
		{ "XDP contexts", xdp_contexts },
		{ "room for the context", ctx_room },
		{ "sk_buff contexts", skb_contexts },
		{ "effects", effects },
		{ "pieces adjusted", frags_adjusted },
		{ "bytes in pieces", frags_bytes },
		{ "how many pieces", frags_limits },
		{ "addressed", addressed },
		{ "checksums", checksums },
		{ "counting", counting },
	};

	/* with no device but the loopback */
	if (unshare(CLONE_NEWNET) != 0) {
		printf("no network namespace: %s\n", strerror(errno));
		return SKIP;
	}
	return wbpf_compare(cases, ARRAY_LEN(cases));
}
