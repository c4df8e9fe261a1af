/* SPDX-License-Identifier: BSD-3-Clause */
/* tail_call.c - the prototype of tail_call, which an engine does itself */
#include "helper/helpers.h"

const struct helper helper_tail_call = {
	.id = BPF_FUNC_tail_call,
	.name = "tail_call",
	.progs = PROG_ANY,
	.moves_packet = true, /* so may the program called */
	.ret = RET_VOID,
	.arg = { ARG_CTX, ARG_MAP, ARG_ANY },
};
