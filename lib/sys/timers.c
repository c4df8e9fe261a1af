/* SPDX-License-Identifier: BSD-3-Clause */
#include "sys/timers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "prog/prog.h"

#define SECOND 1000000000ull

struct timer_thread {
	struct rcu *rcu;
	struct world *world; /* that callbacks run in */
	struct timers *timers;
	int wake_fd;

	pthread_mutex_t lock; /* of the next two */
	pthread_t thread;
	bool running;
	atomic_bool stop;
};

static u64 now(void *arg, int clock)
{
	(void)arg;
	return world_host.ops->ktime_ns(&world_host, clock);
}

static void wake(void *arg)
{
	struct timer_thread *t = arg;

	eventfd_write(t->wake_fd, 1);
}

static const struct timers_ops ops = { .now = now, .wake = wake };

int timer_thread_create(struct rcu *rcu, struct world *world,
			struct timer_thread **out)
{
	struct timer_thread *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		return err;
	t->rcu = rcu;
	t->world = world;
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake_fd < 0) {
		err = -errno;
		goto free_thread;
	}
	err = timers_create(&ops, t, &prog_refs, &t->timers);
	if (err)
		goto close_fd;
	pthread_mutex_init(&t->lock, NULL);
	*out = t;
	return 0;

close_fd:
	close(t->wake_fd);
free_thread:
	free(t);
	return err;
}

struct timers *timer_thread_timers(struct timer_thread *t)
{
	return t->timers;
}

static void call(const struct timer_due *due, struct run *run)
{
	u32 index;
	const void *key = timer_key(due->map, due->value, &index);
	const u64 arg[PROG_ARGS] = { (u64)(uintptr_t)due->map,
				     (u64)(uintptr_t)key,
				     (u64)(uintptr_t)due->value };

	run_begin(run, NULL);
	due->prog->call(due->prog, run, due->func, arg);
}

static void run_due(struct timer_thread *t)
{
	struct run run = { .world = t->world, .slot = SLOT_NONE };
	struct timer_due due;

	rcu_guest_enter(t->rcu);
	while (!atomic_load(&t->stop) && timers_take(t->timers, &run, &due)) {
		call(&due, &run);
		timers_done(t->timers, &due);
		rcu_guest_quiescent(t->rcu);
	}
	rcu_guest_leave(t->rcu);
}

/* Until then, or the first one that is due is another. */
static void sleep_until(struct timer_thread *t, u64 due)
{
	u64 time = now(t, CLOCK_MONOTONIC);
	u64 left = due > time ? due - time : 0;
	struct timespec ts = { (time_t)(left / SECOND), (long)(left % SECOND) };
	struct pollfd fd = { .fd = t->wake_fd, .events = POLLIN };
	eventfd_t ignored;

	if (ppoll(&fd, 1, due == TIMERS_NONE ? NULL : &ts, NULL) > 0)
		eventfd_read(t->wake_fd, &ignored);
}

static void *run_thread(void *arg)
{
	struct timer_thread *t = arg;

	while (!atomic_load(&t->stop)) {
		u64 due = timers_next(t->timers);

		if (due <= now(t, CLOCK_MONOTONIC))
			run_due(t);
		else
			sleep_until(t, due);
	}
	return NULL;
}

int timer_thread_start(struct timer_thread *t)
{
	int err = 0;

	pthread_mutex_lock(&t->lock);
	if (!t->running) {
		err = thread_start(&t->thread, "weir-timers", run_thread, t);
		t->running = !err;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

void timer_thread_stop(struct timer_thread *t)
{
	if (!t->running)
		return;
	atomic_store(&t->stop, true);
	wake(t);
	pthread_join(t->thread, NULL);
	t->running = false;
}

void timer_thread_destroy(struct timer_thread *t)
{
	pthread_mutex_destroy(&t->lock);
	timers_destroy(t->timers);
	close(t->wake_fd);
	free(t);
}
