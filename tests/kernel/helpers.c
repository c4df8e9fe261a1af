/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers.c - what helpers return and make of the packet, on the live kernel
 * and on every engine
 *
 * Tables of values for every argument, all combinations of them.
 */
#include "frames.h"

#define XDP BPF_PROG_TYPE_XDP
#define TC BPF_PROG_TYPE_SCHED_CLS

/* ---- XDP ---- */

static const u32 xdp_lens[] = { 14, 15, 60, 1500, 3519, 3520 };
static const s64 moves[] = {
	0,	     1,		  -1,	      4,
	-4,	     14,	  16,	      -16,
	45,	     46,	  47,	      -46,
	100,	     -100,	  -128,	      -212,
	-213,	     -215,	  -216,	      -217,
	-218,	     -256,	  -257,	      252,
	255,	     256,	  -252,	      -255,
	1485,	     1486,	  1487,	      2019,
	2020,	     2021,	  2276,	      3505,
	3506,	     3507,	  -3506,      -3507,
	4096,	     -4096,	  0x7fffffff, -0x7fffffff - 1,
	0x100000000, 0x100000004, 0xfffffffc, -0x100000004,
};

static void adjust_moves_the_ends(struct duo *d)
{
	static const u32 helpers[] = { BPF_FUNC_xdp_adjust_head,
				       BPF_FUNC_xdp_adjust_meta,
				       BPF_FUNC_xdp_adjust_tail };

	for (u32 h = 0; h < ARRAY_LEN(helpers); h++)
		for (u32 m = 0; m < ARRAY_LEN(moves); m++)
			for (u32 l = 0; l < ARRAY_LEN(xdp_lens); l++) {
				struct duo_case c = {
					"adjust",
					XDP,
					{ { helpers[h],
					    { CTX, K(moves[m]) } } },
				};

				frame_compare(d, &c, &frame_kinds[0],
					      xdp_lens[l]);
			}
}

static void metadata_limits_and_follows_the_head(struct duo *d)
{
	static const s64 metas[] = { -4, -8, -32, -128, -216 };
	static const s64 heads[] = { -216, -212, -208, -184, -88,
				     -1,   1,	 20,   46,   47 };

	for (u32 m = 0; m < ARRAY_LEN(metas); m++)
		for (u32 h = 0; h < ARRAY_LEN(heads); h++) {
			struct duo_case c = {
				"adjust with metadata",
				XDP,
				{ { BPF_FUNC_xdp_adjust_meta,
				    { CTX, K(metas[m]) } },
				  { BPF_FUNC_xdp_adjust_head,
				    { CTX, K(heads[h]) } },
				  { BPF_FUNC_xdp_adjust_meta, { CTX, K(4) } },
				  { BPF_FUNC_xdp_adjust_tail,
				    { CTX, K(heads[h]) } },
				  { BPF_FUNC_xdp_adjust_meta,
				    { CTX, K(-4) } } },
			};

			frame_compare(d, &c, &frame_kinds[0], 60);
		}
}

/* Once there is room for more than metadata may have. */
static void metadata_is_short(struct duo *d)
{
	for (s64 len = 0; len <= 320; len += 2) {
		struct duo_case c = {
			"metadata",
			XDP,
			{ { BPF_FUNC_xdp_adjust_head, { CTX, K(100) } },
			  { BPF_FUNC_xdp_adjust_meta, { CTX, K(-len) } },
			  { BPF_FUNC_xdp_adjust_meta, { CTX, K(-4) } } },
		};

		frame_compare(d, &c, &frame_kinds[0], 200);
	}
}

static void xdp_bytes(struct duo *d)
{
	static const u64 offsets[] = { 0,	    1,		59,
				       60,	    61,		0xffff,
				       0x10000,	    0x7fffffff, 0xfffffff0,
				       0x100000004, UINT64_MAX };
	static const u32 lens[] = { 1, 2, 20, 59, 60, 61, 512 };

	for (u32 o = 0; o < ARRAY_LEN(offsets); o++)
		for (u32 l = 0; l < ARRAY_LEN(lens); l++) {
			struct duo_case c = {
				"xdp bytes",
				XDP,
				{ { BPF_FUNC_xdp_load_bytes,
				    { CTX, K(offsets[o]), MEM(9),
				      K(lens[l]) } },
				  { BPF_FUNC_xdp_store_bytes,
				    { CTX, K(offsets[o]), MEM(64),
				      K(lens[l]) } },
				  { BPF_FUNC_xdp_get_buff_len, { CTX } } },
			};

			frame_compare(d, &c, &frame_kinds[0], 60);
		}
}

/* ---- redirect ---- */

static void redirect_refuses_flags(struct duo *d)
{
	static const u64 flags[] = { 0,		 1,	     2,
				     3,		 4,	     8,
				     1ull << 16, 1ull << 17, 1ull << 18,
				     1ull << 32, UINT64_MAX };
	static const u64 ports[] = { 0, 1, 99999, UINT64_MAX };

	for (u32 f = 0; f < ARRAY_LEN(flags); f++)
		for (u32 p = 0; p < ARRAY_LEN(ports); p++)
			for (u32 t = 0; t < 2; t++) {
				struct duo_case c = {
					"redirect",
					t ? TC : XDP,
					{ { BPF_FUNC_redirect,
					    { K(ports[p]), K(flags[f]) } } },
				};

				frame_compare(d, &c, &frame_kinds[0], 60);
			}
}

/* ---- checksums ---- */

static const u64 seeds[] = { 0,		 1,	      0xffff,
			     0x10000,	 0xfffe0001,  0x12345678,
			     0xffffffff, 0x100000000, UINT64_MAX };

static void csum_diff_of_sizes_and_seeds(struct duo *d)
{
	static const u32 sizes[] = { 0, 1, 3, 4, 6, 20, 61, 508, 512 };

	for (u32 a = 0; a < ARRAY_LEN(sizes); a++)
		for (u32 b = 0; b < ARRAY_LEN(sizes); b++)
			for (u32 s = 0; s < ARRAY_LEN(seeds); s++) {
				struct duo_case c = {
					"csum_diff",
					s & 1 ? TC : XDP,
					{ { BPF_FUNC_csum_diff,
					    { MEM(0), K(sizes[a]), MEM(512),
					      K(sizes[b]), K(seeds[s]) } },
					  { BPF_FUNC_csum_diff,
					    { K(0), K(0), MEM(1), K(sizes[b]),
					      K(seeds[s]) } },
					  { BPF_FUNC_csum_diff,
					    { MEM(3), K(sizes[a]), K(0), K(0),
					      K(seeds[s]) } },
					  { BPF_FUNC_csum_diff,
					    { PACKET(a), K(20), PACKET(b),
					      K(16), K(seeds[s]) } } },
				};

				frame_compare(d, &c, &frame_kinds[0], 80);
			}
}

static const u64 replace_flags[] = {
	0,    1,    2,	   3,	  4,	      6,	  8,	15,   0x10,
	0x12, 0x14, 0x20,  0x22,  0x24,	      0x30,	  0x32, 0x34, 0x40,
	0x54, 0x60, 0x62,  0x64,  0x70,	      0x74,	  0x80, 0x90, 0x92,
	0x94, 0xb4, 0x100, 0x104, 1ull << 32, UINT64_MAX,
};

static void csum_replace(struct duo *d, u32 helper)
{
	static const u64 offsets[] = { 0,	  1,	       24,
				       40,	  98,	       99,
				       100,	  0xfffe,      0xffff,
				       0x10000,	  0x100000018, 0xfffffffe,
				       UINT64_MAX };
	static const u64 values[][2] = {
		{ 0, 0 },
		{ 0, 0x1234 },
		{ 0, 0xffff5678 },
		{ 1, 0 },
		{ 0x1234, 0x1234 },
		{ 0xffff, 0 },
		{ 0x12345678, 0x9abcdef0 },
		{ 0xffffffff, 1 },
		{ 0x100000000, 0x100000001 },
		{ UINT64_MAX, UINT64_MAX },
	};

	for (u32 f = 0; f < ARRAY_LEN(replace_flags); f++)
		for (u32 o = 0; o < ARRAY_LEN(offsets); o++)
			for (u32 v = 0; v < ARRAY_LEN(values); v++) {
				struct duo_case c = {
					"csum_replace",
					TC,
					{ { helper,
					    { CTX, K(offsets[o]),
					      K(values[v][0]), K(values[v][1]),
					      K(replace_flags[f]) } } },
					.complete = v & 1,
				};

				frame_compare(d, &c, &frame_kinds[v & 1], 100);
			}
}

static void l3_csum_replace(struct duo *d)
{
	csum_replace(d, BPF_FUNC_l3_csum_replace);
}

static void l4_csum_replace(struct duo *d)
{
	csum_replace(d, BPF_FUNC_l4_csum_replace);
}

/* A checksum that is or becomes either zero. */
static void zero_checksums(struct duo *d)
{
	static const u8 zero[2], ones[2] = { 0xff, 0xff };

	memcpy(duo_memory(d), zero, 2);
	memcpy(duo_memory(d) + 2, ones, 2);
	for (u32 f = 0; f < ARRAY_LEN(replace_flags); f++)
		for (u32 m = 0; m < 4; m += 2)
			for (u32 to = 0; to < 2; to++) {
				const struct duo_arg diff[] = {
					K(0), K(to ? 0xffff : 0)
				};
				struct duo_case c = {
					"zero checksum",
					TC,
					{ { BPF_FUNC_skb_store_bytes,
					    { CTX, K(40), MEM(m), K(2),
					      K(1) } },
					  { BPF_FUNC_l4_csum_replace,
					    { CTX, K(40), diff[0], diff[1],
					      K(replace_flags[f]) } } },
				};

				frame_compare(d, &c, &frame_kinds[0], 100);
			}
}

/* Up, down, query and reset, in all orders of five. */
static void csum_levels(struct duo *d)
{
	for (u32 n = 0; n < 5 * 5 * 5 * 5 * 5; n++) {
		struct duo_case c = {
			.name = "csum_level",
			.type = TC,
			.complete = n & 1,
		};

		for (u32 i = 0, left = n; i < 5; i++, left /= 5)
			c.call[i] = (struct duo_call){ BPF_FUNC_csum_level,
						       { CTX, K(left % 5) } };
		c.call[5] =
			(struct duo_call){ BPF_FUNC_csum_level, { CTX, K(0) } };
		frame_compare(d, &c, &frame_kinds[0], 60);
	}
}

static void csum_update(struct duo *d)
{
	for (u32 s = 0; s < ARRAY_LEN(seeds); s++)
		for (u32 n = 0; n < ARRAY_LEN(frame_kinds); n++) {
			struct duo_case c = {
				"csum_update",
				TC,
				{ { BPF_FUNC_csum_update, { CTX, K(0) } },
				  { BPF_FUNC_csum_update,
				    { CTX, K(seeds[s]) } } },
				.complete = s & 1,
			};

			frame_compare(d, &c, &frame_kinds[n], 61);
		}
}

/* ---- bytes of the sk_buff ---- */

static const u64 byte_offsets[] = {
	0,	    1,		 13,
	14,	    15,		 59,
	60,	    96,		 99,
	100,	    101,	 0xffff,
	0x10000,    0x7fffffff,	 0x80000000,
	0xffffffff, 0x100000000, UINT64_MAX - 4,
};
static const u32 byte_lens[] = { 1, 2, 3, 4, 40, 41, 100, 101, 512 };

static void load_bytes(struct duo *d)
{
	for (u32 o = 0; o < ARRAY_LEN(byte_offsets); o++)
		for (u32 l = 0; l < ARRAY_LEN(byte_lens); l++) {
			struct duo_case c = {
				"skb_load_bytes",
				TC,
				{ { BPF_FUNC_skb_load_bytes,
				    { CTX, K(byte_offsets[o]), MEM(16),
				      K(byte_lens[l]) } } },
			};

			frame_compare(d, &c, &frame_kinds[0], 100);
		}
}

static void load_bytes_relative(struct duo *d)
{
	static const u64 starts[] = { 0, 1, 2, 0x100000000, UINT64_MAX };

	for (u32 o = 0; o < ARRAY_LEN(byte_offsets); o++)
		for (u32 l = 0; l < ARRAY_LEN(byte_lens); l++)
			for (u32 i = 0; i < ARRAY_LEN(starts); i++) {
				struct duo_case c = {
					"skb_load_bytes_relative",
					TC,
					{ { BPF_FUNC_skb_load_bytes_relative,
					    { CTX, K(byte_offsets[o]), MEM(16),
					      K(byte_lens[l]),
					      K(starts[i]) } } },
				};

				frame_compare(d, &c, &frame_kinds[0], 100);
			}
}

static void pull_data(struct duo *d)
{
	for (u32 o = 0; o < ARRAY_LEN(byte_offsets); o++) {
		struct duo_case c = {
			"skb_pull_data",
			TC,
			{ { BPF_FUNC_skb_pull_data,
			    { CTX, K(byte_offsets[o]) } } },
		};

		frame_compare(d, &c, &frame_kinds[0], 100);
	}
}

static void store_bytes(struct duo *d)
{
	static const u64 flags[] = { 0, 1, 2, 3, 4, 8, 1ull << 32 };

	for (u32 o = 0; o < ARRAY_LEN(byte_offsets); o++)
		for (u32 l = 0; l < ARRAY_LEN(byte_lens); l++)
			for (u32 f = 0; f < 2 * ARRAY_LEN(flags); f++) {
				struct duo_case c = {
					"skb_store_bytes",
					TC,
					{ { BPF_FUNC_skb_store_bytes,
					    { CTX, K(byte_offsets[o]), MEM(16),
					      K(byte_lens[l]),
					      K(flags[f / 2]) } } },
					.complete = f & 1,
				};

				frame_compare(d, &c, &frame_kinds[0], 100);
			}
}

/* ---- tags ---- */

enum { POP, PUSH, PUSH_AD, PUSH_ODD, VLAN_OPS };

static struct duo_call vlan_call(u32 op)
{
	static const struct duo_call calls[VLAN_OPS] = {
		[POP] = { BPF_FUNC_skb_vlan_pop, { CTX } },
		[PUSH] = { BPF_FUNC_skb_vlan_push, { CTX, K(0x81), K(5) } },
		[PUSH_AD] = { BPF_FUNC_skb_vlan_push,
			      { CTX, K(0xfffffa888), K(0x1ffff) } },
		[PUSH_ODD] = { BPF_FUNC_skb_vlan_push,
			       { CTX, K(0x1234), K(0x2000) } },
	};

	return calls[op];
}

/* All sequences of four, with and without a checksum, on all kinds. */
static void tags_come_and_go(struct duo *d)
{
	for (u32 k = 0; k < ARRAY_LEN(frame_kinds); k++)
		for (u32 n = 0; n < VLAN_OPS * VLAN_OPS * VLAN_OPS * VLAN_OPS;
		     n++) {
			struct duo_case c = {
				.name = frame_kinds[k].name,
				.type = TC,
				.call = { vlan_call(n % 4),
					  vlan_call(n / 4 % 4),
					  vlan_call(n / 16 % 4),
					  vlan_call(n / 64) },
				.complete = n & 1,
			};

			frame_compare(d, &c, &frame_kinds[k], 70);
		}
}

static void tags_of_short_packets(struct duo *d)
{
	for (u32 k = 0; k < ARRAY_LEN(frame_kinds); k++)
		for (u32 len = frame_kinds[k].len; len < 26; len++)
			for (u32 op = 0; op < VLAN_OPS; op++) {
				struct duo_case c = {
					.name = frame_kinds[k].name,
					.type = TC,
					.call = { vlan_call(op), vlan_call(POP),
						  vlan_call(POP) },
				};

				frame_compare(d, &c, &frame_kinds[k], len);
			}
}

/* ---- maps ---- */

static void map_calls(struct duo *d)
{
	static const u64 flags[] = { 0, 1, 2, 3, 4, 1ull << 32 };

	for (u32 f = 0; f < ARRAY_LEN(flags); f++) {
		const struct duo_arg flag = K(flags[f]);
		struct duo_case c = {
			"map",
			f & 1 ? XDP : TC,
			{ { BPF_FUNC_map_update_elem,
			    { MAP, MEM(0), MEM(8), flag } },
			  { BPF_FUNC_map_update_elem,
			    { MAP, MEM(0), MEM(16), flag } },
			  { BPF_FUNC_map_delete_elem, { MAP, MEM(0) } },
			  { BPF_FUNC_map_delete_elem, { MAP, MEM(0) } } },
		};

		frame_compare(d, &c, &frame_kinds[0], 60);
	}
}

/* ---- strings ---- */

/* The string of the harness is "text". */
static void strings(struct duo *d)
{
	static const char *const others[] = {
		"", "t", "tex", "text", "texts", "texu", "tezt", "\xfftxt"
	};

	for (u32 i = 0; i < ARRAY_LEN(others); i++)
		for (u32 size = 1; size < 8; size++)
			for (u32 off = 0; off < 5; off++) {
				struct duo_case c = {
					others[i],
					TC,
					{ { BPF_FUNC_strncmp,
					    { MEM(0),
					      K(size),
					      { DUO_STRING, off } } } },
				};

				memset(duo_memory(d), 0, 8);
				memcpy(duo_memory(d), others[i],
				       strlen(others[i]));
				frame_compare(d, &c, &frame_kinds[0], 60);
			}
}

/* ---- marks and owners ---- */

static void congestion_is_marked_where_it_may(struct duo *d)
{
	static const u32 lens[] = { 34, 38, 42, 54, 58, 62, 80 };
	u8 frame[FRAME_MAX];

	for (u32 k = 0; k < ARRAY_LEN(frame_kinds); k++)
		for (u32 tos = 0; tos < 256; tos += 5)
			for (u32 l = 0; l < 2; l++) {
				u32 len = lens[(tos + 3 * l) % ARRAY_LEN(lens)];
				struct duo_case c = {
					"ecn_set_ce",
					TC,
					{ { BPF_FUNC_skb_ecn_set_ce, { CTX } },
					  { BPF_FUNC_skb_ecn_set_ce,
					    { CTX } } },
					.complete = l,
				};

				if (k == 1 && len < 54)
					continue;
				frame_make(frame, &frame_kinds[k], len);
				frame[15] = (u8)tos;
				frame[14] = (u8)(frame[14] & 0xf0) | tos >> 4;
				frame[24] = (u8)(tos * 7);
				if (frame_kinds[k].head[12] == 8)
					frame[14] = 0x45;
				c.frame = frame;
				c.len = len;
				duo_compare(d, &c);
			}
}

static void departures_are_set_for_ip_only(struct duo *d)
{
	for (u32 k = 0; k < 3; k++)
		for (u64 type = 0; type < 5; type++) {
			struct duo_case c = {
				"set_tstamp",
				TC,
				{ { BPF_FUNC_skb_set_tstamp,
				    { CTX, K(0), K(type) } },
				  { BPF_FUNC_skb_set_tstamp,
				    { CTX, K(77), K(type) } },
				  { BPF_FUNC_skb_set_tstamp,
				    { CTX, K(1ull << 40),
				      K(type | 1ull << 32) } } },
			};

			frame_compare(d, &c, &frame_kinds[k], 60);
		}
}

/* What does not depend on the socket that BPF_PROG_TEST_RUN has made. */
static void packets_are_nobody_s(struct duo *d)
{
	struct duo_case c = {
		"owners",
		TC,
		{ { BPF_FUNC_get_cgroup_classid, { CTX } },
		  { BPF_FUNC_get_route_realm, { CTX } },
		  { BPF_FUNC_skb_cgroup_classid, { CTX } } },
	};

	frame_compare(d, &c, &frame_kinds[0], 60);
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = {
		adjust_moves_the_ends,
		metadata_limits_and_follows_the_head,
		redirect_refuses_flags,
		metadata_is_short,
		xdp_bytes,
		csum_diff_of_sizes_and_seeds,
		l3_csum_replace,
		l4_csum_replace,
		zero_checksums,
		csum_levels,
		csum_update,
		load_bytes,
		load_bytes_relative,
		store_bytes,
		pull_data,
		tags_come_and_go,
		tags_of_short_packets,
		map_calls,
		strings,
		congestion_is_marked_where_it_may,
		departures_are_set_for_ip_only,
		packets_are_nobody_s,
	};

	return duo_main(tests, ARRAY_LEN(tests));
}
