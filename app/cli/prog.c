/* SPDX-License-Identifier: BSD-3-Clause */
/* prog.c - weir prog ... : programs, and where they are attached */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/call.h"
#include "cli/prog_dump.h"
#include "cli/prog_run.h"

static void print_ids(const char *name, json_t *ids)
{
	json_t *id;
	size_t i;

	if (!json_array_size(ids))
		return;
	printf("  %s ", name);
	json_array_foreach(ids, i, id)
		printf("%s%lld", i ? "," : "",
		       (long long)json_integer_value(id));
}

static void print_prog(json_t *prog)
{
	json_t *places = json_object_get(prog, "attached"), *a;
	time_t loaded = (time_t)get_u64(prog, "loaded_at");
	char when[64] = "";
	struct tm tm;
	size_t i;

	printf("%llu: %s  name %s  tag %s%s",
	       (unsigned long long)get_u64(prog, "id"),
	       get_str(prog, "type"), get_str(prog, "name"),
	       get_str(prog, "tag"),
	       json_is_true(json_object_get(prog, "gpl_compatible")) ?
		       "  gpl" : "");
	printf("  run_cnt %llu\n",
	       (unsigned long long)get_u64(prog, "run_cnt"));
	if (localtime_r(&loaded, &tm))
		strftime(when, sizeof(when), "%FT%T%z", &tm);
	printf("\tloaded_at %s\n\txlated %lluB", when,
	       (unsigned long long)get_u64(prog, "bytes_xlated"));
	if (json_is_true(json_object_get(prog, "jited")))
		printf("  jited %lluB",
		       (unsigned long long)get_u64(prog, "bytes_jited"));
	else
		printf("  not jited");
	print_ids("map_ids", json_object_get(prog, "map_ids"));
	putchar('\n');
	if (get_u64(prog, "stopped"))
		printf("\tstopped %llu\n",
		       (unsigned long long)get_u64(prog, "stopped"));
	json_array_foreach(places, i, a)
		printf("\tattached %s %s  priority %llu  attachment %llu\n",
		       get_str(a, "port"), get_str(a, "hook"),
		       (unsigned long long)get_u64(a, "priority"),
		       (unsigned long long)get_u64(a, "attachment"));
}

static int prog_list(struct cli *cli)
{
	json_t *ref, *result, *prog;
	size_t i;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	code = ref ? cli_call(cli, "prog.show",
			      json_pack("{s:o}", "prog", ref), &result) :
		     cli_call(cli, "prog.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else if (ref)
		print_prog(result);
	else
		json_array_foreach(result, i, prog)
			print_prog(prog);
	json_decref(result);
	return EXIT_OK;
}

/* ---- load ---- */

static void print_loaded(const json_t *object)
{
	json_t *list, *item;
	size_t i;

	printf("object %llu  %s\n",
	       (unsigned long long)get_u64(object, "object"),
	       get_str(object, "path"));
	list = json_object_get(object, "programs");
	json_array_foreach(list, i, item)
		printf("\tprogram %llu: %s  name %s  section %s\n",
		       (unsigned long long)get_u64(item, "id"),
		       get_str(item, "type"), get_str(item, "name"),
		       get_str(item, "section"));
	list = json_object_get(object, "maps");
	json_array_foreach(list, i, item)
		printf("\tmap %llu: name %s\n",
		       (unsigned long long)get_u64(item, "id"),
		       get_str(item, "name"));
}

static int load_object(struct cli *cli, const char *object, json_t *args)
{
	char path[PATH_MAX];
	struct err err;
	json_t *result;
	int code;

	if (!realpath(object, path)) {
		err_fail(&err, -errno, "cannot open it: %s", strerror(errno));
		err_place(&err, "%s", object);
		json_decref(args);
		return cli_fail(cli, &err);
	}
	json_object_set_new(args, "path", json_string(path));
	code = cli_call(cli, "prog.load", args, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		print_loaded(result);
	json_decref(result);
	return EXIT_OK;
}

static const struct cli_option load_options[] = {
	{ 'P', "prog", "NAME", "only this program and those it tail-calls" },
	{ 'S', "set", "MAP.FIELD=N",
	  "other attributes for a map: max_entries, map_flags ..." },
	{ 0 },
};

static int prog_load(struct cli *cli)
{
	json_t *args = json_object(), *sets = json_array();
	const char *object = NULL;
	int what, code;

	json_object_set_new(args, "overrides", sets);
	while ((what = cli_next(cli)) != CLI_END) {
		if (what == 'P') {
			json_object_set_new(args, "only",
					    json_string(cli->value));
		} else if (what == 'S') {
			json_array_append_new(sets, json_string(cli->value));
		} else if (what == CLI_ARG && !object) {
			object = cli->value;
		} else {
			code = what == CLI_BAD ?
				       EXIT_USAGE :
				       cli_usage(cli,
						 "'%s' is one word too many",
						 cli->value);
			json_decref(args);
			return code;
		}
	}
	if (!object) {
		json_decref(args);
		return cli_usage(cli, "which object file?");
	}
	return load_object(cli, object, args);
}

static int prog_objects(struct cli *cli)
{
	json_t *result, *object;
	size_t i;
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "prog.objects", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		json_array_foreach(result, i, object)
			print_loaded(object);
	json_decref(result);
	return EXIT_OK;
}

/* The next word as a number called what, or an exit code. */
static int take_id(struct cli *cli, const char *what, u64 *id)
{
	int got = cli_next(cli);

	if (got == CLI_BAD)
		return EXIT_USAGE;
	if (got != CLI_ARG)
		return cli_usage(cli, "which %s?", what);
	if (cli_number(cli->value, UINT32_MAX, id) < 0)
		return cli_usage(cli, "'%s' is no number of an %s", cli->value,
				 what);
	return EXIT_OK;
}

static int prog_unload(struct cli *cli)
{
	u64 id;
	int code = take_id(cli, "object", &id);

	if (code)
		return code;
	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "prog.unload",
			json_pack("{s:I}", "object", (json_int_t)id), NULL);
	return code ? code : cli_done(cli);
}

/* ---- attach ---- */

enum { OPT_PRIORITY = 256, OPT_STYLE, OPT_CLASSID, OPT_NO_DIRECT };

static const struct cli_option attach_options[] = {
	{ OPT_PRIORITY, "priority", "N", "lower runs first (50)" },
	{ OPT_STYLE, "style", "STYLE",
	  "of a tc hook: tcx or cls_bpf (by the section's name)" },
	{ OPT_CLASSID, "classid", "N",
	  "of a classifier: what a result of -1 stands for" },
	{ OPT_NO_DIRECT, "no-direct-action", NULL,
	  "of a classifier: results are classids, not verdicts" },
	{ 0 },
};

static int attach_number(struct cli *cli, const char *name, json_t *args)
{
	u64 n;

	if (cli_number(cli->value, UINT32_MAX, &n) < 0)
		return cli_usage(cli, "'%s' is no number", cli->value);
	json_object_set_new(args, name, json_integer((json_int_t)n));
	return EXIT_OK;
}

/* The words after the program: PORT HOOK and options. */
static int attach_words(struct cli *cli, json_t *args, u32 *words)
{
	static const char *const names[] = { "port", "hook" };
	u32 n = 0;
	int what, code = EXIT_OK;

	while (!code && (what = cli_next(cli)) != CLI_END) {
		switch (what) {
		case OPT_PRIORITY:
			code = attach_number(cli, "priority", args);
			break;
		case OPT_CLASSID:
			code = attach_number(cli, "classid", args);
			break;
		case OPT_STYLE:
			json_object_set_new(args, "style",
					    json_string(cli->value));
			break;
		case OPT_NO_DIRECT:
			json_object_set_new(args, "direct_action",
					    json_false());
			break;
		case CLI_ARG:
			if (n == ARRAY_LEN(names))
				return cli_usage(cli,
						 "'%s' is one word too many",
						 cli->value);
			json_object_set_new(args, names[n++],
					    json_string(cli->value));
			break;
		default:
			return EXIT_USAGE;
		}
	}
	*words = n;
	if (!code && n == 1)
		return cli_usage(cli, "at which hook?");
	return code;
}

static int prog_attach(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "program"), *args, *result;
	u32 words;
	int code;

	if (!ref)
		return EXIT_USAGE;
	args = json_pack("{s:o}", "prog", ref);
	code = attach_words(cli, args, &words);
	if (!code && !words)
		code = cli_usage(cli, "at which port and hook?");
	if (code) {
		json_decref(args);
		return code;
	}
	code = cli_call(cli, "prog.attach", args, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		printf("attachment %llu\n",
		       (unsigned long long)get_u64(result, "attachment"));
	json_decref(result);
	return EXIT_OK;
}

/* By the attachment's number, or as it was attached. */
static int prog_detach(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "attachment"), *args, *id;
	u32 words;
	int code;

	if (!ref)
		return EXIT_USAGE;
	args = json_pack("{s:o}", "prog", ref);
	code = attach_words(cli, args, &words);
	id = json_object_get(ref, "id");
	if (!code && !words && !id)
		code = cli_usage(cli, "from which port and hook?");
	if (code) {
		json_decref(args);
		return code;
	}
	if (!words) {
		json_object_set(args, "attachment", id);
		json_object_del(args, "prog");
	}
	code = cli_call(cli, "prog.detach", args, NULL);
	return code ? code : cli_done(cli);
}

static int prog_replace(struct cli *cli)
{
	json_t *ref;
	u64 id;
	int code = take_id(cli, "attachment", &id);

	if (code)
		return code;
	ref = cli_reference(cli, "program");
	if (!ref)
		return EXIT_USAGE;
	if (!cli_at_end(cli)) {
		json_decref(ref);
		return EXIT_USAGE;
	}
	code = cli_call(cli, "prog.replace",
			json_pack("{s:I, s:o}", "attachment", (json_int_t)id,
				  "prog", ref),
			NULL);
	return code ? code : cli_done(cli);
}

static int prog_pin(struct cli *cli)
{
	return cli_pin(cli, "prog");
}

static int prog_unpin(struct cli *cli)
{
	return cli_unpin(cli, "prog");
}

#define PROG_WORDS                                                          \
	"<prog> is `id N`, `name NAME`, `pinned PATH`, or just the number " \
	"or the name."

const struct command prog_commands[] = {
	{ "prog list", "[<prog>]", "List programs.", prog_list, NULL,
	  PROG_WORDS },
	{ "prog show", "[<prog>]", "The same.", prog_list, NULL, PROG_WORDS },
	{ "prog load", "<object>", "Load an object file's programs and maps.",
	  prog_load, load_options,
	  "They stay until `weir prog unload`; what is attached or pinned "
	  "stays longer." },
	{ "prog objects", "", "List what was loaded so.", prog_objects },
	{ "prog unload", "<object>", "Let go of a loaded object, by number.",
	  prog_unload },
	{ "prog attach", "<prog> <port> <hook>", "Run a program at a hook.",
	  prog_attach, attach_options,
	  PROG_WORDS "\n<hook> is xdp, tc-ingress or tc-egress." },
	{ "prog detach", "<attachment> | <prog> <port> <hook>",
	  "Stop running it there.", prog_detach, NULL, PROG_WORDS },
	{ "prog replace", "<attachment> <prog>",
	  "Run another program instead, from the next burst on.",
	  prog_replace, NULL, PROG_WORDS },
	{ "prog dump", "<prog> {insns | llvm | asm} [linum]",
	  "Print what a program consists of.", dump_prog, NULL,
	  PROG_WORDS "\ninsns are its instructions after verification, asm "
		     "the machine code they became,\nllvm what LLVM made of "
		     "them in between.  linum says file and line of each "
		     "source\nline." },
	{ "prog run",
	  "<prog> data_in <file> [data_out <file> [data_size_out <n>]] "
	  "[ctx_in <file> [ctx_out <file> [ctx_size_out <n>]]] [repeat <n>]",
	  "Run a program on bytes from a file.", run_prog, NULL,
	  PROG_WORDS "\nA <file> `-` is standard input or output.  What comes "
		     "out is the packet and the\ncontext (struct xdp_md, "
		     "struct __sk_buff) as the program left them." },
	{ "prog pin", "<prog> <path>", "Keep a program under a name.", prog_pin,
	  NULL, PROG_WORDS },
	{ "prog unpin", "<path>", "Let go of a pinned program.", prog_unpin },
	{ 0 },
};
