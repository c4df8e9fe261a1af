// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * timers.bpf.c - bpf_timers in every map that may have them: what each call
 * says, in every order, of timers that are not due while this runs
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#define FAR (1ull << 50)
#define ENTRIES 8
#define STEPS 24

struct value {
	__u64 data;
	struct bpf_timer timer;
	__u32 fired;
};

/* so large that an LRU does not evict */
#define MAP(name, kind)                              \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_##kind);   \
		__uint(max_entries, 64 * ENTRIES);   \
		__type(key, __u32);                  \
		__type(value, struct value);         \
	} name SEC(".maps")

MAP(hash, HASH);
MAP(lru, LRU_HASH);
MAP(array, ARRAY);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, struct value);
} sparse SEC(".maps");

struct result {
	__s64 said[STEPS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct result);
} results SEC(".maps");

__u32 packets;
__u32 state;

static __always_inline __u32 some(__u32 below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static int fired(void *map, __u32 *key, struct value *v)
{
	v->fired++;
	return 0;
}

static int fired_too(void *map, __u32 *key, struct value *v)
{
	v->fired += 2;
	return 0;
}

#define STEP(map, out)                                                     \
	do {                                                               \
		struct value fresh = { .data = state };                    \
		__u32 key = some(ENTRIES), what = some(9);                 \
		__u32 odd = some(6), which = some(20);                     \
		struct value *v = bpf_map_lookup_elem(&map, &key);         \
		__s64 said = 1000;                                         \
                                                                           \
		if (what == 0)                                             \
			said = bpf_map_delete_elem(&map, &key);            \
		else if (what == 1 || !v)                                  \
			said = bpf_map_update_elem(&map, &key, &fresh, 0); \
		else if (what == 2 || what == 3)                           \
			said = bpf_timer_init(&v->timer, &map,             \
					      odd ? 1 : which);            \
		else if (what == 4)                                        \
			said = bpf_timer_set_callback(&v->timer, fired);   \
		else if (what == 5)                                        \
			said = bpf_timer_set_callback(&v->timer, fired_too); \
		else if (what == 6)                                        \
			said = bpf_timer_cancel(&v->timer);                \
		else                                                       \
			said = bpf_timer_start(&v->timer, FAR,             \
					       odd ? 0 : 2ull << which % 4); \
		(out) = said | (__s64)what << 32;                          \
	} while (0)

SEC("tc") int timers_tc(struct __sk_buff *skb)
{
	struct result r = {};
	__u32 packet = packets++;

	state = packet * 2654435761u;

	for (int i = 0; i < STEPS; i += 4) {
		STEP(hash, r.said[i]);
		STEP(lru, r.said[i + 1]);
		STEP(array, r.said[i + 2]);
		STEP(sparse, r.said[i + 3]);
	}
	bpf_map_update_elem(&results, &packet, &r, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
