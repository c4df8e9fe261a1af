/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.c - creation and references, the part all families share
 *
 * Checks come in Linux's order: what concerns every type, the type, the
 * family's, memory, the name, BTF.
 */
#include "maps/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf.h"
#include "bpf/name.h"
#include "maps/family.h"
#include "maps/fields.h"
#include "maps/inner.h"

/* Charged for what a map takes besides its contents, so that even those
 * without any cannot be made without end. */
#define MAP_BYTES 4096

static int check_common(const struct map_attr *attr, struct err *err)
{
	if (attr->btf_key && !attr->btf_value)
		return err_fail(err, -EINVAL,
				"a BTF key type without a value type");
	if (attr->extra && attr->type != BPF_MAP_TYPE_BLOOM_FILTER &&
	    attr->type != BPF_MAP_TYPE_ARENA)
		return err_fail(err, -EINVAL, "map_extra must be 0");
	if ((attr->flags & BPF_F_RDONLY) && (attr->flags & BPF_F_WRONLY))
		return err_fail(err, -EINVAL,
				"read-only and write-only at once");
	/* One node, as far as maps are concerned. */
	if ((attr->flags & BPF_F_NUMA_NODE) && attr->numa_node != 0 &&
	    attr->numa_node != UINT32_MAX)
		return err_fail(err, -EINVAL, "there is no NUMA node %u",
				attr->numa_node);
	return 0;
}

static const struct map_ops *find_ops(const struct map_attr *attr,
				      struct err *err)
{
	const struct map_ops *ops = map_type_ops(attr->type);
	const char *name = map_type_name(attr->type);

	if (ops)
		return ops;
	if (name)
		err_fail(err, -EINVAL,
			 "map type %s is not supported by this version", name);
	else
		err_fail(err, -EINVAL, "there is no map type %u", attr->type);
	return NULL;
}

int map_check_flags(const struct map_attr *attr, u32 allowed, struct err *err)
{
	u32 both = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
	u32 bad = attr->flags & ~allowed;

	if (bad)
		return err_fail(err, -EINVAL, "%s maps have no flag 0x%x",
				map_type_name(attr->type), bad);
	if ((attr->flags & both) == both)
		return err_fail(
			err, -EINVAL,
			"read-only and write-only for programs at once");
	return 0;
}

static int check_name(const struct map_attr *attr, struct err *err)
{
	if (!memchr(attr->name, '\0', sizeof(attr->name)))
		return err_fail(err, -EINVAL,
				"the map's name has more than %zu characters",
				sizeof(attr->name) - 1);
	for (const char *c = attr->name; *c; c++) {
		if (!name_is_char(*c))
			return err_fail(err, -EINVAL,
					"character 0x%02x in the map's name",
					(unsigned char)*c);
	}
	return 0;
}

static int check_key_type(const struct map_attr *attr, struct err *err)
{
	s64 size;

	if (!attr->btf_key)
		return 0;
	size = btf_size(attr->btf, attr->btf_key);
	if (size == attr->key_size)
		return 0;
	return err_fail(err, -EINVAL,
			"key_size is %u, its BTF type %u has %lld bytes",
			attr->key_size, attr->btf_key, (long long)size);
}

static int check_value_type(const struct map_attr *attr, struct err *err)
{
	s64 size = btf_size(attr->btf, attr->btf_value);

	if (size == attr->value_size)
		return 0;
	return err_fail(err, -EINVAL,
			"value_size is %u, its BTF type %u has %lld bytes",
			attr->value_size, attr->btf_value, (long long)size);
}

int map_check_btf_key(const struct map_attr *attr, struct err *err)
{
	return attr->btf_key ? 0
			     : err_fail(err, -EINVAL, "the key has no BTF type");
}

int map_check_no_btf(const struct map_attr *attr, struct err *err)
{
	return err_fail(err, -LINUX_ENOTSUPP, "%s maps have no BTF types",
			map_type_name(attr->type));
}

/* *fields: what the value holds besides data. */
static int check_btf(const struct map_ops *ops, const struct map_attr *attr,
		     struct err *err, struct map_fields **fields)
{
	int code;

	*fields = NULL;
	if (!attr->btf || !attr->btf_value)
		return 0;
	code = check_key_type(attr, err);
	/* Who has rules of its own may do without a key's type. */
	if (!code && !ops->check_btf)
		code = map_check_btf_key(attr, err);
	if (!code)
		code = check_value_type(attr, err);
	if (!code)
		code = fields_find(attr, err, fields);
	if (!code && ops->check_btf)
		code = ops->check_btf(attr, err);
	return code;
}

static void init(struct map *map, const struct map_ops *ops,
		 const struct map_env *env, const struct map_attr *attr,
		 const struct map_fields *fields, const struct map *inner)
{
	map->ops = ops;
	map->type = attr->type;
	map->key_size = attr->key_size;
	map->value_size = attr->value_size;
	if (!map->max_entries)
		map->max_entries = attr->max_entries;
	/* The other two limit the first handle, not the map. */
	map->flags |= attr->flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY);
	map->extra = attr->extra;
	map->slots = mem_slots(env->mem);
	memcpy(map->name, attr->name, sizeof(map->name));
	if (attr->btf) {
		map->btf = btf_get(attr->btf);
		map->btf_key = attr->btf_key;
		map->btf_value = attr->btf_value;
	}
	map->env = env;
	map->fields = fields;
	map->inner = inner;
	atomic_init(&map->users, 1);
	atomic_init(&map->refs, 1);
}

static int explain(const struct map_env *env, const struct map_attr *attr,
		   int code, struct err *err)
{
	if (code == -E2BIG)
		return err_fail(err, code,
				"%u entries of %u + %u bytes are too many",
				attr->max_entries, attr->key_size,
				attr->value_size);
	err_fail(err, code,
		 "no memory for %u entries of %u + %u bytes: %llu of a budget "
		 "of %llu MB are in use",
		 attr->max_entries, attr->key_size, attr->value_size,
		 (unsigned long long)mem_used(env->mem) >> 20,
		 (unsigned long long)mem_budget(env->mem) >> 20);
	err_hint(err, "lower max_entries or raise the memory budget");
	return code;
}

int map_create(const struct map_env *env, const struct map_attr *attr,
	       struct err *err, struct map **out)
{
	const struct map_ops *ops;
	struct map_fields *fields = NULL;
	struct map *map, *inner = NULL;
	int code;

	code = check_common(attr, err);
	if (code)
		return code;
	ops = find_ops(attr, err);
	if (!ops)
		return -EINVAL;
	code = ops->check(attr, err);
	if (code)
		return code;
	code = mem_charge(env->mem, MAP_BYTES, false);
	if (code)
		return explain(env, attr, code, err);
	code = ops->create(env, attr, &map);
	if (code) {
		mem_uncharge(env->mem, MAP_BYTES);
		return explain(env, attr, code, err);
	}
	code = check_name(attr, err);
	if (!code)
		code = check_btf(ops, attr, err, &fields);
	if (!code && ops->holds == HOLDS_MAPS) {
		inner = inner_like(attr->inner);
		if (!inner)
			code = err_fail(err, -ENOMEM, "out of memory");
	}
	if (code) {
		free(fields);
		ops->destroy(map);
		mem_uncharge(env->mem, MAP_BYTES);
		return code;
	}
	init(map, ops, env, attr, fields, inner);
	*out = map;
	return 0;
}

struct map *map_hold(struct map *map)
{
	atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
	return map;
}

struct map *map_get(struct map *map)
{
	atomic_fetch_add_explicit(&map->users, 1, memory_order_relaxed);
	return map_hold(map);
}

struct map *map_try_get(struct map *map)
{
	u32 refs = atomic_load_explicit(&map->refs, memory_order_relaxed);

	do {
		if (refs == 0)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&map->refs, &refs,
							refs + 1,
							memory_order_relaxed,
							memory_order_relaxed));
	atomic_fetch_add_explicit(&map->users, 1, memory_order_relaxed);
	return map;
}

static void free_map(struct rcu_head *head)
{
	struct map *map = container_of(head, struct map, free_head);
	struct btf_blob *btf = map->btf;
	const struct map_fields *fields = map->fields;
	const struct map *inner = map->inner;
	struct mem *mem = map->env->mem;

	map->ops->destroy(map);
	mem_uncharge(mem, MAP_BYTES);
	inner_free(inner);
	free((void *)fields);
	if (btf)
		btf_put(btf);
}

void map_release(struct map *map)
{
	if (atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (map->gone)
		map->gone(map, map->gone_arg);
	rcu_defer(mem_rcu(map->env->mem), &map->free_head, free_map);
}

void map_put(struct map *map)
{
	if (!map)
		return;
	if (atomic_fetch_sub_explicit(&map->users, 1, memory_order_acq_rel) ==
	    1) {
		if (map->ops->forget)
			map->ops->forget(map);
		if (map_has_timer(map))
			timers_forget(map);
	}
	map_release(map);
}

int map_scan_nothing(struct map *map, u64 *cursor, u32 n, map_visit *fn,
		     void *arg)
{
	(void)map;
	(void)cursor;
	(void)n;
	(void)fn;
	(void)arg;
	return -ENOENT;
}

void *map_no_lookup(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return NULL;
}

int map_no_update(struct map *map, const void *key, const void *value,
		  u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

u32 map_link(const struct map *map, const void *value)
{
	s32 number = 0;

	if (map->ops->holds == HOLDS_LINKED && map->value_size == 8)
		memcpy(&number, (const u8 *)value + 4, sizeof(number));
	return number > 0 ? (u32)number : 0;
}

bool map_has_lock(const struct map *map)
{
	return fields_have(map->fields, BTF_FIELD_SPIN_LOCK);
}

bool map_has_timer(const struct map *map)
{
	return fields_have(map->fields, BTF_FIELD_TIMER);
}

int map_memory_fd(const struct map *map)
{
	return map->ops->memory_fd ? map->ops->memory_fd(map) : -1;
}

bool map_is_percpu(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       map->type == BPF_MAP_TYPE_PERCPU_HASH ||
	       map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

u64 map_value_bytes(const struct map *map)
{
	if (map_is_percpu(map))
		return round_up(map->value_size, 8) * map->slots;
	return map->value_size;
}

u64 map_bytes(const struct map *map)
{
	return map->ops->bytes(map);
}

static int each_scanned(struct map *map, map_visit *fn, void *arg)
{
	u64 cursor = 0;
	int err;

	do {
		err = map->ops->scan(map, &cursor, 256, fn, arg);
	} while (err == 0);
	return err == -ENOENT ? 0 : err;
}

int map_each(struct map *map, map_visit *fn, void *arg)
{
	void *key, *value;
	int err = -ENOMEM;

	if (map->ops->scan)
		return each_scanned(map, fn, arg);
	key = calloc(1, map->key_size);
	value = calloc(1, map_value_bytes(map));
	if (!key || !value)
		goto free_both;
	for (err = map->ops->next_key(map, NULL, key); err == 0;
	     err = map->ops->next_key(map, key, key)) {
		err = map->ops->read(map, key, value, 0);
		if (err == -ENOENT)
			continue; /* an empty slot */
		if (!err)
			err = fn(arg, key, value);
		if (err)
			goto free_both;
	}
	err = err == -ENOENT ? 0 : err;
free_both:
	free(value);
	free(key);
	return err;
}
