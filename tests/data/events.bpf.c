// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* events.bpf.c - every packet's length and number to a ring buffer, its first
 * bytes to perf's readers */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u32 len;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} samples SEC(".maps");

__u32 packets;

SEC("xdp")
int tell(struct xdp_md *ctx)
{
	struct event event = { .len = ctx->data_end - ctx->data,
			       .number = packets++ };
	__u64 first = event.len < 14 ? event.len : 14;

	bpf_ringbuf_output(&ring, &event, sizeof(event), 0);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU | first << 32,
			      &event, sizeof(event));
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
