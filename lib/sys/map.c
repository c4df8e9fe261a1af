/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.c - maps: created, found, used from the control side
 *
 * M1  A map is in the table from its creation until its last reference goes.
 * M2  Once sys_map_freeze() has returned, no write of the control side is
 *     under way or will succeed.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "bpf/uapi.h"
#include "sys/sys_priv.h"

static void forget_map(struct map *map, void *arg)
{
	struct sys *sys = arg;

	id_remove(&sys->maps, map->id);
}

int sys_map_create(struct sys *sys, const struct map_attr *attr,
		   struct err *err, struct map **out)
{
	struct map *map;
	int res = map_create(&sys->env, attr, err, &map);

	if (res)
		return res;
	res = map_has_timer(map) ? timer_thread_start(sys->timers) : 0;
	if (res) {
		map_put(map);
		return err_fail(err, res, "no thread for timers: %s",
				strerror(-res));
	}
	map->gone = forget_map;
	map->gone_arg = sys;
	res = id_add(&sys->maps, map, &map->id);
	if (res) {
		map->gone = NULL;
		map_put(map);
		return err_fail(err, res, "out of memory");
	}
	*out = map;
	return 0;
}

static void *try_get_map(void *obj)
{
	return map_try_get(obj);
}

struct map *sys_map_by_id(struct sys *sys, u32 id)
{
	return id_find(&sys->maps, id, try_get_map);
}

u32 sys_next_map_id(struct sys *sys, u32 id)
{
	return id_next(&sys->maps, id);
}

/* ---- entries ---- */

static int check_lock(const struct map *map, u64 flags)
{
	return flags & BPF_F_LOCK && !map_has_lock(map) ? -EINVAL : 0;
}

int sys_map_read(struct sys *sys, struct map *map, const void *key, void *value,
		 u64 flags)
{
	(void)sys;
	if (flags & ~(u64)BPF_F_LOCK || check_lock(map, flags) != 0)
		return -EINVAL;
	return map->ops->read(map, key, value, flags);
}

static int write_entry(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	if (atomic_load(&map->frozen))
		return -EPERM;
	if (check_lock(map, flags) != 0)
		return -EINVAL;
	return map->ops->write(map, key, value, flags);
}

int sys_map_write(struct sys *sys, struct map *map, const void *key,
		  const void *value, u64 flags)
{
	int res;

	pthread_rwlock_rdlock(&sys->freeze_lock);
	res = write_entry(map, key, value, flags);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_write_object(struct sys *sys, struct map *map, const void *key,
			 void *object, u64 flags)
{
	int res = -EPERM;

	pthread_rwlock_rdlock(&sys->freeze_lock);
	if (!atomic_load(&map->frozen))
		res = map->ops->write_object(map, key, object, flags);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_write_linked(struct sys *sys, struct map *map, const void *key,
			 const void *value, struct prog *prog, u64 flags)
{
	int res = -EPERM;

	pthread_rwlock_rdlock(&sys->freeze_lock);
	if (!atomic_load(&map->frozen))
		res = map->ops->write_linked(map, key, value, prog, flags);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_take(struct sys *sys, struct map *map, const void *key, void *value,
		 u64 flags)
{
	int res = -EPERM;

	if (flags & ~(u64)BPF_F_LOCK || check_lock(map, flags) != 0)
		return -EINVAL;
	pthread_rwlock_rdlock(&sys->freeze_lock);
	if (!atomic_load(&map->frozen))
		res = map->ops->take ? map->ops->take(map, key, value, flags)
				     : -ENOTSUPP;
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_erase(struct sys *sys, struct map *map, const void *key)
{
	int res = -EPERM;

	pthread_rwlock_rdlock(&sys->freeze_lock);
	if (!atomic_load(&map->frozen))
		res = map->ops->erase(map, key);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_freeze(struct sys *sys, struct map *map)
{
	int res = 0;

	/* Locks have to be taken, timers to be set. */
	if (map->fields)
		return -ENOTSUPP;
	pthread_rwlock_wrlock(&sys->freeze_lock);
	if (atomic_load(&map->frozen))
		res = -EPERM;
	else if (atomic_load(&map->writers))
		res = -EBUSY;
	else
		atomic_store(&map->frozen, true);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

int sys_map_open(struct sys *sys, struct map *map)
{
	int res = 0;

	pthread_rwlock_rdlock(&sys->freeze_lock);
	if (atomic_load(&map->frozen))
		res = -EPERM;
	else if (map->flags & BPF_F_RDONLY_PROG)
		res = -EACCES;
	else
		atomic_fetch_add(&map->writers, 1);
	pthread_rwlock_unlock(&sys->freeze_lock);
	return res;
}

void sys_map_shut(struct map *map)
{
	atomic_fetch_sub(&map->writers, 1);
}

/* ---- is it the map that is asked for? ---- */

struct difference {
	char text[400];
	size_t len;
};

static void PRINTF(2, 3) differ(struct difference *d, const char *fmt, ...)
{
	size_t left = sizeof(d->text) - d->len;
	va_list ap;
	int n;

	n = snprintf(d->text + d->len, left, "%s", d->len ? "; " : "");
	d->len += MIN((size_t)n, left - 1);
	left = sizeof(d->text) - d->len;
	va_start(ap, fmt);
	n = vsnprintf(d->text + d->len, left, fmt, ap);
	va_end(ap);
	d->len += MIN((size_t)n, left - 1);
}

static void differ_in(struct difference *d, const char *what, u64 mine,
		      u64 theirs)
{
	if (mine != theirs)
		differ(d, "%s is %llu, not %llu", what,
		       (unsigned long long)mine, (unsigned long long)theirs);
}

static const char *type_text(u32 type)
{
	const char *name = map_type_name(type);

	return name ? name : "unknown";
}

int sys_map_matches(const struct map *map, const struct map_attr *attr,
		    struct err *err)
{
	u32 flags = attr->flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY);
	struct difference d = { .len = 0 };

	/* The family adds it. */
	if (attr->type == BPF_MAP_TYPE_DEVMAP ||
	    attr->type == BPF_MAP_TYPE_DEVMAP_HASH)
		flags |= BPF_F_RDONLY_PROG;
	if (map->type != attr->type)
		differ(&d, "type is %s, not %s", type_text(map->type),
		       type_text(attr->type));
	differ_in(&d, "key_size", map->key_size, attr->key_size);
	differ_in(&d, "value_size", map->value_size, attr->value_size);
	differ_in(&d, "max_entries", map->max_entries, attr->max_entries);
	if (map->flags != flags)
		differ(&d, "map_flags is 0x%x, not 0x%x", map->flags, flags);
	differ_in(&d, "map_extra", map->extra, attr->extra);
	if (!d.len)
		return 0;
	return err_fail(err, -EINVAL, "map %s (id %u) does not match: %s",
			map->name, map->id, d.text);
}
