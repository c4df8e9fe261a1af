/* SPDX-License-Identifier: BSD-3-Clause */
/* obj_maps.c - what is in the maps of a loaded object */
#include "cli/obj_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/map_print.h"
#include "ctl/value.h"

struct entry_to_json {
	struct json *json;
	const struct map *map;
};

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

		if (!e.map)
			continue;
		json_begin_object(j);
		json_kstr(j, "name", obj->maps[i].name);
		json_kstr(j, "type", e.map->ops->name);
		json_key(j, "entries");
		json_begin_array(j);
		map_each(so->maps[i], json_entry, &e);
		json_end_array(j);
		json_end_object(j);
	}
}

/* What json_init() writes into, to be read back by print_entry(). */
struct text {
	char *bytes;
	size_t len;
	size_t room;
};

static int add_text(void *arg, const char *bytes, size_t size)
{
	struct text *text = arg;

	if (size > text->room - text->len) {
		size_t room = text->room * 2 + size;
		char *more = realloc(text->bytes, room);

		if (!more)
			return -ENOMEM;
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->len, bytes, size);
	text->len += size;
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
	json_t *entry;

	e->text.len = 0;
	json_init(&j, add_text, &e->text, false);
	value_entry(&j, e->map, key, value, VALUE_BPFTOOL);
	if (json_flush(&j) != 0)
		return -ENOMEM;
	entry = json_loadb(e->text.bytes, e->text.len, 0, NULL);
	if (!entry)
		return -ENOMEM;
	print_entry(e->about, entry);
	json_decref(entry);
	return 0;
}

static void print_entries(const char *name, struct map *map)
{
	u64 n = map->ops->count(map);
	struct entry_to_text e = {
		.map = map,
		.about = json_object(),
	};

	if (map->btf && map->btf_value)
		json_object_set_new(e.about, "value_type", json_true());
	printf("\n%s (%s, %llu entr%s)\n", name, map->ops->name,
	       (unsigned long long)n, n == 1 ? "y" : "ies");
	map_each(map, text_entry, &e);
	json_decref(e.about);
	free(e.text.bytes);
}

void obj_maps_print(const struct elf_obj *obj, const struct sys_obj *so)
{
	for (u32 i = 0; i < obj->map_cnt; i++)
		if (so->maps[i])
			print_entries(obj->maps[i].name, so->maps[i]);
}
