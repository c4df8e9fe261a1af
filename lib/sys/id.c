/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * id.c - a table of objects by number
 *
 * A sorted array: new numbers are nearly always the greatest.  What leaves
 * becomes a hole; when most are holes they are closed, so that a million
 * objects come and go in linear time.
 */
#include "sys/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void id_init(struct id_table *t)
{
	*t = (struct id_table){ 0 };
	pthread_mutex_init(&t->lock, NULL);
}

void id_destroy(struct id_table *t)
{
	pthread_mutex_destroy(&t->lock);
	vec_free(&t->slots);
}

/* Of the first slot whose id is not less. */
static u32 position(const struct id_table *t, u32 id)
{
	u32 low = 0, high = t->slots.len;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (t->slots.items[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The next number that nobody has, and its place. */
static u32 next_free(const struct id_table *t, u32 *at)
{
	u32 id = t->last == ID_MAX ? 1 : t->last + 1;
	u32 i = position(t, id);

	while (i < t->slots.len && t->slots.items[i].id == id &&
	       t->slots.items[i].obj) {
		i++;
		id++;
		if (id > ID_MAX) {
			id = 1;
			i = 0;
		}
	}
	*at = i;
	return id;
}

int id_add(struct id_table *t, void *obj, u32 *id)
{
	struct id_slot *s;
	int err = -ENOMEM;
	u32 next, at;

	pthread_mutex_lock(&t->lock);
	next = next_free(t, &at);
	if (at == t->slots.len || t->slots.items[at].id != next) {
		if (!vec_add(&t->slots))
			goto unlock;
		s = &t->slots.items[at];
		memmove(s + 1, s, (t->slots.len - 1 - at) * sizeof(*s));
	}
	*id = t->last = next;
	t->slots.items[at] = (struct id_slot){ next, obj };
	t->live++;
	err = 0;
unlock:
	pthread_mutex_unlock(&t->lock);
	return err;
}

static void close_holes(struct id_table *t)
{
	struct id_slot *s, *to = t->slots.items;

	vec_each (s, &t->slots) {
		if (s->obj)
			*to++ = *s;
	}
	t->slots.len = t->live;
}

void id_remove(struct id_table *t, u32 id)
{
	u32 at;

	pthread_mutex_lock(&t->lock);
	at = position(t, id);
	t->slots.items[at].obj = NULL;
	t->live--;
	if (t->slots.len > 64 && t->live < t->slots.len / 2)
		close_holes(t);
	pthread_mutex_unlock(&t->lock);
}

void *id_find(struct id_table *t, u32 id, void *(*get)(void *obj))
{
	void *found = NULL;
	u32 at;

	pthread_mutex_lock(&t->lock);
	at = position(t, id);
	if (at < t->slots.len && t->slots.items[at].id == id &&
	    t->slots.items[at].obj)
		found = get(t->slots.items[at].obj);
	pthread_mutex_unlock(&t->lock);
	return found;
}

u32 id_next(struct id_table *t, u32 id)
{
	u32 next = 0;

	if (id >= ID_MAX)
		return 0;
	pthread_mutex_lock(&t->lock);
	for (u32 at = position(t, id + 1); at < t->slots.len; at++) {
		if (t->slots.items[at].obj) {
			next = t->slots.items[at].id;
			break;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return next;
}

u32 id_count(struct id_table *t)
{
	u32 n;

	pthread_mutex_lock(&t->lock);
	n = t->live;
	pthread_mutex_unlock(&t->lock);
	return n;
}
