/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.c - a queue of records from each lcore to whoever delivers
 *
 * T1  head is moved by the slot's lcore alone, tail by the deliverer alone,
 *     under lock.  What is between them is the deliverer's, the rest the
 *     lcore's.
 * T2  A record lies in one piece and is whole before head passes it.
 * T3  An lcore never waits: a record that does not fit is counted as lost.
 */
#include "lcore/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "prog/fault.h"

#define RING_BYTES (64u << 10) /* a power of two */
#define LINE_MAX_BYTES 1024
#define SUBSCRIBERS_MAX 128

/* A program that is stopped for every packet, or has something to say of each,
 * fills no log: so many messages a second, for programs that share a window.
 * Subscribers get every line. */
#define STOPS_A_SECOND 5
#define LINES_A_SECOND 20
#define WINDOWS 16
#define SECOND_NS 1000000000ull

enum record_kind { RECORD_SKIP, RECORD_LINE, RECORD_STOPPED };

struct record {
	u32 size; /* of all, a multiple of 8 */
	u32 kind; /* a RECORD_SKIP may end here */
	u64 ns;
	u32 prog_id;
	u32 len;
	char prog[BPF_OBJ_NAME_LEN];
	char text[];
};

struct window {
	u64 start_ns;
	u32 said;
	u32 silent; /* messages since the last one said */
};

struct line_window {
	struct window window;
	char prog[BPF_OBJ_NAME_LEN]; /* whose line was the last */
};

struct trace_ring {
	/* the lcore writes */
	_Alignas(CACHE_LINE) _Atomic u32 head;
	atomic_ullong lost;
	struct window stops[WINDOWS];
	/* the deliverer writes */
	_Alignas(CACHE_LINE) _Atomic u32 tail;
	_Alignas(CACHE_LINE) u8 bytes[RING_BYTES];
};

struct subscriber {
	trace_fn *fn; /* NULL: free */
	void *arg;
};

struct trace {
	struct world world;
	u32 slots;
	struct trace_ring *rings;
	pthread_mutex_t lock; /* recursive: fn may unsubscribe */
	struct subscriber subscribers[SUBSCRIBERS_MAX];
	struct line_window lines[WINDOWS]; /* the deliverer's */
};

/* Where a record of so many bytes goes, or NULL: it does not fit. */
static struct record *reserve(struct trace_ring *ring, u32 size)
{
	u32 head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	u32 tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	u32 at = head % RING_BYTES, to_end = RING_BYTES - at, skip = 0;
	struct record *r = (struct record *)(ring->bytes + at);

	if (size > to_end)
		skip = to_end;
	if (skip + size > RING_BYTES - (head - tail))
		return NULL;
	if (!skip)
		return r;
	r->size = skip;
	r->kind = RECORD_SKIP;
	atomic_store_explicit(&ring->head, head + skip, memory_order_release);
	return (struct record *)ring->bytes;
}

static u64 now_ns(void)
{
	return world_host.ops->ktime_ns(&world_host, CLOCK_MONOTONIC);
}

static void put(struct trace *t, enum record_kind kind, const struct prog *prog,
		const char *text, u32 len)
{
	struct trace_ring *ring = &t->rings[lcore_slot];
	struct record *r;
	u32 size;

	len = MIN(len, LINE_MAX_BYTES);
	size = (u32)round_up(sizeof(*r) + len, 8);
	r = reserve(ring, size);
	if (!r) {
		stat_add(&ring->lost, 1);
		return;
	}
	r->size = size;
	r->kind = kind;
	r->ns = now_ns();
	r->prog_id = prog->id;
	r->len = len;
	memcpy(r->prog, prog->name, sizeof(r->prog));
	memcpy(r->text, text, len);
	atomic_store_explicit(&ring->head,
			      atomic_load_explicit(&ring->head,
						   memory_order_relaxed) +
				      size,
			      memory_order_release);
}

static u64 ktime_ns(struct world *w, int clock)
{
	(void)w;
	return world_host.ops->ktime_ns(&world_host, clock);
}

static u32 random_u32(struct world *w, u32 slot)
{
	(void)w;
	return world_host.ops->random(&world_host, slot);
}

static u32 cpu(struct world *w, u32 slot)
{
	(void)w;
	return slot;
}

static void line(struct world *w, const struct prog *prog, const char *text,
		 u32 len)
{
	put(container_of(w, struct trace, world), RECORD_LINE, prog, text, len);
}

/* False: as many as may be were said in this second. */
static bool may_say(struct window *w, u32 a_second, u32 *silent)
{
	u64 now = now_ns();

	if (now - w->start_ns >= SECOND_NS) {
		w->start_ns = now;
		w->said = 0;
	}
	if (w->said == a_second) {
		w->silent++;
		return false;
	}
	w->said++;
	*silent = w->silent;
	w->silent = 0;
	return true;
}

static void stopped(struct world *w, const struct fault *fault)
{
	struct trace *t = container_of(w, struct trace, world);
	struct window *window =
		&t->rings[lcore_slot].stops[fault->prog->id % WINDOWS];
	char text[LINE_MAX_BYTES];
	u32 silent;

	if (!may_say(window, STOPS_A_SECOND, &silent))
		return;
	fault_text(fault, text, sizeof(text));
	if (silent)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 " (and %u more since the last report)", silent);
	put(t, RECORD_STOPPED, fault->prog, text, (u32)strlen(text));
}

static const struct world_ops lcore_world = {
	.ktime_ns = ktime_ns,
	.random = random_u32,
	.cpu = cpu,
	.trace = line,
	.stopped = stopped,
};

int trace_create(u32 slots, struct trace **out)
{
	struct trace *t = calloc(1, sizeof(*t));
	pthread_mutexattr_t attr;

	if (!t)
		return -ENOMEM;
	t->world.ops = &lcore_world;
	t->slots = slots;
	t->rings = aligned_alloc(CACHE_LINE, slots * sizeof(*t->rings));
	if (!t->rings) {
		free(t);
		return -ENOMEM;
	}
	memset(t->rings, 0, slots * sizeof(*t->rings));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&t->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	*out = t;
	return 0;
}

struct world *trace_world(struct trace *t)
{
	return &t->world;
}

int trace_subscribe(struct trace *t, trace_fn *fn, void *arg)
{
	int id = -EUSERS;

	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < SUBSCRIBERS_MAX && id < 0; i++) {
		if (t->subscribers[i].fn)
			continue;
		t->subscribers[i] = (struct subscriber){ fn, arg };
		id = i + 1;
	}
	pthread_mutex_unlock(&t->lock);
	return id;
}

void trace_unsubscribe(struct trace *t, int id)
{
	pthread_mutex_lock(&t->lock);
	t->subscribers[id - 1].fn = NULL;
	pthread_mutex_unlock(&t->lock);
}

static const struct record *first(struct trace_ring *ring)
{
	for (;;) {
		u32 tail =
			atomic_load_explicit(&ring->tail, memory_order_relaxed);
		const struct record *r;

		if (tail ==
		    atomic_load_explicit(&ring->head, memory_order_acquire))
			return NULL;
		r = (const struct record *)(ring->bytes + tail % RING_BYTES);
		if (r->kind != RECORD_SKIP)
			return r;
		atomic_store_explicit(&ring->tail, tail + r->size,
				      memory_order_release);
	}
}

static void log_silent(const struct line_window *w, u32 silent)
{
	if (silent)
		log_info("%s: %u more lines that are not logged (`weir trace` "
			 "prints all)",
			 w->prog, silent);
}

static void log_program_line(struct trace *t, const struct record *r)
{
	struct line_window *w = &t->lines[r->prog_id % WINDOWS];
	u32 silent;

	if (!log_enabled(LOG_INFO))
		return;
	if (may_say(&w->window, LINES_A_SECOND, &silent)) {
		log_silent(w, silent);
		log_info("%s: %.*s", r->prog, (int)r->len, r->text);
	}
	memcpy(w->prog, r->prog, sizeof(w->prog));
}

/* Of seconds that are over: there may be no other line to say it with. */
static void log_all_silent(struct trace *t, u64 now)
{
	for (u32 i = 0; i < WINDOWS; i++) {
		struct line_window *w = &t->lines[i];

		if (now - w->window.start_ns < SECOND_NS)
			continue;
		log_silent(w, w->window.silent);
		w->window.silent = 0;
	}
}

static void tell(struct trace *t, const struct record *r)
{
	if (r->kind == RECORD_STOPPED) {
		log_warn("stopped: %.*s", (int)r->len, r->text);
		return;
	}
	log_program_line(t, r);
	for (u32 i = 0; i < SUBSCRIBERS_MAX; i++) {
		const struct subscriber *s = &t->subscribers[i];

		if (s->fn)
			s->fn(s->arg, r->ns, r->prog_id, r->text, r->len);
	}
}

/* The oldest of all lcores' first records. */
static struct trace_ring *oldest(struct trace *t, const struct record **out)
{
	struct trace_ring *ring = NULL;

	for (u32 i = 0; i < t->slots; i++) {
		const struct record *r = first(&t->rings[i]);

		if (!r || (ring && r->ns >= (*out)->ns))
			continue;
		ring = &t->rings[i];
		*out = r;
	}
	return ring;
}

void trace_deliver(struct trace *t)
{
	const struct record *r = NULL;
	struct trace_ring *ring;

	pthread_mutex_lock(&t->lock);
	/* No more than a full ring each, whatever still comes. */
	for (u64 bytes = 0; bytes < (u64)t->slots * RING_BYTES;) {
		ring = oldest(t, &r);
		if (!ring)
			break;
		tell(t, r);
		bytes += r->size;
		atomic_store_explicit(
			&ring->tail,
			atomic_load_explicit(&ring->tail,
					     memory_order_relaxed) +
				r->size,
			memory_order_release);
	}
	log_all_silent(t, now_ns());
	pthread_mutex_unlock(&t->lock);
}

void trace_destroy(struct trace *t)
{
	trace_deliver(t);
	log_all_silent(t, UINT64_MAX);
	pthread_mutex_destroy(&t->lock);
	free(t->rings);
	free(t);
}

u64 trace_lost(const struct trace *t)
{
	u64 lost = 0;

	for (u32 i = 0; i < t->slots; i++)
		lost += stat_read(&t->rings[i].lost);
	return lost;
}
