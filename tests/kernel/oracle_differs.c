/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle_differs.c - the oracle finds what differs: a rule that only one side
 * has changes verdicts and maps
 *
 * Argument: the object progs/acl.bpf.o.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kprog.h"
#include "oracle/oracle.h"

#define CHECK(cond)                                                       \
	do {                                                              \
		if (cond)                                                 \
			break;                                            \
		failures++;                                               \
		printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
	} while (0)

static int failures;

struct rig {
	struct mem *mem;
	struct sys *sys;
	struct elf_obj *obj;
	struct sys_obj *so;
	struct oracle *oracle;
};

static bool set_up(struct rig *r, const char *path)
{
	const struct mem_config config = { .slots = 1 };
	const struct sys_load_opts load = { .only = "xdp_acl" };
	const struct elf_opts elf = { 0 };
	struct oracle_opts opts = { .max_shown = 3 };
	struct err err = { 0 };
	char text[1200];

	*r = (struct rig){ 0 };
	if (mem_create(&config, &r->mem) != 0 ||
	    sys_create(r->mem, &r->sys) != 0)
		return false;
	if (elf_open(path, &elf, &err, &r->obj) == 0 &&
	    sys_load(r->sys, r->obj, &load, &err, &r->so) == 0) {
		opts.obj = r->obj;
		opts.so = r->so;
		opts.prog = r->so->progs[elf_prog_find(r->obj, "xdp_acl") -
					 r->obj->progs];
		if (oracle_open(&opts, &err, &r->oracle) == 0)
			return true;
	}
	printf("%s\n", err_text(&err, text, sizeof(text)));
	failures++;
	return false;
}

static void tear_down(struct rig *r)
{
	if (r->oracle)
		oracle_close(r->oracle);
	if (r->so)
		sys_obj_put(r->so);
	if (r->obj)
		elf_close(r->obj);
	if (r->sys)
		sys_destroy(r->sys);
	if (r->mem)
		mem_destroy(r->mem);
}

/* UDP from 10.0.0.1 to port 53 */
static const u8 packet[64] = {
	[5] = 1,   [11] = 2,  [12] = 8, [14] = 0x45, [17] = 50, [22] = 64,
	[23] = 17, [26] = 10, [29] = 1, [37] = 53,   [39] = 30,
};

static bool run(struct rig *r, u64 number, u32 len)
{
	const struct oracle_packet p = { packet, len, number, number };
	struct oracle_run out;
	struct err err;

	CHECK(rcu_online(mem_rcu(r->mem), 0) == 0);
	CHECK(oracle_run(r->oracle, &p, &out, &err) == 0);
	rcu_offline(mem_rcu(r->mem), 0);
	return out.different;
}

/* A rule that drops the packet, in Weir's map only. */
static void plant(struct rig *r)
{
	struct {
		u8 saddr[4], dport[2];
		u16 proto;
	} key = { { 10, 0, 0, 1 }, { 0, 53 }, 17 };
	const struct elf_map *em = elf_map_find(r->obj, "acl");
	u32 drop = XDP_DROP;

	CHECK(em && sys_map_write(r->sys, r->so->maps[em - r->obj->maps], &key,
				  &drop, 0) == 0);
}

static bool says(const struct oracle_result *res, const char *what)
{
	for (u32 i = 0; i < res->shown; i++)
		if (strstr(res->differences[i], what))
			return true;
	printf("nothing says \"%s\" in:\n", what);
	for (u32 i = 0; i < res->shown; i++)
		fputs(res->differences[i], stdout);
	return false;
}

static void what_is_the_same_is_not_different(const char *path)
{
	const struct oracle_result *res;
	struct rig r;

	if (set_up(&r, path)) {
		CHECK(!run(&r, 1, sizeof(packet)));
		CHECK(!run(&r, 2, 13));
		CHECK(oracle_finish(r.oracle, &res, NULL) == 0);
		CHECK(res->compared == 1 && res->different == 0);
		CHECK(res->not_compared == 1 && res->reason_cnt == 1);
	}
	tear_down(&r);
}

static void a_rule_that_only_one_side_has_is_found(const char *path)
{
	const struct oracle_result *res;
	struct rig r;

	if (set_up(&r, path)) {
		CHECK(!run(&r, 1, sizeof(packet)));
		plant(&r);
		CHECK(run(&r, 2, sizeof(packet)));
		CHECK(oracle_finish(r.oracle, &res, NULL) == 0);
		/* a packet, the rules, the counts by verdict */
		CHECK(res->compared == 2 && res->different == 3);
		CHECK(res->shown == 3);
		CHECK(says(res, "packet 2 (64 bytes)"));
		CHECK(says(res, "verdict: Weir 1, Linux 2"));
		CHECK(says(res, "map acl: 1 entry is different"));
		CHECK(says(res, "Linux  has none"));
		CHECK(says(res, "map acl_counts: 2 entries are different"));
	}
	tear_down(&r);
}

/* The rule is there before the kernel's maps are made: both have it. */
static void maps_start_the_same(const char *path)
{
	const struct oracle_result *res;
	struct oracle_opts opts;
	struct rig r;

	if (set_up(&r, path)) {
		opts = (struct oracle_opts){
			.obj = r.obj,
			.so = r.so,
			.prog = r.so->progs[elf_prog_find(r.obj, "xdp_acl") -
					    r.obj->progs],
		};
		oracle_close(r.oracle);
		r.oracle = NULL;
		plant(&r);
		CHECK(oracle_open(&opts, NULL, &r.oracle) == 0);
		CHECK(!run(&r, 1, sizeof(packet)));
		CHECK(oracle_finish(r.oracle, &res, NULL) == 0);
		CHECK(res->different == 0);
	}
	tear_down(&r);
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();

	if (why || argc < 2) {
		printf("skipped: %s\n", why ? why : "no object given");
		return KPROG_SKIP;
	}
	what_is_the_same_is_not_different(argv[1]);
	a_rule_that_only_one_side_has_is_found(argv[1]);
	maps_start_the_same(argv[1]);
	return failures != 0;
}
