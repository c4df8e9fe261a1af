/* SPDX-License-Identifier: BSD-3-Clause */
/* test_update.c - entries put into the maps before the first packet */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/test.h"
#include "ctl/value.h"

#define WORDS_MAX 1024

/* Cut text into words at spaces outside of JSON.  The number of words, or
 * WORDS_MAX + 1: too many. */
static int split(char *text, char **words)
{
	bool quoted = false, in_word = false;
	int depth = 0, n = 0;

	for (char *c = text; *c; c++) {
		if (!quoted && !depth && (*c == ' ' || *c == '\t')) {
			*c = '\0';
			in_word = false;
			continue;
		}
		if (!in_word) {
			if (n == WORDS_MAX)
				return WORDS_MAX + 1;
			words[n++] = c;
			in_word = true;
		}
		if (quoted && *c == '\\' && c[1])
			c++;
		else if (*c == '"')
			quoted = !quoted;
		else if (!quoted && (*c == '{' || *c == '['))
			depth++;
		else if (!quoted && (*c == '}' || *c == ']') && depth)
			depth--;
	}
	return n;
}

static struct map *find_map(struct test *t, const char *name, struct err *err)
{
	const struct elf_map *em = elf_map_find(t->obj, name);
	struct map *map = em ? t->so->maps[em - t->obj->maps] : NULL;

	if (map)
		return map;
	if (em)
		err_fail(err, -ENOENT, "program %s does not use map %s",
			 t->elf_prog->name, name);
	else
		err_fail(err, -ENOENT, "there is no map %s", name);
	err_place(err, "%s", t->opts.object);
	return NULL;
}

/* What cli/data.h wants to know of a map. */
static json_t *describe(const struct map *map)
{
	json_t *d = json_pack("{s:s, s:s, s:I, s:I}", "name", map->name, "type",
			      map->ops->name, "bytes_key",
			      (json_int_t)map->key_size, "bytes_value",
			      (json_int_t)map->value_size);

	if (map->btf && map->btf_key)
		json_object_set_new(d, "key_type", json_true());
	if (map->btf && map->btf_value)
		json_object_set_new(d, "value_type", json_true());
	return d;
}

/* A loaded program of the object, by name. */
static struct prog *find_prog(struct test *t, const json_t *ref)
{
	const struct elf_prog *ep = NULL;

	if (json_object_get(ref, "name"))
		ep = elf_prog_find(t->obj, get_str(ref, "name"));
	return ep ? t->so->progs[ep - t->obj->progs] : NULL;
}

static u64 flags_of(const char *word)
{
	if (word && strcmp(word, "noexist") == 0)
		return BPF_NOEXIST;
	return word && strcmp(word, "exist") == 0 ? BPF_EXIST : BPF_ANY;
}

/* A map of the object, by name. */
static struct map *find_inner(struct test *t, const json_t *ref)
{
	const struct elf_map *em = NULL;

	if (json_object_get(ref, "name"))
		em = elf_map_find(t->obj, get_str(ref, "name"));
	return em ? t->so->maps[em - t->obj->maps] : NULL;
}

static int write_object(struct test *t, struct map *map, const void *key,
			const json_t *args, u64 flags, struct err *err)
{
	bool prog = map->ops->holds == HOLDS_PROGS;
	const json_t *ref = json_object_get(args, prog ? "prog" : "inner");
	void *object = prog ? (void *)find_prog(t, ref) : find_inner(t, ref);
	int res;

	if (!object) {
		err_fail(err, -ENOENT, "map %s: no loaded %s of that name",
			 map->name, prog ? "program" : "map");
		return err_hint(err, "give `value name NAME`");
	}
	res = sys_map_write_object(t->sys, map, key, object, flags);
	return res ? map_failed(map, "update", res, err) : 0;
}

static int write_entry(struct test *t, struct map *map, json_t *args,
		       const char *flags, struct err *err)
{
	const struct request rq = { .args = args };
	u8 *key = malloc(map->key_size + 1ULL);
	u8 *value = malloc(map_value_bytes(map) + 1);
	int res = -ENOMEM;

	if (!key || !value)
		err_fail(err, res, "out of memory");
	else
		res = arg_key(&rq, map, key, err);
	if (!res && (map->ops->holds == HOLDS_PROGS ||
		     map->ops->holds == HOLDS_MAPS)) {
		res = write_object(t, map, key, args, flags_of(flags), err);
	} else if (!res) {
		res = arg_value(&rq, map, value, err);
		if (!res)
			res = sys_map_write(t->sys, map, key, value,
					    flags_of(flags));
		if (res && !err->code)
			res = map_failed(map, "update", res, err);
	}
	free(value);
	free(key);
	return res;
}

static int update_map(struct test *t, struct map *map, struct cli *words)
{
	json_t *about = describe(map), *args = json_object();
	struct entry_words entry;
	struct err err = { 0 };
	int code = data_split(words, &entry);

	if (!code)
		code = data_key(words, about, &entry.key, args);
	if (!code && entry.value.at)
		code = data_value(words, about, &entry.value, args);
	if (!code && write_entry(t, map, args, entry.flags, &err) != 0) {
		err_place(&err, "--update");
		code = cli_fail(t->cli, &err);
	}
	json_decref(args);
	json_decref(about);
	return code;
}

static int update(struct test *t, char *text)
{
	char *at[WORDS_MAX];
	struct cli words = {
		.command = t->cli->command,
		.json = t->cli->json,
		.argv = at,
		.argc = split(text, at),
	};
	const char *name;
	struct map *map;
	struct err err;

	if (words.argc > WORDS_MAX)
		return cli_usage(t->cli, "--update: too many words");
	name = cli_word(&words);
	if (name && strcmp(name, "name") == 0)
		name = cli_word(&words);
	if (!name)
		return cli_usage(t->cli, "--update: which map?");
	map = find_map(t, name, &err);
	return map ? update_map(t, map, &words) : cli_fail(t->cli, &err);
}

int test_update(struct test *t)
{
	for (u32 i = 0; i < t->opts.updates.len; i++) {
		int code = update(t, t->opts.updates.items[i]);

		if (code)
			return code;
	}
	return EXIT_OK;
}
