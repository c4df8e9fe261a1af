/* SPDX-License-Identifier: BSD-3-Clause */
/* value_print.c - keys and values as JSON */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf.h"
#include "ctl/base64.h"
#include "ctl/value_part.h"

typedef void print_fn(struct json *j, const struct part *part,
		      const void *bytes);

static void print_bytes(struct json *j, const struct part *part,
			const void *bytes)
{
	json_bytes(j, bytes, part->size);
}

static void print_as(struct json *j, const struct part *part, const void *bytes,
		     enum btf_style style)
{
	if (part->type)
		btf_json(j, part->map->btf, part->type, bytes, style);
	else
		json_bytes(j, bytes, part->size);
}

static void print_typed(struct json *j, const struct part *part,
			const void *bytes)
{
	print_as(j, part, bytes, BTF_TYPED);
}

/* An index, or the id of an object. */
static void print_u32(struct json *j, const struct part *part,
		      const void *bytes)
{
	u32 v = 0;

	memcpy(&v, bytes, MIN(part->size, sizeof(v)));
	json_u64(j, v);
}

static void print_bpftool(struct json *j, const struct part *part,
			  const void *bytes)
{
	print_as(j, part, bytes, BTF_BPFTOOL);
}

static void print_value(struct json *j, const struct map *map,
			const void *value, print_fn *print)
{
	struct part part = value_part(map);
	size_t stride = round_up(map->value_size, 8);

	if (!map_is_percpu(map)) {
		json_key(j, "value");
		print(j, &part, value);
		return;
	}
	json_key(j, "values");
	json_begin_array(j);
	for (u32 slot = 0; slot < map->slots; slot++) {
		json_begin_object(j);
		json_ku64(j, "cpu", slot);
		json_key(j, "value");
		print(j, &part, (const u8 *)value + slot * stride);
		json_end_object(j);
	}
	json_end_array(j);
}

/* A data section has a value type and no key type: no key is shown. */
static void print_formatted(struct json *j, const struct map *map,
			    const void *key, const void *value, print_fn *print)
{
	struct part part = key_part(map);

	if (part.type) {
		json_key(j, "key");
		print(j, &part, key);
	}
	print_value(j, map, value, print);
}

bool value_is_object(const struct map *map)
{
	return map->ops->holds == HOLDS_PROGS || map->ops->holds == HOLDS_MAPS;
}

static void print_object(struct json *j, const struct map *map, const void *key,
			 const void *value)
{
	bool index = map->type != BPF_MAP_TYPE_HASH_OF_MAPS;
	struct part part = key_part(map);

	json_key(j, "key");
	if (index && !part.type)
		print_u32(j, &part, key);
	else
		print_typed(j, &part, key);
	print_value(j, map, value, print_u32);
}

void value_entry(struct json *j, const struct map *map, const void *key,
		 const void *value, enum value_format format)
{
	struct part part = key_part(map);
	bool typed = map->btf && map->btf_value;

	json_begin_object(j);
	if (format == VALUE_TYPED && value_is_object(map)) {
		print_object(j, map, key, value);
	} else if (format == VALUE_TYPED && typed) {
		print_formatted(j, map, key, value, print_typed);
	} else {
		json_key(j, "key");
		print_bytes(j, &part, key);
		print_value(j, map, value, print_bytes);
	}
	if (format == VALUE_BPFTOOL && typed) {
		json_key(j, "formatted");
		json_begin_object(j);
		print_formatted(j, map, key, value, print_bpftool);
		json_end_object(j);
	}
	json_end_object(j);
}

void value_base64(struct json *j, const void *bytes, size_t size)
{
	size_t len = base64_length(size);
	char *text = malloc(len + 2);

	if (!text) {
		j->error = -ENOMEM;
		return;
	}
	text[0] = text[len + 1] = '"';
	base64_encode(bytes, size, text + 1);
	json_raw(j, text, len + 2);
	free(text);
}
