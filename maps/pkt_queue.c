/* SPDX-License-Identifier: BSD-3-Clause */
#include "maps/pkt_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mem/mem.h"
#include "mem/spin.h"

_Static_assert(sizeof(struct pkt_queue_slot) == PKT_QUEUE_PAGE, "a page");

struct pkt_queue {
	struct arena arena;
	struct pkt_queue_head *head;
	struct pkt_queue_slot *slots;
	u32 mask;
	struct spin lock;
	u32 produced; /* what head says, but for nobody else to write */
	atomic_uint refs;
};

int pkt_queue_create(struct mem *mem, u32 ifindex, u32 rx_queue, u32 slots,
		     struct pkt_queue **out)
{
	struct pkt_queue *q;
	int err;

	if (!slots || slots > PKT_QUEUE_MAX)
		return -EINVAL;
	if (slots & (slots - 1))
		slots = 1u << (32 - __builtin_clz(slots));
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	err = arena_create(mem, "queue", (slots + 1ull) * PKT_QUEUE_PAGE,
			   ARENA_SHARED, &q->arena);
	if (err) {
		free(q);
		return err;
	}
	q->head = (void *)q->arena.base;
	q->slots = (void *)(q->arena.base + PKT_QUEUE_PAGE);
	q->mask = slots - 1;
	q->head->magic = PKT_QUEUE_MAGIC;
	q->head->slots = slots;
	q->head->ifindex = ifindex;
	q->head->rx_queue = rx_queue;
	atomic_init(&q->refs, 1);
	*out = q;
	return 0;
}

struct pkt_queue *pkt_queue_get(struct pkt_queue *q)
{
	atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
	return q;
}

void pkt_queue_put(struct pkt_queue *q)
{
	if (atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_destroy(&q->arena);
	free(q);
}

const struct pkt_queue_head *pkt_queue_head(const struct pkt_queue *q)
{
	return q->head;
}

int pkt_queue_fd(const struct pkt_queue *q)
{
	return q->arena.fd;
}

static u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static bool is_full(const struct pkt_queue *q)
{
	u32 consumed =
		atomic_load_explicit(&q->head->consumed, memory_order_acquire);

	return q->produced - consumed > q->mask;
}

bool pkt_queue_add(struct pkt_queue *q, const u8 *bytes, u32 meta, u32 len)
{
	struct pkt_queue_slot *slot;
	bool room;

	if ((u64)meta + len > sizeof(slot->bytes))
		return false;
	spin_lock(&q->lock);
	room = !is_full(q);
	if (room) {
		slot = &q->slots[q->produced & q->mask];
		slot->ns = now();
		slot->meta = meta;
		slot->len = len;
		memcpy(slot->bytes, bytes, meta + len);
		atomic_store_explicit(&q->head->produced, ++q->produced,
				      memory_order_release);
	}
	spin_unlock(&q->lock);
	return room;
}

/* ---- the reader ---- */

struct pkt_reader {
	struct pkt_queue_head *head;
	const struct pkt_queue_slot *slots;
	u32 mask;
	u64 size;
	int fd;
};

/* A process has one lock on a file, whoever gave it the descriptor. */
static int be_the_only_one(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &lock) == 0 ? 0 : -EBUSY;
}

static bool is_queue(const struct pkt_queue_head *head, u64 size)
{
	u32 slots = head->slots;

	return head->magic == PKT_QUEUE_MAGIC && slots &&
	       slots <= PKT_QUEUE_MAX && !(slots & (slots - 1)) &&
	       size == (slots + 1ull) * PKT_QUEUE_PAGE;
}

static int map_queue(struct pkt_reader *r)
{
	struct stat st;
	void *base;
	int res;

	if (fstat(r->fd, &st) != 0)
		return -errno;
	if (st.st_size < PKT_QUEUE_PAGE)
		return -EINVAL;
	res = be_the_only_one(r->fd);
	if (res)
		return res;
	r->size = (u64)st.st_size;
	base = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		    0);
	if (base == MAP_FAILED)
		return -errno;
	if (!is_queue(base, r->size)) {
		munmap(base, r->size);
		return -EINVAL;
	}
	r->head = base;
	r->slots = (void *)((u8 *)base + PKT_QUEUE_PAGE);
	r->mask = r->head->slots - 1;
	return 0;
}

int pkt_reader_open(int fd, struct pkt_reader **out)
{
	struct pkt_reader *r = calloc(1, sizeof(*r));
	int res = -ENOMEM;

	if (r) {
		r->fd = fd;
		res = map_queue(r);
	}
	if (res) {
		close(fd);
		free(r);
		return res;
	}
	*out = r;
	return 0;
}

/* With the descriptor goes the lock. */
void pkt_reader_close(struct pkt_reader *r)
{
	munmap(r->head, r->size);
	close(r->fd);
	free(r);
}

bool pkt_reader_next(struct pkt_reader *r, struct pkt_queue_slot *slot)
{
	u32 at = atomic_load_explicit(&r->head->consumed, memory_order_relaxed);
	const struct pkt_queue_slot *from = &r->slots[at & r->mask];

	if (at ==
	    atomic_load_explicit(&r->head->produced, memory_order_acquire))
		return false;
	memcpy(slot, from, offsetof(struct pkt_queue_slot, bytes));
	slot->meta = MIN(slot->meta, (u32)sizeof(slot->bytes));
	slot->len = MIN(slot->len, (u32)sizeof(slot->bytes) - slot->meta);
	memcpy(slot->bytes, from->bytes, slot->meta + slot->len);
	atomic_store_explicit(&r->head->consumed, at + 1, memory_order_release);
	return true;
}
