/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/records.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "maps/ringbuf.h"

/* One side, read from where its consumer is. */
struct side {
	struct ringbuf_view view;
	u64 pos;
};

/* The kernel shows its data twice by itself. */
static int open_kernel(int fd, u64 size, struct side *s)
{
	u8 *consumer = mmap(NULL, RINGBUF_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	u8 *rest = mmap(NULL, RINGBUF_PAGE + 2 * size, PROT_READ, MAP_SHARED,
			fd, RINGBUF_PAGE);

	if (consumer == MAP_FAILED || rest == MAP_FAILED) {
		int res = -errno;

		if (consumer != MAP_FAILED)
			munmap(consumer, RINGBUF_PAGE);
		return res;
	}
	s->view = (struct ringbuf_view){ .consumer = (void *)consumer,
					 .producer = (void *)rest,
					 .data = rest + RINGBUF_PAGE,
					 .mask = size - 1 };
	return 0;
}

static void close_kernel(struct side *s, u64 size)
{
	munmap((void *)s->view.consumer, RINGBUF_PAGE);
	munmap((void *)s->view.producer, RINGBUF_PAGE + 2 * size);
}

/* Without those that were discarded, up to one that is still written. */
static struct record next(struct side *s)
{
	while (s->pos < atomic_load(s->view.producer)) {
		const u8 *at = s->view.data + (s->pos & s->view.mask);
		u32 len, size;

		memcpy(&len, at, sizeof(len));
		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		size = len & ~BPF_RINGBUF_DISCARD_BIT;
		s->pos += round_up((u64)size + BPF_RINGBUF_HDR_SZ, 8);
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			return (struct record){ at + BPF_RINGBUF_HDR_SZ, size };
	}
	return (struct record){ 0 };
}

static bool same(const struct record *a, const struct record *b)
{
	return a->data && b->data && a->size == b->size &&
	       memcmp(a->data, b->data, a->size) == 0;
}

int records_compare(int fd, const struct map *map, records_differ *fn,
		    void *arg)
{
	u64 size = map->max_entries;
	struct side mine, theirs;
	struct record a, b;
	int res = open_kernel(fd, size, &theirs);

	if (res)
		return res;
	res = ringbuf_view_open(map_memory_fd(map), size, &mine.view);
	if (res)
		goto close_kernel;
	mine.pos = atomic_load(mine.view.consumer);
	theirs.pos = atomic_load(theirs.view.consumer);
	for (a = next(&mine), b = next(&theirs); a.data || b.data;
	     a = next(&mine), b = next(&theirs))
		if (!same(&a, &b))
			fn(arg, &a, &b);
	ringbuf_view_close(&mine.view);
close_kernel:
	close_kernel(&theirs, size);
	return res;
}
