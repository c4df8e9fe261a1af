// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* bad.bpf.c - well-formed objects of wrong definitions, one for each CASE */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct undefined;
struct pair {
	int a, b;
};

struct plain {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
};

static __noinline int called(int x)
{
	return x + 1;
}

#if CASE == 1
#define BODY                                 \
	__uint(type, BPF_MAP_TYPE_ARRAY);    \
	__uint(key_size, 8);                 \
	__type(key, __u32)
#elif CASE == 2
#define BODY __type(key, __u32)
#elif CASE == 3
int map SEC(".maps");
#elif CASE == 4
#define BODY                              \
	__uint(type, BPF_MAP_TYPE_ARRAY); \
	__u32 key
#elif CASE == 5
#define BODY                              \
	__uint(type, BPF_MAP_TYPE_ARRAY); \
	struct undefined *key
#elif CASE == 6
#define BODY                              \
	__uint(type, BPF_MAP_TYPE_ARRAY); \
	__type(key, __u32);               \
	__array(values, struct plain)
#elif CASE == 7
#define BODY                                      \
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
	struct plain *values[1];                  \
	__type(key, __u32)
#elif CASE == 8
#define BODY                                              \
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);         \
	__type(key, __u32);                               \
	__array(values, struct {                          \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
		__type(key, __u32);                       \
		__array(values, struct plain);            \
	})
#elif CASE == 9
#define BODY                                      \
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
	__type(key, __u32);                       \
	__array(values, struct {                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(pinning, 1);               \
	})
#elif CASE == 10
#define BODY                              \
	__uint(type, BPF_MAP_TYPE_ARRAY); \
	__uint(pinning, 5)
#elif CASE == 11
#define BODY int type
#elif CASE == 12
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__uint(max_entries, 1);
	__array(values, int(int));
} map SEC(".maps") = { .values = { called } };
#elif CASE == 13
struct plain inner SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u64);
	__uint(max_entries, 1);
	__array(values, struct plain);
} map SEC(".maps") = { .values = { &inner } };
#elif CASE == 14
struct {
	__uint(priorities, 1);
} _prog SEC(".xdp_run_config");
#elif CASE == 15
struct {
	int priority;
} _prog SEC(".xdp_run_config");
#elif CASE == 16
extern int nowhere;
#define USE nowhere
#elif CASE == 17
int nowhere(int x);
#define USE nowhere(1)
#elif CASE == 18
extern struct pair CONFIG_PAIR __kconfig;
#define USE CONFIG_PAIR.a
#elif CASE == 19
#define BODY                                      \
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
	__type(key, __u32);                       \
	__uint(value_size, 8);                    \
	__array(values, struct plain)
#elif CASE == 20
int _prog SEC(".xdp_run_config");
#endif

#ifdef BODY
struct {
	BODY;
} map SEC(".maps");
#endif
#ifndef USE
#define USE 0
#endif

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	return called((int)ctx->rx_queue_index) + USE;
}

char LICENSE[] SEC("license") = "GPL";
