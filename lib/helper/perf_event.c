/* SPDX-License-Identifier: BSD-3-Clause */
/* perf_event.c - perf_event_output */
#include "helper/helpers.h"
#include "maps/perf_event_array.h"

HELPER_5(perf_event_output, const struct pkt *, ctx, struct map *, map, u64,
	 flags, const void *, data, u64, size)
{
	u64 bytes = (flags & BPF_F_CTXLEN_MASK) >> 32;
	u32 linear = (u32)MIN(bytes, (u64)pkt_len(ctx));
	const struct perf_part parts[PERF_PARTS] = {
		{ data, (u32)size },
		{ ctx->data, linear },
		{ ctx->frags, (u32)bytes - linear },
	};

	if (flags & ~(u64)(BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK))
		return helper_error(-EINVAL);
	if (bytes > pkt_whole_len(ctx))
		return helper_error(-EFAULT);
	return helper_error(perf_output(map, flags, parts));
}

const struct helper helper_perf_event_output = {
	.id = BPF_FUNC_perf_event_output,
	.name = "perf_event_output",
	.fn = perf_event_output,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MAP, ARG_ANY, ARG_MEM, ARG_SIZE_OR_ZERO },
};
