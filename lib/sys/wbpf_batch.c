/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_batch.c - many entries of a map at a time
 *
 * Entries are taken in order up to the first that fails; the caller's count
 * says how many were done.  A lookup goes on where the one before it ended:
 * after a key, or in hash maps, whose keys come and go, at a bucket.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wclient.h"

enum walk { NO_WALK, BY_KEY, BY_BUCKET };

/* What Linux can do with many entries at a time. */
static const struct {
	enum walk lookup;
	bool update;
	bool delete;
} families[] = {
	[BPF_MAP_TYPE_HASH] = { BY_BUCKET, true, true },
	[BPF_MAP_TYPE_ARRAY] = { BY_KEY, true },
	[BPF_MAP_TYPE_PERCPU_HASH] = { BY_BUCKET, true, true },
	[BPF_MAP_TYPE_PERCPU_ARRAY] = { BY_KEY, true },
	[BPF_MAP_TYPE_LRU_HASH] = { BY_BUCKET, true, true },
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = { BY_BUCKET, true, true },
	[BPF_MAP_TYPE_LPM_TRIE] = { BY_KEY, true, true },
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = { BY_KEY, true },
	[BPF_MAP_TYPE_HASH_OF_MAPS] = { BY_KEY, true, true },
};

struct batch {
	struct wcall *w;
	struct handle h;
	struct map *map;
	u64 value_size;
	u32 max; /* entries the caller has room for, or gives */
	u32 done;
	u8 *key;
	u8 *next; /* a second key */
	u8 *value;
};

static int put_count(struct batch *b, u32 count)
{
	return wcall_put_u32(b->w, offsetof(union bpf_attr, batch.count),
			     count);
}

static void batch_end(struct batch *b)
{
	free(b->value);
	free(b->next);
	free(b->key);
	ref_put(b->h.ref);
}

static int batch_alloc(struct batch *b)
{
	b->value_size = map_value_bytes(b->map);
	b->key = malloc(b->map->key_size + 1ul);
	b->next = malloc(b->map->key_size + 1ul);
	b->value = malloc(b->value_size + 1);
	return b->key && b->next && b->value ? 0 : -ENOMEM;
}

/* Linux first asks what the handle allows, then whether the family can, then
 * looks at flags and count. */
static int batch_begin(struct wcall *w, u32 mode, struct batch *b)
{
	int res;

	*b = (struct batch){ .w = w };
	if (!wcall_only(w, ATTR_END(batch.flags)))
		return -EINVAL;
	res = handle_get_kind(w->c, w->u.attr.batch.map_fd, REF_MAP, &b->h);
	if (res)
		return res;
	b->map = b->h.ref.map;
	b->max = w->u.attr.batch.count;
	if (mode & MODE_WRITE && atomic_load(&b->map->frozen))
		b->h.mode &= ~MODE_WRITE;
	if ((b->h.mode & mode) == mode)
		return batch_alloc(b);
	return -EPERM;
}

static int check_flags(const struct batch *b)
{
	u64 flags = b->w->u.attr.batch.elem_flags;

	if (flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	return flags && !map_has_lock(b->map) ? -EINVAL : 0;
}

static int put_entry(struct batch *b, const void *key, const void *value)
{
	const union bpf_attr *u = &b->w->u.attr;
	u64 key_size = b->map->key_size;
	int res = wcall_copy_out(b->w, u->batch.keys + b->done * key_size, key,
				 key_size);

	if (!res)
		res = wcall_copy_out(b->w,
				     u->batch.values + b->done * b->value_size,
				     value, b->value_size);
	b->done += !res;
	return res;
}

/* ---- lookup ---- */

/* Of at most `limit` keys. */
static int read_by_key(struct batch *b, bool started, u32 limit)
{
	int res = 0;

	for (u32 seen = 0; b->done < b->max && seen < limit; seen++) {
		u8 *swap = b->key;

		res = b->map->ops->next_key(b->map, started ? b->key : NULL,
					    b->next);
		if (res)
			return res;
		b->key = b->next;
		b->next = swap;
		started = true;
		res = sys_map_read(b->w->sys, b->map, b->key, b->value,
				   b->w->u.attr.batch.elem_flags);
		if (!res)
			res = put_entry(b, b->key, b->value);
		else if (res == -ENOENT)
			res = 0;
		if (res)
			return res;
	}
	return res;
}

static int lookup_by_key(struct batch *b, u32 limit)
{
	const union bpf_attr *u = &b->w->u.attr;
	struct wcall *w = b->w;
	int res = 0;

	if (put_count(b, 0) != 0)
		return -EFAULT;
	if (u->batch.in_batch)
		res = w->mem->read(w->mem->arg, b->key, u->batch.in_batch,
				   b->map->key_size);
	if (!res)
		res = read_by_key(b, u->batch.in_batch != 0, limit);
	if (res && res != -ENOENT)
		return res;
	if (put_count(b, b->done) != 0 ||
	    ((b->done || !res) && wcall_copy_out(w, u->batch.out_batch, b->key,
				       b->map->key_size) != 0))
		return -EFAULT;
	return res;
}

static int put_scanned(void *arg, const void *key, const void *value)
{
	struct batch *b = arg;

	return b->done == b->max ? -ENOSPC : put_entry(b, key, value);
}

/* One that somebody else was faster to erase is not there any more. */
static int put_taken(void *arg, const void *key, const void *value)
{
	struct batch *b = arg;
	int res;

	(void)value;
	if (b->done == b->max)
		return -ENOSPC;
	res = sys_map_take(b->w->sys, b->map, key, b->value,
			   b->w->u.attr.batch.elem_flags);
	if (res == -ENOENT)
		return 0;
	return res ? res : put_entry(b, key, b->value);
}

static int count_one(void *arg, const void *key, const void *value)
{
	u32 *room = arg;

	(void)key;
	(void)value;
	return (*room)-- ? 0 : -ENOSPC;
}

/* Entries that come to the bucket after they were counted may still be too
 * many: then some stay there. */
static int take_bucket(struct batch *b, u64 *cursor)
{
	u32 room = b->max - b->done;
	u64 from = *cursor;
	int res = b->map->ops->scan(b->map, cursor, 1, count_one, &room);

	if (res && res != -ENOENT)
		return res;
	*cursor = from;
	return b->map->ops->scan(b->map, cursor, 1, put_taken, b);
}

/* Whole buckets: one that does not fit any more is left for the next call.
 * What was taken out of it is gone from there, and has been given. */
static int read_buckets(struct batch *b, u64 *cursor, bool take)
{
	while (b->done < b->max) {
		u64 from = *cursor;
		u32 before = b->done;
		int res = take ? take_bucket(b, cursor)
			       : b->map->ops->scan(b->map, cursor, 1,
						   put_scanned, b);

		if (res == -ENOSPC) {
			*cursor = from;
			if (!take)
				b->done = before;
			return b->done ? 0 : -ENOSPC;
		}
		if (res)
			return res;
	}
	return 0;
}

/* The caller keeps `size` bytes of the cursor. */
static int lookup_by_bucket(struct batch *b, u64 size, bool take)
{
	const union bpf_attr *u = &b->w->u.attr;
	struct wcall *w = b->w;
	u64 cursor = 0;
	int res;

	if (put_count(b, 0) != 0)
		return -EFAULT;
	if (u->batch.in_batch &&
	    w->mem->read(w->mem->arg, &cursor, u->batch.in_batch, size) != 0)
		return -EFAULT;
	res = read_buckets(b, &cursor, take);
	if (res == -EFAULT)
		return res;
	if (wcall_copy_out(w, u->batch.out_batch, &cursor, size) ||
	    put_count(b, b->done))
		return -EFAULT;
	return res;
}

static enum walk walk_of(const struct map *map)
{
	return map->type < ARRAY_LEN(families) ? families[map->type].lookup
					       : NO_WALK;
}

int wbpf_map_lookup_batch(struct wcall *w)
{
	struct batch b;
	int res = batch_begin(w, MODE_READ, &b);
	enum walk walk;

	if (res)
		goto end;
	walk = walk_of(b.map);
	res = walk == NO_WALK ? -ENOTSUPP : check_flags(&b);
	if (!res && walk == BY_BUCKET && w->u.attr.batch.flags)
		res = -EINVAL;
	if (!res && b.max)
		res = walk == BY_BUCKET ? lookup_by_bucket(&b, sizeof(u32),
							   false)
					: lookup_by_key(&b, UINT32_MAX);
end:
	batch_end(&b);
	return res;
}

int wbpf_map_scan(struct wcall *w)
{
	struct batch b;
	int res = batch_begin(w, MODE_READ, &b);

	if (!res && b.map->ops->scan)
		res = lookup_by_bucket(&b, sizeof(u64), false);
	else if (!res)
		res = lookup_by_key(&b, b.max);
	batch_end(&b);
	return res;
}

int wbpf_map_take_batch(struct wcall *w)
{
	struct batch b;
	int res = batch_begin(w, MODE_READ | MODE_WRITE, &b);

	if (!res && walk_of(b.map) != BY_BUCKET)
		res = -ENOTSUPP;
	if (!res)
		res = check_flags(&b);
	if (!res && w->u.attr.batch.flags)
		res = -EINVAL;
	if (!res && b.max)
		res = lookup_by_bucket(&b, sizeof(u32), true);
	batch_end(&b);
	return res;
}

/* ---- update, delete ---- */

static int update_entry(struct batch *b)
{
	const union bpf_attr *u = &b->w->u.attr;
	const struct wmem_ops *mem = b->w->mem;

	if (mem->read(mem->arg, b->key,
		      u->batch.keys + (u64)b->done * b->map->key_size,
		      b->map->key_size) ||
	    mem->read(mem->arg, b->value,
		      u->batch.values + b->done * b->value_size, b->value_size))
		return -EFAULT;
	return wmap_write(b->w, b->map, b->key, b->value, u->batch.elem_flags);
}

static int delete_entry(struct batch *b)
{
	const union bpf_attr *u = &b->w->u.attr;
	const struct wmem_ops *mem = b->w->mem;

	if (mem->read(mem->arg, b->key,
		      u->batch.keys + (u64)b->done * b->map->key_size,
		      b->map->key_size))
		return -EFAULT;
	return sys_map_erase(b->w->sys, b->map, b->key);
}

static int each_entry(struct batch *b, int (*fn)(struct batch *b))
{
	int res = 0;

	while (!res && b->done < b->max) {
		res = fn(b);
		b->done += !res;
	}
	return put_count(b, b->done) ? -EFAULT : res;
}

int wbpf_map_update_batch(struct wcall *w)
{
	struct batch b;
	int res = batch_begin(w, MODE_WRITE, &b);

	if (!res && (b.map->type >= ARRAY_LEN(families) ||
		     !families[b.map->type].update))
		res = -ENOTSUPP;
	if (!res)
		res = check_flags(&b);
	if (!res && b.max)
		res = each_entry(&b, update_entry);
	batch_end(&b);
	return res;
}

int wbpf_map_delete_batch(struct wcall *w)
{
	struct batch b;
	int res = batch_begin(w, MODE_WRITE, &b);

	if (!res && (b.map->type >= ARRAY_LEN(families) ||
		     !families[b.map->type].delete))
		res = -ENOTSUPP;
	if (!res)
		res = check_flags(&b);
	if (!res && b.max)
		res = put_count(&b, 0) ? -EFAULT : each_entry(&b, delete_entry);
	batch_end(&b);
	return res;
}
