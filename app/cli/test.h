/* SPDX-License-Identifier: BSD-3-Clause */
/* test.h - one `weir test`: an object, a capture, and what came of it */
#ifndef WEIR_APP_CLI_TEST_H
#define WEIR_APP_CLI_TEST_H

#include "base/vec.h"
#include "cli/code_cache.h"
#include "cli/command.h"
#include "hook/hook.h"
#include "jit/perf.h"
#include "oracle/oracle.h"
#include "oracle/replay.h"
#include "port/pcap_file.h"
#include "sys/sys.h"

struct test_opts {
	const char *object;
	const char *prog;
	const char *hook;
	const char *input;
	const char *output;
	const char *btf;
	bool all;
	bool dump_maps;
	bool vs_kernel;
	enum sys_engine engine;
	struct jit_perf *perf; /* told of compiled programs, or NULL */
	bool huge; /* maps on huge pages, if there are free ones */
	VEC(struct sys_override) overrides;
	VEC(char *) updates;
};

/* Options that say what is run: rows for a command's table. */
enum {
	TEST_OPT_PROG = 512,
	TEST_OPT_HOOK,
	TEST_OPT_ENGINE,
	TEST_OPT_PERF,
	TEST_OPT_BTF,
	TEST_OPT_SET,
	TEST_OPT_UPDATE,
};
#define TEST_OPTIONS                                                           \
	{ TEST_OPT_HOOK, "hook", "HOOK",                                       \
	  "xdp, tc-ingress, tc-egress or socket; by default the program's" },  \
	{ 'r', "read", "IN.pcap", "the packets, from a pcap or pcapng file" }, \
	{ TEST_OPT_ENGINE, "engine", "ENGINE",                                 \
	  "what it runs on: jit (the default) or interp" },                    \
	{ TEST_OPT_PERF, "perf", "DIR",                                        \
	  "tell perf(1) of compiled code: /tmp/perf-PID.map and "              \
	  "DIR/jit-PID.dump" },                                                \
	{ TEST_OPT_BTF, "btf", "FILE",                                         \
	  "relocate against the types in this file, not Weir's" },             \
	{ TEST_OPT_SET, "set", "MAP.FIELD=N",                                  \
	  "change a map of the object: max_entries, key_size, value_size, "    \
	  "map_flags" },                                                       \
	{ TEST_OPT_UPDATE, "update", "ENTRY",                                  \
	  "put an entry into a map first: \"<map> key <key> value <value>\"" }

/* Where a program runs: at a hook (enum hook_kind), on a socket that has all
 * that a port receives, or nowhere here. */
#define TEST_SOCKET HOOK_KINDS
#define TEST_NOWHERE (HOOK_KINDS + 1)

#define TEST_VERDICTS 64 /* told apart; more are counted as others */
#define TEST_STOPS 10	 /* shown */

struct test_verdict {
	u32 code;
	u64 count;
};

struct test_stop {
	u64 packet;
	char text[512];
};

struct test_tally {
	u64 packets;
	u64 cut; /* in the capture */
	u64 too_short;
	u64 too_long;
	u64 stopped;
	u64 others;
	u32 verdict_cnt;
	struct test_verdict verdicts[TEST_VERDICTS];
	u32 stop_cnt;
	struct test_stop stops[TEST_STOPS];
};

struct test {
	struct cli *cli;
	struct test_opts opts;
	struct mem *mem;
	struct sys *sys;
	struct btf_blob *target_btf;
	struct elf_obj *obj;
	struct sys_obj *so;
	const struct elf_prog *elf_prog;
	const struct prog *prog;
	u32 hook; /* or TEST_SOCKET */
	char code_cache[CODE_CACHE_MAX];
	struct oracle *oracle; /* --vs kernel */
	const struct oracle_result *compared;
	struct test_tally tally;
};

/* All return an exit code, after having said what is wrong. */

/* Take one of these options, --prog, or the object's name (test.c). */
int test_take(struct cli *cli, struct test_opts *opts, int what);
void test_opts_free(struct test_opts *opts);
/* "xdp", ... (test_object.c) */
const char *test_hook_name(u32 hook);
/* Could the program be meant, as far as its hook goes? (test_object.c) */
bool test_runs(const struct test_opts *opts, const struct elf_prog *ep);
/* Open the object, choose the program and load it (test_object.c). */
int test_open(struct test *t);
void test_close(struct test *t);
/* --update: put entries into maps before the first packet (test_update.c). */
int test_update(struct test *t);
/* Every packet of the capture (test_run.c). */
int test_run(struct test *t);
/* What came of it, as text or JSON (test_report.c). */
void test_report(const struct test *t);

#endif
