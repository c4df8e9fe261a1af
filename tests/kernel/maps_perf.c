/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_perf.c - perf event arrays against the live kernel
 *
 * Programs write random samples, with parts of the packet, by random flags;
 * what they are told, and the sequence that a reader gets, is the same.  The
 * kernel's reader is perf's: a ring of PERF_RECORD_SAMPLE and _LOST.  The seed
 * is printed; `maps_perf SEED` repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "maps/perf_event_array.h"
#include "twin.h"

#define PAGE 4096u
#define STEPS 1500
#define CALLS 8
#define ENTRIES 2
#define DATA 128

/* ---- the kernel's reader ---- */

struct perf {
	int fd;
	struct perf_event_mmap_page *page;
};

static int open_event(struct perf *p, u32 cpu)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_BPF_OUTPUT,
					.sample_period = 1,
					.sample_type = PERF_SAMPLE_RAW,
					.wakeup_events = 1 };

	p->fd = (int)syscall(__NR_perf_event_open, &attr, -1, cpu, -1,
			     PERF_FLAG_FD_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	p->page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       p->fd, 0);
	if (p->page == MAP_FAILED)
		return -errno;
	return ioctl(p->fd, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
}

/* Bytes of the samples that are in the rings, without what perf rounds up by,
 * which it leaves as it was. */
struct waiting {
	u32 cnt;
	u32 size[PAGE / 8];
	u32 call[CALLS]; /* of the program */
};

/* A sequence of what came: sizes, bytes, losses. */
struct heard {
	const struct waiting *waiting;
	u32 cnt;
	u64 sum;
	u64 lost;
};

static void hear(struct heard *h, const u8 *bytes, u32 size)
{
	u32 without = h->waiting->size[h->cnt++];

	h->sum = h->sum * 31 + size;
	for (u32 i = 0; i < MIN(size, without); i++)
		h->sum = h->sum * 31 + bytes[i];
}

static void copy_out(const struct perf *p, u64 at, void *to, u32 size)
{
	const u8 *data = (const u8 *)p->page + PAGE;

	for (u32 i = 0; i < size; i++)
		((u8 *)to)[i] = data[(at + i) % PAGE];
}

static void listen_kernel(struct perf *p, struct heard *h)
{
	u64 head = __atomic_load_n(&p->page->data_head, __ATOMIC_ACQUIRE);
	u64 tail = p->page->data_tail;
	u8 bytes[PAGE];

	while (tail != head) {
		struct perf_event_header header;
		u32 size;
		u64 lost;

		copy_out(p, tail, &header, sizeof(header));
		if (header.type == PERF_RECORD_SAMPLE) {
			copy_out(p, tail + sizeof(header), &size, 4);
			copy_out(p, tail + sizeof(header) + 4, bytes, size);
			hear(h, bytes, size);
		} else if (header.type == PERF_RECORD_LOST) {
			copy_out(p, tail + sizeof(header) + 8, &lost, 8);
			h->lost += lost;
		}
		tail += header.size;
	}
	__atomic_store_n(&p->page->data_tail, tail, __ATOMIC_RELEASE);
}

static int listen_ours(void *arg, const struct perf_sample *s)
{
	struct heard *h = arg;

	h->lost += s->lost;
	if (s->data)
		hear(h, s->data, s->size);
	return 0;
}

/* ---- programs ---- */

/* Bits 20 to 31 and 52 to 63 are now and then where they must not be. */
static u64 some_flags(struct twin *t)
{
	static const u64 index[] = { BPF_F_CURRENT_CPU,
				     BPF_F_CURRENT_CPU,
				     BPF_F_CURRENT_CPU,
				     0,
				     0,
				     1,
				     2,
				     1000 };
	static const u64 bytes[] = { 0, 0, 0, 1, 7, 14, 63, 64, 65, 0xfffff };
	u64 flags = index[twin_random(t, ARRAY_LEN(index))] |
		    bytes[twin_random(t, ARRAY_LEN(bytes))] << 32;

	return twin_random(t, 16) ? flags : flags | 1ull << 60;
}

static void add_call(struct twin *t, int map, u32 at, struct waiting *w)
{
	u32 size = twin_random(t, DATA + 1);
	u64 flags = some_flags(t);

	w->call[at] = size + (u32)(flags >> 32 & 0xfffff);

	for (s16 off = -DATA; off < 0; off += 8)
		TWIN_ADD(t, ST(DW, R10, off, (s32)twin_random(t, 1u << 31)));
	TWIN_ADD(t, ALU64_X(MOV, R1, R6), LD_MAP(R2, map),
		 LD64(R3, flags), ALU64_X(MOV, R4, R10),
		 ALU64_K(ADD, R4, -DATA), ALU64_K(MOV, R5, (s32)size),
		 CALL(BPF_FUNC_perf_event_output));
	twin_keep(t, R0, at * 8);
}

static void add_program(struct twin *t, int map, struct waiting *w)
{
	TWIN_ADD(t, ALU64_X(MOV, R6, R1));
	for (u32 at = 0; at < CALLS; at++)
		add_call(t, map, at, w);
	TWIN_ADD(t, ALU64_K(MOV, R0, 2), EXIT());
}

static void run_program(struct twin *t, int map, u32 type, struct waiting *w)
{
	add_program(t, map, w);
	twin_run(t, type, twin_engine(t));
	for (u32 at = 0; at < CALLS; at++) {
		s64 res;

		memcpy(&res, t->our_value + 8 * at, sizeof(res));
		if (!res)
			w->size[w->cnt++] = w->call[at];
	}
}

static void compare_heard(struct twin *t, struct perf *p,
			  struct perf_reader *reader, struct waiting *w)
{
	struct heard theirs = { .waiting = w }, ours = { .waiting = w };

	w->cnt = 0;

	listen_kernel(p, &theirs);
	perf_reader_read(reader, listen_ours, &ours);
	twin_compare(t, "samples", theirs.cnt, ours.cnt);
	twin_compare(t, "bytes", (s64)theirs.sum, (s64)ours.sum);
	twin_compare(t, "lost", (s64)theirs.lost, (s64)ours.lost);
}

/* ---- commands ---- */

static void commands(struct twin *t, int map)
{
	struct map *m = t->maps[map];

	for (u32 key = 0; key < ENTRIES + 2; key++) {
		u32 theirs = 0, mine = 0;

		twin_compare(t, "read",
			     kmap_read(t->fds[map], &key, &theirs, 0),
			     m->ops->read(m, &key, &mine, 0));
		twin_compare(t, "next_key",
			     kmap_next_key(t->fds[map], &key, &theirs),
			     m->ops->next_key(m, &key, &mine));
		twin_compare(t, "key", theirs, mine);
		for (u64 flags = 0; flags < 4; flags++) {
			int none = 4000;
			int res = m->ops->check_write(m, &key, flags);

			twin_compare(t, "write",
				     kmap_write(t->fds[map], &key, &none,
						flags),
				     res ? res : -EBADF);
		}
	}
}

static void erase_all(struct twin *t, int map)
{
	for (u32 key = 0; key < ENTRIES + 2; key++)
		twin_compare(t, "erase", kmap_erase(t->fds[map], &key),
			     t->maps[map]->ops->erase(t->maps[map], &key));
}

static bool sequence(struct twin *t, u32 type)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = ENTRIES };
	int map = twin_map(t, &attr);
	struct perf_reader *reader;
	struct waiting w = { .cnt = 0 };
	struct perf p[ENTRIES];

	if (map < 0)
		return false;
	run_program(t, map, type, &w); /* without readers */
	commands(t, map);
	if (perf_reader_open(t->maps[map], PAGE, &reader) != 0)
		return false;
	for (u32 i = 0; i < ENTRIES; i++) {
		int err = open_event(&p[i], i);

		if (!err)
			err = kmap_write(t->fds[map], &i, &p[i].fd, 0);
		if (err) {
			printf("perf_event_open(2): %s\n", strerror(-err));
			return false;
		}
	}
	commands(t, map);
	for (u32 i = 0; i < STEPS; i++) {
		run_program(t, map, type, &w);
		if (twin_random(t, 3))
			compare_heard(t, &p[0], reader, &w);
	}
	erase_all(t, map);
	perf_reader_close(reader);
	return true;
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 22;
	static struct twin t;

	if (!why && kmap_cpus() < ENTRIES)
		why = "one CPU is not enough";
	if (!why && kmap_pin() != 0)
		why = "CPU 0 is not there";
	if (why) {
		printf("bpf(2): %s\n", why);
		return KPROG_SKIP;
	}
	if (!twin_open(&t, seed) || !sequence(&t, BPF_PROG_TYPE_XDP) ||
	    !sequence(&t, BPF_PROG_TYPE_SCHED_CLS))
		return EXIT_FAILURE;
	twin_close(&t);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", t.compared,
	       t.different);
	return t.different || t.compared < STEPS ? EXIT_FAILURE : EXIT_SUCCESS;
}
