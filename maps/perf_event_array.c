/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf_event_array.c - BPF_MAP_TYPE_PERF_EVENT_ARRAY
 *
 * Rings have perf's records and are full when perf's are.  The data is mapped
 * twice, one behind the other, so that each record lies in one piece.
 *
 * V1  Writers of a ring hold its lock: its slot's lcore, and threads that are
 *     none and run programs as slot 0.  They move head, the one reader moves
 *     tail; what is between them is the reader's.
 * V2  A record is whole before head passes it.
 * V3  No writer waits for the reader: what does not fit is counted, and the
 *     reader is told before the next sample that did.
 * V4  A ring is freed a grace period after it left the map: a writer that found
 *     it goes on to its burst's end.
 *
 * tests/stress/perf_readers.c attacks V2 to V4.
 */
#include "maps/perf_event_array.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "maps/array.h"
#include "maps/object_array.h"
#include "maps/ringbuf.h"

#define RING_MIN 4096u
#define RECORD_MAX UINT16_MAX

/* What perf_event_open(2) describes. */
struct record {
	struct perf_event_header header;
	u32 size; /* of what follows */
	u8 raw[];
};

struct lost {
	struct perf_event_header header;
	u64 id;
	u64 lost;
};

struct ring {
	/* constant */
	u32 slot;
	u32 mask;
	struct arena arena;
	u8 *data; /* twice */
	struct rcu *rcu;

	/* the writers', under lock */
	_Alignas(CACHE_LINE) struct spin lock;
	u64 unsaid; /* lost since the last sample */
	_Atomic u64 head;
	_Atomic u64 lost;

	/* the reader's */
	_Alignas(CACHE_LINE) _Atomic u64 tail;

	_Alignas(CACHE_LINE) atomic_uint refs; /* the map's, the reader's */
	struct rcu_head free_head;
};

struct perf_reader {
	struct map *map;
	u32 cnt;
	struct ring *rings[];
};

/* ---- rings ---- */

/* The arena's memory, twice. */
static int map_data(struct ring *r, u32 bytes)
{
	void *at = mmap(NULL, 2ul * bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	r->data = at;
	if (!ringbuf_map_twice(r->arena.fd, at, 0, bytes,
			       PROT_READ | PROT_WRITE))
		return 0;
	munmap(at, 2ul * bytes);
	return -ENOMEM;
}

static struct ring *ring_new(struct map *map, u32 slot, u32 bytes)
{
	struct ring *r = aligned_alloc(CACHE_LINE, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct ring){ .slot = slot,
			    .mask = bytes - 1,
			    .rcu = mem_rcu(map->env->mem) };
	atomic_init(&r->refs, 1);
	if (arena_create(map->env->mem, map->name, bytes, ARENA_SHARED,
			 &r->arena) != 0)
		goto free_ring;
	if (map_data(r, bytes) == 0)
		return r;
	arena_destroy(&r->arena);
free_ring:
	free(r);
	return NULL;
}

static void free_ring(struct rcu_head *head)
{
	struct ring *r = container_of(head, struct ring, free_head);

	munmap(r->data, 2ul * (r->mask + 1));
	arena_destroy(&r->arena);
	free(r);
}

static void ring_put(struct ring *r)
{
	if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
		rcu_defer(r->rcu, &r->free_head, free_ring);
}

static void get_object(const struct map_env *env, void *object)
{
	struct ring *r = object;

	(void)env;
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
}

static void put_object(const struct map_env *env, void *object)
{
	(void)env;
	ring_put(object);
}

static const struct object_kind rings = {
	.get = get_object,
	.put = put_object,
};

/* ---- writers ---- */

static u64 size_of(const struct perf_part parts[PERF_PARTS])
{
	u64 size = 0;

	for (u32 i = 0; i < PERF_PARTS; i++)
		size += parts[i].size;
	return size;
}

/* As perf rounds a raw sample, which has its size in front. */
static u64 raw_size(const struct perf_part parts[PERF_PARTS])
{
	u64 size = size_of(parts) + sizeof(u32);

	return round_up(size, 8) - sizeof(u32);
}

static u64 put_lost(struct ring *r, u64 head)
{
	struct lost *l = (struct lost *)(r->data + (head & r->mask));

	*l = (struct lost){ .header = { .type = PERF_RECORD_LOST,
					.size = sizeof(*l) },
			    .lost = r->unsaid };
	r->unsaid = 0;
	return head + sizeof(*l);
}

static u64 put_sample(struct ring *r, u64 head,
		      const struct perf_part parts[PERF_PARTS])
{
	struct record *rec = (struct record *)(r->data + (head & r->mask));
	u32 size = (u32)size_of(parts), raw = (u32)raw_size(parts);
	u8 *to = rec->raw;

	rec->header = (struct perf_event_header){
		.type = PERF_RECORD_SAMPLE,
		.misc = (u16)(raw - size),
		.size = (u16)(sizeof(*rec) + raw),
	};
	rec->size = raw;
	for (u32 i = 0; i < PERF_PARTS; i++) {
		if (parts[i].size)
			memcpy(to, parts[i].data, parts[i].size);
		to += parts[i].size;
	}
	memset(to, 0, raw - size);
	return head + rec->header.size;
}

/* Under the lock.  One byte stays free, as in perf's. */
static int write_sample(struct ring *r,
			const struct perf_part parts[PERF_PARTS])
{
	u64 tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	u64 head = atomic_load_explicit(&r->head, memory_order_relaxed);
	u64 bytes = sizeof(struct record) + raw_size(parts);
	u64 need = bytes + (r->unsaid ? sizeof(struct lost) : 0);

	if (bytes > RECORD_MAX || r->mask - (head - tail) < need) {
		r->unsaid++;
		atomic_store_explicit(
			&r->lost,
			atomic_load_explicit(&r->lost, memory_order_relaxed) +
				1,
			memory_order_relaxed);
		return -ENOSPC;
	}
	if (r->unsaid)
		head = put_lost(r, head);
	head = put_sample(r, head, parts);
	atomic_store_explicit(&r->head, head, memory_order_release);
	return 0;
}

int perf_output(struct map *map, u64 flags,
		const struct perf_part parts[PERF_PARTS])
{
	u64 index = flags & BPF_F_INDEX_MASK;
	struct ring *r;
	int res;

	if (index == BPF_F_CURRENT_CPU)
		index = map_slot();
	if (index >= map->max_entries)
		return -E2BIG;
	r = object_at(map, (u32)index);
	if (!r)
		return -ENOENT;
	if (r->slot != map_slot())
		return -EOPNOTSUPP;
	spin_lock(&r->lock);
	res = write_sample(r, parts);
	spin_unlock(&r->lock);
	return res;
}

/* ---- the reader ---- */

static void release_rings(struct perf_reader *reader)
{
	for (u32 i = 0; i < reader->cnt; i++)
		if (reader->rings[i])
			ring_put(reader->rings[i]);
	free(reader);
}

int perf_reader_open(struct map *map, u32 bytes, struct perf_reader **out)
{
	u32 cnt = MIN(map->max_entries, map->slots);
	struct perf_reader *reader;

	if (map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY || bytes < RING_MIN ||
	    bytes & (bytes - 1))
		return -EINVAL;
	reader = calloc(1, sizeof(*reader) + cnt * sizeof(reader->rings[0]));
	if (!reader)
		return -ENOMEM;
	reader->cnt = cnt;
	for (u32 i = 0; i < cnt; i++) {
		reader->rings[i] = ring_new(map, i, bytes);
		if (!reader->rings[i]) {
			release_rings(reader);
			return -ENOMEM;
		}
	}
	reader->map = map_get(map);
	for (u32 i = 0; i < cnt; i++)
		object_array_set(map, i, reader->rings[i]);
	*out = reader;
	return 0;
}

void perf_reader_close(struct perf_reader *reader)
{
	struct map *map = reader->map;

	for (u32 i = 0; i < reader->cnt; i++)
		object_array_unset(map, i, reader->rings[i]);
	release_rings(reader);
	map_put(map);
}

static int give(const struct ring *r, const struct perf_event_header *h,
		perf_visit *fn, void *arg)
{
	struct perf_sample s = { .slot = r->slot };

	if (h->type == PERF_RECORD_LOST) {
		s.lost = ((const struct lost *)h)->lost;
	} else {
		s.size = ((const struct record *)h)->size;
		s.pad = h->misc;
		s.data = ((const struct record *)h)->raw;
	}
	return fn(arg, &s);
}

/* What is there now and no more, so that no lcore keeps the reader. */
static int read_ring(struct ring *r, perf_visit *fn, void *arg, s64 *count)
{
	u64 head = atomic_load_explicit(&r->head, memory_order_acquire);
	u64 tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	int res = 0;

	while (res >= 0 && tail != head) {
		const struct perf_event_header *h =
			(void *)(r->data + (tail & r->mask));

		*count += h->type == PERF_RECORD_SAMPLE;
		res = give(r, h, fn, arg);
		tail += h->size;
		atomic_store_explicit(&r->tail, tail, memory_order_release);
	}
	return res;
}

s64 perf_reader_read(struct perf_reader *reader, perf_visit *fn, void *arg)
{
	s64 count = 0;

	for (u32 i = 0; i < reader->cnt; i++) {
		int res = read_ring(reader->rings[i], fn, arg, &count);

		if (res < 0)
			return res;
	}
	return count;
}

u64 perf_reader_lost(const struct perf_reader *reader)
{
	u64 lost = 0;

	for (u32 i = 0; i < reader->cnt; i++)
		lost += atomic_load_explicit(&reader->rings[i]->lost,
					     memory_order_relaxed);
	return lost;
}

/* ---- the map ---- */

static int perf_check(const struct map_attr *attr, struct err *err)
{
	u32 flags = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY |
		    BPF_F_PRESERVE_ELEMS;

	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of a %s is 4 bytes, not %u",
				map_type_name(attr->type), attr->value_size);
	return array_check_sizes(attr, flags, err);
}

static int perf_create(const struct map_env *env, const struct map_attr *attr,
		       struct map **out)
{
	struct object_array *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = object_array_init(a, env, attr, &rings);
	if (!err)
		*out = &a->map;
	return err;
}

/* Entries are not read: Linux has no number for an event. */
static int perf_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	return flags ? -EINVAL : -LINUX_ENOTSUPP;
}

const struct map_ops perf_event_array_ops = {
	.name = "perf_event_array",
	.check = perf_check,
	.check_btf = map_check_no_btf,
	.create = perf_create,
	.destroy = object_array_destroy,
	.read = perf_read,
	.write = object_array_write,
	.erase = object_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_EVENTS,
	.check_write = object_array_check_write,
	.count = object_array_count,
	.bytes = object_array_bytes,
};
