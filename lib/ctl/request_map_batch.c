/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request_map_batch.c - many entries in one request
 *
 * Keys and values come and go as base64 of their bytes, one after the other.
 * As on Linux entries are applied in order up to the first that fails; the
 * error says which ("index"), those before it stay.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/uapi.h"
#include "ctl/base64.h"
#include "ctl/entry.h"
#include "ctl/object.h"
#include "ctl/value.h"

#define STEP_ENTRIES 4096 /* applied before others have their turn */
#define STEP_BYTES (1u << 20) /* of per-CPU values given once */

struct batch {
	struct job job;
	int handle;
	const struct map *map;
	u64 flags;
	u8 *keys;
	u8 *values;	   /* of the request, or of the answer */
	size_t value_size; /* of one in values */
	u8 *spread;	   /* per-CPU values given once, in all slots */
	u32 step;	   /* entries at a time */
	bool singly;	   /* bpf(2) has no batches of these */
	u64 count;
	u64 next;
	json_t *missing; /* lookup: indices */
};

static struct batch *batch_of(struct job *job)
{
	return container_of(job, struct batch, job);
}

static void batch_free(struct job *job)
{
	struct batch *b = batch_of(job);

	json_decref(b->missing);
	free(b->spread);
	free(b->values);
	free(b->keys);
	free(b);
}

static u8 *key_at(const struct batch *b, u64 i)
{
	return b->keys + i * b->map->key_size;
}

/* The next n values as bpf(2) takes them. */
static u8 *whole_values(const struct batch *b, u32 n)
{
	u8 *from = b->values + b->next * b->value_size;
	u64 whole = map_value_bytes(b->map);

	if (!b->spread)
		return from;
	for (u32 i = 0; i < n; i++)
		value_spread(b->map, from + i * b->value_size,
			     b->spread + i * whole);
	return b->spread;
}

/* The next n entries at once; *done says how far that came. */
static int apply_batch(const struct batch *b, const struct request *rq, int cmd,
		       u8 *values, u32 n, u32 *done)
{
	union bpf_attr attr = {
		.batch = {
			.map_fd = (u32)b->handle,
			.keys = (u64)(uintptr_t)key_at(b, b->next),
			.values = (u64)(uintptr_t)values,
			.count = n,
			.elem_flags = b->flags,
		},
	};
	int res = request_bpf(rq, cmd, &attr);

	/* refused as a whole, it leaves the count as it is */
	*done = res && attr.batch.count == n ? 0 : attr.batch.count;
	return res;
}

/* Applies the next entries, with fn singly. */
static int apply(struct batch *b, struct request *rq, int cmd, u8 *values,
		 int (*fn)(struct batch *b, struct request *rq, u8 *values,
			   u32 i),
		 u32 n)
{
	u32 done = 0;
	int res = b->singly ? -ENOTSUPP :
			      apply_batch(b, rq, cmd, values, n, &done);

	if (res == -ENOTSUPP) {
		b->singly = true;
		res = 0;
		while (done < n && !(res = fn(b, rq, values, done)))
			done++;
	}
	b->next += done;
	return res;
}

/* After the next entries.  The answer is written when all are done. */
static int step_end(const struct batch *b, struct request *rq, int res,
		    const char *what, struct err *err)
{
	if (!res)
		return b->next < b->count ? STEP_MORE : STEP_DONE;
	rq->index = (s64)b->next;
	res = map_failed(b->map, what, res, err);
	err_place(err, "entry %llu of the batch", (unsigned long long)b->next);
	return res;
}

static int step_to_count(const struct batch *b, struct request *rq, int res,
			 const char *what, struct err *err)
{
	res = step_end(b, rq, res, what, err);
	if (res == STEP_DONE) {
		json_begin_object(&rq->json);
		json_ku64(&rq->json, "count", b->count);
		json_end_object(&rq->json);
	}
	return res;
}

static u32 next_entries(const struct batch *b)
{
	return (u32)MIN(b->count - b->next, b->step);
}

static int update_one(struct batch *b, struct request *rq, u8 *values, u32 i)
{
	return entry_update(rq, b->handle, key_at(b, b->next + i),
			    values + i * map_value_bytes(b->map), b->flags);
}

static int update_step(struct job *job, struct request *rq, struct err *err)
{
	struct batch *b = batch_of(job);
	u32 n = next_entries(b);
	int res = apply(b, rq, BPF_MAP_UPDATE_BATCH, whole_values(b, n),
			update_one, n);

	return step_to_count(b, rq, res, "update", err);
}

static int delete_one(struct batch *b, struct request *rq, u8 *values, u32 i)
{
	(void)values;
	return entry_call(rq, BPF_MAP_DELETE_ELEM, b->handle,
			  key_at(b, b->next + i), NULL, 0);
}

static int delete_step(struct job *job, struct request *rq, struct err *err)
{
	struct batch *b = batch_of(job);
	int res = apply(b, rq, BPF_MAP_DELETE_BATCH, NULL, delete_one,
			next_entries(b));

	return step_to_count(b, rq, res, "delete", err);
}

/* A key that is not there leaves zeros and its index. */
static int lookup_one(struct batch *b, struct request *rq, u8 *values, u32 i)
{
	u8 *value = values + i * b->value_size;
	int res = entry_call(rq, BPF_MAP_LOOKUP_ELEM, b->handle,
			     key_at(b, b->next + i), value, 0);

	if (res != -ENOENT)
		return res;
	memset(value, 0, b->value_size);
	return json_array_append_new(b->missing,
				     json_integer((json_int_t)b->next + i)) ?
		       -ENOMEM :
		       0;
}

static int lookup_step(struct job *job, struct request *rq, struct err *err)
{
	struct batch *b = batch_of(job);
	struct json *j = &rq->json;
	int res = apply(b, rq, 0, b->values + b->next * b->value_size,
			lookup_one, next_entries(b));

	res = step_end(b, rq, res, "lookup", err);
	if (res != STEP_DONE)
		return res;
	json_begin_object(j);
	json_ku64(j, "count", b->count);
	json_key(j, "values");
	value_base64(j, b->values, b->count * b->value_size);
	json_key(j, "missing");
	json_begin_array(j);
	for (size_t i = 0; i < json_array_size(b->missing); i++)
		json_u64(j, (u64)json_integer_value(
				    json_array_get(b->missing, i)));
	json_end_array(j);
	json_end_object(j);
	return STEP_DONE;
}

/* "keys": their number is the batch's. */
static int take_keys(struct batch *b, const struct request *rq,
		     struct err *err)
{
	size_t size;
	int res = arg_base64(rq, "keys", &b->keys, &size, err);

	if (res)
		return res;
	if (!b->map->key_size)
		return err_fail(err, -EOPNOTSUPP, "map %s has no keys",
				b->map->name);
	if (size % b->map->key_size)
		return err_fail(err, -EINVAL,
				"\"keys\" has %zu bytes, map %s has %u-byte "
				"keys",
				size, b->map->name, b->map->key_size);
	b->count = size / b->map->key_size;
	return 0;
}

/* "values": of a per-CPU map either all slots of each entry, or one value that
 * all slots get. */
static int take_values(struct batch *b, const struct request *rq,
		       struct err *err)
{
	u64 whole = map_value_bytes(b->map);
	size_t size;
	int res = arg_base64(rq, "values", &b->values, &size, err);

	if (res)
		return res;
	b->value_size = whole;
	if (size == b->count * whole)
		return 0;
	b->value_size = b->map->value_size;
	if (size != b->count * b->value_size)
		return err_fail(err, -EINVAL,
				"\"values\" has %zu bytes, %llu entries of "
				"map %s have %llu",
				size, (unsigned long long)b->count,
				b->map->name,
				(unsigned long long)(b->count * b->value_size));
	b->step = (u32)MIN(b->step, MAX(STEP_BYTES / whole, 1));
	b->spread = malloc(b->step * whole);
	return b->spread ? 0 : err_fail(err, -ENOMEM, "out of memory");
}

static int batch_begin(struct request *rq, struct batch **out,
		       int (*step)(struct job *, struct request *,
				   struct err *),
		       struct err *err)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return err_fail(err, -ENOMEM, "out of memory");
	b->job.step = step;
	b->job.free = batch_free;
	rq->job = &b->job;
	*out = b;
	b->step = STEP_ENTRIES;
	b->handle = arg_object(rq, "map", &object_map, err);
	if (b->handle < 0)
		return b->handle;
	b->map = wclient_map(rq->bpf, b->handle);
	/* values that name objects are another matter for each */
	b->singly = b->map->ops->holds != HOLDS_VALUES;
	return take_keys(b, rq, err);
}

static int map_update_batch(struct request *rq, struct err *err)
{
	struct batch *b;
	int res = batch_begin(rq, &b, update_step, err);

	if (!res)
		res = arg_flags(rq, &b->flags, err);
	if (res)
		return res;
	b->singly |= b->flags & ~(u64)BPF_F_LOCK;
	return take_values(b, rq, err);
}

static int map_delete_batch(struct request *rq, struct err *err)
{
	struct batch *b;

	return batch_begin(rq, &b, delete_step, err);
}

static int map_lookup_batch(struct request *rq, struct err *err)
{
	struct batch *b;
	int res = batch_begin(rq, &b, lookup_step, err);

	if (res)
		return res;
	b->singly = true; /* bpf(2)'s are not of given keys */
	b->value_size = map_value_bytes(b->map);
	if (b->count > rq->body_max / MAX(b->value_size, 1)) {
		err_fail(err, -EMSGSIZE, "the result has more than %zu bytes",
			 rq->body_max);
		return err_hint(err, "ask for fewer entries at a time");
	}
	b->values = malloc(b->count * b->value_size + 1);
	b->missing = json_array();
	return b->values && b->missing ?
		       0 :
		       err_fail(err, -ENOMEM, "out of memory");
}

const struct method map_batch_methods[] = {
	{ "map.update_batch", "map keys values flags", map_update_batch },
	{ "map.lookup_batch", "map keys", map_lookup_batch },
	{ "map.delete_batch", "map keys", map_delete_batch },
	{ 0 },
};
