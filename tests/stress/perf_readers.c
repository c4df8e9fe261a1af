/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf_readers.c - attacks V2 to V4 of maps/perf_event_array.c
 *
 * lcores write numbered samples of all sizes into rings that are too small,
 * while readers come and go: each finds whole samples in order, is told of
 * every gap, and nobody writes into a ring that is gone.
 */
#include <errno.h>

#include "maps/perf_event_array.h"
#include "stress.h"

#define WRITERS 2
#define SAMPLES 400000
#define RING 4096
#define LONGEST 200

struct sample {
	u32 slot;
	u32 number;
	u32 len;
	u8 bytes[LONGEST];
};

static u8 byte(const struct sample *s, u32 i)
{
	return (u8)(s->number * 31 + s->slot * 7 + i);
}

static void fill(struct sample *s, u32 slot, u32 number, u32 len)
{
	s->slot = slot;
	s->number = number;
	s->len = len;
	for (u32 i = 0; i < len; i++)
		s->bytes[i] = byte(s, i);
}

/* result: how many found their way into a ring. */
static void produce(struct worker *w)
{
	struct sample s;

	for (u32 i = 0; i < w->ops; i++) {
		u32 len = worker_random(w, LONGEST);
		u32 cut = (u32)offsetof(struct sample, bytes);
		struct perf_part parts[PERF_PARTS] = { { &s, cut },
						       { s.bytes, len / 2 },
						       { s.bytes + len / 2,
							 len - len / 2 } };
		int res;

		fill(&s, w->slot, i, len);
		res = perf_output(w->map, BPF_F_CURRENT_CPU, parts);
		require(res == 0 || res == -ENOSPC || res == -ENOENT);
		require(perf_output(w->map, !w->slot, parts) != 0);
		w->result += !res;
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

struct seen {
	u32 next[WRITERS];
	bool began[WRITERS];
	u32 lost[WRITERS];
	u64 samples;
};

static int take(void *arg, const struct perf_sample *sample)
{
	const struct sample *s = sample->data;
	struct seen *seen = arg;
	u32 slot = sample->slot;

	if (!s) {
		seen->lost[slot] += (u32)sample->lost;
		return 0;
	}
	require(s->slot == slot && s->len <= LONGEST);
	require(sample->size % 8 == 4);
	require(sample->size >= offsetof(struct sample, bytes) + s->len);
	for (u32 i = 0; i < s->len; i++)
		require(s->bytes[i] == byte(s, i));
	if (seen->began[slot])
		require(s->number == seen->next[slot] + seen->lost[slot]);
	seen->began[slot] = true;
	seen->next[slot] = s->number + 1;
	seen->lost[slot] = 0;
	seen->samples++;
	return 0;
}

static void read_all(struct worker *w)
{
	struct perf_reader *reader = w->arg;
	struct seen seen = { .samples = 0 };

	while (!worker_stopped(w))
		if (perf_reader_read(reader, take, &seen) == 0)
			sched_yield();
	require(perf_reader_read(reader, take, &seen) >= 0);
	w->result = seen.samples;
}

static void come_and_go(struct worker *w)
{
	while (!worker_stopped(w)) {
		struct perf_reader *reader;
		struct seen seen = { .samples = 0 };

		require(perf_reader_open(w->map, RING, &reader) == 0);
		for (u32 i = 0; i < 2; i++) {
			require(perf_reader_read(reader, take, &seen) >= 0);
			sched_yield();
		}
		perf_reader_close(reader);
		rcu_reclaim(worker_rcu(w));
	}
}

static struct map *new_map(struct map_env *env)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = WRITERS,
				       .name = "events" };
	struct map *map;

	stress_env(env, WRITERS, NULL);
	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

static void end(struct map_env *env, struct map *map)
{
	map_put(map);
	rcu_barrier(mem_rcu(env->mem));
	rcu_barrier(mem_rcu(env->mem));
	require(mem_used(env->mem) == 0);
	mem_destroy(env->mem);
}

static void every_sample_comes_or_is_counted(void)
{
	struct perf_reader *reader;
	struct map_env env;
	struct map *map = new_map(&env);

	require(perf_reader_open(map, RING, &reader) == 0);
	struct worker w[] = {
		{ &env, map, 0, SAMPLES, .fn = produce },
		{ &env, map, 1, SAMPLES, .fn = produce },
		{ &env, map, SLOT_NONE, 0, .fn = read_all, .arg = reader },
	};

	workers_run(w, ARRAY_LEN(w));
	require(w[2].result == w[0].result + w[1].result);
	require(w[2].result + perf_reader_lost(reader) == 2 * SAMPLES);
	perf_reader_close(reader);
	end(&env, map);
}

static void readers_come_and_go(void)
{
	struct map_env env;
	struct map *map = new_map(&env);
	struct worker w[] = {
		{ &env, map, 0, SAMPLES, .fn = produce },
		{ &env, map, 1, SAMPLES, .fn = produce },
		{ &env, map, SLOT_NONE, 0, .fn = come_and_go },
		{ &env, map, SLOT_NONE, 0, .fn = come_and_go },
	};

	workers_run(w, ARRAY_LEN(w));
	end(&env, map);
}

int main(void)
{
	every_sample_comes_or_is_counted();
	readers_come_and_go();
	return 0;
}
