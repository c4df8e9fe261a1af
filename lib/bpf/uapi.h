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

/* Linux's own, seen by callers of bpf(2) */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define BPF_MAX_TAIL_CALLS 33
#define BPF_STACK_BYTES 512
#define BPF_MAX_FRAMES 8

#endif
