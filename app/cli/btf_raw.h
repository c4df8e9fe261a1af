/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_APP_CLI_BTF_RAW_H
#define WEIR_APP_CLI_BTF_RAW_H

#include "bpf/btf.h"
#include "cli/command.h"

/* Every type as bpftool prints it, as text or JSON. */
void btf_raw_print(const struct cli *cli, const struct btf_blob *btf);

#endif
