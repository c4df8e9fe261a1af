/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * queue_readers.c - attacks K1 to K3 of maps/pkt_queue.h and, for xskmaps, D1
 * and D2 of maps/redirect.h
 *
 * lcores put numbered frames into the queue they find at an entry, which
 * control threads replace and erase all the time, also by queues that nobody
 * else keeps.  Readers get whole frames, of each lcore in order, and what was
 * put is what was read and what is left.
 */
#include <errno.h>
#include <unistd.h>

#include "maps/object_array.h"
#include "maps/pkt_queue.h"
#include "maps/redirect.h"
#include "sealed.h"
#include "stress.h"

#define OPS 20000
#define ENTRIES 2
#define KEPT 2 /* queues that are read */
#define SLOTS 16
#define LCORES 2

static struct pkt_queue *kept[KEPT];
static atomic_uint put[KEPT];

static void put_frames(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		const struct redirect_entry *e =
			object_at(w->map, worker_random(w, ENTRIES));
		struct sealed frame = seal(w->slot, i);

		if (!e || !pkt_queue_add(e->queue, (const u8 *)&frame, 0,
					 sizeof(frame)))
			sched_yield();
		else
			for (u32 k = 0; k < KEPT; k++)
				if (e->queue == kept[k])
					atomic_fetch_add(&put[k], 1);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

static void replace(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 key = worker_random(w, ENTRIES);
		struct pkt_queue *q;
		int err;

		switch (worker_random(w, 4)) {
		case 0:
			err = w->map->ops->erase(w->map, &key);
			require(err == 0 || err == -ENOENT ||
				err == -EINVAL);
			break;
		case 1:
			require(pkt_queue_create(w->env->mem, 1, key, SLOTS,
						 &q) == 0);
			require(w->map->ops->write_object(w->map, &key, q,
							  BPF_ANY) == 0);
			pkt_queue_put(q);
			/* there is memory for so many at once */
			worker_grace(w);
			rcu_reclaim(worker_rcu(w));
			break;
		default:
			q = kept[worker_random(w, KEPT)];
			require(w->map->ops->write_object(w->map, &key, q,
							  BPF_ANY) == 0);
		}
	}
}

/* result: how many it read */
static void take_frames(struct worker *w, struct pkt_reader *r, u64 *next)
{
	struct pkt_queue_slot slot;
	struct sealed frame;

	while (pkt_reader_next(r, &slot)) {
		require(slot.len == sizeof(frame) && slot.meta == 0);
		memcpy(&frame, slot.bytes, sizeof(frame));
		require(frame.key < LCORES && intact(&frame, frame.key));
		require(frame.version >= next[frame.key]);
		next[frame.key] = frame.version + 1;
		w->result++;
	}
}

static void read_frames(struct worker *w)
{
	u64 next[LCORES] = { 0 };
	struct pkt_reader *r;
	bool last;

	require(pkt_reader_open(dup(pkt_queue_fd(w->arg)), &r) == 0);
	do {
		last = worker_stopped(w);
		take_frames(w, r, next);
	} while (!last);
	pkt_reader_close(r);
}

int main(void)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_XSKMAP,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = ENTRIES,
				       .name = "readers" };
	struct map_env env;
	struct map *map;

	stress_env(&env, LCORES, NULL);
	require(map_create(&env, &attr, NULL, &map) == 0);
	for (u32 k = 0; k < KEPT; k++)
		require(pkt_queue_create(env.mem, 1, k, SLOTS, &kept[k]) == 0);
	require(map->ops->write_object(map, &(u32){ 0 }, kept[0], BPF_ANY) ==
		0);
	{
		struct worker w[] = {
			{ &env, map, 0, OPS, .fn = put_frames },
			{ &env, map, 1, OPS, .fn = put_frames },
			{ &env, map, SLOT_NONE, 0, .fn = replace },
			{ &env, map, SLOT_NONE, 0, .fn = replace },
			{ &env, map, SLOT_NONE, 0, .fn = read_frames,
			  .arg = kept[0] },
			{ &env, map, SLOT_NONE, 0, .fn = read_frames,
			  .arg = kept[1] },
		};

		workers_run(w, ARRAY_LEN(w));
		require(w[4].result == put[0] && w[5].result == put[1]);
		require(put[0] + put[1] > 0);
	}
	map_put(map);
	for (u32 k = 0; k < KEPT; k++)
		pkt_queue_put(kept[k]);
	mem_destroy(env.mem);
	return 0;
}
