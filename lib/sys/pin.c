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

static int add_pin(struct sys *sys, const char *path, struct map *map)
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
	*p = (struct pin){ copy, map_get(map) };
	return 0;
}

int sys_pin_map(struct sys *sys, const char *path, struct map *map)
{
	int res;

	if (!*path)
		return -ENOENT;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	pthread_mutex_lock(&sys->pin_lock);
	res = add_pin(sys, path, map);
	pthread_mutex_unlock(&sys->pin_lock);
	return res;
}

struct map *sys_pinned_map(struct sys *sys, const char *path)
{
	struct map *map = NULL;
	bool same;
	u32 at;

	pthread_mutex_lock(&sys->pin_lock);
	at = position(sys, path, &same);
	if (same)
		map = map_get(sys->pins.items[at].map);
	pthread_mutex_unlock(&sys->pin_lock);
	return map;
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
	map_put(gone.map);
	free(gone.path);
	return 0;
}

static void drop(struct pin *pins, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		map_put(pins[i].map);
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
		char *path = strdup(sys->pins.items[i].path);

		if (!path) {
			res = -ENOMEM;
			break;
		}
		pins[i] = (struct pin){ path, map_get(sys->pins.items[i].map) };
		++*n;
	}
	pthread_mutex_unlock(&sys->pin_lock);
	if (res)
		drop(pins, *n);
	*out = pins;
	return pins ? res : -ENOMEM;
}

int sys_each_pin(struct sys *sys,
		 int (*fn)(void *arg, const char *path, struct map *map),
		 void *arg)
{
	struct pin *pins;
	u32 n;
	int res = copy_pins(sys, &pins, &n);

	if (res)
		return res;
	for (u32 i = 0; !res && i < n; i++)
		res = fn(arg, pins[i].path, pins[i].map);
	drop(pins, n);
	return res;
}

void pins_destroy(struct sys *sys)
{
	drop(sys->pins.items, sys->pins.len);
}
