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

#include "ctl/entry.h"
#include "ctl/object.h"
#include "ctl/value.h"

#define STEP_NS 2000000
#define READ_ENTRIES 64 /* at a time, of */
#define READ_BYTES (48u << 10) /* at most, unless one has more */

struct dump {
	struct job job;
	int handle;
	const struct map *map;
	enum value_format format;
	u64 count;

	/* the entries last read */
	u32 room;
	u8 *keys;
	u8 *values;
	u8 *at; /* where to go on */
	bool started;
};

static struct dump *dump_of(struct job *job)
{
	return container_of(job, struct dump, job);
}

static void dump_free(struct job *job)
{
	struct dump *d = dump_of(job);

	free(d->at);
	free(d->values);
	free(d->keys);
	free(d);
}

static int make_room(struct dump *d, u32 room)
{
	free(d->values);
	free(d->keys);
	d->room = room;
	d->keys = malloc((u64)room * d->map->key_size + 1);
	d->values = malloc(room * map_value_bytes(d->map) + 1);
	return d->keys && d->values ? 0 : -ENOMEM;
}

/* The next entries.  -ENOENT: these are the last. */
static int read_entries(struct dump *d, const struct request *rq, u32 *n)
{
	union bpf_attr attr = { 0 };
	int res;

	/* what is behind .batch must be zero, which initialising it alone does
	 * not promise */
	attr.batch.map_fd = (u32)d->handle;
	attr.batch.in_batch = d->started ? (u64)(uintptr_t)d->at : 0;
	attr.batch.out_batch = (u64)(uintptr_t)d->at;
	attr.batch.keys = (u64)(uintptr_t)d->keys;
	attr.batch.values = (u64)(uintptr_t)d->values;
	attr.batch.count = d->room;
	res = request_bpf(rq, WBPF_MAP_SCAN, &attr);
	/* more entries belong together than there is room for; never more than
	 * the map has */
	if (res == -ENOSPC && d->room < d->map->max_entries) {
		res = make_room(d, d->room * 2);
		return res ? res : read_entries(d, rq, n);
	}
	d->started = true;
	*n = attr.batch.count;
	return res;
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static void print_entries(const struct dump *d, struct json *j, u32 n)
{
	u64 key_size = d->map->key_size;
	u64 value_size = map_value_bytes(d->map);

	for (u32 i = 0; i < n; i++)
		value_entry(j, d->map, d->keys + i * key_size,
			    d->values + i * value_size, d->format);
}

static void print_packed(const struct dump *d, struct json *j, u32 n)
{
	json_begin_object(j);
	json_ku64(j, "count", n);
	json_key(j, "keys");
	value_base64(j, d->keys, (u64)n * d->map->key_size);
	json_key(j, "values");
	value_base64(j, d->values, n * map_value_bytes(d->map));
	json_end_object(j);
}

/* A part of what is read at once. */
static int packed_part(struct dump *d, struct request *rq)
{
	u32 n = 0;
	int res = read_entries(d, rq, &n);

	if (res && res != -ENOENT)
		return res;
	print_packed(d, &rq->json, n);
	d->count += n;
	return res;
}

static int printed_part(struct dump *d, struct request *rq)
{
	u64 deadline = now_ns() + STEP_NS;
	u32 n = 0;
	int res;

	json_begin_array(&rq->json);
	do {
		res = read_entries(d, rq, &n);
		if (res && res != -ENOENT)
			return res;
		print_entries(d, &rq->json, n);
		d->count += n;
	} while (!res &&
		 evbuffer_get_length(rq->body) < REQUEST_PART_BYTES &&
		 now_ns() < deadline);
	json_end_array(&rq->json);
	return res;
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
	int res = d->format == VALUE_PACKED ? packed_part(d, rq) :
					      printed_part(d, rq);

	if (res && res != -ENOENT)
		return map_failed(d->map, "dump", res, err);
	if (res == -ENOENT)
		job->step = dump_end;
	return STEP_MORE;
}

/* So many entries at a time that a part becomes neither long nor late. */
static u32 entries_at_once(const struct dump *d)
{
	u64 size = d->map->key_size + map_value_bytes(d->map);
	u64 most = READ_BYTES / MAX(size, 1);

	if (d->format != VALUE_PACKED)
		most = MIN(most, READ_ENTRIES);
	return (u32)MAX(most, 1);
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
	d->handle = arg_object(rq, "map", &object_map, err);
	if (d->handle < 0)
		return d->handle;
	d->map = wclient_map(rq->bpf, d->handle);
	res = arg_format(rq, &d->format, err);
	if (res)
		return res;
	d->at = malloc(MAX(d->map->key_size, sizeof(u64)));
	if (!d->at || make_room(d, entries_at_once(d)))
		return err_fail(err, -ENOMEM, "out of memory");
	return 0;
}

const struct method map_dump_methods[] = {
	{ "map.dump", "map format", map_dump },
	{ 0 },
};
