/* SPDX-License-Identifier: BSD-3-Clause */
/* log.c - the verifier's log: instructions and what is known before them */
#include <stdio.h>

#include "bpf/disasm.h"
#include "verify/verifier.h"

static const char *helper_of(void *arg, u32 id)
{
	(void)arg;
	return helper_name(id);
}

void log_insn(struct verifier *v)
{
	static const struct disasm_names names = { .helper = helper_of };
	char text[128];

	if (!(v->log_level & VERIFY_LOG_INSNS))
		return;
	disasm_insn(v->insns, v->cnt, v->insn, &names, text, sizeof(text));
	log_text(v, VERIFY_LOG_INSNS, "%u: %s\n", v->insn, text);
}
