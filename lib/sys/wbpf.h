/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf.h - bpf(2) on the objects of a sys
 *
 * Commands, attributes, checks, errno and their order are Linux 6.18's.  A
 * client stands for a process: it has handles where a process has file
 * descriptors, and they go with it.
 */
#ifndef WEIR_SYS_WBPF_H
#define WEIR_SYS_WBPF_H

#include "bpf/uapi.h"
#include "sys/sys.h"

struct btf_blob;
struct link;
struct pkt_queue;
struct wclient;

/* sys outlives its clients. */
int wclient_create(struct sys *sys, struct wclient **out);
void wclient_destroy(struct wclient *c);
/* close(2) of a handle: 0 or -EBADF. */
int wclient_close(struct wclient *c, int handle);
/* No call of the client's is under way. */
void wclient_close_all(struct wclient *c);

/* What is behind a handle, as long as that is open; NULL: nothing of the
 * kind. */
struct map *wclient_map(struct wclient *c, int handle);
struct prog *wclient_prog(struct wclient *c, int handle);
struct btf_blob *wclient_btf(struct wclient *c, int handle);
struct link *wclient_link(struct wclient *c, int handle);
struct pkt_queue *wclient_queue(struct wclient *c, int handle);

/* mmap(2) of a map: a descriptor to be mapped from offset 0, the caller's, or
 * what Linux says.  To write: until the handle is closed the map counts as
 * mapped so. */
int wclient_map_memory(struct wclient *c, int handle, bool write);

/* socket(2) and bind(2): a queue of frames of a port's receive queue, for
 * entries of an XSKMAP.  A handle; -ENODEV, -EINVAL: there is no such receive
 * queue; -EINVAL, -ENOMEM: what pkt_queue_create() says. */
int wclient_queue_create(struct wclient *c, u32 ifindex, u32 rx_queue,
			 u32 slots);

/*
 * The caller's memory: all addresses in attributes, and that of the attribute,
 * are read and written by these alone.  0 or -EFAULT.
 */
struct wmem_ops {
	int (*read)(void *arg, void *to, u64 from, u64 size);
	int (*write)(void *arg, u64 to, const void *from, u64 size);
	/* Does the caller want a long call to end?  NULL: never. */
	bool (*interrupted)(void *arg);
	void *arg;
	/* Gets the words for a failure where there are any; may be NULL. */
	struct err *err;
};

/* This process: addresses are pointers. */
extern const struct wmem_ops wmem_self;

/*
 * A command that bpf(2) lacks.  As BPF_MAP_LOOKUP_BATCH, but of every family,
 * every element that stays is given exactly once, and count is also how many
 * entries are looked at.  in_batch and out_batch have 8 bytes, or a key's size
 * if that is more.
 */
#define WBPF_MAP_SCAN 0x10000

/* As bpf(2): a handle or 0, or a negative errno.  From any control thread. */
int wbpf(struct wclient *c, int cmd, union bpf_attr *attr, u32 size,
	 const struct wmem_ops *mem);

#endif
