/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c - weir link ... : programs that stay at a hook while a pin keeps them
 */
#include "cli/call.h"

static void print_link(const json_t *link)
{
	const char *type = get_str(link, "attach_type");
	json_t *pins = json_object_get(link, "pinned"), *pin;
	size_t i;

	printf("%llu: %s  prog %llu\n\tifindex %s(%llu)",
	       (unsigned long long)get_u64(link, "id"), get_str(link, "type"),
	       (unsigned long long)get_u64(link, "prog_id"),
	       get_str(link, "devname"),
	       (unsigned long long)get_u64(link, "ifindex"));
	if (*type)
		printf("  attach_type %s", type);
	putchar('\n');
	json_array_foreach(pins, i, pin)
		printf("\tpinned %s\n", json_string_value(pin));
}

static int link_list(struct cli *cli)
{
	json_t *ref, *result, *link;
	size_t i;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	code = ref ? cli_call(cli, "link.show", json_pack("{s:o}", "link", ref),
			      &result)
		   : cli_call(cli, "link.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else if (ref)
		print_link(result);
	else
		json_array_foreach(result, i, link) print_link(link);
	json_decref(result);
	return EXIT_OK;
}

/* PROG PORT HOOK PATH */
static int link_attach(struct cli *cli)
{
	static const char *const names[] = { "port", "hook", "path" };
	json_t *args, *result, *ref = cli_reference(cli, "program");
	int code;

	if (!ref)
		return EXIT_USAGE;
	args = json_pack("{s:o}", "prog", ref);
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		const char *word = cli_word(cli);

		if (!word) {
			json_decref(args);
			return cli_usage(cli, "which %s?", names[i]);
		}
		json_object_set_new(args, names[i], json_string(word));
	}
	if (!cli_at_end(cli)) {
		json_decref(args);
		return EXIT_USAGE;
	}
	code = cli_call(cli, "link.attach", args, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		printf("link %llu\n",
		       (unsigned long long)get_u64(result, "id"));
	json_decref(result);
	return EXIT_OK;
}

static int link_update(struct cli *cli)
{
	json_t *link = cli_reference(cli, "link"), *prog;
	int code;

	if (!link)
		return EXIT_USAGE;
	prog = cli_reference(cli, "program");
	if (!prog || !cli_at_end(cli)) {
		json_decref(prog);
		json_decref(link);
		return EXIT_USAGE;
	}
	code = cli_call(cli, "link.update",
			json_pack("{s:o, s:o}", "link", link, "prog", prog),
			NULL);
	return code ? code : cli_done(cli);
}

static int link_detach(struct cli *cli)
{
	json_t *ref;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	if (!ref)
		return cli_usage(cli, "which link?");
	code = cli_call(cli, "link.detach", json_pack("{s:o}", "link", ref),
			NULL);
	return code ? code : cli_done(cli);
}

static int link_pin(struct cli *cli)
{
	return cli_pin(cli, "link");
}

static int link_unpin(struct cli *cli)
{
	return cli_unpin(cli, "link");
}

#define LINK_WORDS "<link> is `id N`, `pinned PATH`, or just the number."
#define PROG_WORDS                                                             \
	"<prog> is `id N`, `name NAME`, `pinned PATH`, or just the number or " \
	"the name."

const struct command link_commands[] = {
	{ "link list", "[<link>]", "List links.", link_list, NULL, LINK_WORDS },
	{ "link show", "[<link>]", "The same.", link_list, NULL, LINK_WORDS },
	{ "link attach", "<prog> <port> <hook> <path>",
	  "Run a program at a hook while a pin keeps it there.", link_attach,
	  NULL,
	  PROG_WORDS "\n<hook> is xdp, tc-ingress or tc-egress.  Without the "
		     "pin at <path>, and any\nother, the program leaves the "
		     "hook." },
	{ "link update", "<link> <prog>",
	  "Run another program instead, from the next burst on.", link_update,
	  NULL, LINK_WORDS "\n" PROG_WORDS },
	{ "link detach", "<link>", "Take the program from its hook.",
	  link_detach, NULL, LINK_WORDS },
	{ "link pin", "<link> <path>", "Keep a link under another name.",
	  link_pin, NULL, LINK_WORDS },
	{ "link unpin", "<path>", "Let go of a pinned link.", link_unpin },
	{ 0 },
};
