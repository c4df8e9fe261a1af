/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_resize.c - sk_buffs that grow, shrink and change their kind, on the
 * live kernel and on every engine
 */
#include "frames.h"

#define TC BPF_PROG_TYPE_SCHED_CLS

static const u64 sizes[] = {
	0,	     1,		 13,	     14,	 15,
	20,	     33,	 34,	     35,	 40,
	53,	     54,	 60,	     99,	 100,
	101,	     500,	 15963,	     15964,	 15965,
	16063,	     16064,	 16065,	     0x7fffffff, 0x80000000,
	0xffffff9b,  0xffffff9c, 0xffffff9d, 0xffffffff, 0x100000000,
	0x100000064, UINT64_MAX,
};
static const u64 flags[] = { 0, 1, 1ull << 32 };

static void change_head_and_tail(struct duo *d)
{
	static const u32 helpers[] = { BPF_FUNC_skb_change_head,
				       BPF_FUNC_skb_change_tail };

	for (u32 h = 0; h < ARRAY_LEN(helpers); h++)
		for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
			for (u32 n = 0; n < 2 * ARRAY_LEN(flags); n++) {
				struct duo_case c = {
					"resize",
					TC,
					{ { helpers[h],
					    { CTX, K(sizes[s]),
					      K(flags[n / 2]) } },
					  { BPF_FUNC_skb_load_bytes_relative,
					    { CTX, K(0), MEM(0), K(14),
					      K(0) } },
					  { BPF_FUNC_skb_load_bytes_relative,
					    { CTX, K(0), MEM(20), K(20),
					      K(1) } } },
					.complete = n & 1,
				};

				frame_compare(d, &c, &frame_kinds[n / 3], 100);
			}
}

static void change_type(struct duo *d)
{
	for (u32 from = 0; from < 9; from++)
		for (u32 to = 0; to < 9; to++) {
			struct duo_case c = {
				"skb_change_type",
				TC,
				{ { BPF_FUNC_skb_change_type,
				    { CTX, K(from) } },
				  { BPF_FUNC_skb_change_type,
				    { CTX, K(to | (u64)from << 32) } } },
			};

			frame_compare(d, &c, &frame_kinds[0], 60);
		}
}

static void change_proto(struct duo *d)
{
	static const u64 protos[] = { 0x0008, 0xdd86,  0x0800, 0x86dd,
				      0,      0x10008, 0x1dd86 };

	for (u32 k = 0; k < ARRAY_LEN(frame_kinds); k++)
		for (u32 a = 0; a < ARRAY_LEN(protos); a++)
			for (u32 b = 0; b < ARRAY_LEN(protos); b++) {
				struct duo_case c = {
					frame_kinds[k].name,
					TC,
					{ { BPF_FUNC_set_hash, { CTX, K(7) } },
					  { BPF_FUNC_skb_change_proto,
					    { CTX, K(protos[a]),
					      K(flags[b % 3]) } },
					  { BPF_FUNC_skb_change_proto,
					    { CTX, K(protos[b]), K(0) } },
					  { BPF_FUNC_skb_load_bytes_relative,
					    { CTX, K(0), MEM(0), K(16),
					      K(1) } } },
					.complete = a & 1,
				};

				frame_compare(d, &c, &frame_kinds[k],
					      frame_kinds[k].len + b * 9);
			}
}

static const s64 diffs[] = {
	0,
	1,
	4,
	8,
	20,
	40,
	50,
	0xfff,
	0x1000,
	0x7fffffff,
	-1,
	-4,
	-20,
	-26,
	-27,
	-40,
	-46,
	-47,
	-66,
	-67,
	-86,
	-87,
	-0xfff,
	-0x1000,
	-0x7fffffff - 1,
	0x100000004,
	-0x100000004,
};
static const u64 room_flags[] = {
	0,
	1,
	0x20,
	0x21,
	2,
	4,
	6,
	8,
	0xa,
	0xc,
	0x12,
	0x14,
	0x1a,
	0x1c,
	0x40,
	0x42,
	0x44,
	0x42 | 14ull << 56,
	0x54 | 14ull << 56,
	0x2 | 4ull << 56,
	0x42 | 13ull << 56,
	0x42 | 255ull << 56,
	14ull << 56,
	0x80,
	0x100,
	0x180,
	0x81,
	0xa0,
	0x120,
	0x82,
	0x200,
	0x400,
	0x800,
	1ull << 32,
	1ull << 55,
	UINT64_MAX,
};

/* What a new outer header does to the shortest tail; but not where Linux has
 * to reallocate, which moves a transport header that was never set. */
static void adjust_room(struct duo *d)
{
	for (u32 f = 0; f < ARRAY_LEN(room_flags); f++)
		for (u32 n = 0; n < ARRAY_LEN(diffs); n++)
			for (u32 mode = 0; mode < 3; mode++) {
				struct duo_case c = {
					"skb_adjust_room",
					TC,
					{ { BPF_FUNC_csum_level,
					    { CTX, K(BPF_CSUM_LEVEL_INC) } },
					  { BPF_FUNC_skb_adjust_room,
					    { CTX, K(diffs[n]), K(mode),
					      K(room_flags[f]) } },
					  { BPF_FUNC_csum_level,
					    { CTX, K(BPF_CSUM_LEVEL_QUERY) } },
					  { BPF_FUNC_skb_load_bytes_relative,
					    { CTX, K(0), MEM(0), K(16),
					      K(1) } } },
					.complete = n & 1,
				};

				if (diffs[n] != 0xfff)
					c.call[4] = (struct duo_call){
						BPF_FUNC_skb_change_tail,
						{ CTX, K(30 + f), K(0) }
					};
				frame_compare(d, &c, &frame_kinds[f & 1], 100);
			}
}

/* Once more on what one of them has left. */
static void adjust_room_twice(struct duo *d)
{
	for (u32 f = 0; f < ARRAY_LEN(room_flags); f++)
		for (u32 g = 0; g < ARRAY_LEN(room_flags); g++) {
			struct duo_case c = {
				"skb_adjust_room twice",
				TC,
				{ { BPF_FUNC_skb_adjust_room,
				    { CTX, K(40), K(BPF_ADJ_ROOM_MAC),
				      K(room_flags[f]) } },
				  { BPF_FUNC_skb_adjust_room,
				    { CTX, K(f & 1 ? 20 : -20), K(g & 1),
				      K(room_flags[g]) } },
				  { BPF_FUNC_skb_load_bytes_relative,
				    { CTX, K(0), MEM(0), K(16), K(1) } },
				  { BPF_FUNC_skb_vlan_push,
				    { CTX, K(0x81), K(3) } },
				  { BPF_FUNC_skb_change_tail,
				    { CTX, K(30 + g), K(0) } } },
			};

			frame_compare(d, &c, &frame_kinds[g & 1], 100);
		}
}

/* Segmentation of a kind that has no name here, as BPF_PROG_TEST_RUN has it. */
static void many_packets_in_one(struct duo *d)
{
	for (u32 f = 0; f < ARRAY_LEN(room_flags); f++)
		for (u32 n = 0; n < ARRAY_LEN(diffs); n++) {
			struct duo_case c = {
				"many in one",
				TC,
				{ { BPF_FUNC_skb_adjust_room,
				    { CTX, K(diffs[n]), K(n & 1),
				      K(room_flags[f]) } },
				  { BPF_FUNC_skb_change_proto,
				    { CTX, K(n & 2 ? 0xdd86 : 8), K(0) } },
				  { BPF_FUNC_skb_change_head,
				    { CTX, K(f), K(0) } },
				  { BPF_FUNC_skb_change_tail,
				    { CTX, K(200 + f), K(0) } } },
				.gso_size = 50,
			};

			frame_compare(d, &c, &frame_kinds[f & 1], 300);
		}
}

static void adjust_room_of_every_kind(struct duo *d)
{
	for (u32 k = 0; k < ARRAY_LEN(frame_kinds); k++)
		for (u32 n = 0; n < ARRAY_LEN(diffs); n++) {
			struct duo_case c = {
				frame_kinds[k].name,
				TC,
				{ { BPF_FUNC_skb_adjust_room,
				    { CTX, K(diffs[n]), K(n & 1),
				      K(n & 4 ? 0x100 : 0) } } },
			};

			frame_compare(d, &c, &frame_kinds[k],
				      frame_kinds[k].len + n);
		}
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = {
		change_head_and_tail, change_type,
		change_proto,	      adjust_room,
		adjust_room_twice,    adjust_room_of_every_kind,
		many_packets_in_one,
	};

	return duo_main(tests, ARRAY_LEN(tests));
}
