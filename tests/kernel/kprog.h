/* SPDX-License-Identifier: BSD-3-Clause */
/* kprog.h - programs of the live kernel, through raw bpf(2) */
#ifndef WEIR_TESTS_KERNEL_KPROG_H
#define WEIR_TESTS_KERNEL_KPROG_H

#include "base/types.h"
#include "bpf/uapi.h"

#define KPROG_SKIP 77

/* Why bpf(2) cannot be used here, or NULL. */
const char *kprog_unavailable(void);

struct kprog_load {
	u32 type;
	u32 attach_type; /* expected */
	u32 flags;	 /* BPF_F_* */
	const struct bpf_insn *insns;
	u32 cnt;
	const char *license;
	u32 log_level; /* 0: no log */
	char *log;
	u32 log_size;
	int btf; /* of kprog_btf(): say that each function is an int f(void) */
	/* or of any: what its functions are */
	const struct bpf_func_info *funcs;
	u32 func_cnt;
};

/* The fd, or -errno. */
int kprog_btf(void);
/* Its bytes, of which it says how many; and what of it is said of a program:
 * where functions start, ascending. */
#define KPROG_BTF_MAX 128
#define KPROG_FUNCS 8
u32 kprog_btf_bytes(void *to);
u32 kprog_funcs(const struct bpf_insn *insns, u32 cnt,
		struct bpf_func_info *funcs);

/* The fd of the loaded program, or -errno. */
int kprog_load(const struct kprog_load *l);
/* BPF_PROG_TEST_RUN: 0 and what the program returned, or -errno. */
int kprog_run(int fd, const void *data, u32 len, u32 *ret);

/* BPF_PROG_TEST_RUN with everything.  ctx may be NULL; out may be: what the
 * program left, of *out_len bytes at most, and then of that many. */
struct kprog_test {
	const void *data;
	u32 len;
	const void *ctx;
	u32 ctx_size;
	u32 flags; /* BPF_F_TEST_* */
	void *out;
	u32 out_len;
	u32 ret;
};
int kprog_test(int fd, struct kprog_test *t);

/* An array of one value that user space maps: its fd or -errno. */
int kprog_shared_value(u32 size, void **value);

/* A hash of u32 to u64: its fd or -errno. */
int kprog_hash(u32 entries);

/* An array of one value that programs only read: its fd or -errno. */
int kprog_string(const void *value, u32 size, bool frozen);

/* A prog array's fd, or -errno; and a program into one of its slots. */
int kprog_prog_array(u32 entries);
int kprog_place(int map, u32 slot, int prog);

/* The line of a log that says why a program was refused: the last before the
 * statistics.  Cuts the log there. */
char *kprog_reason(char *log);

#endif
