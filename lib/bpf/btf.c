/* SPDX-License-Identifier: BSD-3-Clause */
#include "bpf/btf.h"
#include "bpf/uapi.h"
