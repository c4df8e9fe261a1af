// SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause)
// The questions in a map, answered by bpf_fib_lookup().
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ASKS 64

struct ask {
	struct bpf_fib_lookup params; /* the family is 0 behind the last */
	__s32 result;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ASKS);
	__type(key, __u32);
	__type(value, struct ask);
} asks SEC(".maps");

SEC("xdp") int ask_fib(struct xdp_md *ctx)
{
	for (__u32 i = 0; i < ASKS; i++) {
		__u32 key = i;
		struct ask *a = bpf_map_lookup_elem(&asks, &key);

		if (!a || !a->params.family)
			break;
		a->result = bpf_fib_lookup(ctx, &a->params, sizeof(a->params),
					   a->flags);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
