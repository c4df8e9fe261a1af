/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xskmap.c - BPF_MAP_TYPE_XSKMAP: packet queues by index
 *
 * What has the place of an AF_XDP socket is a queue of frames that a process
 * on this host reads (pkt_queue.h).
 */
#include <errno.h>

#include "maps/array.h"
#include "maps/pkt_queue.h"
#include "maps/redirect_entry.h"

#define XSKMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

static int xskmap_check(const struct map_attr *attr, struct err *err)
{
	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of an xskmap is 4 bytes, not %u",
				attr->value_size);
	return redirect_check(attr, XSKMAP_FLAGS, err);
}

static int xskmap_check_write(const struct map *map, const void *key, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	return object_index(key) >= map->max_entries ? -E2BIG : 0;
}

/* Puts e in its place; *old is what was there.  The same queue again changes
 * nothing, whatever the flags. */
static int replace(struct object_array *a, struct redirect_entry *e, u64 flags,
		   struct redirect_entry **old)
{
	_Atomic(void *) *at = &a->fast.entries[e->key];
	int err = 0;

	spin_lock(&a->lock);
	*old = atomic_load_explicit(at, memory_order_relaxed);
	if (*old && (*old)->queue == e->queue)
		err = 1;
	else if (*old && flags == BPF_NOEXIST)
		err = -EEXIST;
	else if (!*old && flags == BPF_EXIST)
		err = -ENOENT;
	else
		atomic_store_explicit(at, e, memory_order_release);
	spin_unlock(&a->lock);
	return err;
}

static int xskmap_write_object(struct map *map, const void *key, void *object,
			       u64 flags)
{
	struct redirect_want want = { .key = object_index(key),
				      .queue = object };
	struct redirect_entry *e, *old;
	int err;

	memcpy(want.value, &pkt_queue_head(object)->rx_queue, sizeof(u32));
	err = redirect_entry_new(map->env, NULL, &want, &e);
	if (err)
		return err;
	err = replace(object_array_of(map), e, flags, &old);
	if (err)
		redirect_entry_put(e);
	else if (old)
		redirect_entry_retire(old);
	return MIN(err, 0);
}

/* As struct bpf_xdp_sock. */
static void *xskmap_lookup(struct map *map, const void *key)
{
	struct redirect_entry *e = object_at(map, object_index(key));

	return e ? e->value.bytes : NULL;
}

/* Only programs look entries up. */
static int xskmap_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	return flags ? -EINVAL : -EOPNOTSUPP;
}

const struct map_ops xskmap_ops = {
	.name = "xskmap",
	.check = xskmap_check,
	.check_btf = map_check_no_btf,
	.create = redirect_array_create,
	.destroy = object_array_destroy,
	.lookup = xskmap_lookup,
	.read = xskmap_read,
	.write = redirect_no_write,
	.erase = redirect_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_SOCKETS,
	.check_write = xskmap_check_write,
	.write_object = xskmap_write_object,
	.count = object_array_count,
	.bytes = redirect_array_bytes,
};
