/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_syncookie.c - SYN cookies: errors and segment sizes are the kernel's;
 * the cookies themselves are each side's own, and each side's check takes those
 * of its side and no others (tests/unit/test_syncookie.c)
 *
 *	kernel-helpers-syncookie [SEED]
 */
#include <stdlib.h>

#include "frames.h"

#define CASES 240
#define SLOT 128 /* of memory: a TCP header with options */
#define IP 900	 /* where in memory */

static u64 seed = 1;

static u32 draw(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

/* Options that are right, wrong, cut off, and many of one kind. */
static void make_tcp(u8 *tcp)
{
	static const u16 sizes[] = { 0,	   1,	 535,  536,  1219, 1220,
				     1299, 1300, 1419, 1420, 1439, 1440,
				     1460, 8939, 8940, 65535 };
	u32 at = 20;

	for (u32 i = 0; i < SLOT; i++)
		tcp[i] = draw(3) ? (u8)draw(4) : (u8)draw(256);
	tcp[12] = (u8)(draw(8) ? (5 + draw(11)) << 4 : draw(256));
	while (at < 58 && draw(4)) {
		u16 size = sizes[draw(ARRAY_LEN(sizes))];

		switch (draw(4)) {
		case 0: tcp[at++] = 1; break;
		case 1:
			tcp[at] = 3;
			tcp[at + 1] = 3;
			at += 3;
			break;
		default:
			tcp[at] = 2;
			tcp[at + 1] = draw(6) ? 4 : (u8)draw(8);
			tcp[at + 2] = (u8)(size >> 8);
			tcp[at + 3] = (u8)size;
			at += 4;
		}
	}
}

static struct duo_call gen_call(const u8 *tcp, u32 at)
{
	u32 len = draw(6) ? (tcp[12] >> 4) * 4u : draw(100);

	return (struct duo_call){ draw(2) ? BPF_FUNC_tcp_raw_gen_syncookie_ipv4
					  : BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
				  { MEM(IP), MEM(at), K(len) } };
}

static void sizes_and_errors(struct duo *d)
{
	for (u32 i = 0; i < CASES; i++) {
		struct duo_case c = { "gen_syncookie",
				      i & 1 ? BPF_PROG_TYPE_XDP
					    : BPF_PROG_TYPE_SCHED_CLS };
		struct duo_results r;

		for (u32 k = 0; k < 7; k++) {
			make_tcp(duo_memory(d) + k * SLOT);
			c.call[k] =
				gen_call(duo_memory(d) + k * SLOT, k * SLOT);
		}
		if (!frame_results(d, &c, &frame_kinds[0], 60, &r))
			continue;
		for (u32 k = 0; k < 7; k++)
			if (r.kernel[k] >> 32 != r.ours[k] >> 32 ||
			    ((s64)r.kernel[k] < 0 && r.kernel[k] != r.ours[k]))
				duo_differs(d, "gen: kernel %llx, ours %llx",
					    (unsigned long long)r.kernel[k],
					    (unsigned long long)r.ours[k]);
	}
}

static void strangers_are_refused(struct duo *d)
{
	for (u32 i = 0; i < CASES / 8; i++) {
		struct duo_case c = { "check_syncookie",
				      i & 1 ? BPF_PROG_TYPE_XDP
					    : BPF_PROG_TYPE_SCHED_CLS };

		for (u32 b = 0; b < DUO_MEM; b++)
			duo_memory(d)[b] = (u8)draw(256);
		for (u32 k = 0; k < DUO_CALLS; k++)
			c.call[k] = (struct duo_call){
				k & 1 ? BPF_FUNC_tcp_raw_check_syncookie_ipv4
				      : BPF_FUNC_tcp_raw_check_syncookie_ipv6,
				{ MEM(IP), MEM(k * SLOT / 2) }
			};
		frame_compare(d, &c, &frame_kinds[0], 60);
	}
}

/* In the packet. */
static void headers_may_be_in_the_packet(struct duo *d)
{
	for (u32 i = 0; i < 2; i++) {
		struct duo_case c = {
			"in the packet",
			i ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS,
			{ { BPF_FUNC_tcp_raw_check_syncookie_ipv4,
			    { PACKET(14), PACKET(34) } },
			  { BPF_FUNC_tcp_raw_gen_syncookie_ipv4,
			    { PACKET(14), PACKET(34), K(19) } } },
		};

		frame_compare(d, &c, &frame_kinds[0], 128);
	}
}

int main(int argc, char **argv)
{
	static void (*const tests[])(struct duo * d) = {
		sizes_and_errors,
		strangers_are_refused,
		headers_may_be_in_the_packet,
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	return duo_main(tests, ARRAY_LEN(tests));
}
