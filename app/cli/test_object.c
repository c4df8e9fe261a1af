/* SPDX-License-Identifier: BSD-3-Clause */
/* test_object.c - the object under test: opened, one program chosen, loaded */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/test.h"

static bool starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *test_hook_name(u32 hook)
{
	return hook == TEST_SOCKET ? "socket"
				   : hook_name((enum hook_kind)hook);
}

/* TEST_NOWHERE: there is no such place. */
static u32 parse_hook(const char *name)
{
	enum hook_kind kind;

	if (strcmp(name, test_hook_name(TEST_SOCKET)) == 0)
		return TEST_SOCKET;
	return hook_parse(name, &kind) == 0 ? (u32)kind : TEST_NOWHERE;
}

/* Where the section says the program goes. */
static u32 hook_of(const struct elf_prog *ep)
{
	switch (ep->type) {
	case BPF_PROG_TYPE_XDP: return HOOK_XDP;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return starts_with(ep->section, "tc/egress") ||
				       starts_with(ep->section, "tcx/egress")
			       ? HOOK_TC_EGRESS
			       : HOOK_TC_INGRESS;
	case BPF_PROG_TYPE_SOCKET_FILTER: return TEST_SOCKET;
	default: return TEST_NOWHERE;
	}
}

/* Could be meant by --hook: a section without a direction goes both ways. */
static bool fits(const struct elf_prog *ep, u32 hook)
{
	u32 own = hook_of(ep);

	if (own == hook)
		return true;
	return own == HOOK_TC_INGRESS && hook == HOOK_TC_EGRESS &&
	       !strchr(ep->section, '/');
}

bool test_runs(const struct test_opts *opts, const struct elf_prog *ep)
{
	return hook_of(ep) != TEST_NOWHERE &&
	       (!opts->hook || fits(ep, parse_hook(opts->hook)));
}

static void list_programs(const struct test *t)
{
	for (u32 i = 0; i < t->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &t->obj->progs[i];
		u32 hook = hook_of(ep);

		fprintf(stderr, "\t%s (%s)\n", ep->name,
			hook == TEST_NOWHERE ? ep->section
					     : test_hook_name(hook));
	}
}

static int choose_by_name(struct test *t)
{
	struct err err;

	t->elf_prog = elf_prog_find(t->obj, t->opts.prog);
	if (t->elf_prog) {
		if (!t->opts.hook)
			t->hook = hook_of(t->elf_prog);
		return EXIT_OK;
	}
	err_fail(&err, -ENOENT, "there is no program %s", t->opts.prog);
	err_place(&err, "%s", t->opts.object);
	cli_fail(t->cli, &err);
	list_programs(t);
	return EXIT_NOT_FOUND;
}

/* The only one that the hook, or any hook, could run. */
static int choose_only(struct test *t)
{
	u32 n = 0;

	for (u32 i = 0; i < t->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &t->obj->progs[i];

		if (!ep->autoload || !test_runs(&t->opts, ep))
			continue;
		t->elf_prog = ep;
		n++;
	}
	if (n == 1) {
		if (!t->opts.hook)
			t->hook = hook_of(t->elf_prog);
		return EXIT_OK;
	}
	cli_usage(t->cli,
		  n ? "%s has more than one program%s%s, --prog NAME "
		      "says which"
		    : "%s has no program%s%s",
		  t->opts.object, t->opts.hook ? " for " : "",
		  t->opts.hook ? t->opts.hook : "");
	list_programs(t);
	return EXIT_USAGE;
}

static int choose(struct test *t)
{
	if (t->opts.hook)
		t->hook = parse_hook(t->opts.hook);
	if (t->hook == TEST_NOWHERE)
		return cli_usage(t->cli,
				 "there is no hook %s (there are xdp, "
				 "tc-ingress, tc-egress and socket)",
				 t->opts.hook);
	return t->opts.prog ? choose_by_name(t) : choose_only(t);
}

/* --btf: a file of raw BTF, like /sys/kernel/btf/vmlinux. */
static int open_btf(struct test *t)
{
	const char *path = t->opts.btf;
	struct err err = { 0 };
	u8 *bytes = NULL;
	size_t size = 0;
	int res;

	if (!path)
		return EXIT_OK;
	res = file_read(path, &bytes, &size);
	if (res)
		err_fail(&err, res, "%s", strerror(-res));
	else if (size > UINT32_MAX)
		err_fail(&err, -E2BIG, "too big");
	else
		btf_parse(bytes, (u32)size, &err, &t->target_btf);
	free(bytes);
	if (!err.code)
		return EXIT_OK;
	err_place(&err, "%s", path);
	return cli_fail(t->cli, &err);
}

static int open_object(struct test *t)
{
	const struct elf_opts opts = { .target_btf = t->target_btf };
	struct err err = { 0 };

	if (elf_open(t->opts.object, &opts, &err, &t->obj) == 0)
		return EXIT_OK;
	return cli_fail_as(t->cli,
			   access(t->opts.object, R_OK) == 0 ? EXIT_REJECTED
			   : errno == ENOENT		     ? EXIT_NOT_FOUND
							     : EXIT_FAILED,
			   &err);
}

/* A dataplane of its own with one slot. */
static int make_sys(struct test *t)
{
	const struct mem_config config = { .slots = 1,
					   .huge = t->opts.huge };
	struct err err;
	int res = mem_create(&config, &t->mem);

	if (!res)
		res = sys_create(t->mem, &t->sys);
	if (!res) {
		sys_set_engine(t->sys, t->opts.engine);
		sys_set_perf(t->sys, t->opts.perf);
		code_cache_use(t->sys, t->code_cache);
		return EXIT_OK;
	}
	err_fail(&err, res, "no memory for maps: %s", strerror(-res));
	return cli_fail_as(t->cli, EXIT_FAILED, &err);
}

static int load(struct test *t)
{
	const struct sys_load_opts opts = {
		.overrides = t->opts.overrides.items,
		.override_cnt = t->opts.overrides.len,
		.only = t->elf_prog->name,
	};
	struct err err = { 0 };

	if (sys_load(t->sys, t->obj, &opts, &err, &t->so) != 0) {
		err_place(&err, "%s", t->opts.object);
		return cli_fail_as(t->cli, EXIT_REJECTED, &err);
	}
	t->prog = t->so->progs[t->elf_prog - t->obj->progs];
	return EXIT_OK;
}

/* Both directions of tc are one kind. */
static u32 kind_of(u32 hook)
{
	return hook == HOOK_TC_EGRESS ? HOOK_TC_INGRESS : hook;
}

/*
 * Also programs that cannot be attached to the hook itself, but run on its
 * packets: those of devmap and cpumap entries, actions behind a filter.
 */
static int check_hook(struct test *t)
{
	u32 own = hook_of(t->elf_prog);

	if (own == TEST_NOWHERE)
		return cli_usage(t->cli,
				 "%s is a program of section %s, which no "
				 "hook runs",
				 t->elf_prog->name, t->elf_prog->section);
	if (kind_of(own) != kind_of(t->hook))
		return cli_usage(t->cli, "%s is a program for %s, not for %s",
				 t->elf_prog->name, test_hook_name(own),
				 test_hook_name(t->hook));
	return EXIT_OK;
}

int test_open(struct test *t)
{
	int code = open_btf(t);

	if (!code)
		code = open_object(t);
	if (!code)
		code = choose(t);
	if (!code)
		code = check_hook(t);
	if (!code)
		code = make_sys(t);
	if (!code)
		code = load(t);
	return code;
}

void test_close(struct test *t)
{
	if (t->oracle)
		oracle_close(t->oracle);
	if (t->so)
		sys_obj_put(t->so);
	if (t->sys)
		sys_destroy(t->sys);
	if (t->mem)
		mem_destroy(t->mem);
	if (t->obj)
		elf_close(t->obj);
	if (t->target_btf)
		btf_put(t->target_btf);
}
