/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel.h - bpf(2): a call a function, results and -errno as they come */
#ifndef WEIR_ORACLE_KERNEL_H
#define WEIR_ORACLE_KERNEL_H

#include <linux/bpf.h>

#include "base/err.h"
#include "base/types.h"

/* Each gives a file descriptor or -errno. */
int kernel_btf_load(const void *bytes, u32 size);
int kernel_map_create(union bpf_attr *attr);
int kernel_prog_load(union bpf_attr *attr);

int kernel_map_read(int map, const void *key, void *value);
int kernel_map_write(int map, const void *key, const void *value);
/* key NULL: the first.  -ENOENT after the last. */
/* Of a map without keys: its next value, removed. */
int kernel_map_take(int map, void *value);
int kernel_map_next_key(int map, const void *key, void *next);
int kernel_map_freeze(int map);

/* The id by which a prog array, or a map of maps, shows it; 0: no telling. */
u32 kernel_prog_id(int prog);
u32 kernel_map_id(int map);

struct kernel_run {
	int prog;
	const void *in;
	u32 in_len;
	void *ctx; /* in and out */
	u32 ctx_len;
	void *out;
	u32 out_room;
	u32 repeat; /* on what the run before has left; 0: once */
	/* filled in */
	u32 out_len;
	u32 retval;
	u32 ns; /* for one run, on average */
};

/* BPF_PROG_TEST_RUN */
int kernel_test_run(struct kernel_run *run);

/* Slots of a per-CPU value. */
u32 kernel_cpus(void);
/* Put the calling thread on the first CPU it may use; was is what to give to
 * kernel_unpin().  The CPU, or -errno. */
struct kernel_affinity;
int kernel_pin(struct kernel_affinity **was);
void kernel_unpin(struct kernel_affinity *was);

/* Text with what is not allowed in the name of a kernel object replaced. */
void kernel_name(char name[BPF_OBJ_NAME_LEN], const char *text);

#endif
