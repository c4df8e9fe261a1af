/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ringbuf.h - records from programs to a reader, in one order
 *
 * What is behind map_memory_fd() is what Linux's descriptor shows: a page with
 * the consumer's position, a page with the producer's, then the data.  A reader
 * maps the data twice, one behind the other, so that every record lies in one
 * piece; ringbuf_view_open() does.
 */
#ifndef WEIR_MAPS_RINGBUF_H
#define WEIR_MAPS_RINGBUF_H

#include "maps/map.h"

#define RINGBUF_PAGE 4096u

/* For programs.  NULL: no room.  Each record that was reserved is submitted or
 * discarded, once; only then do readers go past it. */
void *ringbuf_reserve(struct map *map, u64 size);
void ringbuf_submit(void *record, u64 flags);
void ringbuf_discard(void *record, u64 flags);
/* The same in one: -EAGAIN: no room, -EINVAL. */
int ringbuf_output(struct map *map, const void *data, u64 size, u64 flags);
/* BPF_RB_AVAIL_DATA ...; 0 for what there is not. */
u64 ringbuf_query(const struct map *map, u64 what);

/*
 * A USER_RINGBUF, from programs: one at a time (-EBUSY) takes what is complete,
 * in order.  peek() answers -ENODATA: there is nothing, -EAGAIN: it was
 * discarded and is skipped, or that the ring says what cannot be (-EINVAL,
 * -E2BIG); of a record the length, at most max.  end() may wake the writer.
 */
int user_ringbuf_begin(struct map *map);
s64 user_ringbuf_peek(struct map *map, u32 max, void **record);
void user_ringbuf_skip(struct map *map, u32 len);
void user_ringbuf_end(struct map *map, bool wake);

/* An eventfd, the map's, that becomes readable when Linux would wake up a
 * poll() of the map; from the first call on.  -errno. */
int ringbuf_wake_fd(struct map *map);

/* A reader's or, of a USER_RINGBUF, a writer's mapping. */
struct ringbuf_view {
	_Atomic u64 *consumer;
	_Atomic u64 *producer;
	u8 *data; /* twice */
	u64 mask;
};

/* Maps the data twice at `at`, size bytes each; what is behind the descriptor
 * starts at offset. -errno. */
int ringbuf_map_twice(int fd, void *at, u64 offset, u64 size, int prot);

/* size is the map's max_entries.  Usable in any process that has fd. */
int ringbuf_view_open(int fd, u64 size, struct ringbuf_view *out);
void ringbuf_view_close(struct ringbuf_view *view);

/* Gives fn every record that is complete, in order, up to the first that is
 * not; returns how many, or fn's first negative return, after whose record the
 * next call goes on.  One reader at a time. */
typedef int ringbuf_visit(void *arg, const void *data, u32 size);
s64 ringbuf_view_read(struct ringbuf_view *view, ringbuf_visit *fn, void *arg);
s64 ringbuf_read(struct map *map, ringbuf_visit *fn, void *arg);

#endif
