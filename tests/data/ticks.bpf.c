// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* ticks.bpf.c - the first packet starts a timer that goes on by itself */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MILLISECOND 1000000

struct tick {
	struct bpf_timer timer;
	__u64 packets;
	__u64 fired;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tick);
} ticks SEC(".maps");

static int again(void *map, __u32 *key, struct tick *t)
{
	t->fired++;
	bpf_timer_start(&t->timer, MILLISECOND, 0);
	return 0;
}

SEC("xdp") int ticks_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct tick *t = bpf_map_lookup_elem(&ticks, &zero);

	if (!t || t->packets++)
		return XDP_PASS;
	bpf_timer_init(&t->timer, &ticks, 1);
	bpf_timer_set_callback(&t->timer, again);
	bpf_timer_start(&t->timer, 0, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
