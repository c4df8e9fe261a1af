/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_ringbuf.c - ring buffers against the live kernel
 *
 * Programs of random calls reserve, fill, submit, discard, output and query; a
 * reader reads, in between, by one algorithm on the kernel's mapping and on
 * Weir's.  After every step all positions and the whole ring are compared, the
 * headers included.  The seed is printed; `maps_ringbuf SEED` repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "maps/ringbuf.h"
#include "twin.h"

#define SIZE 4096u
#define STEPS 1500
#define CALLS 6

/* ---- programs ---- */

static u32 some_size(struct twin *t)
{
	static const u32 sizes[] = { 0,	   1,	 4,    7,    8,	  9,	16,
				     31,   64,	 100,  255,  500, 1000, 2000,
				     4080, 4081, 4088, 4089, 5000 };

	return sizes[twin_random(t, ARRAY_LEN(sizes))];
}

static u64 some_flags(struct twin *t)
{
	static const u64 flags[] = { 0,
				     0,
				     0,
				     BPF_RB_NO_WAKEUP,
				     BPF_RB_FORCE_WAKEUP,
				     BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP };

	return flags[twin_random(t, ARRAY_LEN(flags))];
}

static void add_output(struct twin *t, int map, u32 at)
{
	u64 flags = twin_random(t, 8) ? some_flags(t) : 1ull << (2 + at % 40);
	u32 size = twin_random(t, 65);

	for (s16 off = -64; off < 0; off += 8)
		TWIN_ADD(t, ST(DW, R10, off, (s32)twin_random(t, 1u << 31)));
	TWIN_ADD(t, LD_MAP(R1, map), ALU64_X(MOV, R2, R10),
		 ALU64_K(ADD, R2, -64), ALU64_K(MOV, R3, (s32)size),
		 LD64(R4, flags), CALL(BPF_FUNC_ringbuf_output));
	twin_keep(t, R0, at * 8);
}

/* Every aligned word of the record is written: what Linux leaves in the rest
 * is what was there. */
static void add_reserve(struct twin *t, int map, u32 at)
{
	u32 size = some_size(t), words = MIN(size / 8, 16u);
	u64 flags = twin_random(t, 16) ? 0 : 1;
	bool discard = twin_random(t, 4) == 0;

	TWIN_ADD(t, LD_MAP(R1, map), ALU64_K(MOV, R2, (s32)size),
		 LD64(R3, flags), CALL(BPF_FUNC_ringbuf_reserve),
		 ALU64_X(MOV, R6, R0), ALU64_K(MOV, R7, 0),
		 JMP64_K(JEQ, R6, 0, (s16)(words + 6)), ALU64_K(MOV, R7, 1));
	for (u32 i = 0; i < words; i++)
		TWIN_ADD(t, ST(DW, R6, (s16)(8 * i),
			       (s32)twin_random(t, 1u << 31)));
	TWIN_ADD(t, ALU64_X(MOV, R1, R6), LD64(R2, some_flags(t)),
		 CALL(discard ? BPF_FUNC_ringbuf_discard
			      : BPF_FUNC_ringbuf_submit),
		 ALU64_K(MOV, R0, 0));
	twin_keep(t, R7, at * 8);
}

static void add_query(struct twin *t, int map, u32 at)
{
	TWIN_ADD(t, LD_MAP(R1, map), LD64(R2, twin_random(t, 6)),
		 CALL(BPF_FUNC_ringbuf_query));
	twin_keep(t, R0, at * 8);
}

static void add_calls(struct twin *t, int map)
{
	for (u32 at = 0; at < CALLS; at++) {
		u32 which = twin_random(t, 8);

		if (which < 3)
			add_output(t, map, at);
		else if (which < 7)
			add_reserve(t, map, at);
		else
			add_query(t, map, at);
	}
	TWIN_ADD(t, ALU64_K(MOV, R0, 2), EXIT());
}

/* ---- the reader ---- */

/* Linux's mapping shows the data twice by itself. */
static bool open_kernel(int fd, struct ringbuf_view *v)
{
	void *consumer = mmap(NULL, RINGBUF_PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);
	u8 *rest = mmap(NULL, RINGBUF_PAGE + 2ul * SIZE, PROT_READ, MAP_SHARED,
			fd, RINGBUF_PAGE);

	if (consumer == MAP_FAILED || rest == MAP_FAILED)
		return false;
	*v = (struct ringbuf_view){ .consumer = consumer,
				    .producer = (void *)rest,
				    .data = rest + RINGBUF_PAGE,
				    .mask = SIZE - 1 };
	return true;
}

struct reading {
	u32 left; /* records, then it stops */
	u32 cnt;
	u64 sum;
};

static int take(void *arg, const void *data, u32 size)
{
	struct reading *r = arg;
	const u8 *bytes = data;

	r->cnt++;
	for (u32 i = 0; i < size; i++)
		r->sum = r->sum * 31 + bytes[i];
	r->sum = r->sum * 31 + size;
	return --r->left ? 0 : -ECANCELED;
}

static void compare_rings(struct twin *t, struct ringbuf_view v[2])
{
	twin_compare(t, "producer", (s64)*v[0].producer, (s64)*v[1].producer);
	twin_compare(t, "consumer", (s64)*v[0].consumer, (s64)*v[1].consumer);
	twin_compare(t, "ring", 0, memcmp(v[0].data, v[1].data, 2ul * SIZE));
}

static void read_both(struct twin *t, struct ringbuf_view v[2])
{
	u32 left = 1 + twin_random(t, 12);
	struct reading r[2] = { { .left = left }, { .left = left } };
	s64 res[2];

	for (u32 i = 0; i < 2; i++)
		res[i] = ringbuf_view_read(&v[i], take, &r[i]);
	twin_compare(t, "read", res[0], res[1]);
	twin_compare(t, "records", r[0].cnt, r[1].cnt);
	twin_compare(t, "bytes", (s64)r[0].sum, (s64)r[1].sum);
}

/* ---- wakeups ---- */

/* As epoll reports them, edge by edge. */
static bool kernel_woke(int epoll)
{
	struct epoll_event e;

	return epoll_wait(epoll, &e, 1, 20) == 1;
}

static void wakeups(struct twin *t)
{
	static const u64 flags[] = { 0, BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP };
	const struct map_attr attr = { .type = BPF_MAP_TYPE_RINGBUF,
				       .max_entries = SIZE };
	int map = twin_map(t, &attr), epoll = epoll_create1(0), fd;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct ringbuf_view v[2];
	eventfd_t n;

	if (map < 0 || !open_kernel(t->fds[map], &v[0]) ||
	    ringbuf_view_open(map_memory_fd(t->maps[map]), SIZE, &v[1]) != 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, t->fds[map], &e) != 0) {
		t->different++;
		return;
	}
	fd = ringbuf_wake_fd(t->maps[map]);
	for (u32 i = 0; i < 40; i++) {
		/* seldom read: the reader lags behind, or has caught up */
		if (twin_random(t, 2))
			read_both(t, v);
		kernel_woke(epoll);
		eventfd_read(fd, &n);
		TWIN_ADD(t, ST(DW, R10, -8, 1), LD_MAP(R1, map),
			 ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8),
			 ALU64_K(MOV, R3, 8),
			 LD64(R4, flags[twin_random(t, 3)]),
			 CALL(BPF_FUNC_ringbuf_output), ALU64_K(MOV, R0, 2),
			 EXIT());
		if (!twin_run(t, BPF_PROG_TYPE_XDP, ENGINE_PLAIN))
			break;
		twin_compare(t, "woke", kernel_woke(epoll),
			     eventfd_read(fd, &n) == 0);
	}
	close(epoll);
	ringbuf_view_close(&v[1]);
}

/* ---- from user space ---- */

static void no_entries(struct twin *t, u32 type)
{
	const struct map_attr attr = { .type = type, .max_entries = SIZE };
	int map = twin_map(t, &attr);
	struct map *m = map < 0 ? NULL : t->maps[map];
	u8 value[8] = { 0 };

	if (!m)
		return;
	twin_compare(t, "read", kmap_read(t->fds[map], NULL, value, 0),
		     m->ops->read(m, NULL, value, 0));
	twin_compare(t, "write", kmap_write(t->fds[map], NULL, value, 0),
		     m->ops->write(m, NULL, value, 0));
	twin_compare(t, "erase", kmap_erase(t->fds[map], NULL),
		     m->ops->erase(m, NULL));
	twin_compare(t, "next_key", kmap_next_key(t->fds[map], NULL, value),
		     m->ops->next_key(m, NULL, value));
}

static void sequence(struct twin *t)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_RINGBUF,
				       .max_entries = SIZE };
	int map = twin_map(t, &attr);
	struct ringbuf_view v[2];

	if (map < 0 || !open_kernel(t->fds[map], &v[0]) ||
	    ringbuf_view_open(map_memory_fd(t->maps[map]), SIZE, &v[1]) != 0) {
		t->different++;
		return;
	}
	for (u32 i = 0; i < STEPS; i++) {
		add_calls(t, map);
		if (!twin_run(t, BPF_PROG_TYPE_XDP,
			      i & 1 ? ENGINE_CHECKED : ENGINE_PLAIN))
			break;
		compare_rings(t, v);
		if (twin_random(t, 3) == 0)
			read_both(t, v);
		compare_rings(t, v);
	}
	twin_compare(t, "data came", *v[0].producer > 100000, true);
	ringbuf_view_close(&v[1]);
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20;
	static struct twin t;

	if (why) {
		printf("bpf(2): %s\n", why);
		return KPROG_SKIP;
	}
	if (!twin_open(&t, seed))
		return EXIT_FAILURE;
	no_entries(&t, BPF_MAP_TYPE_RINGBUF);
	no_entries(&t, BPF_MAP_TYPE_USER_RINGBUF);
	sequence(&t);
	wakeups(&t);
	twin_close(&t);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", t.compared,
	       t.different);
	return t.different || t.compared < STEPS ? EXIT_FAILURE : EXIT_SUCCESS;
}
