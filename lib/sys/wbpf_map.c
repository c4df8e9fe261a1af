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

	attr->btf_key = attr->btf_value = 0;
	res = map_create(&w->sys->env, attr, NULL, &map);
	if (res)
		return res;
	map_put(map);
	return why;
}

static int create(struct wcall *w, struct map_attr *attr, struct map **out)
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
	res = sys_map_create(w->sys, attr, NULL, out);
	ref_put(btf.ref);
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
	if (mode & MODE_WRITE && atomic_load(&e->map->frozen))
		e->h.mode &= ~MODE_WRITE;
	if ((e->h.mode & mode) == mode)
		return 0;
	ref_put(e->h.ref);
	return -EPERM;
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

int wbpf_map_lookup(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct entry e;
	u64 size;
	int res;

	if (!wcall_only(w, ATTR_END(flags)) || u->flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	res = entry_begin(w, &e, MODE_READ);
	if (res)
		return res;
	if (u->flags & BPF_F_LOCK)
		res = -EINVAL;
	if (!res)
		res = entry_key(w, &e);
	size = map_value_bytes(e.map);
	if (!res) {
		e.value = malloc(size + 1);
		res = e.value ? sys_map_read(w->sys, e.map, e.key, e.value,
					     u->flags)
			      : -ENOMEM;
	}
	if (!res)
		res = wcall_copy_out(w, u->value, e.value, size);
	entry_end(&e);
	return res;
}

/* Where Linux takes a program's descriptor, the handle of one. */
static int write_handle(struct wcall *w, struct map *map, const void *key,
			const void *value, u64 flags)
{
	struct handle h;
	u32 number;
	int res;

	if (flags != BPF_ANY)
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	res = map->ops->write_prog ? handle_get_kind(w->c, number, REF_PROG, &h)
				   : -EINVAL;
	if (res)
		return res;
	res = sys_map_write_prog(w->sys, map, key, h.ref.prog, flags);
	ref_put(h.ref);
	return res;
}

int wmap_write(struct wcall *w, struct map *map, const void *key,
	       const void *value, u64 flags)
{
	u32 index;

	if (!map->ops->write_prog)
		return sys_map_write(w->sys, map, key, value, flags);
	memcpy(&index, key, sizeof(index));
	/* before the handle is looked at */
	if (flags == BPF_ANY && index >= map->max_entries)
		return -E2BIG;
	return write_handle(w, map, key, value, flags);
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
	if (u->flags & BPF_F_LOCK)
		res = -EINVAL;
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
	res = entry_begin(w, &e, MODE_WRITE);
	if (res)
		return res;
	res = sys_map_freeze(w->sys, e.map);
	entry_end(&e);
	return res;
}
