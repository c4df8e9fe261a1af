/* SPDX-License-Identifier: BSD-3-Clause */
/* devmap.c - BPF_MAP_TYPE_DEVMAP: ports by index */
#include <errno.h>

#include "maps/array.h"
#include "maps/redirect_entry.h"

#define DEVMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

int devmap_check(const struct map_attr *attr, struct err *err)
{
	return redirect_check(attr, DEVMAP_FLAGS, err);
}

bool devmap_has_port(const struct map_env *env, u32 ifindex)
{
	u32 ports = atomic_load_explicit(&env->ports, memory_order_relaxed);

	return !ports || ifindex <= ports;
}

/* Programs see the entries but do not change them. */
static int devmap_create(const struct map_env *env, const struct map_attr *attr,
			 struct map **out)
{
	int err = redirect_array_create(env, attr, out);

	if (!err)
		(*out)->flags = BPF_F_RDONLY_PROG;
	return err;
}

static int set(struct map *map, const struct redirect_want *want)
{
	struct redirect_entry *e;
	int err = redirect_entry_new(map->env, &redirect_array_of(map)->kind,
				     want, &e);

	if (err)
		return err;
	object_array_set(map, want->key, e);
	redirect_entry_put(e);
	return 0;
}

static int devmap_write_linked(struct map *map, const void *key,
			       const void *value, struct prog *prog, u64 flags)
{
	bool named = map_link(map, value);
	struct redirect_want want = { .key = object_index(key),
				      .prog = prog,
				      .attach_type = BPF_XDP_DEVMAP };
	struct bpf_devmap_val val = { 0 };

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (want.key >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(&val, value, map->value_size);
	if (!val.ifindex) {
		if (!named)
			object_array_erase(map, key);
		return named ? -EINVAL : 0;
	}
	if (!devmap_has_port(map->env, val.ifindex) || named != !!prog)
		return -EINVAL;
	memcpy(want.value, &val, sizeof(val));
	return set(map, &want);
}

static void *devmap_lookup(struct map *map, const void *key)
{
	struct redirect_entry *e = object_at(map, object_index(key));

	return e ? e->value.bytes : NULL;
}

const struct map_ops devmap_ops = {
	.name = "devmap",
	.check = devmap_check,
	.check_btf = map_check_no_btf,
	.create = devmap_create,
	.destroy = object_array_destroy,
	.lookup = devmap_lookup,
	.read = redirect_array_read,
	.write = redirect_no_write,
	.erase = redirect_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_LINKED,
	.write_linked = devmap_write_linked,
	.adopt = redirect_array_adopt,
	.count = object_array_count,
	.bytes = redirect_array_bytes,
};
