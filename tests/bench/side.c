/* SPDX-License-Identifier: BSD-3-Clause */
/* side.c - threads, clock and the line protocol of a benchmark's side */
#include "side.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const load_op_names[LOAD_OPS] = {
	[LOAD_LOOKUP_HIT] = "lookup_hit",
	[LOAD_LOOKUP_MISS] = "lookup_miss",
	[LOAD_LOOKUP_BURST] = "lookup_burst",
	[LOAD_LOOKUP_INLINE] = "lookup_inline",
	[LOAD_UPDATE] = "update",
	[LOAD_INSERT_DELETE] = "insert_delete",
	[LOAD_CHURN] = "churn",
};

struct round {
	struct side *side;
	const struct side_ops *ops;
	u64 length; /* ns */
	u32 thread;
	__u64 random;
	u64 done;
	u64 took;
	pthread_barrier_t *start;
	pthread_t handle;
};

void side_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static u64 now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

/* The highest CPU first: the first is busy with everything else.  And, where
 * that is permitted, before all else, as lcores have their CPUs for themselves:
 * a thread that waits for its CPU holds up the others' grace periods. */
static void pin(u32 thread)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct sched_param first = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((u32)(cpus - 1 - thread % cpus), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		side_fail("cannot pin thread %u", thread);
	sched_setscheduler(0, SCHED_FIFO, &first);
}

static void *round_main(void *arg)
{
	struct round *r = arg;
	u64 start, busy;

	pin(r->thread);
	if (r->ops->enter)
		r->ops->enter(r->side, r->thread);
	pthread_barrier_wait(r->start);
	start = now_ns(CLOCK_MONOTONIC);
	busy = now_ns(CLOCK_THREAD_CPUTIME_ID);
	do {
		r->done += r->ops->run(r->side, r->thread, &r->random);
	} while (now_ns(CLOCK_MONOTONIC) - start < r->length);
	r->took = now_ns(CLOCK_THREAD_CPUTIME_ID) - busy;
	if (r->ops->leave)
		r->ops->leave(r->side, r->thread);
	return NULL;
}

/* The nanoseconds of an operation. */
static double measure(struct side *side, const struct side_ops *ops,
		      double seconds, u64 serial)
{
	struct round rounds[SIDE_THREADS_MAX] = { 0 };
	pthread_barrier_t start;
	double rate = 0;

	pthread_barrier_init(&start, NULL, side->load.threads);
	for (u32 i = 0; i < side->load.threads; i++) {
		rounds[i] = (struct round){
			.side = side,
			.ops = ops,
			.length = (u64)(seconds * 1e9),
			.thread = i,
			.random = serial * SIDE_THREADS_MAX + i,
			.start = &start,
		};
		if (pthread_create(&rounds[i].handle, NULL, round_main,
				   &rounds[i]))
			side_fail("cannot start thread %u", i);
	}
	for (u32 i = 0; i < side->load.threads; i++) {
		pthread_join(rounds[i].handle, NULL);
		rate += (double)rounds[i].done / (double)rounds[i].took;
	}
	pthread_barrier_destroy(&start);
	return side->load.threads / rate;
}

static u32 number(const char *text, u32 max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || end == text || !n || n > max)
		side_fail("%s: not a number from 1 to %u", text, max);
	return (u32)n;
}

static u32 op_parse(const char *name)
{
	for (u32 i = 0; i < LOAD_OPS; i++) {
		if (strcmp(load_op_names[i], name) == 0)
			return i;
	}
	side_fail("%s: no such operation", name);
}

int side_main(int argc, char **argv, const struct side_ops *ops)
{
	struct side side = { 0 };
	char line[64];
	u64 serial = 0;

	if (argc != 7)
		side_fail("usage: %s OP TYPE ENTRIES KEY_SIZE VALUE_SIZE "
			  "THREADS",
			  argv[0]);
	side.load.op = op_parse(argv[1]);
	side.load.type = number(argv[2], 64);
	side.load.entries = number(argv[3], 1u << 30);
	side.load.key_size = number(argv[4], MAP_KEY_MAX);
	side.load.value_size = number(argv[5], MAP_VALUE_MAX);
	side.load.threads = number(argv[6], SIDE_THREADS_MAX);
	ops->setup(&side);
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "memory\n") == 0)
			printf("%llu\n",
			       (unsigned long long)ops->memory(&side));
		else
			printf("%.4f\n",
			       measure(&side, ops, atof(line), ++serial));
		fflush(stdout);
	}
	return 0;
}
