/* SPDX-License-Identifier: BSD-3-Clause */
/* libbpf_btf.h - libbpf's <bpf/btf.h>, which has the name of ours */
#ifndef WEIR_BPF_LIBBPF_BTF_H
#define WEIR_BPF_LIBBPF_BTF_H

#include_next <bpf/btf.h>

#endif
