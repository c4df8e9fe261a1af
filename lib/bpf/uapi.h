/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uapi.h - the parts of Linux 6.18's bpf uapi that the build's <linux/bpf.h>
 * may lack.  Include this, not <linux/bpf.h>, where one of them is used.
 */
#ifndef WEIR_BPF_UAPI_H
#define WEIR_BPF_UAPI_H

#include <linux/bpf.h>

/* atomic loads and stores, Linux 6.15 */
#ifndef BPF_LOAD_ACQ
#define BPF_LOAD_ACQ 0x100
#define BPF_STORE_REL 0x110
#endif

/* union bpf_attr as Linux 6.18 has it: what came after 6.12 besides. */
#define BPF_ATTR_SIZE 168

union bpf_attr_618 {
	__u8 bytes[BPF_ATTR_SIZE]; /* first: all of it is initialised */
	union bpf_attr attr;
	struct { /* BPF_MAP_CREATE */
		__u8 before[80];
		__aligned_u64 excl_prog_hash;
		__u32 excl_prog_hash_size;
	} map;
	struct { /* BPF_PROG_LOAD */
		__u8 before[148];
		__u32 fd_array_cnt;
		__aligned_u64 signature;
		__u32 signature_size;
		__s32 keyring_id;
	} prog;
};

_Static_assert(sizeof(union bpf_attr_618) == BPF_ATTR_SIZE, "no field more");

/* struct bpf_map_info as Linux 6.18 has it */
struct bpf_map_info_618 {
	struct bpf_map_info info;
	__aligned_u64 hash;
	__u32 hash_size;
	__u32 reserved;
};

_Static_assert(sizeof(struct bpf_map_info_618) == 104, "no field more");

/* Linux's own, seen by callers of bpf(2) */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define BPF_MAX_TAIL_CALLS 33
#define BPF_STACK_BYTES 512
#define BPF_MAX_FRAMES 8

#endif
