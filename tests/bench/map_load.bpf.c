// SPDX-License-Identifier: BSD-3-Clause
/* map_load.bpf.c - the kernel's side of the map benchmarks: a program a kind
 * of operation, looping over the same keys as the native sides */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "map_load.h"

#define UNROLL MAP_LOAD_UNROLL

/* Type, sizes and entries are set before it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 1);
} map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seeds SEC(".maps");

const volatile struct map_load load;

struct state {
	__u64 random;
	__u64 sum;
	__u64 key[MAP_KEY_MAX / 8];
	__u64 value[MAP_VALUE_MAX / 8];
};

static __always_inline void do_one(struct state *s, __u32 op)
{
	struct map_load l = { .type = load.type,
			      .entries = load.entries,
			      .key_size = load.key_size };
	__u64 *value;

	load_key(&l, load_number(&l, op, &s->random), s->key);
	switch (op) {
	case LOAD_LOOKUP_HIT:
	case LOAD_LOOKUP_MISS:
		value = bpf_map_lookup_elem(&map, s->key);
		if (value)
			s->sum += *value;
		break;
	case LOAD_UPDATE:
		bpf_map_update_elem(&map, s->key, s->value, BPF_ANY);
		break;
	case LOAD_INSERT_DELETE:
		bpf_map_update_elem(&map, s->key, s->value, BPF_ANY);
		bpf_map_delete_elem(&map, s->key);
		break;
	case LOAD_CHURN:
		value = bpf_map_lookup_elem(&map, s->key);
		if (value)
			s->sum += *value;
		else
			bpf_map_update_elem(&map, s->key, s->value, BPF_ANY);
		break;
	}
}

#define LOOP(name, op)                                             \
	static long name##_round(__u32 index, struct state *s)     \
	{                                                          \
		(void)index;                                       \
		_Pragma("unroll") for (int i = 0; i < UNROLL; i++) \
			do_one(s, op);                             \
		return 0;                                          \
	}                                                          \
	SEC("xdp")                                                 \
	int name(struct xdp_md *ctx)                               \
	{                                                          \
		struct state s = { 0 };                            \
		__u32 zero = 0;                                    \
		__u64 *seed = bpf_map_lookup_elem(&seeds, &zero);  \
                                                                   \
		(void)ctx;                                         \
		if (!seed)                                         \
			return 0;                                  \
		s.random = *seed;                                  \
		bpf_loop(load.rounds, name##_round, &s, 0);        \
		*seed = s.random;                                  \
		return (int)s.sum;                                 \
	}

LOOP(lookup_hit, LOAD_LOOKUP_HIT)
LOOP(lookup_miss, LOAD_LOOKUP_MISS)
LOOP(update, LOAD_UPDATE)
LOOP(insert_delete, LOAD_INSERT_DELETE)
LOOP(churn, LOAD_CHURN)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
