/* SPDX-License-Identifier: BSD-3-Clause */
/* map_kernel.c - the live kernel's side: a program that loops, by
 * BPF_PROG_TEST_RUN, over a map of the kernel */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "side.h"

#define ROUNDS 1024
#define FILL_BATCH 4096

struct kernel {
	struct bpf_object *object;
	int map;
	int program;
	int seeds;
};

static int no_print(enum libbpf_print_level level, const char *fmt,
		    va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

static void set_rodata(struct bpf_object *object, const struct map_load *load)
{
	struct map_load rodata = *load;
	struct bpf_map *map;

	rodata.rounds = ROUNDS;
	bpf_object__for_each_map(map, object)
	{
		if (strstr(bpf_map__name(map), ".rodata") &&
		    bpf_map__set_initial_value(map, &rodata, sizeof(rodata)))
			side_fail("the program's constants are others");
	}
}

static void configure(struct bpf_object *object, const struct map_load *load)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "map");
	struct bpf_program *program;

	bpf_map__set_type(map, load->type);
	bpf_map__set_key_size(map, load->key_size);
	bpf_map__set_value_size(map, load->value_size);
	bpf_map__set_max_entries(map, load->entries);
	if (load->type == BPF_MAP_TYPE_LPM_TRIE)
		bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC);
	set_rodata(object, load);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program,
					  strcmp(bpf_program__name(program),
						 load_op_names[load->op]) == 0);
}

static bool is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static void fill_one(struct kernel *k, const struct map_load *load, u32 i,
		     const void *value)
{
	__u64 key[MAP_KEY_MAX / 8] = { 0 };

	if (load->type == BPF_MAP_TYPE_LPM_TRIE)
		side_prefix(i, (u32 *)key);
	else
		load_key(load, i, key);
	if (bpf_map_update_elem(k->map, key, value, BPF_ANY))
		side_fail("the kernel's map refuses entry %u: %s", i,
			  strerror(errno));
}

static void fill_batch(struct kernel *k, const struct map_load *load, u32 from,
		       u32 n, u8 *keys, const void *values)
{
	__u64 key[MAP_KEY_MAX / 8] = { 0 };
	u32 count = n;

	for (u32 i = 0; i < n; i++) {
		load_key(load, from + i, key);
		memcpy(keys + (size_t)i * load->key_size, key, load->key_size);
	}
	if (bpf_map_update_batch(k->map, keys, values, &count, NULL))
		side_fail("the kernel's map refuses a batch: %s",
			  strerror(errno));
}

static void fill(struct kernel *k, const struct map_load *load)
{
	bool batches =
		!is_percpu(load->type) && load->type != BPF_MAP_TYPE_LPM_TRIE;
	u32 n = side_filled(load);
	u8 *values = calloc(FILL_BATCH, MAP_VALUE_MAX);
	u8 *keys = calloc(FILL_BATCH, MAP_KEY_MAX);

	if (!values || !keys)
		side_fail("no memory");
	for (u32 i = 0; i < n; i += batches ? FILL_BATCH : 1) {
		if (batches)
			fill_batch(k, load, i,
				   n - i < FILL_BATCH ? n - i : FILL_BATCH,
				   keys, values);
		else
			fill_one(k, load, i, values);
	}
	free(values);
	free(keys);
}

/* Every CPU starts with another random number. */
static void seed(struct kernel *k)
{
	int cpus = libbpf_num_possible_cpus();
	u64 values[SIDE_THREADS_MAX];
	u32 zero = 0;

	if (cpus <= 0 || cpus > SIDE_THREADS_MAX)
		side_fail("%d CPUs", cpus);
	for (int i = 0; i < cpus; i++)
		values[i] = (u64)i + 1;
	if (bpf_map_update_elem(k->seeds, &zero, values, BPF_ANY))
		side_fail("seeds: %s", strerror(errno));
}

static void kernel_setup(struct side *side)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		side_fail("no memory");
	side->arg = k;
	libbpf_set_print(no_print);
	k->object = bpf_object__open_file(MAP_LOAD_OBJECT, NULL);
	if (!k->object)
		side_fail("%s cannot be opened", MAP_LOAD_OBJECT);
	configure(k->object, &side->load);
	if (bpf_object__load(k->object))
		side_fail("the kernel refuses the program");
	k->map = bpf_object__find_map_fd_by_name(k->object, "map");
	k->seeds = bpf_object__find_map_fd_by_name(k->object, "seeds");
	k->program = bpf_program__fd(
		bpf_object__find_program_by_name(k->object,
						 load_op_names[side->load.op]));
	fill(k, &side->load);
	seed(k);
}

static u64 kernel_run(struct side *side, u32 thread, __u64 *random)
{
	struct kernel *k = side->arg;
	u8 packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
		    .data_size_in = sizeof(packet));

	(void)thread;
	(void)random; /* the program has its own, for each CPU */
	if (bpf_prog_test_run_opts(k->program, &opts))
		side_fail("BPF_PROG_TEST_RUN: %s", strerror(errno));
	return (u64)ROUNDS * MAP_LOAD_UNROLL;
}

static u64 kernel_memory(struct side *side)
{
	struct kernel *k = side->arg;
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", k->map);
	f = fopen(path, "r");
	if (!f)
		side_fail("%s cannot be read", path);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "memlock: %llu", &bytes);
	fclose(f);
	return bytes;
}

int main(int argc, char **argv)
{
	static const struct side_ops ops = {
		.setup = kernel_setup,
		.run = kernel_run,
		.memory = kernel_memory,
	};

	return side_main(argc, argv, &ops);
}
