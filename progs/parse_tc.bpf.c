// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * parse_tc.bpf.c - the parser chain at the tc hooks
 *
 * Attach `parse`; it jumps to the parsers (parsers.h).  An outer VLAN tag has
 * left the packet before tc sees it; it is counted from the context.
 */
#include <linux/pkt_cls.h>

#include "parse.h"

#define PARSE_CTX struct __sk_buff
#define PARSE_SEC "tc"
#define PARSE_DONE TC_ACT_OK

static __always_inline bool load(struct __sk_buff *skb, __u32 offset, void *to,
				 __u32 len)
{
	return bpf_skb_load_bytes(skb, offset, to, len) == 0;
}

#include "parsers.h"

SEC("tc")
int parse(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		count(PROTO_VLAN);
	return parse_start(skb, skb->len);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
