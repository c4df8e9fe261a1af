/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_map.c - maps made and used one entry at a time */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wclient.h"

/* ---- creation ---- */

#define CREATE_END (offsetof(union bpf_attr_618, map.excl_prog_hash_size) + 4)
#define SHA256_BYTES 32

static void to_map_attr(const union bpf_attr *u, struct map_attr *attr)
{
	*attr = (struct map_attr){
		.type = u->map_type,
		.key_size = u->key_size,
		.value_size = u->value_size,
		.max_entries = u->max_entries,
		.flags = u->map_flags,
		.numa_node = u->numa_node,
		.extra = u->map_extra,
		.btf_key = u->btf_key_type_id,
		.btf_value = u->btf_value_type_id,
	};
	memcpy(attr->name, u->map_name, sizeof(attr->name));
}

/* A wrong handle counts after all that is wrong without it. */
static int refuse_btf(struct wcall *w, struct map_attr *attr, int why)
{
	struct map *map;
	int res;

	res = map_create(&w->sys->env, attr, NULL, &map);
	if (res)
		return res;
	map_put(map);
	return why;
}

/* The map that says what the maps in it are like; a wrong handle counts when
 * the rest has been looked at (inner_err). */
static void take_inner(struct wcall *w, struct map_attr *attr,
		       struct handle *inner)
{
	*inner = (struct handle){ 0 };
	attr->inner_err = handle_get_kind(w->c, w->u.attr.inner_map_fd, REF_MAP,
					  inner);
	attr->inner = attr->inner_err ? NULL : inner->ref.map;
	if (attr->inner_err)
		inner->ref.kind = REF_NONE;
}

static int create_typed(struct wcall *w, struct map_attr *attr,
			struct map **out)
{
	const union bpf_attr *u = &w->u.attr;
	struct handle btf = { 0 };
	int res;

	if (attr->btf_key || attr->btf_value) {
		res = handle_get_kind(w->c, u->btf_fd, REF_BTF, &btf);
		if (res)
			return refuse_btf(w, attr, res);
		attr->btf = btf.ref.btf;
	}
	res = sys_map_create(w->sys, attr, w->mem->err, out);
	ref_put(btf.ref);
	return res;
}

static int create(struct wcall *w, struct map_attr *attr, struct map **out)
{
	struct handle inner;
	int res;

	take_inner(w, attr, &inner);
	res = create_typed(w, attr, out);
	ref_put(inner.ref);
	return res;
}

int wbpf_map_create(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct map_attr attr;
	struct map *map;
	int res, mode;

	if (!wcall_only(w, CREATE_END))
		return -EINVAL;
	/* Types of Linux's own, devices and tokens do not exist here. */
	if (u->btf_vmlinux_value_type_id || u->map_ifindex ||
	    u->map_flags & BPF_F_TOKEN_FD)
		return -EINVAL;
	if (u->btf_key_type_id && !u->btf_value_type_id)
		return -EINVAL;
	to_map_attr(u, &attr);
	mode = wcall_mode(u->map_flags);
	if (mode < 0)
		return mode;
	res = create(w, &attr, &map);
	if (res)
		return res;
	if (w->u.map.excl_prog_hash || w->u.map.excl_prog_hash_size) {
		map_put(map);
		return -EINVAL;
	}
	return handle_new(w->c, ref_map(map), (u32)mode);
}

/* ---- one entry ---- */

/* A map with a key and room for a value, as one operation needs them. */
struct entry {
	struct handle h;
	struct map *map;
	void *key; /* NULL: none */
	void *value;
};

static void entry_end(struct entry *e)
{
	free(e->value);
	free(e->key);
	ref_put(e->h.ref);
}

/* The map, if the handle may be used so. */
static int entry_begin(struct wcall *w, struct entry *e, u32 mode)
{
	int res;

	*e = (struct entry){ 0 };
	res = handle_get_kind(w->c, w->u.attr.map_fd, REF_MAP, &e->h);
	if (res)
		return res;
	e->map = e->h.ref.map;
	if (atomic_load(&e->map->frozen))
		e->h.mode &= ~MODE_WRITE;
	if ((e->h.mode & mode) == mode)
		return 0;
	ref_put(e->h.ref);
	return -EPERM;
}

static int check_lock(const struct wcall *w, const struct entry *e)
{
	return w->u.attr.flags & BPF_F_LOCK && !map_has_lock(e->map) ? -EINVAL
								      : 0;
}

/* Maps without keys take none. */
static int entry_key(struct wcall *w, struct entry *e)
{
	int res = 0;

	if (!e->map->key_size)
		return w->u.attr.key ? -EINVAL : 0;
	e->key = wcall_copy_in(w, w->u.attr.key, e->map->key_size, &res);
	return res;
}

/* What is there is no socket. */
static int find_socket(struct wcall *w, u32 number)
{
	struct handle h;
	int res = handle_get(w->c, number, &h);

	if (!res)
		ref_put(h.ref);
	return res == -EBADF ? -EBADF : -ENOTSOCK;
}

/* Keys that are sockets. */
static int find_key(struct wcall *w, const struct map *map, const void *key)
{
	u32 number;

	if (map->type != BPF_MAP_TYPE_SK_STORAGE)
		return 0;
	memcpy(&number, key, sizeof(number));
	return find_socket(w, number);
}

/* A set is asked for the value that the caller gives. */
static int entry_room(struct wcall *w, struct entry *e, u64 size)
{
	int res = 0;

	if (e->map->type == BPF_MAP_TYPE_BLOOM_FILTER)
		e->value = wcall_copy_in(w, w->u.attr.value, size, &res);
	else
		e->value = malloc(size + 1);
	return e->value || res ? res : -ENOMEM;
}

typedef int entry_fn(struct sys *sys, struct map *map, const void *key,
		     void *value, u64 flags);

static int read_entry(struct wcall *w, struct entry *e, entry_fn *fn)
{
	u64 size = map_value_bytes(e->map);
	int res = entry_key(w, e);

	if (!res)
		res = entry_room(w, e, size);
	if (!res && fn == sys_map_read)
		res = find_key(w, e->map, e->key);
	if (!res)
		res = fn(w->sys, e->map, e->key, e->value, w->u.attr.flags);
	if (!res && e->map->type != BPF_MAP_TYPE_BLOOM_FILTER)
		res = wcall_copy_out(w, w->u.attr.value, e->value, size);
	return res;
}

int wbpf_map_lookup(struct wcall *w)
{
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(flags)) ||
	    w->u.attr.flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	res = entry_begin(w, &e, MODE_READ);
	if (res)
		return res;
	res = check_lock(w, &e);
	if (!res)
		res = read_entry(w, &e, sys_map_read);
	entry_end(&e);
	return res;
}

int wbpf_map_take(struct wcall *w)
{
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(flags)) ||
	    w->u.attr.flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	res = entry_begin(w, &e, MODE_READ | MODE_WRITE);
	if (res)
		return res;
	res = check_lock(w, &e);
	if (!res)
		res = read_entry(w, &e, sys_map_take);
	entry_end(&e);
	return res;
}

/* Where Linux takes the descriptor of an object, the handle of one. */
static int write_handle(struct wcall *w, struct map *map, const void *key,
			const void *value, u64 flags)
{
	enum ref_kind kind = map->ops->holds == HOLDS_PROGS ? REF_PROG
							    : REF_MAP;
	struct handle h;
	u64 number = 0;
	int res;

	memcpy(&number, value, MIN(map->value_size, sizeof(number)));
	if (map->ops->holds == HOLDS_EVENTS)
		return -EBADF; /* no handle is one */
	if (map->type == BPF_MAP_TYPE_XSKMAP)
		kind = REF_QUEUE;
	else if (map->ops->holds == HOLDS_SOCKETS)
		return map->value_size == sizeof(u64) && number > INT32_MAX
			       ? -EINVAL
			       : find_socket(w, (u32)number);
	if (kind == REF_QUEUE && !wclient_queue(w->c, (int)number))
		return find_socket(w, (u32)number);
	res = handle_get_kind(w->c, (u32)number, kind, &h);
	if (res)
		return res;
	res = sys_map_write_object(w->sys, map, key, ref_object(h.ref), flags);
	ref_put(h.ref);
	return res;
}

static int write_linked(struct wcall *w, struct map *map, const void *key,
			const void *value, u64 flags)
{
	u32 number = map_link(map, value);
	struct handle h = { 0 };
	int res;

	if (number && handle_get_kind(w->c, number, REF_PROG, &h) != 0)
		h = (struct handle){ 0 };
	res = sys_map_write_linked(w->sys, map, key, value,
				   ref_object(h.ref), flags);
	ref_put(h.ref);
	return res;
}

int wmap_write(struct wcall *w, struct map *map, const void *key,
	       const void *value, u64 flags)
{
	int res = 0;

	if (map->ops->holds == HOLDS_VALUES) {
		res = find_key(w, map, key);
		return res ? res
			   : sys_map_write(w->sys, map, key, value, flags);
	}
	if (map->ops->holds == HOLDS_LINKED)
		return write_linked(w, map, key, value, flags);
	if (map->ops->check_write)
		res = map->ops->check_write(map, key, flags);
	return res ? res : write_handle(w, map, key, value, flags);
}

int wbpf_map_update(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(flags)))
		return -EINVAL;
	res = entry_begin(w, &e, MODE_WRITE);
	if (res)
		return res;
	res = check_lock(w, &e);
	if (!res)
		res = entry_key(w, &e);
	if (!res)
		e.value = wcall_copy_in(w, u->value, map_value_bytes(e.map),
					&res);
	if (!res)
		res = wmap_write(w, e.map, e.key, e.value, u->flags);
	entry_end(&e);
	return res;
}

int wbpf_map_delete(struct wcall *w)
{
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(key)))
		return -EINVAL;
	res = entry_begin(w, &e, MODE_WRITE);
	if (res)
		return res;
	res = entry_key(w, &e);
	if (!res)
		res = find_key(w, e.map, e.key);
	if (!res)
		res = sys_map_erase(w->sys, e.map, e.key);
	entry_end(&e);
	return res;
}

int wbpf_map_next_key(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(next_key)))
		return -EINVAL;
	res = entry_begin(w, &e, MODE_READ);
	if (res)
		return res;
	if (u->key)
		res = entry_key(w, &e);
	if (!res) {
		e.value = malloc(e.map->key_size + 1ul);
		res = e.value ? e.map->ops->next_key(e.map, e.key, e.value)
			      : -ENOMEM;
	}
	if (!res)
		res = wcall_copy_out(w, u->next_key, e.value, e.map->key_size);
	entry_end(&e);
	return res;
}

int wbpf_map_freeze(struct wcall *w)
{
	struct entry e;
	int res;

	if (!wcall_only(w, ATTR_END(map_fd)))
		return -EINVAL;
	res = entry_begin(w, &e, 0);
	if (res)
		return res;
	if (!e.map->fields && !(e.h.mode & MODE_WRITE))
		res = -EPERM;
	else
		res = sys_map_freeze(w->sys, e.map);
	entry_end(&e);
	return res;
}
