/* SPDX-License-Identifier: BSD-3-Clause */
/* obj_maps.c - what is in the maps of a loaded object */
#include "cli/obj_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/map_print.h"
#include "ctl/value.h"

/* ---- in the order of the keys, so that equal maps look the same ---- */

struct entries {
	const struct map *map;
	size_t size; /* of a key and its value */
	size_t cnt;
	size_t room;
	u8 *bytes;
};

static int add_entry(void *arg, const void *key, const void *value)
{
	struct entries *e = arg;
	u8 *at;

	if (e->cnt == e->room) {
		size_t room = e->room * 2 + 64;
		u8 *more = reallocarray(e->bytes, room, e->size);

		if (!more)
			return -ENOMEM;
		e->bytes = more;
		e->room = room;
	}
	at = e->bytes + e->cnt++ * e->size;
	at = mempcpy(at, key, e->map->key_size);
	memcpy(at, value, map_value_bytes(e->map));
	return 0;
}

static int by_key(const void *a, const void *b, void *map)
{
	return memcmp(a, b, ((const struct map *)map)->key_size);
}

static bool has_order(const struct map *map)
{
	return map->type != BPF_MAP_TYPE_HASH &&
	       map->type != BPF_MAP_TYPE_PERCPU_HASH &&
	       map->type != BPF_MAP_TYPE_LRU_HASH &&
	       map->type != BPF_MAP_TYPE_LRU_PERCPU_HASH &&
	       map->type != BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* map_each(), in the same order every time. */
static int each_in_order(struct map *map, map_visit *fn, void *arg)
{
	struct entries e = {
		.map = map,
		.size = map->key_size + map_value_bytes(map),
	};
	int res;

	if (has_order(map))
		return map_each(map, fn, arg);
	res = map_each(map, add_entry, &e);
	if (!res && e.cnt)
		qsort_r(e.bytes, e.cnt, e.size, by_key, map);
	for (size_t i = 0; !res && i < e.cnt; i++) {
		const u8 *at = e.bytes + i * e.size;

		res = fn(arg, at, at + map->key_size);
	}
	free(e.bytes);
	return res;
}

struct entry_to_json {
	struct json *json;
	const struct map *map;
};

/* Sets cannot be walked, rings have no entries. */
static bool has_entries(const struct map *map)
{
	return map->value_size && map->ops->count;
}

static int json_entry(void *arg, const void *key, const void *value)
{
	const struct entry_to_json *e = arg;

	value_entry(e->json, e->map, key, value, VALUE_BPFTOOL);
	return e->json->error;
}

void obj_maps_json(struct json *j, const struct elf_obj *obj,
		   const struct sys_obj *so)
{
	for (u32 i = 0; i < obj->map_cnt; i++) {
		struct entry_to_json e = { j, so->maps[i] };

		if (!e.map || !has_entries(e.map))
			continue;
		json_begin_object(j);
		json_kstr(j, "name", obj->maps[i].name);
		json_kstr(j, "type", e.map->ops->name);
		json_key(j, "entries");
		json_begin_array(j);
		if (each_in_order(so->maps[i], json_entry, &e) != 0)
			j->error = -ENOMEM;
		json_end_array(j);
		json_end_object(j);
	}
}

/* What json_init() writes into, for print_entry(). */
struct text {
	char *bytes;
	size_t len; /* without the zero behind */
	size_t room;
};

static int add_text(void *arg, const char *bytes, size_t size)
{
	struct text *text = arg;

	if (text->len + size >= text->room) {
		size_t room = text->room * 2 + size + 1;
		char *more = realloc(text->bytes, room);

		if (!more)
			return -ENOMEM;
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->len, bytes, size);
	text->len += size;
	text->bytes[text->len] = '\0';
	return 0;
}

struct entry_to_text {
	const struct map *map;
	json_t *about;
	struct text text;
};

static int text_entry(void *arg, const void *key, const void *value)
{
	struct entry_to_text *e = arg;
	struct json j;

	e->text.len = 0;
	json_init(&j, add_text, &e->text, false);
	value_entry(&j, e->map, key, value, VALUE_TYPED);
	if (json_flush(&j) != 0)
		return -ENOMEM;
	print_entry(e->about, e->text.bytes);
	return 0;
}

static void print_entries(const char *name, struct map *map)
{
	u64 n = map->ops->count(map);
	struct entry_to_text e = {
		.map = map,
		.about = json_pack("{s:s}", "type", map->ops->name),
	};

	if (map->btf && map->btf_value)
		json_object_set_new(e.about, "value_type", json_true());
	printf("\n%s (%s, %llu entr%s)\n", name, map->ops->name,
	       (unsigned long long)n, n == 1 ? "y" : "ies");
	each_in_order(map, text_entry, &e);
	json_decref(e.about);
	free(e.text.bytes);
}

void obj_maps_print(const struct elf_obj *obj, const struct sys_obj *so)
{
	for (u32 i = 0; i < obj->map_cnt; i++)
		if (so->maps[i] && has_entries(so->maps[i]))
			print_entries(obj->maps[i].name, so->maps[i]);
}
