/* SPDX-License-Identifier: BSD-3-Clause */
/* test_update.c - entries put into the maps before the first packet */
#include <errno.h>
#include <string.h>

#include "cli/data.h"
#include "cli/test.h"
#include "ctl/request.h"

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

/* Objects are called as the object file does: their ids instead. */
static int name_by_id(struct test *t, json_t *args, const char *arg,
		      struct err *err)
{
	const json_t *ref = json_object_get(args, arg);
	const char *name = get_str(ref, "name");
	const struct elf_map *em;
	const struct elf_prog *ep;
	u32 id = 0;

	if (!ref)
		return 0;
	ep = strcmp(arg, "prog") == 0 ? elf_prog_find(t->obj, name) : NULL;
	em = strcmp(arg, "inner") == 0 ? elf_map_find(t->obj, name) : NULL;
	if (ep && t->so->progs[ep - t->obj->progs])
		id = t->so->progs[ep - t->obj->progs]->id;
	if (em && t->so->maps[em - t->obj->maps])
		id = t->so->maps[em - t->obj->maps]->id;
	if (!id) {
		err_fail(err, -ENOENT, "no loaded %s has that name",
			 strcmp(arg, "prog") == 0 ? "program" : "map");
		return err_hint(err, "give `value name NAME`");
	}
	json_object_set_new(args, arg, json_pack("{s:I}", "id", (json_int_t)id));
	return 0;
}

/* As a client of the daemon would. */
static int write_entry(struct test *t, const struct map *map, json_t *args,
		       const char *flags, struct err *err)
{
	struct request rq = { .args = args };
	int res = name_by_id(t, args, "prog", err);

	if (!res)
		res = name_by_id(t, args, "inner", err);
	if (res)
		return res;
	json_object_set_new(args, "map", json_integer((json_int_t)map->id));
	if (flags)
		json_object_set_new(args, "flags", json_string(flags));
	if (wclient_create(t->sys, &rq.bpf) != 0)
		return err_fail(err, -ENOMEM, "out of memory");
	res = map_update(&rq, err);
	wclient_destroy(rq.bpf);
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
