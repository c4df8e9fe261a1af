// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * steer.bpf.c - packets that say themselves what is to become of them
 *
 * After the Ethernet header (and a tag) of type 0x88b5 a packet has
 *
 *	u8 step;	how many hooks have run
 *	u8 code[20][2];	what the n-th one does, and an argument
 *	u8 path[20];	written by the n-th: hook << 6 | ifindex
 *
 * so that where it comes out, and with which bytes, tells its whole way.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define STEPS 20
#define ETHERTYPE 0x88b5

enum op {
	OP_PASS,
	OP_DROP,
	OP_ODD, /* XDP_ABORTED, TC_ACT_STOLEN */
	OP_TX,	/* XDP alone */
	OP_REDIRECT,
	OP_REDIRECT_INGRESS, /* tc alone */
	OP_UNKNOWN,	     /* a code that nobody knows, TC_ACT_UNSPEC */
};

enum hook { XDP, INGRESS, EGRESS };

struct script {
	__u8 step;
	__u8 code[STEPS][2];
	__u8 path[STEPS];
};

static __always_inline struct script *find_script(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct script *s = (void *)(eth + 1);

	if ((void *)(eth + 1) > end)
		return NULL;
	if (eth->h_proto == bpf_htons(ETH_P_8021Q))
		s = (void *)s + 4;
	if ((void *)(s + 1) > end || s->step >= STEPS ||
	    *((__be16 *)s - 1) != bpf_htons(ETHERTYPE))
		return NULL;
	return s;
}

/* What this hook is to do; OP_PASS for a packet without a script. */
static __always_inline enum op next(struct script *s, void *end, enum hook hook,
				    __u32 ifindex, __u8 *arg)
{
	__u8 n = s->step, *code = s->code[n], *path = &s->path[n];

	if ((void *)(code + 2) > end || (void *)(path + 1) > end)
		return OP_PASS;
	*path = hook << 6 | ifindex;
	s->step = n + 1;
	*arg = code[1];
	return code[0];
}

SEC("xdp")
int steer_xdp(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct script *s = find_script((void *)(long)ctx->data, end);
	__u8 arg;

	if (!s)
		return XDP_PASS;
	switch (next(s, end, XDP, ctx->ingress_ifindex, &arg)) {
	case OP_DROP: return XDP_DROP;
	case OP_ODD: return XDP_ABORTED;
	case OP_TX: return XDP_TX;
	case OP_REDIRECT: return bpf_redirect(arg, 0);
	case OP_UNKNOWN: return 77;
	default: return XDP_PASS;
	}
}

static __always_inline int steer_tc(struct __sk_buff *skb, enum hook hook)
{
	void *end = (void *)(long)skb->data_end;
	struct script *s = find_script((void *)(long)skb->data, end);
	__u8 arg;

	if (!s)
		return TC_ACT_OK;
	switch (next(s, end, hook, skb->ifindex, &arg)) {
	case OP_DROP: return TC_ACT_SHOT;
	case OP_ODD: return TC_ACT_STOLEN;
	case OP_REDIRECT: return bpf_redirect(arg, 0);
	case OP_REDIRECT_INGRESS: return bpf_redirect(arg, BPF_F_INGRESS);
	case OP_UNKNOWN: return TC_ACT_UNSPEC;
	default: return TC_ACT_OK;
	}
}

SEC("tc")
int steer_ingress(struct __sk_buff *skb)
{
	return steer_tc(skb, INGRESS);
}

SEC("tc")
int steer_egress(struct __sk_buff *skb)
{
	return steer_tc(skb, EGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
