/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/map_print.h"

#include <stdlib.h>
#include <string.h>

#include "cli/indent.h"
#include "ctl/base64.h"

void print_map(const json_t *map)
{
	json_t *pins = json_object_get(map, "pinned"), *pin;
	size_t i;

	printf("%llu: %s  ", (unsigned long long)get_u64(map, "id"),
	       get_str(map, "type"));
	if (json_object_get(map, "name"))
		printf("name %s  ", get_str(map, "name"));
	printf("flags 0x%llx\n", (unsigned long long)get_u64(map, "flags"));
	printf("\tkey %lluB  value %lluB  max_entries %llu  memlock %lluB\n",
	       (unsigned long long)get_u64(map, "bytes_key"),
	       (unsigned long long)get_u64(map, "bytes_value"),
	       (unsigned long long)get_u64(map, "max_entries"),
	       (unsigned long long)get_u64(map, "bytes_memlock"));
	if (get_u64(map, "frozen"))
		puts("\tfrozen");
	json_array_foreach(pins, i, pin)
		printf("\tpinned %s\n", json_string_value(pin));
}

bool shows_types(const json_t *map)
{
	return json_object_get(map, "value_type") ||
	       strcmp(get_str(map, "type"), "prog_array") == 0;
}

/* What stands before byte i: 16 make a line, with a gap in the middle. */
static const char *before_byte(size_t i)
{
	if (i % 8)
		return " ";
	return i % 16 ? "  " : i ? "\n" : "";
}

/* ["0x0a", ...] as "0a ..." */
static void print_hex(const json_t *bytes)
{
	json_t *byte;
	size_t i;

	json_array_foreach(bytes, i, byte)
		printf("%s%.2s", before_byte(i), json_string_value(byte) + 2);
}

/* A key and a value on one line when they are short, as bpftool does. */
static bool on_one_line(size_t key, size_t value)
{
	return key + value <= 24 && key <= 16 && value <= 16;
}

static void print_raw_entry(const char *text)
{
	json_t *entry = json_loads(text, 0, NULL);
	const json_t *key = json_object_get(entry, "key");
	const json_t *value = json_object_get(entry, "value");
	json_t *slots = json_object_get(entry, "values"), *slot;
	bool line = value &&
		    on_one_line(json_array_size(key), json_array_size(value));
	size_t i;

	if (json_array_size(key)) {
		printf("key:%s", line ? " " : "\n");
		print_hex(key);
		fputs(line ? "  " : "\n", stdout);
	}
	if (value) {
		printf("value:%s", line ? " " : "\n");
		print_hex(value);
	}
	json_array_foreach(slots, i, slot) {
		printf("%svalue (CPU %02llu): ", i ? "\n" : "",
		       (unsigned long long)get_u64(slot, "cpu"));
		print_hex(json_object_get(slot, "value"));
	}
	putchar('\n');
	json_decref(entry);
}

void print_entry(const json_t *map, const char *text)
{
	if (!shows_types(map)) {
		print_raw_entry(text);
		return;
	}
	print_indented(stdout, text, strlen(text), 0);
	putchar('\n');
}

void print_next_key(const json_t *result)
{
	const json_t *key = json_object_get(result, "key");

	if (json_is_null(key))
		printf("key: None");
	else
		printf("key:\n");
	print_hex(key);
	printf("\nnext key:\n");
	print_hex(json_object_get(result, "next_key"));
	putchar('\n');
}

/* ---- dumps ---- */

struct dump {
	const struct cli *cli;
	bool any; /* something was printed */
	size_t key_size;
	size_t value_size; /* of one slot */
	u64 slots;	   /* 0: not per CPU */
};

/* -j: the text of the parts, joined. */
static int join_part(void *arg, const char *text, size_t len, struct err *err)
{
	struct dump *d = arg;

	(void)err;
	if (len <= 2)
		return 0;
	putchar(d->any ? ',' : '[');
	fwrite(text + 1, 1, len - 2, stdout);
	d->any = true;
	return 0;
}

/* The same, indented. */
static int indent_part(void *arg, const char *text, size_t len,
		       struct err *err)
{
	struct dump *d = arg;

	(void)err;
	if (len <= 2)
		return 0;
	putchar(d->any ? ',' : '[');
	print_indented(stdout, text + 1, len - 2, 0);
	d->any = true;
	return 0;
}

static void print_bytes(const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%02x", before_byte(i), bytes[i]);
}

static void print_packed(const struct dump *d, const u8 *key, const u8 *value)
{
	bool line = !d->slots && on_one_line(d->key_size, d->value_size);

	if (d->key_size) {
		printf("key:%s", line ? " " : "\n");
		print_bytes(key, d->key_size);
		fputs(line ? "  " : "\n", stdout);
	}
	if (!d->slots) {
		printf("value:%s", line ? " " : "\n");
		print_bytes(value, d->value_size);
	}
	for (u64 slot = 0; slot < d->slots; slot++) {
		printf("%svalue (CPU %02llu): ", slot ? "\n" : "",
		       (unsigned long long)slot);
		print_bytes(value + slot * round_up(d->value_size, 8),
			    d->value_size);
	}
	putchar('\n');
}

/* Raw entries come packed: bytes without a JSON value for each. */
static int unpack_part(void *arg, const char *text, size_t len,
		       struct err *err)
{
	struct dump *d = arg;
	json_error_t where;
	json_t *part = json_loadb(text, len, 0, &where);
	json_t *k = json_object_get(part, "keys");
	json_t *v = json_object_get(part, "values");
	size_t key_bytes = 0, value_bytes = 0, stride;
	u8 *keys = NULL, *values = NULL;

	if (k && v) {
		keys = base64_decode(json_string_value(k),
				     json_string_length(k), &key_bytes);
		values = base64_decode(json_string_value(v),
				       json_string_length(v), &value_bytes);
	}
	json_decref(part);
	if (!keys || !values) {
		free(keys);
		free(values);
		return err_fail(err, -1, "a part of the answer is not packed");
	}
	stride = d->slots ? d->slots * round_up(d->value_size, 8) :
			    d->value_size;
	for (size_t i = 0; (i + 1) * d->key_size <= key_bytes && stride &&
			   (i + 1) * stride <= value_bytes;
	     i++)
		print_packed(d, keys + i * d->key_size, values + i * stride);
	free(keys);
	free(values);
	return 0;
}

static const char *plural(u64 n)
{
	return n == 1 ? "" : "s";
}

int print_dump(struct cli *cli, const json_t *map, json_t *args)
{
	struct dump d = {
		.cli = cli,
		.key_size = get_u64(map, "bytes_key"),
		.value_size = get_u64(map, "bytes_value"),
		.slots = get_u64(map, "slots"),
	};
	bool objects = cli->json || shows_types(map);
	const char *format = cli->json ? "bpftool" :
			     objects   ? "typed" :
					 "packed";
	ctl_part_fn *part = cli->json && !cli->pretty ? join_part :
			    objects		      ? indent_part :
							unpack_part;
	struct err err = { 0 };
	json_t *result;

	json_object_set_new(args, "format", json_string(format));
	if (ctl_call_parts(cli->client, "map.dump", args, part, &d, &result,
			   &err))
		return cli_fail(cli, &err);
	if (objects)
		puts(d.any ? "]" : "[]");
	else
		printf("Found %llu element%s\n",
		       (unsigned long long)get_u64(result, "count"),
		       plural(get_u64(result, "count")));
	json_decref(result);
	return EXIT_OK;
}
