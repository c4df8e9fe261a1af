/* SPDX-License-Identifier: BSD-3-Clause */
/* verify.c - weir verify: are an object's programs safe to run? */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "elf/elf_obj.h"
#include "oracle/verdict.h"
#include "verify/verify.h"

struct verify_cmd {
	struct cli *cli;
	const char *object;
	const char *prog; /* NULL: all */
	bool vs_kernel;
	u32 verbose;
	struct elf_obj *obj;
	struct verdicts *kernel;
	struct json json;
	u32 rejected, differ;
};

enum { OPT_PROG = 256, OPT_VS };

static const struct cli_option options[] = {
	{ OPT_PROG, "prog", "NAME", "this program alone" },
	{ OPT_VS, "vs", "kernel", "ask Linux, too" },
	{ 'v', "verbose", NULL, "print every instruction that is looked at" },
	{ 0 },
};

static void print_log(void *arg, const char *text)
{
	(void)arg;
	fputs(text, stderr);
}

static const char *source_of(const struct prog_line *line)
{
	const char *text = line && line->text ? line->text : "";

	return text + strspn(text, " \t");
}

static void json_kernel(struct json *j, const struct verdict *kernel)
{
	json_key(j, "kernel");
	json_begin_object(j);
	json_kstr(j, "verdict", kernel->accepted ? "accept" : "reject");
	json_ku64(j, "processed", kernel->processed);
	json_ku64(j, "time_us", kernel->time_us);
	if (!kernel->accepted) {
		json_kstr(j, "message", kernel->reason);
		json_kstr(j, "log", kernel->log);
	}
	json_end_object(j);
}

static void json_line(struct json *j, const struct prog_line *line)
{
	if (!line)
		return;
	json_kstr(j, "file", line->file ? line->file : "");
	json_ku64(j, "line", line->line);
	json_kstr(j, "source", source_of(line));
}

static void json_history(struct json *j, const struct verify_history *h)
{
	json_key(j, "history");
	json_begin_array(j);
	for (u32 i = 0; h && i < h->cnt; i++) {
		const struct verify_event *e = &h->events[i];

		json_begin_object(j);
		json_kstr(j, "event", verify_event_name(e->kind));
		json_ku64(j, "insn", e->insn);
		json_line(j, e->line);
		json_kstr(j, "what", e->what);
		if (e->known[0])
			json_kstr(j, "known", e->known);
		if (e->times > 1)
			json_ku64(j, "times", e->times);
		json_end_object(j);
	}
	json_end_array(j);
	if (h && h->left_out)
		json_ku64(j, "left_out", h->left_out);
}

static void json_refusal(struct json *j, const struct verify_result *r,
			 const struct err *err)
{
	json_kstr(j, "class", verify_class_name(r->class));
	json_ku64(j, "insn", r->insn);
	json_line(j, r->line);
	json_kstr(j, "message", err->reason);
	if (r->more[0])
		json_kstr(j, "more", r->more);
	json_kstr(j, "place", err->place);
	if (err->hint[0])
		json_kstr(j, "hint", err->hint);
	json_history(j, r->history);
}

static void as_json(struct verify_cmd *c, const struct elf_prog *ep,
		    const struct verify_result *r, const struct err *err,
		    const struct verdict *kernel)
{
	struct json *j = &c->json;

	json_begin_object(j);
	json_kstr(j, "name", ep->name);
	json_kstr(j, "verdict", r->code ? "reject" : "accept");
	json_kstr(j, "code", verify_code_name(r->code));
	json_ku64(j, "processed", r->processed);
	json_ku64(j, "states", r->total_states);
	json_ku64(j, "stack", r->stack_depth);
	json_ku64(j, "time_us", r->time_ns / 1000);
	if (r->code)
		json_refusal(j, r, err);
	if (kernel)
		json_kernel(j, kernel);
	json_end_object(j);
}

static void text_event(const struct verify_event *e,
		       const struct prog_line *shown)
{
	const struct prog_line *line = e->line;

	if (line && line->file && line != shown)
		printf("    %s:%u: %s\n", line->file, line->line,
		       source_of(line));
	printf("      insn %u: %s", e->insn, e->what);
	if (e->times > 1)
		printf(" (%u times)", e->times);
	printf("\n");
	if (e->known[0])
		printf("        %s\n", e->known);
}

static void text_history(const struct verify_history *h)
{
	printf("  how it came to be:\n");
	for (u32 i = 0; i < h->cnt; i++) {
		if (h->left_out && i == VERIFY_EVENTS_FIRST)
			printf("    ... %u more ...\n", h->left_out);
		text_event(&h->events[i], i ? h->events[i - 1].line : NULL);
	}
}

static void text_refusal(const struct verify_result *r, const struct err *err)
{
	printf("  %s\n", err->reason);
	if (r->more[0])
		printf("  %s\n", r->more);
	printf("  code   %s (%s)\n", verify_code_name(r->code),
	       verify_class_name(r->class));
	if (err->place[0])
		printf("  place  %s\n", err->place);
	if (source_of(r->line)[0])
		printf("         %s\n", source_of(r->line));
	if (err->hint[0])
		printf("  hint   %s\n", err->hint);
	if (r->history)
		text_history(r->history);
}

static void as_text(const struct elf_prog *ep, const struct verify_result *r,
		    const struct err *err, const struct verdict *kernel)
{
	printf("%s: %s, %u instructions processed, %u states, %u bytes of "
	       "stack\n",
	       ep->name, r->code ? "reject" : "accept", r->processed,
	       r->total_states, r->stack_depth);
	if (r->code)
		text_refusal(r, err);
	if (!kernel)
		return;
	printf("  Linux: %s, %u instructions processed\n",
	       kernel->accepted ? "accept" : "reject", kernel->processed);
	if (!kernel->accepted)
		printf("    %s\n", kernel->reason);
}

static int verify_one(struct verify_cmd *c, const struct elf_prog *ep)
{
	const struct verify_log log = { .level = c->verbose ? 2 : 0,
					.write = print_log };
	struct verify_result result;
	struct verdict kernel;
	struct err err = { 0 };
	int res = 0;

	verify_elf_prog(c->obj, ep, &log, &result, &err);
	c->rejected += result.code != VERIFY_OK;
	if (c->kernel) {
		struct err asked = { 0 };

		res = verdicts_ask(c->kernel, ep->name, &kernel, &asked);
		if (res) {
			verify_result_free(&result);
			return cli_fail(c->cli, &asked);
		}
		c->differ += kernel.accepted != (result.code == VERIFY_OK);
	}
	if (c->cli->json)
		as_json(c, ep, &result, &err, c->kernel ? &kernel : NULL);
	else
		as_text(ep, &result, &err, c->kernel ? &kernel : NULL);
	verify_result_free(&result);
	return EXIT_OK;
}

static int verify_all(struct verify_cmd *c)
{
	int code = EXIT_OK;

	for (u32 i = 0; !code && i < c->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &c->obj->progs[i];

		if (!c->prog || strcmp(c->prog, ep->name) == 0)
			code = verify_one(c, ep);
	}
	return code;
}

static int open_both(struct verify_cmd *c)
{
	struct err err = { 0 };

	if (elf_open(c->object, NULL, &err, &c->obj))
		return cli_fail_as(c->cli, EXIT_REJECTED, &err);
	if (c->prog && !elf_prog_find(c->obj, c->prog)) {
		err_fail(&err, -ENOENT, "there is no program %s", c->prog);
		err_place(&err, "%s", c->object);
		return cli_fail(c->cli, &err);
	}
	if (c->vs_kernel && verdicts_open(c->object, &err, &c->kernel)) {
		err_place(&err, "%s", c->object);
		return cli_fail(c->cli, &err);
	}
	return EXIT_OK;
}

static int take_options(struct verify_cmd *c)
{
	int what;

	while ((what = cli_next(c->cli)) != CLI_END) {
		switch (what) {
		case CLI_ARG:
			if (c->object)
				return cli_usage(c->cli,
						 "one object at a time");
			c->object = c->cli->value;
			break;
		case OPT_PROG: c->prog = c->cli->value; break;
		case OPT_VS:
			if (strcmp(c->cli->value, "kernel") != 0)
				return cli_usage(c->cli,
						 "only --vs kernel is known");
			c->vs_kernel = true;
			break;
		case 'v': c->verbose++; break;
		default: return EXIT_USAGE;
		}
	}
	return c->object ? EXIT_OK : cli_usage(c->cli, "which object?");
}

static int verify_command(struct cli *cli)
{
	struct verify_cmd c = { .cli = cli };
	int code = take_options(&c);

	if (!code)
		code = open_both(&c);
	if (!code && cli->json) {
		json_init_file(&c.json, stdout, cli->pretty);
		json_begin_object(&c.json);
		json_key(&c.json, "programs");
		json_begin_array(&c.json);
	}
	if (!code) {
		code = verify_all(&c);
		if (cli->json) {
			json_end_array(&c.json);
			json_end_object(&c.json);
			json_flush(&c.json);
			putchar('\n');
		}
	}
	if (!code && c.differ)
		code = EXIT_UNEXPECTED;
	if (!code && c.rejected && !c.vs_kernel)
		code = EXIT_REJECTED;
	if (c.kernel)
		verdicts_close(c.kernel);
	if (c.obj)
		elf_close(c.obj);
	return code;
}

const struct command verify_commands[] = {
	{ "verify", "<object> [--prog NAME] [--vs kernel]",
	  "Say whether programs are safe to run, and why not.", verify_command,
	  options,
	  "Needs no daemon and no privilege; nothing is loaded.  A program "
	  "that "
	  "is refused\nmakes the exit status 5.  With `--vs kernel`, as root, "
	  "Linux's verifier is asked\ntoo, and different verdicts make it 6." },
	{ 0 },
};
