/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request_map_dump.c - every entry, in parts
 *
 * A part is sent when it is about REQUEST_PART_BYTES long or has taken
 * STEP_NS, so that neither memory nor the time others wait depends on the size
 * of the map.  Entries that come or go meanwhile may or may not be seen; one
 * that stays is seen once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/request.h"
#include "ctl/value.h"

#define STEP_NS 2000000
#define SCAN_ENTRIES 64

struct dump {
	struct job job;
	struct map *map;
	enum value_format format;
	u64 count;

	/* where it is: of scan(), or of next_key() */
	u64 cursor;
	bool started;
	u8 *key;
	u8 *next;
	u8 *value;

	/* the part in the making */
	struct json *json;
	u64 in_part;
	struct evbuffer *keys; /* VALUE_PACKED */
	struct evbuffer *values;
};

static struct dump *dump_of(struct job *job)
{
	return container_of(job, struct dump, job);
}

static void dump_free(struct job *job)
{
	struct dump *d = dump_of(job);

	if (d->keys)
		evbuffer_free(d->keys);
	if (d->values)
		evbuffer_free(d->values);
	free(d->value);
	free(d->next);
	free(d->key);
	if (d->map)
		map_put(d->map);
	free(d);
}

static int add_entry(void *arg, const void *key, const void *value)
{
	struct dump *d = arg;

	d->count++;
	d->in_part++;
	if (d->format != VALUE_PACKED) {
		value_entry(d->json, d->map, key, value, d->format);
		return d->json->error;
	}
	if (evbuffer_add(d->keys, key, d->map->key_size) ||
	    evbuffer_add(d->values, value, map_value_bytes(d->map)))
		return -ENOMEM;
	return 0;
}

/* Keys that never go away: -ENOENT after the last. */
static int walk(struct dump *d, struct sys *sys)
{
	for (u32 i = 0; i < SCAN_ENTRIES; i++) {
		u8 *key = d->next;
		int res = d->map->ops->next_key(
			d->map, d->started ? d->key : NULL, key);

		if (res)
			return res;
		d->next = d->key;
		d->key = key;
		d->started = true;
		res = sys_map_read(sys, d->map, key, d->value, 0);
		if (!res)
			res = add_entry(d, key, d->value);
		else if (res == -ENOENT)
			res = 0;
		if (res)
			return res;
	}
	return 0;
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static size_t part_bytes(const struct dump *d, const struct request *rq)
{
	return evbuffer_get_length(rq->body) + evbuffer_get_length(d->keys) +
	       evbuffer_get_length(d->values);
}

static void begin_part(struct dump *d, struct request *rq)
{
	d->json = &rq->json;
	d->in_part = 0;
	if (d->format != VALUE_PACKED)
		json_begin_array(d->json);
}

static void end_part(struct dump *d)
{
	size_t keys = evbuffer_get_length(d->keys);
	size_t values = evbuffer_get_length(d->values);

	if (d->format != VALUE_PACKED) {
		json_end_array(d->json);
		return;
	}
	json_begin_object(d->json);
	json_ku64(d->json, "count", d->in_part);
	json_key(d->json, "keys");
	value_base64(d->json, evbuffer_pullup(d->keys, -1), keys);
	json_key(d->json, "values");
	value_base64(d->json, evbuffer_pullup(d->values, -1), values);
	json_end_object(d->json);
	evbuffer_drain(d->keys, keys);
	evbuffer_drain(d->values, values);
}

/* The end comes in a step of its own, with nothing but the result. */
static int dump_end(struct job *job, struct request *rq, struct err *err)
{
	(void)err;
	json_begin_object(&rq->json);
	json_ku64(&rq->json, "count", dump_of(job)->count);
	json_end_object(&rq->json);
	return STEP_DONE;
}

static int dump_step(struct job *job, struct request *rq, struct err *err)
{
	struct dump *d = dump_of(job);
	u64 deadline = now_ns() + STEP_NS;
	int res;

	begin_part(d, rq);
	do {
		if (d->map->ops->scan)
			res = d->map->ops->scan(d->map, &d->cursor,
						SCAN_ENTRIES, add_entry, d);
		else
			res = walk(d, request_sys(rq));
	} while (!res && part_bytes(d, rq) < REQUEST_PART_BYTES &&
		 now_ns() < deadline);
	if (res && res != -ENOENT)
		return map_failed(d->map, "dump", res, err);
	end_part(d);
	if (res == -ENOENT)
		job->step = dump_end;
	return STEP_MORE;
}

static int map_dump(struct request *rq, struct err *err)
{
	struct dump *d = calloc(1, sizeof(*d));
	int res;

	if (!d)
		return err_fail(err, -ENOMEM, "out of memory");
	d->job.step = dump_step;
	d->job.free = dump_free;
	rq->job = &d->job;
	res = arg_map(rq, "map", &d->map, err);
	if (!res)
		res = arg_format(rq, &d->format, err);
	if (res)
		return res;
	if (d->map->flags & BPF_F_WRONLY)
		return map_failed(d->map, "dump", -EPERM, err);
	d->key = malloc(d->map->key_size + 1ULL);
	d->next = malloc(d->map->key_size + 1ULL);
	d->value = malloc(map_value_bytes(d->map) + 1);
	d->keys = evbuffer_new();
	d->values = evbuffer_new();
	if (!d->key || !d->next || !d->value || !d->keys || !d->values)
		return err_fail(err, -ENOMEM, "out of memory");
	return 0;
}

const struct method map_dump_methods[] = {
	{ "map.dump", "map format", map_dump },
	{ 0 },
};
