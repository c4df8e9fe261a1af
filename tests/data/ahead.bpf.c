// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* Lookups one after the other in large maps, with every kind of write around
 * them (tests/unit/test_ahead.c). */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define LARGE 100000

struct value {
	__u64 packets;
	__u32 next;
	__u32 seen;
};

#define MAP(map_name, map_type, entries, value_type)   \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, entries);          \
		__type(key, __u32);                    \
		__type(value, value_type);             \
	} map_name SEC(".maps")

MAP(flows, HASH, LARGE, struct value);
MAP(recent, LRU_HASH, LARGE, struct value);
MAP(counters, PERCPU_ARRAY, LARGE, __u64);
MAP(table, ARRAY, 2 * LARGE, struct value);
MAP(small, HASH, 16, __u64);

struct frame {
	__u32 key;
	__u32 times;
	__u64 count;
};

static __always_inline struct frame *frame_of(struct xdp_md *ctx)
{
	struct frame *frame = (void *)(long)ctx->data;

	return (void *)(frame + 1) > (void *)(long)ctx->data_end ? 0 : frame;
}

/* A flow's packets, by number; new ones are put in. */
SEC("xdp")
int one_lookup(struct xdp_md *ctx)
{
	struct value first = { .packets = 1 }, *v;
	struct frame *frame = frame_of(ctx);
	__u32 key;

	if (!frame)
		return XDP_ABORTED;
	key = frame->key;
	v = bpf_map_lookup_elem(&flows, &key);
	if (!v) {
		bpf_map_update_elem(&flows, &key, &first, BPF_ANY);
		frame->count = 1;
		return XDP_PASS;
	}
	v->packets++;
	frame->count = v->packets;
	return XDP_DROP;
}

/* Each lookup's key is in what the one before it found, and in a loop. */
SEC("xdp")
int many_lookups(struct xdp_md *ctx)
{
	struct frame *frame = frame_of(ctx);
	__u32 key, i, zero = 0;
	__u64 *counter, one = 1;
	struct value *v;

	if (!frame)
		return XDP_ABORTED;
	key = frame->key;
	v = bpf_map_lookup_elem(&flows, &key);
	if (!v)
		return XDP_PASS;
	__sync_fetch_and_add(&v->packets, 1);
	v->seen = frame->times;
	key = v->next;
	for (i = 0; i < 8 && i < (frame->times & 15); i++) {
		v = bpf_map_lookup_elem(&table, &key);
		if (!v)
			break;
		v->packets++;
		key = v->next;
	}
	frame->times = i;
	bpf_map_update_elem(&small, &zero, &one, BPF_ANY);
	v = bpf_map_lookup_elem(&recent, &key);
	if (v)
		v->packets += bpf_get_prandom_u32() & 1;
	else
		bpf_map_delete_elem(&small, &zero);
	key %= LARGE;
	counter = bpf_map_lookup_elem(&counters, &key);
	if (counter)
		*counter += 1;
	frame->count = key;
	return XDP_TX;
}

/* A pointer to the stack goes where nobody follows it. */
SEC("xdp")
int lost_frame(struct xdp_md *ctx)
{
	struct frame *frame = frame_of(ctx);
	__u32 keys[16] = {}, i;
	struct value *v;

	if (!frame)
		return XDP_ABORTED;
	i = frame->times & 15;
	keys[i] = frame->key;
	v = bpf_map_lookup_elem(&flows, &keys[i]);
	if (v)
		frame->count = v->packets;
	return XDP_PASS;
}

SEC("xdp")
int small_map(struct xdp_md *ctx)
{
	struct frame *frame = frame_of(ctx);
	__u64 *v;
	__u32 key;

	if (!frame)
		return XDP_ABORTED;
	key = frame->key;
	v = bpf_map_lookup_elem(&small, &key);
	return v ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
