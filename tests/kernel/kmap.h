/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kmap.h - a map of the live kernel and one of Weir's, made of the same
 * attributes, and what both answer
 *
 * The kernel's map is used by raw bpf(2), and from programs: one program for
 * each helper that takes its arguments from, and leaves its result in, the
 * value of a control array.
 */
#ifndef WEIR_TESTS_KERNEL_KMAP_H
#define WEIR_TESTS_KERNEL_KMAP_H

#include <linux/bpf.h>

#include "maps/map.h"

#define KMAP_SKIP 77

/* bpf(2): its result, or -errno. */
int kmap_bpf(int cmd, union bpf_attr *attr);
/* Why bpf(2) cannot be used here, or NULL. */
const char *kmap_unavailable(void);
/* The kernel's per-CPU values have this many slots. */
u32 kmap_cpus(void);
/* Stay on the CPU whose slot Weir's thread has: 0. */
int kmap_pin(void);

/* The fd of a new kernel map, or -errno. */
int kmap_create(const struct map_attr *attr);

int kmap_read(int fd, const void *key, void *value, u64 flags);
int kmap_write(int fd, const void *key, const void *value, u64 flags);
int kmap_erase(int fd, const void *key);
int kmap_next_key(int fd, const void *key, void *next);

/* The helpers, called by programs: those that take such a map. */
#define KMAP_HELPERS 7

struct kmap_progs {
	int control;
	int fds[KMAP_HELPERS]; /* -1: not for this map */
	u32 key_size;
	u32 value_size;
};

int kmap_progs_load(struct kmap_progs *p, int map, const struct map_attr *attr);
void kmap_progs_close(struct kmap_progs *p);

/* What the helper returns.  value is given, and filled in, where there is one;
 * arg is the flags, or the CPU.  A lookup is 0 or -ENOENT.  A negative errno of
 * bpf(2) plus -1000 if the program did not run. */
int kmap_prog_call(struct kmap_progs *p, u32 helper, const void *key,
		   void *value, u64 arg);

/* 0 with the value, or -ENOENT; a negative errno of bpf(2) plus -1000 if the
 * program did not run. */
int kmap_prog_lookup(struct kmap_progs *p, const void *key, void *value);
int kmap_prog_update(struct kmap_progs *p, const void *key, const void *value,
		     u64 flags);
int kmap_prog_delete(struct kmap_progs *p, const void *key);

#endif
