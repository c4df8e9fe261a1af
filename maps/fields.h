/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.h - what values hold besides data: locks, timers and the like
 *
 * F1  A lock is four bytes that only who takes and releases it writes: it is
 *     never copied, neither in nor out, and never reset.  So an element that is
 *     used again while somebody still holds its lock stays locked.
 * F2  The other fields are never copied either; a new element has blanks there:
 *     zeros, and 1 for a bpf_refcount.  A timer is dropped, when the element
 *     goes and, if who still had it made another, when it is used again.
 * F3  A copy that a caller gets has blanks where fields are.
 * F4  A copy in or out under the lock is of one moment for all who write and
 *     read under it.
 *
 * tests/stress/locked_values.c attacks F4.
 */
#ifndef WEIR_MAPS_FIELDS_H
#define WEIR_MAPS_FIELDS_H

#include "bpf/btf.h"
#include "maps/map.h"
#include "maps/timer.h"
#include "maps/words.h"
#include "mem/spin.h"

struct map_fields {
	u32 cnt;
	u32 kinds;			     /* mask of 1 << kind */
	u32 lock_off;			     /* if there is one */
	struct btf_field at[BTF_FIELDS_MAX]; /* ascending */
};

/* Linux's rules for fields in the value of a map; *out is NULL if there are
 * none.  free()d by the caller. */
int fields_find(const struct map_attr *attr, struct err *err,
		struct map_fields **out);
bool fields_equal(const struct map_fields *a, const struct map_fields *b);

/* The field that an access of size bytes at offset would touch, or NULL. */
const struct btf_field *fields_touched(const struct map_fields *f, u64 offset,
				       u64 size);

/* The data between the fields, an aligned u64 or less never half written. */
void fields_copy_in(const struct map_fields *f, void *to, const void *from,
		    u32 size);
void fields_copy_out(const struct map_fields *f, void *to, const void *from,
		     u32 size);
/* All but locks and timers. */
void fields_reset(const struct map_fields *f, void *value);

static inline bool fields_have(const struct map_fields *f,
			       enum btf_field_kind kind)
{
	return f && f->kinds >> kind & 1;
}

static inline struct spin *value_lock(const struct map *map, void *value)
{
	return (struct spin *)((u8 *)value + map->fields->lock_off);
}

/* The element was taken out: what ends with it does. */
static inline void value_gone(const struct map *map, void *value)
{
	if (unlikely(fields_have(map->fields, BTF_FIELD_TIMER)))
		timer_drop(map, value);
}

/* value_new() of a map with fields. */
void fields_new_value(const struct map *map, void *to, const void *from);

/* Into an element that nobody finds yet; who found it when it was another's may
 * still hold the lock. */
static inline void value_new(const struct map *map, void *to, const void *from)
{
	if (likely(!map->fields))
		words_in(to, from, map->value_size);
	else
		fields_new_value(map, to, from);
}

/* Over what is there. */
static inline void value_over(const struct map *map, void *to, const void *from)
{
	if (likely(!map->fields))
		words_over(to, from, map->value_size);
	else
		fields_copy_in(map->fields, to, from, map->value_size);
}

static inline void value_out(const struct map *map, void *to, const void *from)
{
	if (likely(!map->fields))
		words_out(to, from, map->value_size);
	else
		fields_copy_out(map->fields, to, from, map->value_size);
}

/* The same under the value's lock (BPF_F_LOCK); the map has one. */
static inline void value_over_locked(const struct map *map, void *to,
				     const void *from)
{
	spin_lock(value_lock(map, to));
	value_over(map, to, from);
	spin_unlock(value_lock(map, to));
}

static inline void value_out_locked(const struct map *map, void *to, void *from)
{
	spin_lock(value_lock(map, from));
	value_out(map, to, from);
	spin_unlock(value_lock(map, from));
}

#endif
