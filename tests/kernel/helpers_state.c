/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_state.c - helpers whose results cannot be equal: clocks, CPU and
 * node, random numbers, flow hashes
 *
 * Clocks are the same up to the time between two runs.  Hashes are seeded, so
 * what is compared is which packets have the same one.
 */
#include <sched.h>

#include "frames.h"

#define TC BPF_PROG_TYPE_SCHED_CLS
#define SECONDS 1000000000ull

static void clocks(struct duo *d)
{
	static const struct {
		const char *name;
		u32 helper;
		u64 apart; /* at most, ours after the kernel's */
	} rows[] = {
		{ "ktime_get_ns", BPF_FUNC_ktime_get_ns, 20 * SECONDS },
		{ "ktime_get_boot_ns", BPF_FUNC_ktime_get_boot_ns,
		  20 * SECONDS },
		{ "ktime_get_coarse_ns", BPF_FUNC_ktime_get_coarse_ns,
		  20 * SECONDS },
		{ "ktime_get_tai_ns", BPF_FUNC_ktime_get_tai_ns, 20 * SECONDS },
	};

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct duo_case c = { rows[i].name,
				      TC,
				      { { rows[i].helper } } };
		struct duo_results r;

		if (!frame_results(d, &c, &frame_kinds[0], 60, &r))
			continue;
		if (r.ours[0] - r.kernel[0] > rows[i].apart)
			duo_differs(d, "%s: kernel %llu, ours %llu",
				    rows[i].name,
				    (unsigned long long)r.kernel[0],
				    (unsigned long long)r.ours[0]);
	}
}

/* Of a number that starts five minutes before 32 bits are full: how many there
 * are a second. */
static s64 per_second(u64 jiffies, u64 ns)
{
	s64 seconds = (s64)(ns / SECONDS) - 300;

	return seconds ? (s64)(jiffies - (1ull << 32)) / seconds : 0;
}

/* Ours count 250 a second; a kernel that counts so, too, has the same. */
static void jiffies(struct duo *d)
{
	struct duo_case c = { "jiffies64",
			      TC,
			      { { BPF_FUNC_jiffies64 },
				{ BPF_FUNC_ktime_get_ns } } };
	struct duo_results r;
	s64 hz;

	if (!frame_results(d, &c, &frame_kinds[0], 60, &r))
		return;
	hz = per_second(r.kernel[0], r.kernel[1]);
	if (hz >= 245 && hz <= 255 && r.ours[0] - r.kernel[0] > 20 * 250)
		duo_differs(d, "jiffies64: kernel %llu, ours %llu",
			    (unsigned long long)r.kernel[0],
			    (unsigned long long)r.ours[0]);
}

static void numa_node(struct duo *d)
{
	struct duo_case c = { "get_numa_node_id",
			      TC,
			      { { BPF_FUNC_get_numa_node_id } } };
	cpu_set_t before, one;
	struct duo_results r;

	if (sched_getaffinity(0, sizeof(before), &before))
		return;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (frame_results(d, &c, &frame_kinds[0], 60, &r) &&
	    r.kernel[0] != r.ours[0])
		duo_differs(d, "get_numa_node_id: kernel %llu, ours %llu",
			    (unsigned long long)r.kernel[0],
			    (unsigned long long)r.ours[0]);
	sched_setaffinity(0, sizeof(before), &before);
}

/* ---- flow hashes ---- */

#define ETHER(type) 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, (type) >> 8, (type)&0xff
#define IP4(proto, a, b) \
	0x45, 0, 0, 60, 0, 1, 0, 0, 64, proto, 0, 0, 10, 0, 0, a, 10, 0, 0, b
#define IP6(next, label, a, b)                                                 \
	0x60, 0, 0, label, 0, 20, next, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
		0, 0, 0, 0, 0, a, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
		0, b
#define PORTS(a, b) 0, a, 0, b
#define TAG(tci, type) (tci) >> 8, (tci)&0xff, (type) >> 8, (type)&0xff

static const struct frame_kind flows[] = {
	{ "tcp", 0, { ETHER(0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tcp back", 0, { ETHER(0x800), IP4(6, 2, 1), PORTS(2, 1) } },
	{ "tcp crossed", 0, { ETHER(0x800), IP4(6, 2, 1), PORTS(1, 2) } },
	{ "tcp, other port", 0, { ETHER(0x800), IP4(6, 1, 2), PORTS(1, 3) } },
	{ "tcp, other source", 0, { ETHER(0x800), IP4(6, 3, 2), PORTS(1, 2) } },
	{ "udp", 0, { ETHER(0x800), IP4(17, 1, 2), PORTS(1, 2) } },
	{ "sctp", 0, { ETHER(0x800), IP4(132, 1, 2), PORTS(1, 2) } },
	{ "esp", 0, { ETHER(0x800), IP4(50, 1, 2), 1, 2, 3, 4 } },
	{ "esp, other spi", 0, { ETHER(0x800), IP4(50, 1, 2), 1, 2, 3, 5 } },
	{ "ah", 0, { ETHER(0x800), IP4(51, 1, 2), 6, 4, 0, 0, 1, 2, 3, 4 } },
	{ "ah, other spi",
	  0,
	  { ETHER(0x800), IP4(51, 1, 2), 6, 4, 0, 0, 1, 2, 3, 5 } },
	{ "icmp", 0, { ETHER(0x800), IP4(1, 1, 2), 8, 0, 0, 0, 0, 1 } },
	{ "icmp, other id",
	  0,
	  { ETHER(0x800), IP4(1, 1, 2), 8, 0, 0, 0, 0, 2 } },
	{ "other protocol", 0, { ETHER(0x800), IP4(99, 1, 2), PORTS(1, 2) } },
	{ "tcp, other tos and ttl",
	  0,
	  { ETHER(0x800), 0x45, 8, 0, 60, 0, 9, 0x40, 0,	  9, 6, 0, 0,
	    10,		  0,	0, 1, 10, 0, 0, 2,    PORTS(1, 2) } },
	{ "tcp, options",
	  0,
	  { ETHER(0x800), 0x46, 0, 0, 60, 0, 1, 0, 0, 64, 6, 0, 0,
	    10,		  0,	0, 1, 10, 0, 0, 2, 1, 1,  1, 0, PORTS(1, 2) } },
	{ "tcp, header too short",
	  0,
	  { ETHER(0x800), 0x44, 0, 0, 60, 0, 1, 0, 0,	       64, 6, 0, 0,
	    10,		  0,	0, 1, 10, 0, 0, 2, PORTS(1, 2) } },
	{ "first fragment",
	  0,
	  { ETHER(0x800), 0x45, 0, 0, 60, 0, 1, 0x20, 0,	  64, 6, 0, 0,
	    10,		  0,	0, 1, 10, 0, 0, 2,    PORTS(1, 2) } },
	{ "next fragment",
	  0,
	  { ETHER(0x800), 0x45, 0, 0, 60, 0, 1, 0x20, 9,	  64, 6, 0, 0,
	    10,		  0,	0, 1, 10, 0, 0, 2,    PORTS(7, 8) } },
	{ "ipv6", 0, { ETHER(0x86dd), IP6(6, 0, 1, 2), PORTS(1, 2) } },
	{ "ipv6 back", 0, { ETHER(0x86dd), IP6(6, 0, 2, 1), PORTS(2, 1) } },
	{ "ipv6, label", 0, { ETHER(0x86dd), IP6(6, 7, 1, 2), PORTS(1, 2) } },
	{ "ipv6, label, other port",
	  0,
	  { ETHER(0x86dd), IP6(6, 7, 1, 2), PORTS(1, 3) } },
	{ "ipv6, hop by hop",
	  0,
	  { ETHER(0x86dd), IP6(0, 0, 1, 2), 6, 0, 1, 4, 0, 0, 0, 0,
	    PORTS(1, 2) } },
	{ "ipv6, routing and destination",
	  0,
	  { ETHER(0x86dd), IP6(43, 0, 1, 2) } },
	{ "ipv6, fragment",
	  0,
	  { ETHER(0x86dd), IP6(44, 0, 1, 2), 6, 0, 0, 0 } },
	{ "ipv6, fragment, other port",
	  0,
	  { ETHER(0x86dd), IP6(44, 0, 1, 2), 6, 0, 0, 1 } },
	{ "tunnel",
	  0,
	  { ETHER(0x800), IP4(4, 8, 9), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tunnel, other ends",
	  0,
	  { ETHER(0x800), IP4(4, 7, 9), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tunnel, other port",
	  0,
	  { ETHER(0x800), IP4(4, 8, 9), IP4(6, 1, 2), PORTS(1, 4) } },
	{ "gre",
	  0,
	  { ETHER(0x800), IP4(47, 8, 9), 0, 0, 8, 0, IP4(6, 1, 2),
	    PORTS(1, 2) } },
	{ "gre, key",
	  0,
	  { ETHER(0x800), IP4(47, 8, 9), 0x20, 0, 8, 0, 0, 0, 0, 5,
	    IP4(6, 1, 2), PORTS(1, 2) } },
	{ "gre, key, sequence",
	  0,
	  { ETHER(0x800), IP4(47, 8, 9), 0x30, 0, 8, 0, 0, 0, 0, 5, 0, 0, 0, 1,
	    IP4(6, 1, 2), PORTS(1, 2) } },
	{ "gre, sum",
	  0,
	  { ETHER(0x800), IP4(47, 8, 9), 0x80, 0, 8, 0, 1, 2, 0, 0,
	    IP4(6, 1, 2), PORTS(1, 2) } },
	{ "gre, routing",
	  0,
	  { ETHER(0x800), IP4(47, 8, 9), 0x40, 0, 8, 0, 1, 2, 0, 0,
	    IP4(6, 1, 2), PORTS(1, 2) } },
	{ "gre of unknown", 0, { ETHER(0x800), IP4(47, 8, 9), 0, 0, 9, 9 } },
	{ "tag",
	  0,
	  { ETHER(0x8100), TAG(5, 0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tag, other",
	  0,
	  { ETHER(0x8100), TAG(6, 0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tag, priority",
	  0,
	  { ETHER(0x8100), TAG(0x2005, 0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "tag, dei",
	  0,
	  { ETHER(0x8100), TAG(0x1005, 0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "service tag",
	  0,
	  { ETHER(0x88a8), TAG(5, 0x800), IP4(6, 1, 2), PORTS(1, 2) } },
	{ "two tags",
	  0,
	  { ETHER(0x8100), TAG(5, 0x8100), TAG(1, 0x800), IP4(6, 1, 2),
	    PORTS(1, 2) } },
	{ "two tags, other inner",
	  0,
	  { ETHER(0x8100), TAG(5, 0x8100), TAG(2, 0x800), IP4(6, 1, 2),
	    PORTS(1, 2) } },
	{ "unknown", 0, { ETHER(0x88b5), 1, 2, 3, 4 } },
	{ "unknown, other", 0, { ETHER(0x88b5), 5, 6, 7, 8 } },
	{ "unknown, third", 0, { ETHER(0x88b6), 5, 6, 7, 8 } },
	{ "arp", 0, { ETHER(0x806), 0, 1, 8, 0, 6, 4, 0, 1 } },
	{ "mpls", 0, { ETHER(0x8847), 0, 1, 1, 64, IP4(6, 1, 2) } },
	{ "mpls, other label",
	  0,
	  { ETHER(0x8847), 0, 2, 1, 64, IP4(6, 1, 2) } },
};

static void flows_have_the_same_hash_or_not(struct duo *d)
{
	struct duo_results r[ARRAY_LEN(flows)];

	for (u32 i = 0; i < ARRAY_LEN(flows); i++) {
		struct duo_case c = {
			flows[i].name,
			TC,
			{ { BPF_FUNC_get_hash_recalc, { CTX } },
			  { BPF_FUNC_get_hash_recalc, { CTX } } },
		};

		if (!frame_results(d, &c, &flows[i], 128, &r[i]))
			return;
		if (!r[i].ours[0] || r[i].ours[0] != r[i].ours[1])
			duo_differs(d, "%s: hash %llu, then %llu",
				    flows[i].name,
				    (unsigned long long)r[i].ours[0],
				    (unsigned long long)r[i].ours[1]);
	}
	for (u32 i = 0; i < ARRAY_LEN(flows); i++)
		for (u32 k = 0; k < i; k++)
			if ((r[i].kernel[0] == r[k].kernel[0]) !=
			    (r[i].ours[0] == r[k].ours[0]))
				duo_differs(d,
					    "'%s' and '%s': the same for the "
					    "%s only",
					    flows[k].name, flows[i].name,
					    r[i].ours[0] == r[k].ours[0]
						    ? "interpreter"
						    : "kernel");
}

/* A hash that was set stays until it is called invalid, be it 0. */
static void hashes_that_are_set_stay(struct duo *d)
{
	static const u64 hashes[] = { 0, 1, 0xffffffff, 0x100000000,
				      0x1234567812345678 };

	for (u32 i = 0; i < ARRAY_LEN(hashes); i++) {
		struct duo_case c = {
			"set_hash",
			TC,
			{ { BPF_FUNC_set_hash, { CTX, K(hashes[i]) } },
			  { BPF_FUNC_get_hash_recalc, { CTX } },
			  { BPF_FUNC_skb_store_bytes,
			    { CTX, K(20), MEM(0), K(4), K(0) } },
			  { BPF_FUNC_get_hash_recalc, { CTX } },
			  { BPF_FUNC_set_hash_invalid, { CTX } },
			  { BPF_FUNC_set_hash, { CTX, K(9) } },
			  { BPF_FUNC_skb_store_bytes,
			    { CTX, K(20), MEM(0), K(4),
			      K(BPF_F_INVALIDATE_HASH) } } },
		};

		frame_compare(d, &c, &frame_kinds[0], 60);
	}
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = {
		clocks,
		jiffies,
		numa_node,
		flows_have_the_same_hash_or_not,
		hashes_that_are_set_stay,
	};

	return duo_main(tests, ARRAY_LEN(tests));
}
