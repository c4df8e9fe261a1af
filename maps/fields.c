/* SPDX-License-Identifier: BSD-3-Clause */
#include "maps/fields.h"

#include <errno.h>
#include <stdlib.h>

#define KIND(name) (1u << BTF_FIELD_##name)
#define LOCKS (KIND(SPIN_LOCK) | KIND(RES_SPIN_LOCK))
#define LATER (KIND(TIMER) | KIND(WORKQUEUE))
#define ROOTS (KIND(LIST_HEAD) | KIND(RB_ROOT))

/* Nodes are for what a program allocates. */
#define SEARCHED (LOCKS | LATER | ROOTS | KIND(REFCOUNT))

/* What the values of which family may hold. */
static const struct {
	u32 type;
	u32 kinds;
} families[] = {
	{ BPF_MAP_TYPE_HASH, LOCKS | LATER | ROOTS | KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_ARRAY, LOCKS | LATER | ROOTS | KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_LRU_HASH, LATER | ROOTS | KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_PERCPU_HASH, KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, KIND(REFCOUNT) },
	{ BPF_MAP_TYPE_SK_STORAGE, LOCKS | KIND(REFCOUNT) },
};

static u32 kinds_of(u32 type)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (families[i].type == type)
			return families[i].kinds;
	}
	return 0;
}

static int check(const struct map_attr *attr, u32 kinds, struct err *err)
{
	if (attr->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return err_fail(err, -EACCES,
				"values with locks, timers and the like are "
				"for programs to read and write");
	if (kinds & ~kinds_of(attr->type))
		return err_fail(err, -EOPNOTSUPP,
				"the values of %s maps cannot hold what the "
				"BTF type %u does: locks, timers and the like",
				map_type_name(attr->type), attr->btf_value);
	return 0;
}

/* Fields that cannot be so are, as on Linux, none. */
int fields_find(const struct map_attr *attr, struct err *err,
		struct map_fields **out)
{
	struct map_fields *f = calloc(1, sizeof(*f));
	int cnt, code;

	*out = NULL;
	if (!f)
		return err_fail(err, -ENOMEM, "out of memory");
	cnt = btf_fields(attr->btf, btf_skip(attr->btf, attr->btf_value),
			 SEARCHED, f->at);
	for (int i = 0; i < cnt; i++) {
		f->kinds |= 1u << f->at[i].kind;
		if (1u << f->at[i].kind & LOCKS)
			f->lock_off = f->at[i].offset;
	}
	f->cnt = cnt > 0 ? (u32)cnt : 0;
	code = f->cnt ? check(attr, f->kinds, err) : 0;
	if (!f->cnt || code) {
		free(f);
		return code;
	}
	*out = f;
	return 0;
}

bool fields_equal(const struct map_fields *a, const struct map_fields *b)
{
	if (!a || !b)
		return a == b;
	if (a->cnt != b->cnt)
		return false;
	for (u32 i = 0; i < a->cnt; i++) {
		if (a->at[i].kind != b->at[i].kind ||
		    a->at[i].offset != b->at[i].offset)
			return false;
	}
	return true;
}

/* Bytes that go in one store from an offset on, when so many are left. */
static u32 chunk(u64 offset, u64 left)
{
	u32 n = 8;

	while (offset % n || n > left)
		n /= 2;
	return n;
}

#define STORE(type)                                                       \
	do {                                                              \
		type v;                                                   \
		memcpy(&v, from + at, sizeof(v));                         \
		__atomic_store_n((type *)(to + at), v, __ATOMIC_RELAXED); \
	} while (0)
#define LOAD(type)                                                  \
	do {                                                        \
		type v = __atomic_load_n((const type *)(from + at), \
					 __ATOMIC_RELAXED);         \
		memcpy(to + at, &v, sizeof(v));                     \
	} while (0)

static void store(u8 *to, const u8 *from, u64 at, u64 end)
{
	for (u32 n; at < end; at += n) {
		n = chunk(at, end - at);
		switch (n) {
		case 8: STORE(u64); break;
		case 4: STORE(u32); break;
		case 2: STORE(u16); break;
		default: STORE(u8);
		}
	}
}

static void load(u8 *to, const u8 *from, u64 at, u64 end)
{
	for (u32 n; at < end; at += n) {
		n = chunk(at, end - at);
		switch (n) {
		case 8: LOAD(u64); break;
		case 4: LOAD(u32); break;
		case 2: LOAD(u16); break;
		default: LOAD(u8);
		}
	}
}

static u64 end_of(const struct btf_field *field)
{
	return (u64)field->offset + btf_field_size(field->kind);
}

const struct btf_field *fields_touched(const struct map_fields *f, u64 offset,
				       u64 size)
{
	for (u32 i = 0; i < f->cnt; i++) {
		if (offset < end_of(&f->at[i]) &&
		    offset + size > f->at[i].offset)
			return &f->at[i];
	}
	return NULL;
}

void fields_copy_in(const struct map_fields *f, void *to, const void *from,
		    u32 size)
{
	u64 at = 0;

	for (u32 i = 0; i < f->cnt; i++) {
		store(to, from, at, f->at[i].offset);
		at = end_of(&f->at[i]);
	}
	store(to, from, at, size);
}

/* What a field is in a new value, and in a copy: zeros, but that who has a
 * counted object has one reference. */
static const u8 *blank_of(enum btf_field_kind kind)
{
	static const u8 zeros[64], one[4] = { 1 };

	return kind == BTF_FIELD_REFCOUNT ? one : zeros;
}

void fields_copy_out(const struct map_fields *f, void *to, const void *from,
		     u32 size)
{
	u64 at = 0;

	for (u32 i = 0; i < f->cnt; i++) {
		load(to, from, at, f->at[i].offset);
		at = end_of(&f->at[i]);
		memcpy((u8 *)to + f->at[i].offset, blank_of(f->at[i].kind),
		       at - f->at[i].offset);
	}
	load(to, from, at, size);
}

void fields_reset(const struct map_fields *f, void *value)
{
	for (u32 i = 0; i < f->cnt; i++) {
		const struct btf_field *field = &f->at[i];

		if (1u << field->kind & (LOCKS | 1u << BTF_FIELD_TIMER))
			continue;
		store((u8 *)value + field->offset, blank_of(field->kind), 0,
		      btf_field_size(field->kind));
	}
}

void fields_new_value(const struct map *map, void *to, const void *from)
{
	bool locked = fields_have(map->fields, BTF_FIELD_SPIN_LOCK);

	value_gone(map, to);
	if (locked)
		spin_lock(value_lock(map, to));
	fields_reset(map->fields, to);
	fields_copy_in(map->fields, to, from, map->value_size);
	if (locked)
		spin_unlock(value_lock(map, to));
}
