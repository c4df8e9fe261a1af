/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pin.c - names that keep objects
 *
 * They are Weir's own, not files: they look like paths because tools and
 * LIBBPF_PIN_BY_NAME call them so.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys_priv.h"

/* Of the first pin whose path is not before it; *same: it is that path. */
static u32 position(const struct sys *sys, const char *path, bool *same)
{
	u32 low = 0, high = sys->pins.len;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (strcmp(sys->pins.items[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*same = low < sys->pins.len &&
		strcmp(sys->pins.items[low].path, path) == 0;
	return low;
}

static int insert(struct sys *sys, const char *path, struct ref ref)
{
	struct pin *p;
	bool same;
	u32 at = position(sys, path, &same);
	char *copy;

	if (same)
		return -EEXIST;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	if (!vec_add(&sys->pins)) {
		free(copy);
		return -ENOMEM;
	}
	p = &sys->pins.items[at];
	memmove(p + 1, p, (sys->pins.len - 1 - at) * sizeof(*p));
	*p = (struct pin){ copy, ref_get(ref) };
	return 0;
}

int pin_add(struct sys *sys, const char *path, struct ref ref)
{
	int res;

	if (!*path)
		return -ENOENT;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	pthread_mutex_lock(&sys->pin_lock);
	res = insert(sys, path, ref);
	pthread_mutex_unlock(&sys->pin_lock);
	return res;
}

struct ref pin_find(struct sys *sys, const char *path)
{
	struct ref ref = { .kind = REF_NONE };
	bool same;
	u32 at;

	pthread_mutex_lock(&sys->pin_lock);
	at = position(sys, path, &same);
	if (same)
		ref = ref_get(sys->pins.items[at].ref);
	pthread_mutex_unlock(&sys->pin_lock);
	return ref;
}

int sys_pin_map(struct sys *sys, const char *path, struct map *map)
{
	return pin_add(sys, path, ref_map(map));
}

struct map *sys_pinned_map(struct sys *sys, const char *path)
{
	struct ref ref = pin_find(sys, path);

	if (ref.kind == REF_MAP)
		return ref.map;
	ref_put(ref);
	return NULL;
}

int sys_unpin(struct sys *sys, const char *path)
{
	struct pin gone = { 0 };
	bool same;
	u32 at;

	pthread_mutex_lock(&sys->pin_lock);
	at = position(sys, path, &same);
	if (same) {
		struct pin *p = &sys->pins.items[at];

		gone = *p;
		memmove(p, p + 1, (--sys->pins.len - at) * sizeof(*p));
	}
	pthread_mutex_unlock(&sys->pin_lock);
	if (!same)
		return -ENOENT;
	ref_put(gone.ref);
	free(gone.path);
	return 0;
}

static void drop(struct pin *pins, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		ref_put(pins[i].ref);
		free(pins[i].path);
	}
	free(pins);
}

/* A copy, so that fn may do anything. */
static int copy_pins(struct sys *sys, struct pin **out, u32 *n)
{
	struct pin *pins;
	int res = 0;

	*n = 0;
	pthread_mutex_lock(&sys->pin_lock);
	pins = calloc(sys->pins.len + 1, sizeof(*pins));
	for (u32 i = 0; pins && i < sys->pins.len; i++) {
		const struct pin *p = &sys->pins.items[i];
		char *path = strdup(p->path);
		if (!path) {
			res = -ENOMEM;
			break;
		}
		pins[(*n)++] = (struct pin){ path, ref_get(p->ref) };
	}
	pthread_mutex_unlock(&sys->pin_lock);
	if (res)
		drop(pins, *n);
	*out = pins;
	return pins ? res : -ENOMEM;
}

int sys_each_pin(struct sys *sys,
		 int (*fn)(void *arg, const char *path, const void *object),
		 void *arg)
{
	struct pin *pins;
	u32 n;
	int res = copy_pins(sys, &pins, &n);

	if (res)
		return res;
	for (u32 i = 0; !res && i < n; i++)
		res = fn(arg, pins[i].path, ref_object(pins[i].ref));
	drop(pins, n);
	return res;
}

void pins_destroy(struct sys *sys)
{
	drop(sys->pins.items, sys->pins.len);
}
