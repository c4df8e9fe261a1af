/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * user_ringbuf.c - attacks what lcores drain from a ring that a process writes
 *
 * The process writes numbered records into a ring that is too small, some of
 * them in two steps, and discards some; lcores drain it in turns: each record
 * comes once, whole and in its order, one drain at a time.
 */
#include <errno.h>
#include <sys/mman.h>

#include "maps/ringbuf.h"
#include "sealed.h"
#include "stress.h"

#define SIZE 4096u
#define RECORDS 40000

struct ring {
	u64 *consumer;
	u64 *producer;
	u8 *data;
};

/* What lcores have seen, one at a time. */
static atomic_uint draining;
static u32 next_number, drained;
static atomic_bool discarded[RECORDS];

static void open_ring(struct ring *r, const struct map *map)
{
	int fd = map_memory_fd(map);
	u8 *pages;

	r->consumer = mmap(NULL, RINGBUF_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	pages = mmap(NULL, RINGBUF_PAGE + SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, RINGBUF_PAGE);
	require(r->consumer != MAP_FAILED && pages != MAP_FAILED);
	r->producer = (u64 *)pages;
	r->data = pages + RINGBUF_PAGE;
}

static u32 *header_at(const struct ring *r, u64 pos)
{
	return (u32 *)(r->data + pos % SIZE);
}

static void copy_in(const struct ring *r, u64 pos, const void *from, u32 len)
{
	for (u32 i = 0; i < len; i += 8)
		memcpy(r->data + (pos + i) % SIZE, (const u8 *)from + i, 8);
}

static void write_record(struct worker *w, const struct ring *r, u32 number)
{
	const u32 len = sizeof(struct sealed);
	struct sealed v = seal(number, number);
	u64 pos = *r->producer, end = pos + 8 + round_up(len, 8);
	bool gone = worker_random(w, 8) == 0;

	while (end - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE) > SIZE)
		sched_yield();
	__atomic_store_n(header_at(r, pos), len | BPF_RINGBUF_BUSY_BIT,
			 __ATOMIC_RELAXED);
	__atomic_store_n(r->producer, end, __ATOMIC_RELEASE);
	if (worker_random(w, 16) == 0)
		sched_yield();
	copy_in(r, pos + 8, &v, len);
	discarded[number] = gone;
	__atomic_store_n(header_at(r, pos),
			 len | (gone ? BPF_RINGBUF_DISCARD_BIT : 0),
			 __ATOMIC_RELEASE);
}

static void write_all(struct worker *w)
{
	struct ring r;

	open_ring(&r, w->map);
	for (u32 i = 0; i < RECORDS; i++)
		write_record(w, &r, i);
	while (__atomic_load_n(r.consumer, __ATOMIC_ACQUIRE) != *r.producer)
		sched_yield();
	munmap(r.consumer, RINGBUF_PAGE);
	munmap(r.producer, RINGBUF_PAGE + SIZE);
}

static void see(const struct sealed *v)
{
	while (next_number < RECORDS && v->key != next_number)
		require(discarded[next_number++]);
	require(intact(v, next_number) && !discarded[next_number]);
	next_number++;
	drained++;
}

static void drain(struct worker *w)
{
	while (!worker_stopped(w)) {
		int err = user_ringbuf_begin(w->map);
		void *record;
		s64 len = 0;

		require(err == 0 || err == -EBUSY);
		if (err) {
			sched_yield();
			continue;
		}
		require(atomic_fetch_add(&draining, 1) == 0);
		for (u32 i = 0; i < BURST && len != -ENODATA; i++) {
			len = user_ringbuf_peek(w->map, SIZE, &record);
			require(len == sizeof(struct sealed) ||
				len == -EAGAIN || len == -ENODATA);
			if (len < 0)
				continue;
			see(record);
			user_ringbuf_skip(w->map, (u32)len);
		}
		require(atomic_fetch_sub(&draining, 1) == 1);
		user_ringbuf_end(w->map, false);
		worker_quiescent(w);
	}
}

int main(void)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_USER_RINGBUF,
				       .max_entries = SIZE,
				       .name = "orders" };
	struct map_env env;
	struct map *map;
	u32 left = 0;

	stress_env(&env, 2, NULL);
	require(map_create(&env, &attr, NULL, &map) == 0);
	{
		struct worker w[] = {
			{ &env, map, 0, 0, .fn = drain },
			{ &env, map, 1, 0, .fn = drain },
			{ &env, map, SLOT_NONE, 1, .fn = write_all },
		};

		workers_run(w, ARRAY_LEN(w));
	}
	for (u32 i = 0; i < RECORDS; i++)
		left += !discarded[i];
	require(drained == left && left < RECORDS);
	map_put(map);
	mem_destroy(env.mem);
	return 0;
}
