/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/value_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf.h"

int arg_format(const struct request *rq, enum value_format *format,
	       struct err *err)
{
	static const char *const names[] = {
		[VALUE_BPFTOOL] = "bpftool",
		[VALUE_TYPED] = "typed",
		[VALUE_PACKED] = "packed",
	};
	const char *name;
	int res;

	*format = VALUE_BPFTOOL;
	if (!arg_has(rq, "format"))
		return 0;
	res = arg_string(rq, "format", &name, err);
	if (res)
		return res;
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*format = (enum value_format)i;
			return 0;
		}
	}
	err_fail(err, -EINVAL, "there is no format '%.32s'", name);
	return err_hint(err, "bpftool, typed or packed");
}

static int wrong_size(const struct part *part, u64 size, struct err *err)
{
	err_fail(err, -EINVAL, "%s has %llu byte%s, map %s has %u-byte %ss",
		 part->name, (unsigned long long)size, size == 1 ? "" : "s",
		 part->map->name, part->size, part->name);
	return err_hint(err, "give %u byte%s%s", part->size,
			part->size == 1 ? "" : "s",
			part->type ? ", or JSON by its type" : "");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int from_hex(const struct part *part, const json_t *text, u8 *out,
		    struct err *err)
{
	const char *s = json_string_value(text);
	size_t len = json_string_length(text);

	if (!s)
		return err_fail(err, -EINVAL, "\"%s_hex\" is no string",
				part->name);
	if (len != (size_t)part->size * 2)
		return len % 2 ? err_fail(err, -EINVAL,
					  "\"%s_hex\" has half a byte",
					  part->name) :
				 wrong_size(part, len / 2, err);
	for (u32 i = 0; i < part->size; i++) {
		int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_fail(err, -EINVAL,
					"\"%s_hex\" is not hexadecimal",
					part->name);
		out[i] = (u8)(high << 4 | low);
	}
	return 0;
}

/* 0 to 255 from 10 or "0x0a", or -1. */
static int byte_of(const json_t *item)
{
	char *end;
	long n;

	if (json_is_integer(item)) {
		json_int_t v = json_integer_value(item);

		return v >= 0 && v <= 255 ? (int)v : -1;
	}
	if (!json_is_string(item) || !json_string_length(item))
		return -1;
	n = strtol(json_string_value(item), &end, 0);
	return *end || n < 0 || n > 255 ? -1 : (int)n;
}

static bool is_array(const struct part *part)
{
	const struct btf_type *type = NULL;

	if (part->type)
		type = btf_type(part->map->btf,
				btf_skip(part->map->btf, part->type));
	return type && BTF_INFO_KIND(type->info) == BTF_KIND_ARRAY;
}

/* "0x0a", as answers show a byte */
static bool is_shown_byte(const json_t *item)
{
	return json_is_string(item) && json_string_length(item) > 2 &&
	       strncmp(json_string_value(item), "0x", 2) == 0;
}

/* Is it an array of bytes?  Where the type itself is an array, numbers and
 * characters are its items, and as many "0x0a" as it has bytes are these. */
static bool is_bytes(const struct part *part, const json_t *value)
{
	bool shown = is_array(part);

	if (!json_is_array(value) ||
	    (shown && json_array_size(value) != part->size))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);

		if (byte_of(item) < 0 || (shown && !is_shown_byte(item)))
			return false;
	}
	return true;
}

static int from_bytes(const struct part *part, const json_t *value, u8 *out,
		      struct err *err)
{
	if (json_array_size(value) != part->size)
		return wrong_size(part, json_array_size(value), err);
	for (u32 i = 0; i < part->size; i++)
		out[i] = (u8)byte_of(json_array_get(value, i));
	return 0;
}

static int from_type(const struct part *part, const json_t *value, u8 *out,
		     struct err *err)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);
	int res;

	if (!text)
		return err_fail(err, -ENOMEM, "out of memory");
	memset(out, 0, part->size);
	res = btf_parse_json(part->map->btf, part->type, text, out, part->size,
			     err);
	free(text);
	if (res < 0)
		err_place(err, "%s of map %s", part->name, part->map->name);
	return res;
}

static int from_integer(const struct part *part, json_int_t v, u8 *out,
			struct err *err)
{
	u32 bits = part->size * 8;
	u64 n = (u64)v;

	if (part->size == 0 || part->size > 8 ||
	    (part->size & (part->size - 1))) {
		err_fail(err, -EINVAL,
			 "map %s has %u-byte %ss of unknown type, a number "
			 "does not fit",
			 part->map->name, part->size, part->name);
		return err_hint(err, "give %u bytes", part->size);
	}
	if (bits < 64 && (v < -(1LL << (bits - 1)) || v >= 1LL << bits))
		return err_fail(err, -ERANGE, "%lld does not fit in %u byte%s",
				(long long)v, part->size,
				part->size == 1 ? "" : "s");
	memcpy(out, &n, part->size); /* little endian, as all Weir runs on */
	return 0;
}

static int from_json(const struct part *part, const json_t *value, u8 *out,
		     struct err *err)
{
	if (is_bytes(part, value))
		return from_bytes(part, value, out, err);
	if (part->type)
		return from_type(part, value, out, err);
	if (json_is_integer(value))
		return from_integer(part, json_integer_value(value), out, err);
	err_fail(err, -EINVAL, "map %s has no type information for its %ss",
		 part->map->name, part->name);
	return err_hint(err, "give %u bytes", part->size);
}

/* Takes "NAME" or "NAME_hex". */
static int take(const struct request *rq, const struct part *part, u8 *out,
		struct err *err)
{
	json_t *value = json_object_get(rq->args, part->name), *hex;
	char hex_name[16];

	snprintf(hex_name, sizeof(hex_name), "%s_hex", part->name);
	hex = json_object_get(rq->args, hex_name);
	if (value && hex)
		return err_fail(err, -EINVAL, "\"%s\" and \"%s\" exclude "
				"each other", part->name, hex_name);
	if (hex)
		return from_hex(part, hex, out, err);
	if (value)
		return from_json(part, value, out, err);
	if (part->size == 0)
		return 0;
	err_fail(err, -EINVAL, "the %s is missing", part->name);
	return err_hint(err, "map %s has %u-byte %ss", part->map->name,
			part->size, part->name);
}

int arg_key(const struct request *rq, const struct map *map, void *key,
	    struct err *err)
{
	struct part part = key_part(map);

	return take(rq, &part, key, err);
}

void value_spread(const struct map *map, const void *one, void *all)
{
	size_t stride = round_up(map->value_size, 8);

	memset(all, 0, map_value_bytes(map));
	for (u32 slot = 0; slot < map->slots; slot++)
		memcpy((u8 *)all + slot * stride, one, map->value_size);
}

static int each_slot(const struct part *part, json_t *values, u8 *out,
		     struct err *err)
{
	const struct map *map = part->map;
	size_t stride = round_up(map->value_size, 8);

	if (!map_is_percpu(map))
		return err_fail(err, -EINVAL,
				"map %s has one value an entry: \"value\"",
				map->name);
	if (!json_is_array(values) || json_array_size(values) != map->slots)
		return err_fail(err, -EINVAL,
				"\"values\" has one value for each of the %u "
				"lcores",
				map->slots);
	memset(out, 0, map_value_bytes(map));
	for (u32 slot = 0; slot < map->slots; slot++) {
		int res = from_json(part, json_array_get(values, slot),
				    out + slot * stride, err);

		if (res)
			return res;
	}
	return 0;
}

int arg_value(const struct request *rq, const struct map *map, void *value,
	      struct err *err)
{
	struct part part = value_part(map);
	json_t *values = json_object_get(rq->args, "values");
	u8 *one;
	int res;

	if (values)
		return each_slot(&part, values, value, err);
	if (!map_is_percpu(map))
		return take(rq, &part, value, err);
	one = malloc(map->value_size);
	if (!one)
		return err_fail(err, -ENOMEM, "out of memory");
	res = take(rq, &part, one, err);
	if (!res)
		value_spread(map, one, value);
	free(one);
	return res;
}
