// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * parse.bpf.c - the parser chain at the XDP hook
 *
 * Attach `parse`; it jumps to the parsers (parsers.h).  Reads the packet
 * directly, bounds compared with data_end.
 */
#include "parse.h"

#define PARSE_CTX struct xdp_md
#define PARSE_SEC "xdp"
#define PARSE_DONE XDP_PASS

static __always_inline bool load(struct xdp_md *ctx, __u32 offset, void *to,
				 __u32 len)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	void *from = data + (offset & OFFSET_MAX);

	if (from + len > data_end)
		return false;
	__builtin_memcpy(to, from, len);
	return true;
}

#include "parsers.h"

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	return parse_start(ctx, ctx->data_end - ctx->data);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
