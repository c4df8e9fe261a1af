/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verify.h - is a program safe to run?
 *
 * A program that is accepted ends, and touches nothing but its stack, its
 * packet, its maps and what helpers give it, whatever packets and maps it
 * meets.  Programs that Linux accepts are accepted.
 *
 * Maps are described, not used: verification needs none to exist.
 */
#ifndef WEIR_VERIFY_VERIFY_H
#define WEIR_VERIFY_VERIFY_H

#include "bpf/btf.h"
#include "prog/prog.h"
#include "verify/code.h"

struct verify_map {
	const char *name;
	u32 type;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 flags;
	struct btf_blob *btf; /* may be NULL */
	u32 btf_key;
	u32 btf_value;
	struct verify_map *inner; /* of a map of maps: the template */
	/* The one value of an array that is frozen, as bytes that stay as they
	 * are: loads from it are constants.  NULL: not known. */
	const void *contents;

	/* verify() finds them in btf unless they are known */
	bool fields_known;
	struct btf_field fields[BTF_FIELDS_MAX];
	u32 field_cnt;
	bool has_kptr;
};

/* A call of a kernel function: of that name. */
struct verify_kfunc {
	u32 insn;
	const char *name;
};

struct elf_obj;
struct elf_prog;
struct verify_states;

/* What became of the value that was refused, oldest first. */
enum verify_event_kind {
	VERIFY_EVENT_LOADED,
	VERIFY_EVENT_SET, /* a constant */
	VERIFY_EVENT_RETURNED,
	VERIFY_EVENT_PASSED, /* as an argument */
	VERIFY_EVENT_COPIED, /* a part of it */
	VERIFY_EVENT_COMPUTED,
	VERIFY_EVENT_NARROWED, /* by a branch */
	VERIFY_EVENT_SPILLED,
	VERIFY_EVENT_FILLED,
	VERIFY_EVENT_INVALIDATED, /* by a call */
	VERIFY_EVENT_WIDENED,	  /* where rounds of a loop meet */
	VERIFY_EVENT_OVERWRITTEN,
	VERIFY_EVENT_HELD, /* a reference or lock, from here on */
	VERIFY_EVENT_KINDS
};

struct verify_event {
	u8 kind; /* enum verify_event_kind */
	u32 insn;
	u32 times;		      /* so often on the way */
	const struct prog_line *line; /* verify_attr's, or NULL */
	char what[128];
	char known[160]; /* "r2: packet pointer, 14 bytes known readable" */
};

#define VERIFY_EVENTS_MAX 16
#define VERIFY_EVENTS_FIRST 4

struct verify_history {
	u32 cnt;
	u32 left_out; /* between the first ones and the others */
	struct verify_event events[VERIFY_EVENTS_MAX];
};

enum verify_log_level {
	VERIFY_LOG_BRANCHES = 1, /* BPF_LOG_LEVEL1, 2, BPF_LOG_STATS */
	VERIFY_LOG_INSNS = 2,
	VERIFY_LOG_STATS = 4,
};

/* Where lines of the log go. */
struct verify_log {
	u32 level; /* enum verify_log_level, or'ed; 0: nowhere */
	void (*write)(void *arg, const char *text);
	/* Only the first len bytes of what was written stay; may be NULL. */
	void (*cut)(void *arg, u64 len);
	void *arg;
};

struct verify_attr {
	u32 type;
	u32 expected_attach_type;
	u32 flags; /* BPF_F_* of BPF_PROG_LOAD */
	const char *license;
	/* As in struct prog_attr: ld_imm64 of a map has the index into maps. */
	const struct bpf_insn *insns;
	u32 insn_cnt;
	struct verify_map *maps;
	u32 map_cnt;
	struct btf_blob *btf; /* may be NULL */
	const struct prog_line *lines;
	u32 line_cnt;
	const struct prog_func *funcs;
	u32 func_cnt;
	const struct verify_kfunc *kfuncs; /* NULL: calls have the numbers of
					      bpf/kfunc.h */
	u32 kfunc_cnt;

	struct verify_log log;

	bool no_prune;	  /* walk every path to its end */
	bool keep_states; /* result->states: for tests, embed.h */
};

/* What is known of an instruction afterwards. */
enum verify_insn_fact {
	VERIFY_INSN_REACHED = 1, /* some path runs it */
	VERIFY_INSN_CTX = 2,	 /* it reads or writes the context */
	VERIFY_INSN_PACKET = 4,	 /* ... the packet */
};

struct verify_result {
	enum verify_code code;	 /* VERIFY_OK: accepted */
	enum verify_class class; /* else is it wrong, or only not shown? */
	u32 insn;		 /* ... and where */
	char more[256]; /* what Linux says after the reason: lines, or "" */
	const char *unsupported; /* what Weir has not, of VERIFY_UNSUPPORTED */
	u32 processed;		 /* instructions, over all paths */
	u32 total_states;
	u32 peak_states;
	u32 max_states_per_insn;
	u32 stack_depth; /* of the deepest chain of calls */
	u64 time_ns;
	u8 *facts; /* enum verify_insn_fact, of each instruction */
	u64 ctx_reads; /* as in struct prog */
	struct verify_states *states; /* if they were kept */
	/* of a refusal: NULL if there is nothing to tell */
	struct verify_history *history;
	const struct prog_line *line; /* of insn; verify_attr's, or NULL */
};

/* 0, or what bpf(2) returns and the reason in err: in Linux's words where
 * Linux has some.  result is to be released in either case. */
int verify(const struct verify_attr *attr, struct verify_result *result,
	   struct err *err);
const char *verify_event_name(enum verify_event_kind kind); /* "loaded" */
void verify_result_free(struct verify_result *result);

/* A program that is about to be made, with its maps as they are.  log may be
 * NULL. */
int verify_prog(const struct prog_attr *attr, const struct verify_log *log,
		struct verify_result *result, struct err *err);

/* The same of a program in a file, of maps that need not exist. */
int verify_elf_prog(const struct elf_obj *obj, const struct elf_prog *prog,
		    const struct verify_log *log, struct verify_result *result,
		    struct err *err);

/* Of an accepted program that was made since: what no path reaches is replaced
 * by what every engine takes, and never runs; it gets the facts. */
void verify_fix(struct verify_result *result, struct prog *prog);

#endif
