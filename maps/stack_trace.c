/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack_trace.c - BPF_MAP_TYPE_STACK_TRACE
 *
 * Only tracing programs put stacks into it, and Weir runs none: the map can be
 * made and asked, and is empty.
 */
#include <errno.h>
#include <stdlib.h>

#include "maps/array.h"

#define DEPTH_MAX 127 /* kernel.perf_event_max_stack */
#define STACK_FLAGS \
	(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID)

static int stack_trace_check(const struct map_attr *attr, struct err *err)
{
	u32 frame = attr->flags & BPF_F_STACK_BUILD_ID
			    ? sizeof(struct bpf_stack_build_id)
			    : sizeof(u64);
	int code = map_check_flags(attr, STACK_FLAGS, err);

	if (code)
		return code;
	if (!attr->max_entries || attr->key_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"a stack_trace has keys of 4 bytes and "
				"max_entries above 0");
	if (!attr->value_size || attr->value_size % frame ||
	    attr->value_size / frame > DEPTH_MAX)
		return err_fail(err, -EINVAL,
				"a value is 1 to %u frames of %u bytes, not "
				"%u bytes",
				DEPTH_MAX, frame, attr->value_size);
	if (attr->max_entries > 1u << 31)
		return err_fail(err, -E2BIG, "%u entries are too many",
				attr->max_entries);
	return 0;
}

static int stack_trace_create(const struct map_env *env,
			      const struct map_attr *attr, struct map **out)
{
	(void)env;
	(void)attr;
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void stack_trace_destroy(struct map *map)
{
	free(map);
}

static int stack_trace_read(struct map *map, const void *key, void *value,
			    u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	return flags ? -EINVAL : -ENOENT;
}

/* Linux has a power of two of buckets. */
static int stack_trace_delete(struct map *map, const void *key)
{
	u64 buckets = 1;

	while (buckets < map->max_entries)
		buckets *= 2;
	return array_index(key) >= buckets ? -E2BIG : -ENOENT;
}

static int stack_trace_next_key(struct map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -ENOENT;
}

static u64 stack_trace_nothing(const struct map *map)
{
	(void)map;
	return 0;
}

const struct map_ops stack_trace_ops = {
	.name = "stack_trace",
	.check = stack_trace_check,
	.create = stack_trace_create,
	.destroy = stack_trace_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = stack_trace_delete,
	.read = stack_trace_read,
	.write = map_no_update,
	.erase = stack_trace_delete,
	.take = stack_trace_read,
	.next_key = stack_trace_next_key,
	.check_btf = map_check_no_btf,
	.count = stack_trace_nothing,
	.bytes = stack_trace_nothing,
};
