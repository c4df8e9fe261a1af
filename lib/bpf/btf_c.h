/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_c.h - the types of a blob as C declarations, in an order that compiles */
#ifndef WEIR_BPF_BTF_C_H
#define WEIR_BPF_BTF_C_H

#include <stdio.h>

#include "bpf/btf.h"

/* 0, or a negative errno when the text is not complete. */
int btf_print_c(FILE *f, const struct btf_blob *btf);

#endif
