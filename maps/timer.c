/* SPDX-License-Identifier: BSD-3-Clause */
/* timer.c - a heap of timers by the time they are due */
#include "maps/timer.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "maps/fields.h"
#include "mem/spin.h"

#define CLOCKS 16u /* Linux's MAX_CLOCKS */
#define FLAGS (BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN)
#define NOT_ARMED 0u

/* What lies in a struct bpf_timer. */
struct field {
	struct timer *timer;
	u64 unused;
};

_Static_assert(sizeof(struct field) == sizeof(struct bpf_timer), "Linux's");

struct timer {
	struct timer *next, **link; /* of its map */
	struct field *field;	    /* NULL: it has gone */
	struct map *map;
	void *value;
	int clock;
	u32 place; /* in the heap, from 1; NOT_ARMED */
	u64 due;
	struct prog *prog;
	u64 func;
};

struct timers {
	const struct timers_ops *ops;
	void *arg;
	const struct prog_ref_ops *progs;

	struct spin
		lock; /* of all below, of all timers, fields and map.timers */
	u32 cnt;
	struct timer **heap; /* [1] is due first; room for all */
	u32 room;
	u32 armed;
	struct timer *running;
	u64 runs;	 /* counts up with each */
	const void *who; /* runs it */
};

int timers_create(const struct timers_ops *ops, void *arg,
		  const struct prog_ref_ops *progs, struct timers **out)
{
	struct timers *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->ops = ops;
	w->arg = arg;
	w->progs = progs;
	*out = w;
	return 0;
}

void timers_destroy(struct timers *w)
{
	if (!w)
		return;
	free(w->heap);
	free(w);
}

/* ---- the heap; under the lock ---- */

static void put_at(struct timers *w, u32 place, struct timer *t)
{
	w->heap[place] = t;
	t->place = place;
}

static void sift_up(struct timers *w, u32 place, struct timer *t)
{
	while (place > 1 && w->heap[place / 2]->due > t->due) {
		put_at(w, place, w->heap[place / 2]);
		place /= 2;
	}
	put_at(w, place, t);
}

static void sift_down(struct timers *w, u32 place, struct timer *t)
{
	u32 child;

	while ((child = 2 * place) <= w->armed) {
		if (child < w->armed &&
		    w->heap[child + 1]->due < w->heap[child]->due)
			child++;
		if (w->heap[child]->due >= t->due)
			break;
		put_at(w, place, w->heap[child]);
		place = child;
	}
	put_at(w, place, t);
}

static void arm(struct timers *w, struct timer *t, u64 due)
{
	t->due = due;
	sift_up(w, ++w->armed, t);
}

/* Whether it was armed. */
static bool disarm(struct timers *w, struct timer *t)
{
	u32 place = t->place;
	struct timer *last;

	if (place == NOT_ARMED)
		return false;
	last = w->heap[w->armed--];
	t->place = NOT_ARMED;
	if (last == t)
		return true;
	if (place > 1 && w->heap[place / 2]->due > last->due)
		sift_up(w, place, last);
	else
		sift_down(w, place, last);
	return true;
}

static u64 next_due(const struct timers *w)
{
	return w->armed ? w->heap[1]->due : TIMERS_NONE;
}

/* ---- timers; under the lock ---- */

static bool has_room(struct timers *w)
{
	u32 room = w->room ? 2 * w->room : 64;
	struct timer **heap;

	if (w->cnt + 1 < w->room)
		return true;
	heap = realloc(w->heap, room * sizeof(struct timer *));
	if (!heap)
		return false;
	w->heap = heap;
	w->room = room;
	return true;
}

static void set_field(struct field *f, struct timer *t)
{
	__atomic_store_n(&f->timer, t, __ATOMIC_RELEASE);
}

static struct timer *field_timer(const struct field *f)
{
	return __atomic_load_n(&f->timer, __ATOMIC_ACQUIRE);
}

static void enlist(struct timers *w, struct timer *t)
{
	struct timer **all = &t->map->timers;

	t->next = *all;
	t->link = all;
	if (t->next)
		t->next->link = &t->next;
	*all = t;
	w->cnt++;
}

/* The program it held, to be put when the lock is free. */
static struct prog *take_prog(struct timer *t)
{
	struct prog *prog = t->prog;

	t->prog = NULL;
	t->func = 0;
	return prog;
}

/* Nobody finds it any more; one that runs is freed by timers_done(). */
static struct prog *kill(struct timers *w, struct timer *t)
{
	struct prog *prog = take_prog(t);

	set_field(t->field, NULL);
	t->field = NULL;
	disarm(w, t);
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	w->cnt--;
	if (t != w->running)
		free(t);
	return prog;
}

static void put_prog(struct timers *w, struct prog *prog)
{
	if (prog)
		w->progs->put(prog);
}

/* ---- who runs them ---- */

u64 timers_next(struct timers *w)
{
	u64 due;

	spin_lock(&w->lock);
	due = next_due(w);
	spin_unlock(&w->lock);
	return due;
}

bool timers_take(struct timers *w, const void *who, struct timer_due *due)
{
	u64 now = w->ops->now(w->arg, CLOCK_MONOTONIC);
	struct timer *t = NULL;

	spin_lock(&w->lock);
	if (next_due(w) <= now) {
		t = w->heap[1];
		disarm(w, t);
		w->progs->get(t->prog);
		w->running = t;
		w->who = who;
		w->runs++;
		*due = (struct timer_due){ t->prog, t->func, t->map, t->value,
					   t };
	}
	spin_unlock(&w->lock);
	return t;
}

void timers_done(struct timers *w, struct timer_due *due)
{
	struct timer *t = due->timer;

	spin_lock(&w->lock);
	w->running = NULL;
	w->who = NULL;
	if (!t->field)
		free(t);
	spin_unlock(&w->lock);
	put_prog(w, due->prog);
}

const void *timer_key(struct map *map, const void *value, u32 *index)
{
	const u32 first = 0;
	const u8 *base;

	if (map->type != BPF_MAP_TYPE_ARRAY)
		return (const u8 *)value - round_up(map->key_size, 8);
	base = map->ops->lookup(map, &first);
	*index = (u32)((u64)((const u8 *)value - base) /
		       round_up(map->value_size, 8));
	return index;
}

/* ---- programs ---- */

static bool clock_exists(u64 clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME ||
	       clock == CLOCK_BOOTTIME;
}

static u32 offset_of(const struct map *map)
{
	const struct map_fields *f = map->fields;
	u32 i = 0;

	while (f->at[i].kind != BTF_FIELD_TIMER)
		i++;
	return f->at[i].offset;
}

static int add(struct timers *w, struct timer *t)
{
	if (t->field->timer)
		return -EBUSY;
	if (!atomic_load(&t->map->users))
		return -EPERM;
	if (!has_room(w))
		return -ENOMEM;
	enlist(w, t);
	set_field(t->field, t);
	return 0;
}

int timer_init(struct map *map, void *field, u64 flags)
{
	struct timers *w = map->env->timers;
	struct timer *t;
	int err;

	if (flags >= CLOCKS || !clock_exists(flags))
		return -EINVAL;
	if (!w)
		return -EOPNOTSUPP;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->field = field;
	t->map = map;
	t->value = (u8 *)field - offset_of(map);
	t->clock = (int)flags;
	spin_lock(&w->lock);
	err = add(w, t);
	spin_unlock(&w->lock);
	if (err)
		free(t);
	return err;
}

int timer_set_callback(struct timers *w, void *field, struct prog *prog,
		       u64 func)
{
	struct prog *before = NULL;
	struct timer *t;
	int err = 0;

	if (!w)
		return -EINVAL;
	spin_lock(&w->lock);
	t = field_timer(field);
	if (!t)
		err = -EINVAL;
	else if (!atomic_load(&t->map->users))
		err = -EPERM;
	if (!err) {
		w->progs->get(prog);
		before = take_prog(t);
		t->prog = prog;
		t->func = func;
	}
	spin_unlock(&w->lock);
	put_prog(w, before);
	return err;
}

/* By CLOCK_MONOTONIC.  Linux's time has 63 bits. */
static u64 due_at(struct timers *w, const struct timer *t, u64 nsecs, u64 flags)
{
	u64 now = w->ops->now(w->arg, CLOCK_MONOTONIC), there;

	if (flags & BPF_F_TIMER_ABS) {
		there = w->ops->now(w->arg, t->clock);
		if (nsecs > INT64_MAX || nsecs <= there)
			return now;
		nsecs -= there;
	}
	return nsecs > INT64_MAX - now ? INT64_MAX : now + nsecs;
}

int timer_start(struct timers *w, void *field, u64 nsecs, u64 flags)
{
	bool first = false;
	struct timer *t;
	int err = -EINVAL;

	if (flags & ~(u64)FLAGS || !w)
		return -EINVAL;
	spin_lock(&w->lock);
	t = field_timer(field);
	if (t && t->prog) {
		disarm(w, t);
		arm(w, t, due_at(w, t, nsecs, flags));
		first = w->heap[1] == t;
		err = 0;
	}
	spin_unlock(&w->lock);
	if (first)
		w->ops->wake(w->arg);
	return err;
}

/* The run that goes on, 0: none. */
static u64 run_now(struct timers *w)
{
	u64 run;

	spin_lock(&w->lock);
	run = w->running ? w->runs : 0;
	spin_unlock(&w->lock);
	return run;
}

int timer_cancel(struct timers *w, void *field, const void *who)
{
	struct prog *prog = NULL;
	struct timer *t;
	u64 run = 0;
	int ret;

	if (!w)
		return -EINVAL;
	spin_lock(&w->lock);
	t = field_timer(field);
	if (!t) {
		ret = -EINVAL;
	} else if (t == w->running && w->who == who) {
		ret = -EDEADLK;
	} else {
		prog = take_prog(t);
		run = t == w->running ? w->runs : 0;
		ret = disarm(w, t);
	}
	spin_unlock(&w->lock);
	put_prog(w, prog);
	while (run && run_now(w) == run)
		sched_yield();
	return ret;
}

/* ---- maps ---- */

void timer_drop(const struct map *map, void *value)
{
	struct timers *w = map->env->timers;
	struct field *f = (struct field *)((u8 *)value + offset_of(map));
	struct prog *prog = NULL;

	if (!field_timer(f))
		return;
	spin_lock(&w->lock);
	if (f->timer)
		prog = kill(w, f->timer);
	spin_unlock(&w->lock);
	put_prog(w, prog);
}

void timers_forget(struct map *map)
{
	struct timers *w = map->env->timers;
	struct prog *prog;
	bool more = w;

	while (more) {
		prog = NULL;
		spin_lock(&w->lock);
		more = map->timers;
		if (more)
			prog = kill(w, map->timers);
		spin_unlock(&w->lock);
		put_prog(w, prog);
	}
}
