/* SPDX-License-Identifier: BSD-3-Clause */
/* map_rte.c - DPDK's side of the map benchmarks: rte_hash, with lock-free
 * readers; rte_lpm, or with BENCH_FIB rte_fib, which have next hops instead of
 * values */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include <rte_eal.h>
#include <rte_fib.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_lpm.h>

#include "side.h"

#define ROUND 16384
#define BURST 32

struct rte {
	struct rte_hash *hash;
	struct rte_lpm *lpm;
	struct rte_fib *fib;
	u8 *values;
};

static void start_eal(const struct map_load *load)
{
	char megabytes[16];
	char *args[12] = { "map-rte",	     "--no-pci",      "-l", "0",
			   "--no-telemetry", "--log-level=3", "-m", megabytes };
	int n = 8;

	snprintf(megabytes, sizeof(megabytes), "%llu",
		 512 + (u64)load->entries * 256 / (1 << 20) + 0ull);
	if (getenv("BENCH_HUGE")) {
		args[n++] = "--in-memory";
	} else {
		args[n++] = "--no-huge";
		args[n++] = "--no-shconf";
	}
	if (rte_eal_init(n, args) < 0)
		side_fail("EAL does not start");
}

static void make_hash(struct rte *r, const struct map_load *load)
{
	const struct rte_hash_parameters p = {
		.name = "bench",
		.entries = load->entries + load->entries / 8 + 64,
		.key_len = load->key_size,
		.hash_func = rte_hash_crc,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF |
			      RTE_HASH_EXTRA_FLAGS_MULTI_WRITER_ADD |
			      RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	__u64 key[MAP_KEY_MAX / 8];
	u64 slots;

	r->hash = rte_hash_create(&p);
	if (!r->hash)
		side_fail("rte_hash_create failed");
	slots = (u64)rte_hash_max_key_id(r->hash) + 1;
	r->values = calloc(slots, load->value_size);
	if (!r->values)
		side_fail("no memory");
	for (u32 i = 0; i < side_filled(load); i++) {
		load_key(load, i, key);
		if (rte_hash_add_key(r->hash, key) < 0)
			side_fail("rte_hash refuses entry %u", i);
	}
}

static void make_lpm(struct rte *r, const struct map_load *load)
{
	const struct rte_lpm_config config = { .max_rules = load->entries,
					       .number_tbl8s = 1 << 18 };
	u32 prefix[2];

	r->lpm = rte_lpm_create("bench", SOCKET_ID_ANY, &config);
	if (!r->lpm)
		side_fail("rte_lpm_create failed");
	for (u32 i = 0; i < load->entries; i++) {
		side_prefix(i, prefix);
		if (rte_lpm_add(r->lpm, __builtin_bswap32(prefix[1]),
				(u8)prefix[0], i & 0xffffff) < 0)
			side_fail("rte_lpm refuses entry %u", i);
	}
}

static void make_fib(struct rte *r, const struct map_load *load)
{
	struct rte_fib_conf config = {
		.type = RTE_FIB_DIR24_8,
		.max_routes = (int)load->entries,
		.dir24_8 = { .nh_sz = RTE_FIB_DIR24_8_4B, .num_tbl8 = 1 << 18 },
	};
	u32 prefix[2];

	r->fib = rte_fib_create("bench", SOCKET_ID_ANY, &config);
	if (!r->fib)
		side_fail("rte_fib_create failed");
	for (u32 i = 0; i < load->entries; i++) {
		side_prefix(i, prefix);
		if (rte_fib_add(r->fib, __builtin_bswap32(prefix[1]),
				(u8)prefix[0], i & 0xffffff) < 0)
			side_fail("rte_fib refuses entry %u", i);
	}
}

static void rte_setup(struct side *side)
{
	struct rte *r = calloc(1, sizeof(*r));

	if (!r)
		side_fail("no memory");
	side->arg = r;
	start_eal(&side->load);
	if (side->load.type == BPF_MAP_TYPE_LPM_TRIE && getenv("BENCH_FIB"))
		make_fib(r, &side->load);
	else if (side->load.type == BPF_MAP_TYPE_LPM_TRIE)
		make_lpm(r, &side->load);
	else
		make_hash(r, &side->load);
}

static inline u64 lookup(const struct rte *r, const struct map_load *load,
			 const __u64 *key)
{
	u64 hops;
	s32 at;
	u32 hop;

	if (r->fib) {
		hop = __builtin_bswap32((u32)(key[0] >> 32));
		rte_fib_lookup_bulk(r->fib, &hop, &hops, 1);
		return hops;
	}
	if (r->lpm)
		return rte_lpm_lookup(r->lpm,
				      __builtin_bswap32((u32)(key[0] >> 32)),
				      &hop)
			       ? 0
			       : hop;
	at = rte_hash_lookup(r->hash, key);
	return at < 0 ? 0 : *(u64 *)(r->values + (u64)at * load->value_size);
}

static u64 find_burst(const struct rte *r, const struct map_load *load,
		      __u64 *random)
{
	__u64 keys[BURST][MAP_KEY_MAX / 8];
	const void *at[BURST];
	int32_t found[BURST];
	u64 sum = 0;

	for (u32 i = 0; i < BURST; i++) {
		load_key(load, load_number(load, load->op, random), keys[i]);
		at[i] = keys[i];
	}
	rte_hash_lookup_bulk(r->hash, at, BURST, found);
	for (u32 i = 0; i < BURST; i++)
		sum += found[i] < 0
			       ? 0
			       : *(u64 *)(r->values +
					  (u64)found[i] * load->value_size);
	return sum;
}

static inline void insert(const struct rte *r, const struct map_load *load,
			  const __u64 *key)
{
	s32 at = rte_hash_add_key(r->hash, key);

	if (at < 0)
		side_fail("rte_hash is full");
	memset(r->values + (u64)at * load->value_size, 0, load->value_size);
}

/* A removed key's place is free at once: there are no readers to wait for. */
static inline void erase(const struct rte *r, const __u64 *key)
{
	s32 at = rte_hash_del_key(r->hash, key);

	if (at >= 0)
		rte_hash_free_key_with_position(r->hash, at);
}

static u64 rte_run(struct side *side, u32 thread, __u64 *random)
{
	const struct map_load *load = &side->load;
	const struct rte *r = side->arg;
	__u64 key[MAP_KEY_MAX / 8];
	u64 sum = 0;

	(void)thread;
	for (u32 i = 0; i < ROUND && load->op == LOAD_LOOKUP_BURST; i += BURST)
		sum += find_burst(r, load, random);
	for (u32 i = 0; i < ROUND && load->op != LOAD_LOOKUP_BURST; i++) {
		load_key(load, load_number(load, load->op, random), key);
		switch (load->op) {
		case LOAD_LOOKUP_HIT:
		case LOAD_LOOKUP_MISS: sum += lookup(r, load, key); break;
		case LOAD_UPDATE: insert(r, load, key); break;
		case LOAD_INSERT_DELETE:
			insert(r, load, key);
			erase(r, key);
			break;
		default: side_fail("rte_hash has no such operation");
		}
	}
	__asm__ volatile("" : : "r"(sum));
	return ROUND;
}

static u64 rte_memory(struct side *side)
{
	(void)side;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct side_ops ops = {
		.setup = rte_setup,
		.run = rte_run,
		.memory = rte_memory,
	};

	return side_main(argc, argv, &ops);
}
