/* SPDX-License-Identifier: BSD-3-Clause */
/* map.c - weir map ... : the daemon's maps, in bpftool's words */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/data.h"
#include "cli/map_events.h"
#include "cli/map_print.h"

static int map_list(struct cli *cli)
{
	json_t *ref, *result, *map;
	size_t i;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	code = ref ? cli_call(cli, "map.show", json_pack("{s:o}", "map", ref),
			      &result) :
		     cli_call(cli, "map.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else if (ref)
		print_map(result);
	else
		json_array_foreach(result, i, map)
			print_map(map);
	json_decref(result);
	return EXIT_OK;
}

/* The map that the words name, as map.show describes it. */
static int find_map(struct cli *cli, json_t **map)
{
	json_t *ref = cli_reference(cli, "map");

	if (!ref)
		return EXIT_USAGE;
	return cli_call(cli, "map.show", json_pack("{s:o}", "map", ref), map);
}

/* Arguments that name the map just found by its id. */
static json_t *args_of(const json_t *map)
{
	return json_pack("{s:I}", "map", (json_int_t)get_u64(map, "id"));
}

/* The map and the entry that the words say; both to be decref'd on EXIT_OK. */
static int entry_args(struct cli *cli, json_t **map, json_t **args)
{
	struct entry_words words;
	int code = find_map(cli, map);

	if (code)
		return code;
	*args = args_of(*map);
	code = data_split(cli, &words);
	if (!code)
		code = data_key(cli, *map, &words.key, *args);
	if (!code && words.value.at)
		code = data_value(cli, *map, &words.value, *args);
	if (!code && words.flags)
		json_object_set_new(*args, "flags", json_string(words.flags));
	if (code) {
		json_decref(*args);
		json_decref(*map);
	}
	return code;
}

static int show_entry(struct cli *cli, const char *method)
{
	json_t *map, *args;
	struct err err;
	char *text;
	int code = entry_args(cli, &map, &args);

	if (code)
		return code;
	if (!cli->json && shows_types(map))
		json_object_set_new(args, "format", json_string("typed"));
	if (cli_call_text(cli, method, args, &text, &err) == 0) {
		if (cli->json)
			cli_print_text(cli, text);
		else
			print_entry(map, text);
		free(text);
	} else if (err.code == -ENOENT) {
		/* as bpftool: no entry is null */
		cli_done(cli);
		fprintf(stderr, "weir: %s\n", err.reason);
		code = EXIT_NOT_FOUND;
	} else {
		code = cli_fail(cli, &err);
	}
	json_decref(map);
	return code;
}

static int map_lookup(struct cli *cli)
{
	return show_entry(cli, "map.lookup");
}

static int map_pop(struct cli *cli)
{
	return show_entry(cli, "map.pop");
}

static int change_entry(struct cli *cli, const char *method)
{
	json_t *map, *args;
	int code = entry_args(cli, &map, &args);

	if (code)
		return code;
	code = cli_call(cli, method, args, NULL);
	json_decref(map);
	return code ? code : cli_done(cli);
}

static int map_update(struct cli *cli)
{
	return change_entry(cli, "map.update");
}

static int map_delete(struct cli *cli)
{
	return change_entry(cli, "map.delete");
}

static int map_next(struct cli *cli)
{
	json_t *map, *args, *result;
	int code = entry_args(cli, &map, &args);

	if (code)
		return code;
	code = cli_call(cli, "map.next_key", args, &result);
	json_decref(map);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		print_next_key(result);
	json_decref(result);
	return EXIT_OK;
}

static int map_dump(struct cli *cli)
{
	json_t *map;
	int code = find_map(cli, &map);

	if (code)
		return code;
	code = cli_at_end(cli) ? print_dump(cli, map, args_of(map)) :
				 EXIT_USAGE;
	json_decref(map);
	return code;
}

static int map_freeze(struct cli *cli)
{
	json_t *ref;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	if (!ref)
		return cli_usage(cli, "which map?");
	code = cli_call(cli, "map.freeze", json_pack("{s:o}", "map", ref),
			NULL);
	return code ? code : cli_done(cli);
}

static int map_pin(struct cli *cli)
{
	return cli_pin(cli, "map");
}

static int map_unpin(struct cli *cli)
{
	return cli_unpin(cli, "map");
}

/* One pair of words of map_make() into args. */
static int put_attr(struct cli *cli, const char *word, json_t *args)
{
	static const struct {
		const char *word, *arg;
		bool number;
	} known[] = {
		{ "type", "type", false },
		{ "key", "key_size", true },
		{ "value", "value_size", true },
		{ "entries", "max_entries", true },
		{ "name", "name", false },
		{ "flags", "flags", true },
		{ "extra", "extra", true },
	};
	const char *value;
	json_t *inner;
	size_t i = 0;
	u64 n;

	if (strcmp(word, "inner_map") == 0) {
		inner = cli_reference(cli, "map");
		json_object_set_new(args, "inner", inner);
		return inner ? EXIT_OK : EXIT_USAGE;
	}
	value = cli_word(cli);
	while (i < ARRAY_LEN(known) && strcmp(known[i].word, word) != 0)
		i++;
	if (i == ARRAY_LEN(known) || !value ||
	    (known[i].number && cli_number(value, UINT32_MAX, &n) < 0))
		return cli_usage(cli, "'%s%s%s' is not understood", word,
				 value ? " " : "", value ? value : "");
	json_object_set_new(args, known[i].arg,
			    known[i].number ? json_integer((json_int_t)n) :
					      json_string(value));
	return EXIT_OK;
}

/* FILE type T key N value N entries N name NAME [inner_map MAP] [flags N] */
static int map_make(struct cli *cli)
{
	const char *path = cli_word(cli);
	json_t *args;
	int what, code;

	if (!path)
		return cli_usage(cli, "pinned as what?");
	args = json_pack("{s:s}", "path", path);
	while ((what = cli_next(cli)) == CLI_ARG) {
		code = put_attr(cli, cli->value, args);
		if (code)
			goto free_args;
	}
	code = EXIT_USAGE;
	if (what == CLI_BAD)
		goto free_args;
	code = cli_call(cli, "map.create", args, NULL);
	return code ? code : cli_done(cli);

free_args:
	json_decref(args);
	return code;
}

#define MAP_WORDS                                                         \
	"<map> is `id N`, `name NAME`, `pinned PATH`, or just the number or " \
	"the name."
#define DATA_WORDS                                                        \
	"<key> and <value> are bytes (`10 0 0 0x01`, or `hex 0a 00 00 01`), " \
	"or, where\nthe map has type information, JSON by its type "          \
	"(`'{\"port\": 53}'`, `10.0.0.1`).\nA per-CPU value given once is "  \
	"every lcore's; the value of a map of programs or of\nmaps is one "   \
	"(`id N`, `name NAME`).\nQueues, stacks and sets have no keys."

const struct command map_commands[] = {
	{ "map list", "[<map>]", "List maps.", map_list, NULL, MAP_WORDS },
	{ "map show", "[<map>]", "The same.", map_list, NULL, MAP_WORDS },
	{ "map dump", "<map>", "Print every entry.", map_dump, NULL,
	  MAP_WORDS },
	{ "map lookup", "<map> [key <key>] [value <value>]",
	  "Print one entry.", map_lookup, NULL,
	  MAP_WORDS "\n" DATA_WORDS
		    "\nA Bloom filter is asked whether it has the value." },
	{ "map update", "<map> key <key> value <value> [any|exist|noexist]",
	  "Create or replace an entry.", map_update, NULL,
	  MAP_WORDS "\n" DATA_WORDS },
	{ "map delete", "<map> key <key>", "Remove an entry.", map_delete,
	  NULL, MAP_WORDS "\n" DATA_WORDS },
	{ "map peek", "<map> [value <value>]",
	  "Print the value that is next; of a set, whether it is in it.",
	  map_lookup, NULL, MAP_WORDS "\n" DATA_WORDS },
	{ "map push", "<map> value <value>", "Add a value.", map_update, NULL,
	  MAP_WORDS "\n" DATA_WORDS },
	{ "map pop", "<map>", "Print the value that is next and remove it.",
	  map_pop, NULL, MAP_WORDS },
	{ "map enqueue", "<map> value <value>", "The same as push.", map_update,
	  NULL, MAP_WORDS "\n" DATA_WORDS },
	{ "map dequeue", "<map>", "The same as pop.", map_pop, NULL,
	  MAP_WORDS },
	{ "map getnext", "<map> [key <key>]", "Print the key after a key.",
	  map_next, NULL, MAP_WORDS "\n" DATA_WORDS },
	{ "map events", "<map>", "Print what programs write, as it comes.",
	  map_events, NULL, MAP_WORDS },
	{ "map freeze", "<map>", "Make a map read-only from outside.",
	  map_freeze, NULL, MAP_WORDS },
	{ "map create",
	  "<path> type <type> key <bytes> value <bytes> entries <n> "
	  "name <name> [flags <n>] [extra <n>] [inner_map <map>]",
	  "Make a map and pin it.", map_make },
	{ "map pin", "<map> <path>", "Keep a map under a name.", map_pin,
	  NULL, MAP_WORDS },
	{ "map unpin", "<path>", "Let go of a pinned map.", map_unpin },
	{ 0 },
};
