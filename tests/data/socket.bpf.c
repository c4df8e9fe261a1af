// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* Socket filters: what they keep of a packet, whether a link header is in front
 * of it or not (tests/e2e/weir_test.py, vs_kernel.py). */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NET_OFF (-0x100000) /* SKF_NET_OFF */

unsigned long long load_byte(void *skb,
			     unsigned long long off) asm("llvm.bpf.load.byte");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} bytes SEC(".maps");

static __always_inline void count(struct __sk_buff *skb, __u32 proto)
{
	__u64 *sum = bpf_map_lookup_elem(&bytes, &proto);

	if (sum)
		__sync_fetch_and_add(sum, skb->len);
}

/* Of UDP the first 60 bytes, of TCP all. */
SEC("socket")
int keep_some(struct __sk_buff *skb)
{
	struct iphdr ip;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip),
					BPF_HDR_START_NET))
		return 0;
	count(skb, ip.protocol);
	switch (ip.protocol) {
	case IPPROTO_UDP: return 60;
	case IPPROTO_TCP: return -1;
	default: return 0;
	}
}

/* As a classic filter asks, in bytes of its own packet. */
SEC("socket/classic")
int keep_by_length(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return 0;
	return load_byte(skb, NET_OFF + 3) + load_byte(skb, 0) % 8;
}

char _license[] SEC("license") = "Dual BSD/GPL";
