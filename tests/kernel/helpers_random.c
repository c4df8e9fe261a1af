/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_random.c - sequences of calls with random values, on the live kernel
 * and on every engine
 *
 *	kernel-helpers-random [SEED [PROGRAMS]]
 */
#include <stdlib.h>

#include "frames.h"

enum value {
	NOTHING,
	THE_CTX,
	OFFSET, /* mostly in the packet, mostly even */
	NUMBER,
	ZERO_OR_NUMBER,
	MEMORY,
	SIZE,	/* of the memory before it */
	DELTA,	/* -200 to 199 */
	LENGTH, /* near the packet's */
	SMALL,	/* 0 to 3 */
	PROTO,	/* of IP or a tag */
	FLAGS,	/* some of the row's */
};

struct row {
	u32 helper;
	enum value arg[5];
	u64 flags;
};

static const struct row xdp_rows[] = {
	{ BPF_FUNC_xdp_adjust_head, { THE_CTX, DELTA } },
	{ BPF_FUNC_xdp_adjust_meta, { THE_CTX, DELTA } },
	{ BPF_FUNC_xdp_adjust_tail, { THE_CTX, DELTA } },
	{ BPF_FUNC_xdp_load_bytes, { THE_CTX, OFFSET, MEMORY, SIZE } },
	{ BPF_FUNC_xdp_store_bytes, { THE_CTX, OFFSET, MEMORY, SIZE } },
	{ BPF_FUNC_xdp_get_buff_len, { THE_CTX } },
	{ BPF_FUNC_csum_diff, { MEMORY, SIZE, MEMORY, SIZE, NUMBER } },
};

static const struct row tc_rows[] = {
	{ BPF_FUNC_skb_vlan_push, { THE_CTX, PROTO, NUMBER } },
	{ BPF_FUNC_skb_vlan_pop, { THE_CTX } },
	{ BPF_FUNC_skb_store_bytes,
	  { THE_CTX, OFFSET, MEMORY, SIZE, FLAGS },
	  3 },
	{ BPF_FUNC_skb_load_bytes, { THE_CTX, OFFSET, MEMORY, SIZE } },
	{ BPF_FUNC_skb_load_bytes_relative,
	  { THE_CTX, OFFSET, MEMORY, SIZE, SMALL } },
	{ BPF_FUNC_skb_pull_data, { THE_CTX, OFFSET } },
	{ BPF_FUNC_l3_csum_replace,
	  { THE_CTX, OFFSET, ZERO_OR_NUMBER, NUMBER, FLAGS },
	  6 },
	{ BPF_FUNC_l4_csum_replace,
	  { THE_CTX, OFFSET, ZERO_OR_NUMBER, NUMBER, FLAGS },
	  0xf6 },
	{ BPF_FUNC_csum_update, { THE_CTX, ZERO_OR_NUMBER } },
	{ BPF_FUNC_csum_level, { THE_CTX, SMALL } },
	{ BPF_FUNC_csum_diff, { MEMORY, SIZE, MEMORY, SIZE, NUMBER } },
	{ BPF_FUNC_skb_change_head, { THE_CTX, SMALL, FLAGS }, 0 },
	{ BPF_FUNC_skb_change_tail, { THE_CTX, LENGTH, FLAGS }, 0 },
	{ BPF_FUNC_skb_change_type, { THE_CTX, SMALL } },
	{ BPF_FUNC_skb_change_proto, { THE_CTX, PROTO, FLAGS }, 0 },
	{ BPF_FUNC_skb_adjust_room, { THE_CTX, DELTA, SMALL, FLAGS }, 0x1ff },
	{ BPF_FUNC_set_hash, { THE_CTX, NUMBER } },
	{ BPF_FUNC_set_hash_invalid, { THE_CTX } },
};

/* Where Linux has to reallocate, a transport header that was never set moves
 * to where it limits how far short packets may shrink. */
enum { LONG = 300 };

static u64 random_state = 1;
static u32 programs = 6000;

static u64 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u32 below(u32 n)
{
	return (u32)(rnd() >> 32) % n;
}

static u64 number(void)
{
	switch (below(3)) {
	case 0:
		return below(128);
	case 1:
		return (u64) - (s64)below(256);
	default:
		return rnd() >> below(64);
	}
}

static u64 offset(u32 len)
{
	return below(8) ? below(len + 4) & ~(u64)below(2) : number();
}

static struct duo_arg choose(const struct row *row, u32 i, u32 len)
{
	static const u16 protos[] = { 0x0008, 0xdd86, 0x0081, 0xa888, 0x0608 };

	switch (row->arg[i]) {
	case NOTHING:
		return (struct duo_arg){ DUO_NONE, 0 };
	case THE_CTX:
		return (struct duo_arg)CTX;
	case OFFSET:
		return (struct duo_arg)K(offset(len));
	case NUMBER:
		return (struct duo_arg)K(number());
	case ZERO_OR_NUMBER:
		return (struct duo_arg)K(below(2) ? 0 : number());
	case MEMORY:
		return (struct duo_arg)MEM(below(512));
	case SIZE:
		return (struct duo_arg)K(1 + below(64));
	case DELTA:
		return (struct duo_arg)K((s64)below(400) - 200);
	case LENGTH:
		return (struct duo_arg)K(len - 40 + below(80));
	case SMALL:
		return (struct duo_arg)K(below(4));
	case PROTO:
		return (struct duo_arg)K(protos[below(ARRAY_LEN(protos))]);
	case FLAGS:
		return (struct duo_arg)K(rnd() & rnd() & row->flags);
	}
	return (struct duo_arg){ DUO_NONE, 0 };
}

static struct duo_call some_call(const struct row *rows, u32 n, u32 len)
{
	const struct row *row = &rows[below(n)];
	struct duo_call call = { .helper = row->helper };

	for (u32 i = 0; i < ARRAY_LEN(call.arg); i++)
		call.arg[i] = choose(row, i, len);
	return call;
}

static void random_calls(struct duo *d)
{
	for (u32 i = 0; i < programs; i++) {
		bool xdp = !below(4);
		struct duo_case c = {
			.name = "random",
			.type = xdp ? BPF_PROG_TYPE_XDP
				    : BPF_PROG_TYPE_SCHED_CLS,
			.complete = !xdp && below(2),
		};
		u32 kind = below(ARRAY_LEN(frame_kinds));
		u32 len = LONG + below(200), n = 1 + below(DUO_CALLS);

		for (u32 k = 0; k < n; k++)
			c.call[k] = xdp ? some_call(xdp_rows,
						    ARRAY_LEN(xdp_rows), len)
					: some_call(tc_rows, ARRAY_LEN(tc_rows),
						    len);
		frame_compare(d, &c, &frame_kinds[kind], len);
	}
}

int main(int argc, char **argv)
{
	static void (*const tests[])(struct duo * d) = { random_calls };

	if (argc > 1)
		random_state = strtoull(argv[1], NULL, 0) * 2654435761u | 1;
	if (argc > 2)
		programs = (u32)strtoul(argv[2], NULL, 0);
	return duo_main(tests, ARRAY_LEN(tests));
}
