// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * callbacks.bpf.c - helpers that call back: loops and walks over every kind of
 * map that has one, which change what they walk over
 *
 * What depends on the order of a hash is kept out of what is compared: sums
 * and counts of keys that stay.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#define ENTRIES 64
#define SEEN 4096

#define MAP(name, kind, size)                                \
	struct {                                             \
		__uint(type, BPF_MAP_TYPE_##kind);           \
		__uint(max_entries, size);                   \
		__type(key, __u32);                          \
		__type(value, __u64);                        \
	} name SEC(".maps")

MAP(array, ARRAY, 7);
MAP(percpu_array, PERCPU_ARRAY, 5);
MAP(hash, HASH, ENTRIES);
MAP(percpu_hash, PERCPU_HASH, ENTRIES);
MAP(lru_hash, LRU_HASH, ENTRIES);
MAP(lru_percpu_hash, LRU_PERCPU_HASH, ENTRIES);

struct result {
	__s64 said[24];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEEN);
	__type(key, __u32);
	__type(value, struct result);
} results SEC(".maps");

__u32 packets;
__u64 zero; /* which the verifier does not know */
struct result now;

struct walk {
	__u64 sum, keys, calls, stop_at, packet;
};

static __always_inline struct walk begin_walk(__u64 packet, __u64 stop_at)
{
	return (struct walk){ zero, zero, zero, zero + stop_at, packet };
}

/* ---- loops ---- */

static long add(__u64 i, void *arg)
{
	struct walk *w = arg;

	w->sum += i * i + 1;
	w->calls++;
	return w->calls == w->stop_at;
}

static long add_outer(__u64 i, void *arg)
{
	struct walk *w = arg, inner = begin_walk(0, i);

	w->sum += bpf_loop(w->packet % 7 + i, add, &inner, 0) * (i + 3);
	w->keys += inner.sum;
	return 0;
}

/* with no memory to hand over */
static long count(__u64 i, void *arg)
{
	now.said[20]++;
	return arg != NULL || i == 40;
}

static __noinline void loops(__u32 packet)
{
	struct walk w = begin_walk(packet, 0);
	__u32 times = packet * 2654435761u;

	now.said[0] = bpf_loop(packet % 50, add, &w, 0);
	w.stop_at = w.calls + 5;
	now.said[1] = bpf_loop(packet % 9, add, &w, 0);
	now.said[2] = w.sum;
	now.said[3] = bpf_loop(packet % 12, add_outer, &w, 0);
	now.said[4] = w.keys;
	now.said[5] = bpf_loop(packet % 60, count, NULL, 0);
	now.said[6] = bpf_loop(3, add, &w, packet % 5 ? 0 : packet);
	if (times > 8u << 20)
		now.said[7] = (__s32)bpf_loop(times, add, &w, 0);
}

/* ---- walks ---- */

static long see(void *map, __u32 *key, __u64 *value, struct walk *w)
{
	w->calls++;
	w->keys += *key;
	w->sum += *value * (*key + 1);
	*value += w->packet;
	return w->calls == w->stop_at;
}

/* What is not to stay is deleted, one way or the other; new keys come. */
static long change(void *map, __u32 *key, __u64 *value, struct walk *w)
{
	__u32 k = *key;
	__u64 v = *value + 1;

	w->keys += k % 3 == 0;
	if (k % 3 == 1)
		bpf_map_delete_elem(map, &k);
	if (k % 3 == 0)
		bpf_map_update_elem(map, &k, &v, BPF_EXIST);
	return 0;
}

#define FILL(map)                                                        \
	do {                                                             \
		for (__u32 i = 0; i < 12; i++) {                         \
			__u32 k = (packet * 7 + i * 5) % 48;             \
			__u64 v = packet + i;                            \
			bpf_map_update_elem(&map, &k, &v, 0);            \
		}                                                        \
	} while (0)

#define WALK(map, at)                                                    \
	do {                                                             \
		struct walk w = begin_walk(packet, 0);                    \
		now.said[at] = bpf_for_each_map_elem(&map, see, &w, 0);  \
		now.said[(at) + 1] = w.sum ^ w.keys << 40 ^ w.calls << 56; \
	} while (0)

static __noinline void arrays(__u32 packet)
{
	WALK(array, 0);
	WALK(percpu_array, 2);
	struct walk w = begin_walk(0, packet % 9);
	now.said[4] = bpf_for_each_map_elem(&array, see, &w, 0);
	now.said[5] = bpf_for_each_map_elem(&percpu_array, see, &w,
					    packet % 4 ? 0 : 1);
}

static __noinline void hashes(__u32 packet)
{
	FILL(hash);
	FILL(percpu_hash);
	WALK(hash, 6);
	WALK(percpu_hash, 8);
	struct walk w = begin_walk(0, 0);
	now.said[10] = bpf_for_each_map_elem(&hash, change, &w, 0) > 0;
	now.said[11] = w.keys;
	now.said[12] = bpf_for_each_map_elem(&percpu_hash, change, &w, 0);
}

static __noinline void lrus(__u32 packet)
{
	FILL(lru_hash);
	FILL(lru_percpu_hash);
	WALK(lru_hash, 14);
	WALK(lru_percpu_hash, 16);
	struct walk w = begin_walk(0, 0);
	now.said[18] = bpf_for_each_map_elem(&lru_hash, change, &w, 0) > 0;
	now.said[19] = bpf_for_each_map_elem(&lru_percpu_hash, change, &w, 0);
}

static __always_inline __u32 begin(void)
{
	__builtin_memset(&now, 0, sizeof(now));
	return packets++;
}

static __always_inline void keep(__u32 packet)
{
	bpf_map_update_elem(&results, &packet, &now, 0);
}

SEC("xdp") int loops_xdp(struct xdp_md *ctx)
{
	__u32 packet = begin();

	loops(packet);
	keep(packet);
	return now.said[2] & 1 ? XDP_PASS : XDP_DROP;
}

SEC("tc") int loops_tc(struct __sk_buff *skb)
{
	__u32 packet = begin();

	loops(packet);
	keep(packet);
	return 0;
}

SEC("xdp") int walks_xdp(struct xdp_md *ctx)
{
	__u32 packet = begin();

	arrays(packet);
	hashes(packet);
	keep(packet);
	return XDP_PASS;
}

SEC("tc") int walks_tc(struct __sk_buff *skb)
{
	__u32 packet = begin();

	lrus(packet);
	keep(packet);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
