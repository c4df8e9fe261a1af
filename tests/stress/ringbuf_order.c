/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ringbuf_order.c - attacks R1 to R3 of maps/ringbuf.c
 *
 * lcores write records of all sizes that say whose they are and which one,
 * into a ring that is too small, and discard some; one reader checks that none
 * is lost, torn, out of order or there twice, and that it sees none that was
 * discarded.
 */
#include "maps/ringbuf.h"
#include "stress.h"

#define SIZE 4096
#define PRODUCERS 3
#define RECORDS 400000

struct record {
	u32 slot;
	u32 number; /* of those that were submitted */
	u8 bytes[];
};

struct reader {
	u32 next[PRODUCERS];
	u32 records;
};

static u8 byte(const struct record *r, u32 i)
{
	return (u8)(r->number * 31 + r->slot * 7 + i);
}

static void fill(struct record *r, u32 slot, u32 number, u32 len)
{
	r->slot = slot;
	r->number = number;
	for (u32 i = 0; i < len; i++)
		r->bytes[i] = byte(r, i);
}

static bool reserved(struct worker *w, u32 len, u32 *sent)
{
	struct record *r = ringbuf_reserve(w->map, sizeof(*r) + len);

	if (!r)
		return false;
	if (worker_random(w, 8) == 0) {
		fill(r, PRODUCERS, 0, len);
		ringbuf_discard(r, 0);
		return true;
	}
	fill(r, w->slot, (*sent)++, len);
	ringbuf_submit(r, 0);
	return true;
}

static bool copied(struct worker *w, u32 len, u32 *sent)
{
	u64 room[32];
	struct record *r = (struct record *)room;

	fill(r, w->slot, *sent, len);
	if (ringbuf_output(w->map, r, sizeof(*r) + len, 0) != 0)
		return false;
	++*sent;
	return true;
}

static void produce(struct worker *w)
{
	u32 sent = 0;

	while (sent < w->ops) {
		u32 len = worker_random(w, 200);
		bool went = worker_random(w, 4) ? reserved(w, len, &sent)
						: copied(w, len, &sent);

		if (!went)
			sched_yield();
		if (sent % BURST == 0)
			worker_quiescent(w);
	}
	w->result = sent;
}

static int take(void *arg, const void *data, u32 size)
{
	const struct record *r = data;
	struct reader *reader = arg;

	require(size >= sizeof(*r) && size < sizeof(*r) + 200);
	require(r->slot < PRODUCERS);
	require(r->number == reader->next[r->slot]);
	reader->next[r->slot]++;
	reader->records++;
	for (u32 i = 0; i < size - sizeof(*r); i++)
		require(r->bytes[i] == byte(r, i));
	return 0;
}

static void consume(struct worker *w)
{
	while (!worker_stopped(w)) {
		s64 got = ringbuf_read(w->map, take, w->arg);

		require(got >= 0);
		require(ringbuf_query(w->map, BPF_RB_AVAIL_DATA) <= SIZE);
		if (!got)
			sched_yield();
	}
	require(ringbuf_read(w->map, take, w->arg) >= 0);
}

int main(void)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_RINGBUF,
				       .max_entries = SIZE,
				       .name = "events" };
	struct reader reader = { .records = 0 };
	struct map_env env;
	struct map *map;

	stress_env(&env, PRODUCERS, NULL);
	require(map_create(&env, &attr, NULL, &map) == 0);
	struct worker w[] = {
		{ &env, map, 0, RECORDS, .fn = produce },
		{ &env, map, 1, RECORDS, .fn = produce },
		{ &env, map, 2, RECORDS, .fn = produce },
		{ &env, map, SLOT_NONE, 0, .fn = consume, .arg = &reader },
	};

	workers_run(w, ARRAY_LEN(w));
	require(reader.records == w[0].result + w[1].result + w[2].result);
	require(ringbuf_query(map, BPF_RB_AVAIL_DATA) == 0);
	/* free + used = capacity: a record takes all that was given back */
	require(ringbuf_reserve(map, SIZE - 16));
	require(!ringbuf_reserve(map, 0));
	map_put(map);
	mem_destroy(env.mem);
	return 0;
}
