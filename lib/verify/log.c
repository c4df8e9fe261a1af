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

static void log_stack(struct verifier *v)
{
	char text[SUBPROGS_MAX * 12] = "";
	size_t n = 0;

	for (u32 i = 0; i < v->subprog_cnt; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
				      i ? "+" : "", v->subprogs[i].stack);
	log_text(v, VERIFY_LOG_STATS, "verification time %llu usec\n",
		 (unsigned long long)v->result->time_ns / 1000);
	log_text(v, VERIFY_LOG_STATS, "stack depth %.900s\n", text);
}

void log_result(struct verifier *v)
{
	const struct verify_result *r = v->result;

	if (!v->log_level)
		return;
	log_stack(v);
	log_text(v, UINT32_MAX,
		 "processed %u insns (limit %u) max_states_per_insn %u "
		 "total_states %u peak_states %u mark_read 0\n",
		 r->processed, PROCESSED_MAX, r->max_states_per_insn,
		 r->total_states, r->peak_states);
}
