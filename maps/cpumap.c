/* SPDX-License-Identifier: BSD-3-Clause */
/* cpumap.c - BPF_MAP_TYPE_CPUMAP: lcores by their slots, which are Weir's CPUs
 */
#include <errno.h>

#include "maps/array.h"
#include "maps/redirect_entry.h"

#define CPUMAP_QSIZE_MAX 16384u
#define CPUMAP_CPUS_MAX 8192u /* NR_CPUS of Debian's kernels */

static int cpumap_check(const struct map_attr *attr, struct err *err)
{
	int code = redirect_check(attr, BPF_F_NUMA_NODE, err);

	if (code)
		return code;
	if (attr->max_entries > CPUMAP_CPUS_MAX)
		return err_fail(err, -E2BIG, "%u entries are more than %u CPUs",
				attr->max_entries, CPUMAP_CPUS_MAX);
	return 0;
}

/* Linux says of a program that does not fit what it says of lacking memory. */
static int set(struct map *map, const struct redirect_want *want)
{
	struct redirect_entry *e;

	if (redirect_entry_new(map->env, &redirect_array_of(map)->kind, want,
			       &e) != 0)
		return -ENOMEM;
	object_array_set(map, want->key, e);
	redirect_entry_put(e);
	return 0;
}

static int cpumap_write_linked(struct map *map, const void *key,
			       const void *value, struct prog *prog, u64 flags)
{
	struct redirect_want want = { .key = object_index(key),
				      .prog = prog,
				      .attach_type = BPF_XDP_CPUMAP };
	struct bpf_cpumap_val val = { 0 };

	memcpy(&val, value, map->value_size);
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (want.key >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (val.qsize > CPUMAP_QSIZE_MAX)
		return -EOVERFLOW;
	if (want.key >= map->slots)
		return -ENODEV;
	if (!val.qsize) {
		object_array_erase(map, key);
		return 0;
	}
	if (!!map_link(map, value) != !!prog)
		return -ENOMEM;
	memcpy(want.value, &val, sizeof(val));
	return set(map, &want);
}

const struct map_ops cpumap_ops = {
	.name = "cpumap",
	.check = cpumap_check,
	.check_btf = map_check_no_btf,
	.create = redirect_array_create,
	.destroy = object_array_destroy,
	.read = redirect_array_read,
	.write = redirect_no_write,
	.erase = redirect_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_LINKED,
	.write_linked = cpumap_write_linked,
	.adopt = redirect_array_adopt,
	.count = object_array_count,
	.bytes = redirect_array_bytes,
};
