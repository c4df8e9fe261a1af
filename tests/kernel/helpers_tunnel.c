/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_tunnel.c - tunnel keys and options: what was set is what is got, as
 * the kernel has it, whatever sizes and flags
 *
 *	kernel-helpers-tunnel [SEED]
 */
#include <stdlib.h>

#include "frames.h"

#define CASES 400

static u64 seed = 1;

static u32 draw(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

static u32 some_size(void)
{
	static const u32 sizes[] = {
		sizeof(struct bpf_tunnel_key),
		sizeof(struct bpf_tunnel_key),
		sizeof(struct bpf_tunnel_key),
		offsetof(struct bpf_tunnel_key, local_ipv6[0]),
		offsetof(struct bpf_tunnel_key, tunnel_label),
		offsetof(struct bpf_tunnel_key, tunnel_ext),
		offsetof(struct bpf_tunnel_key, remote_ipv6[1]),
	};

	return draw(8) ? sizes[draw(ARRAY_LEN(sizes))] : 1 + draw(70);
}

static u64 some_flags(void)
{
	return draw(10) ? draw(32) : 1ull << draw(64);
}

static struct duo_call set_key(struct duo *d, u32 at)
{
	struct bpf_tunnel_key *key = (void *)(duo_memory(d) + at);

	if (draw(2))
		key->tunnel_ext = 0;
	if (draw(2))
		key->tunnel_label = 0;
	return (struct duo_call){ BPF_FUNC_skb_set_tunnel_key,
				  { CTX, MEM(at), K(some_size()),
				    K(some_flags()) } };
}

static struct duo_call some_call(struct duo *d, u32 at)
{
	static const u64 get[] = { 0, BPF_F_TUNINFO_IPV6, BPF_F_TUNINFO_FLAGS,
				   BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS };
	u32 size = draw(4) ? 4 * (1 + draw(30)) : 1 + draw(120);

	switch (draw(5)) {
	case 0: return set_key(d, at);
	case 1:
		return (struct duo_call){ BPF_FUNC_skb_set_tunnel_opt,
					  { CTX, MEM(at), K(size) } };
	case 2:
		return (struct duo_call){ BPF_FUNC_skb_get_tunnel_opt,
					  { CTX, MEM(at), K(size) } };
	default:
		return (struct duo_call){ BPF_FUNC_skb_get_tunnel_key,
					  { CTX, MEM(at), K(some_size()),
					    K(draw(6) ? get[draw(4)]
						      : some_flags()) } };
	}
}

static void calls_in_any_order(struct duo *d)
{
	for (u32 i = 0; i < CASES; i++) {
		struct duo_case c = { "tunnel", BPF_PROG_TYPE_SCHED_CLS };

		for (u32 b = 0; b < DUO_MEM; b++)
			duo_memory(d)[b] = (u8)draw(256);
		for (u32 k = 0; k < DUO_CALLS; k++)
			c.call[k] = !k && draw(4) ? set_key(d, 0)
						  : some_call(d, k * 128);
		frame_compare(d, &c, &frame_kinds[0], 60);
	}
}

static void options_have_a_length(struct duo *d)
{
	static const u32 sizes[] = { 1, 2, 4, 248, 252, 255, 256, 260, 512 };

	for (u32 i = 0; i < ARRAY_LEN(sizes); i++)
		for (u32 k = 0; k < ARRAY_LEN(sizes); k++) {
			struct duo_case c = {
				"options",
				BPF_PROG_TYPE_SCHED_CLS,
				{ set_key(d, 0),
				  { BPF_FUNC_skb_set_tunnel_opt,
				    { CTX, MEM(0), K(sizes[i]) } },
				  { BPF_FUNC_skb_get_tunnel_opt,
				    { CTX, MEM(512), K(sizes[k]) } },
				  { BPF_FUNC_skb_get_tunnel_key,
				    { CTX, MEM(0), K(44),
				      K(BPF_F_TUNINFO_FLAGS) } } },
			};

			frame_compare(d, &c, &frame_kinds[0], 60);
		}
}

int main(int argc, char **argv)
{
	static void (*const tests[])(struct duo * d) = {
		calls_in_any_order,
		options_have_a_length,
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	return duo_main(tests, ARRAY_LEN(tests));
}
