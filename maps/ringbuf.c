/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ringbuf.c - BPF_MAP_TYPE_RINGBUF and BPF_MAP_TYPE_USER_RINGBUF
 *
 *	| head | consumer | producer | data | data again |
 *	        |-------- the descriptor ---|
 *
 * R1  Producers reserve under the lock, in the order of positions.  A header is
 *     BUSY before the producer's position passes it.
 * R2  Between reserving and committing a record is its program's alone; its
 *     bytes are there before BUSY goes.
 * R3  The producer's position is less than the size ahead of the consumer's and
 *     of the first record that is still BUSY: nothing that is unread or being
 *     written is overwritten, whatever position a reader claims.
 * R4  A record finds its head by the page number that its header carries, as
 *     in Linux.  Programs cannot write headers, and readers map them read-only.
 *
 * tests/stress/ringbuf_order.c attacks R1 to R3.
 */
#include "maps/ringbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "maps/family.h"
#include "mem/spin.h"

/* Of the head, the consumer's and the producer's. */
#define PAGES_BEFORE 3
#define RECORD_MAX (UINT32_MAX / 4)
#define NO_FD (-1)

struct header {
	_Atomic u32 len; /* with BUSY and DISCARD */
	u32 page;	 /* of this header, from the head */
};

_Static_assert(sizeof(struct header) == BPF_RINGBUF_HDR_SZ, "Linux's");

/* In a page of its own, which nobody else can map. */
struct head {
	struct spin lock;
	u64 pending; /* under lock: all before it is committed */
	u64 mask;    /* constant */
	_Atomic int wake_fd;
	atomic_bool taken; /* of a USER_RINGBUF: a program drains it */
};

struct ringbuf {
	struct map map;
	struct arena arena;
	struct head *head;
	struct ringbuf_view view;
	u64 view_size;
};

static struct ringbuf *ringbuf_of(const struct map *map)
{
	return container_of(map, struct ringbuf, map);
}

static int ringbuf_check(const struct map_attr *attr, struct err *err)
{
	int code = map_check_flags(attr, BPF_F_NUMA_NODE, err);

	if (code)
		return code;
	if (attr->key_size || attr->value_size)
		return err_fail(err, -EINVAL,
				"a %s has neither keys nor values: their "
				"sizes are 0",
				map_type_name(attr->type));
	if (!attr->max_entries || attr->max_entries & (attr->max_entries - 1) ||
	    attr->max_entries % RINGBUF_PAGE)
		return err_fail(err, -EINVAL,
				"the size of a %s is a power of two and a "
				"multiple of %u, not %u",
				map_type_name(attr->type), RINGBUF_PAGE,
				attr->max_entries);
	return 0;
}

/* ---- mappings ---- */

int ringbuf_map_twice(int fd, void *at, u64 offset, u64 size, int prot)
{
	int flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;

	if (mmap(at, size, prot, flags, fd, (off_t)offset) == MAP_FAILED ||
	    mmap((u8 *)at + size, size, prot, flags, fd, (off_t)offset) ==
		    MAP_FAILED)
		return -errno;
	return 0;
}

static void view_at(u8 *pages, u64 size, struct ringbuf_view *view)
{
	view->consumer = (void *)pages;
	view->producer = (void *)(pages + RINGBUF_PAGE);
	view->data = pages + 2ul * RINGBUF_PAGE;
	view->mask = size - 1;
}

static void *reserve_addresses(u64 size)
{
	void *at = mmap(NULL, size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int ringbuf_view_open(int fd, u64 size, struct ringbuf_view *out)
{
	u64 len = 2ul * RINGBUF_PAGE + 2 * size;
	u8 *at = reserve_addresses(len);
	int res = 0;

	if (!at)
		return -errno;
	if (mmap(at, RINGBUF_PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(at + RINGBUF_PAGE, RINGBUF_PAGE, PROT_READ,
		 MAP_SHARED | MAP_FIXED, fd, RINGBUF_PAGE) == MAP_FAILED)
		res = -errno;
	if (!res)
		res = ringbuf_map_twice(fd, at + 2ul * RINGBUF_PAGE,
					2ul * RINGBUF_PAGE, size, PROT_READ);
	if (res)
		munmap(at, len);
	else
		view_at(at, size, out);
	return res;
}

void ringbuf_view_close(struct ringbuf_view *view)
{
	munmap((void *)view->consumer,
	       2ul * RINGBUF_PAGE + 2 * (view->mask + 1));
}

/* The producers' mapping, with the head in front. */
static int map_all(struct ringbuf *rb, u64 size)
{
	u64 before = (u64)PAGES_BEFORE * RINGBUF_PAGE;
	int prot = PROT_READ | PROT_WRITE, res;
	u8 *at;

	rb->view_size = before + 2 * size;
	at = reserve_addresses(rb->view_size);
	if (!at)
		return -ENOMEM;
	rb->head = (struct head *)at;
	res = mprotect(at, RINGBUF_PAGE, prot);
	if (!res && mmap(at + RINGBUF_PAGE, 2ul * RINGBUF_PAGE, prot,
			 MAP_SHARED | MAP_FIXED, rb->arena.fd, 0) == MAP_FAILED)
		res = -ENOMEM;
	if (!res)
		res = ringbuf_map_twice(rb->arena.fd, at + before,
					2ul * RINGBUF_PAGE, size, prot);
	if (res) {
		munmap(at, rb->view_size);
		return -ENOMEM;
	}
	view_at(at + RINGBUF_PAGE, size, &rb->view);
	rb->head->mask = size - 1;
	atomic_init(&rb->head->wake_fd, NO_FD);
	return 0;
}

static int ringbuf_create(const struct map_env *env,
			  const struct map_attr *attr, struct map **out)
{
	struct ringbuf *rb = calloc(1, sizeof(*rb));

	if (!rb)
		return -ENOMEM;
	if (arena_create(env->mem, attr->name,
			 2ul * RINGBUF_PAGE + attr->max_entries, ARENA_SHARED,
			 &rb->arena) != 0)
		goto free_map;
	if (map_all(rb, attr->max_entries) != 0)
		goto destroy_arena;
	*out = &rb->map;
	return 0;

destroy_arena:
	arena_destroy(&rb->arena);
free_map:
	free(rb);
	return -ENOMEM;
}

static void ringbuf_destroy(struct map *map)
{
	struct ringbuf *rb = ringbuf_of(map);
	int fd = atomic_load(&rb->head->wake_fd);

	if (fd != NO_FD)
		close(fd);
	munmap(rb->head, rb->view_size);
	arena_destroy(&rb->arena);
	free(rb);
}

/* ---- producers ---- */

static u64 record_bytes(u32 len)
{
	u32 size = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return round_up((u64)size + BPF_RINGBUF_HDR_SZ, 8);
}

static struct header *header_at(const struct ringbuf_view *v, u64 pos)
{
	return (struct header *)(v->data + (pos & v->mask));
}

/* Under the lock: where the first record is that is still BUSY. */
static u64 find_pending(struct ringbuf *rb, u64 end)
{
	u64 pos = rb->head->pending;

	while (pos < end) {
		u32 len = atomic_load_explicit(&header_at(&rb->view, pos)->len,
					       memory_order_acquire);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		pos += record_bytes(len);
	}
	rb->head->pending = pos;
	return pos;
}

/* Under the lock. */
static struct header *claim(struct ringbuf *rb, u32 size)
{
	struct ringbuf_view *v = &rb->view;
	u64 consumer = atomic_load_explicit(v->consumer, memory_order_acquire);
	u64 pos = atomic_load_explicit(v->producer, memory_order_relaxed);
	u64 end = pos + record_bytes(size);
	struct header *h;

	if (end - consumer > v->mask || end - find_pending(rb, pos) > v->mask)
		return NULL;
	h = header_at(v, pos);
	h->page = (u32)(((u8 *)h - (u8 *)rb->head) / RINGBUF_PAGE);
	atomic_store_explicit(&h->len, size | BPF_RINGBUF_BUSY_BIT,
			      memory_order_relaxed);
	atomic_store_explicit(v->producer, end, memory_order_release);
	return h;
}

void *ringbuf_reserve(struct map *map, u64 size)
{
	struct ringbuf *rb = ringbuf_of(map);
	struct header *h;

	if (size > RECORD_MAX || record_bytes((u32)size) > rb->view.mask + 1)
		return NULL;
	spin_lock(&rb->head->lock);
	h = claim(rb, (u32)size);
	spin_unlock(&rb->head->lock);
	return h ? h + 1 : NULL;
}

/* Whoever sleeps has read all that was there. */
static void wake(struct head *head)
{
	int fd = atomic_load_explicit(&head->wake_fd, memory_order_acquire);

	if (fd != NO_FD)
		eventfd_write(fd, 1);
}

static void commit(void *record, u64 flags, u32 bits)
{
	struct header *h = (struct header *)record - 1;
	u8 *page = (u8 *)h - (uintptr_t)h % RINGBUF_PAGE;
	struct head *head = (void *)(page - (u64)h->page * RINGBUF_PAGE);
	struct ringbuf_view v;
	u32 len = atomic_load_explicit(&h->len, memory_order_relaxed);

	/* Sequentially consistent, with the load below, against a reader that
	 * moves its position and then looks at the header. */
	atomic_exchange(&h->len, (len ^ BPF_RINGBUF_BUSY_BIT) | bits);
	view_at((u8 *)head + RINGBUF_PAGE, head->mask + 1, &v);
	if (flags & BPF_RB_FORCE_WAKEUP) {
		wake(head);
		return;
	}
	if (flags & BPF_RB_NO_WAKEUP)
		return;
	if ((atomic_load(v.consumer) & v.mask) == (u64)((u8 *)h - v.data))
		wake(head);
}

void ringbuf_submit(void *record, u64 flags)
{
	commit(record, flags, 0);
}

void ringbuf_discard(void *record, u64 flags)
{
	commit(record, flags, BPF_RINGBUF_DISCARD_BIT);
}

int ringbuf_output(struct map *map, const void *data, u64 size, u64 flags)
{
	void *record;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return -EINVAL;
	record = ringbuf_reserve(map, size);
	if (!record)
		return -EAGAIN;
	memcpy(record, data, size);
	ringbuf_submit(record, flags);
	return 0;
}

u64 ringbuf_query(const struct map *map, u64 what)
{
	const struct ringbuf_view *v = &ringbuf_of(map)->view;
	u64 consumer = atomic_load_explicit(v->consumer, memory_order_acquire);
	u64 producer = atomic_load_explicit(v->producer, memory_order_acquire);

	switch (what) {
	case BPF_RB_AVAIL_DATA: return producer - consumer;
	case BPF_RB_RING_SIZE: return v->mask + 1;
	case BPF_RB_CONS_POS: return consumer;
	case BPF_RB_PROD_POS: return producer;
	default: return 0;
	}
}

/* ---- programs that read ---- */

int user_ringbuf_begin(struct map *map)
{
	bool taken = atomic_exchange(&ringbuf_of(map)->head->taken, true);

	return taken ? -EBUSY : 0;
}

void user_ringbuf_skip(struct map *map, u32 len)
{
	_Atomic u64 *consumer = ringbuf_of(map)->view.consumer;
	u64 pos = atomic_load_explicit(consumer, memory_order_relaxed);

	atomic_store_explicit(consumer, pos + record_bytes(len),
			      memory_order_release);
}

/* Whoever maps the ring may have written anything anywhere. */
s64 user_ringbuf_peek(struct map *map, u32 max, void **record)
{
	const struct ringbuf_view *v = &ringbuf_of(map)->view;
	u64 producer = atomic_load_explicit(v->producer, memory_order_acquire);
	u64 pos = atomic_load_explicit(v->consumer, memory_order_acquire);
	u32 head, len;

	if (producer % 8 || pos % 8)
		return -EINVAL;
	if (pos >= producer)
		return -ENODATA;
	head = atomic_load_explicit(&header_at(v, pos)->len,
				    memory_order_acquire);
	len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	if (record_bytes(len) > producer - pos)
		return -EINVAL;
	if (record_bytes(len) > v->mask + 1 || len > max)
		return -E2BIG;
	if (head & BPF_RINGBUF_DISCARD_BIT) {
		user_ringbuf_skip(map, len);
		return -EAGAIN;
	}
	if (head & BPF_RINGBUF_BUSY_BIT)
		return -ENODATA;
	*record = header_at(v, pos) + 1;
	return len;
}

void user_ringbuf_end(struct map *map, bool wakes)
{
	struct head *head = ringbuf_of(map)->head;

	atomic_store(&head->taken, false);
	if (wakes)
		wake(head);
}

/* ---- readers ---- */

int ringbuf_wake_fd(struct map *map)
{
	struct head *head = ringbuf_of(map)->head;
	int none = NO_FD, fd = atomic_load(&head->wake_fd);

	if (fd != NO_FD)
		return fd;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (atomic_compare_exchange_strong(&head->wake_fd, &none, fd))
		return fd;
	close(fd);
	return none;
}

s64 ringbuf_view_read(struct ringbuf_view *v, ringbuf_visit *fn, void *arg)
{
	u64 pos = atomic_load_explicit(v->consumer, memory_order_relaxed);
	s64 count = 0;
	int res = 0;

	while (res >= 0 &&
	       pos < atomic_load_explicit(v->producer, memory_order_acquire)) {
		const struct header *h = header_at(v, pos);
		u32 len = atomic_load_explicit(&h->len, memory_order_acquire);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			res = fn(arg, h + 1, len);
			count++;
		}
		pos += record_bytes(len);
		atomic_store(v->consumer, pos);
	}
	return res < 0 ? res : count;
}

s64 ringbuf_read(struct map *map, ringbuf_visit *fn, void *arg)
{
	return ringbuf_view_read(&ringbuf_of(map)->view, fn, arg);
}

/* ---- there are no entries ---- */

static int no_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -LINUX_ENOTSUPP;
}

static int no_write(struct map *map, const void *key, const void *value,
		    u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -LINUX_ENOTSUPP;
}

static int no_erase(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -LINUX_ENOTSUPP;
}

static int no_next_key(struct map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -LINUX_ENOTSUPP;
}

static int ringbuf_memory_fd(const struct map *map)
{
	return ringbuf_of(map)->arena.fd;
}

/* Bytes that wait for the reader. */
static u64 ringbuf_count(const struct map *map)
{
	return ringbuf_query(map, BPF_RB_AVAIL_DATA);
}

static u64 ringbuf_bytes(const struct map *map)
{
	return ringbuf_of(map)->arena.charged;
}

#define RINGBUF_OPS                                                     \
	.check = ringbuf_check, .create = ringbuf_create,               \
	.destroy = ringbuf_destroy, .read = no_read, .write = no_write, \
	.erase = no_erase, .next_key = no_next_key,                     \
	.memory_fd = ringbuf_memory_fd, .count = ringbuf_count,         \
	.bytes = ringbuf_bytes

const struct map_ops ringbuf_ops = { .name = "ringbuf", RINGBUF_OPS };
const struct map_ops user_ringbuf_ops = { .name = "user_ringbuf", RINGBUF_OPS };
