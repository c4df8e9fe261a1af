// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* core_kernel.bpf.c - CO-RE relocations of types that only Linux has */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

struct net_device {
	char name[16];
	int ifindex;
} CORE;

struct xdp_rxq_info {
	struct net_device *dev;
} CORE;

struct xdp_buff {
	struct xdp_rxq_info *rxq;
	void *data;
} CORE;

struct sk_buff {
	__u32 len;
	struct net_device *dev;
	__u8 pkt_type : 3;
	__u8 cloned : 1;
	__u16 vlan_tci;
	__u64 hash; /* elsewhere narrower */
} CORE;

struct sk_buff___of_old {
	__u32 no_longer;
} CORE;

struct sk_buff___of_nothing {
	int x;
	int y;
} CORE;

struct page {
	unsigned long flags;
} CORE;

struct list_head {
	struct list_head *next;
} CORE;

struct task_struct {
	int pid;
	char comm[16];
	struct list_head children;
} CORE;

typedef struct {
	int counter;
} atomic_t;

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 200,
	BPF_MAP_TYPE_OF_NOTHING,
};

enum pid_type {
	PIDTYPE_SID = 55,
};

struct xdp_md;

#define ASK(name, expr)              \
	SEC("xdp")                   \
	int name(struct xdp_md *ctx) \
	{                            \
		return (int)(expr);  \
	}

#define FIELD(type, field) (((struct type *)0)->field)
#define INFO(type, field, what) \
	__builtin_preserve_field_info(FIELD(type, field), BPF_FIELD_##what)

ASK(skb_len, bpf_core_field_offset(FIELD(sk_buff, len)))
ASK(skb_dev, bpf_core_field_offset(FIELD(sk_buff, dev)))
ASK(skb_hash, bpf_core_field_size(FIELD(sk_buff, hash)))
ASK(skb_bits_offset, INFO(sk_buff, pkt_type, BYTE_OFFSET))
ASK(skb_bits_size, INFO(sk_buff, pkt_type, BYTE_SIZE))
ASK(skb_bits_lshift, INFO(sk_buff, pkt_type, LSHIFT_U64))
ASK(skb_bits_rshift, INFO(sk_buff, cloned, RSHIFT_U64))
ASK(skb_old, bpf_core_field_exists(FIELD(sk_buff___of_old, no_longer)))
ASK(dev_name, bpf_core_field_offset(FIELD(net_device, name[3])))
ASK(dev_index, bpf_core_field_offset(FIELD(net_device, ifindex)))
ASK(task_comm, bpf_core_field_size(FIELD(task_struct, comm)))
ASK(task_next, bpf_core_field_offset(FIELD(task_struct, children.next)))
ASK(pid_signed, INFO(task_struct, pid, SIGNED))
ASK(task_size, bpf_core_type_size(struct task_struct))
ASK(list_matches, bpf_core_type_matches(struct list_head))
ASK(page_matches, bpf_core_type_matches(struct page))
ASK(typedef_exists, bpf_core_type_exists(atomic_t))
ASK(typedef_size, bpf_core_type_size(atomic_t))
ASK(list_id, bpf_core_type_id_kernel(struct list_head) > 0)
ASK(map_type, bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH))
ASK(map_type_lacks, bpf_core_enum_value_exists(enum bpf_map_type,
					       BPF_MAP_TYPE_OF_NOTHING))
ASK(pid_type, bpf_core_enum_value(enum pid_type, PIDTYPE_SID))

/* Loads and stores, never reached: what the verifier does not see. */
SEC("xdp")
int accesses(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = (void *)ctx;
	struct sk_buff *skb = (void *)ctx;

	if (bpf_core_field_exists(FIELD(sk_buff___of_nothing, y)))
		return xdp->rxq->dev->ifindex + skb->len + skb->vlan_tci +
		       (int)skb->hash;
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
