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

#include "ctl/base64.h"
#include "ctl/request.h"
#include "ctl/value.h"

#define STEP_ENTRIES 4096 /* applied before others have their turn */

struct batch {
	struct job job;
	struct map *map;
	u64 flags;
	u8 *keys;
	u8 *values;	 /* of the request, or of the answer */
	size_t value_size; /* of one in values */
	u8 *spread;	 /* a per-CPU value given once, in all slots */
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
	if (b->map)
		map_put(b->map);
	free(b);
}

/* Apply fn to the next entries.  The answer is written when all are done. */
static int step_entries(struct batch *b, struct request *rq,
			int (*fn)(struct batch *b, struct sys *sys, u64 i),
			const char *what, struct err *err)
{
	u64 end = MIN(b->count, b->next + STEP_ENTRIES);

	for (; b->next < end; b->next++) {
		int res = fn(b, request_sys(rq), b->next);

		if (res) {
			rq->index = (s64)b->next;
			res = map_failed(b->map, what, res, err);
			err_place(err, "entry %llu of the batch",
				  (unsigned long long)b->next);
			return res;
		}
	}
	return b->next < b->count ? STEP_MORE : STEP_DONE;
}

static int step_to_count(struct batch *b, struct request *rq,
			 int (*fn)(struct batch *b, struct sys *sys, u64 i),
			 const char *what, struct err *err)
{
	int res = step_entries(b, rq, fn, what, err);

	if (res == STEP_DONE) {
		json_begin_object(&rq->json);
		json_ku64(&rq->json, "count", b->count);
		json_end_object(&rq->json);
	}
	return res;
}

static int update_entry(struct batch *b, struct sys *sys, u64 i)
{
	const u8 *value = b->values + i * b->value_size;

	if (b->spread) {
		value_spread(b->map, value, b->spread);
		value = b->spread;
	}
	return sys_map_write(sys, b->map, b->keys + i * b->map->key_size,
			     value, b->flags);
}

static int update_step(struct job *job, struct request *rq, struct err *err)
{
	return step_to_count(batch_of(job), rq, update_entry, "update", err);
}

static int delete_entry(struct batch *b, struct sys *sys, u64 i)
{
	return sys_map_erase(sys, b->map, b->keys + i * b->map->key_size);
}

static int delete_step(struct job *job, struct request *rq, struct err *err)
{
	return step_to_count(batch_of(job), rq, delete_entry, "delete", err);
}

/* A key that is not there leaves zeros and its index. */
static int lookup_entry(struct batch *b, struct sys *sys, u64 i)
{
	u8 *value = b->values + i * b->value_size;
	int res = sys_map_read(sys, b->map, b->keys + i * b->map->key_size,
			       value, 0);

	if (res != -ENOENT)
		return res;
	memset(value, 0, b->value_size);
	return json_array_append_new(b->missing, json_integer((json_int_t)i)) ?
		       -ENOMEM :
		       0;
}

static int lookup_step(struct job *job, struct request *rq, struct err *err)
{
	struct batch *b = batch_of(job);
	struct json *j = &rq->json;
	int res = step_entries(b, rq, lookup_entry, "lookup", err);

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
	b->spread = malloc(whole);
	return b->spread ? 0 : err_fail(err, -ENOMEM, "out of memory");
}

static int batch_begin(struct request *rq, struct batch **out,
		       int (*step)(struct job *, struct request *,
				   struct err *),
		       struct err *err)
{
	struct batch *b = calloc(1, sizeof(*b));
	int res;

	if (!b)
		return err_fail(err, -ENOMEM, "out of memory");
	b->job.step = step;
	b->job.free = batch_free;
	rq->job = &b->job;
	*out = b;
	res = arg_map(rq, "map", &b->map, err);
	return res ? res : take_keys(b, rq, err);
}

static int map_update_batch(struct request *rq, struct err *err)
{
	struct batch *b;
	int res = batch_begin(rq, &b, update_step, err);

	if (!res)
		res = arg_flags(rq, &b->flags, err);
	if (!res)
		res = take_values(b, rq, err);
	return res;
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
