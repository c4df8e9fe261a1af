/* SPDX-License-Identifier: BSD-3-Clause */
/* strncmp.c - strncmp */
#include <string.h>

#include "helper/helpers.h"

/* Linux's gives the sign, of bytes without one. */
HELPER_3(helper_fn_strncmp, const char *, a, u32, size, const char *, b)
{
	int diff = strncmp(a, b, size);

	return helper_error((diff > 0) - (diff < 0));
}

const struct helper helper_strncmp = {
	.id = BPF_FUNC_strncmp,
	.name = "strncmp",
	.fn = helper_fn_strncmp,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM, ARG_SIZE, ARG_CONST_STR },
};
