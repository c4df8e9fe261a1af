// SPDX-License-Identifier: BSD-3-Clause
/*
 * types.bpf.c - the types Weir presents to CO-RE relocations
 *
 * The uapi's, and those of packet headers that only the kernel's own headers
 * (or a program's vmlinux.h) name.  Only their BTF is used.
 */
/* <linux/icmp.h> needs one number of <linux/if.h>, not user space's sockets. */
#define _LINUX_IF_H
#define IFNAMSIZ 16
#include <linux/bpf.h>
#include <linux/erspan.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/igmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mpls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

struct arphdr {
	__be16 ar_hrd;
	__be16 ar_pro;
	unsigned char ar_hln;
	unsigned char ar_pln;
	__be16 ar_op;
};

struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

struct vlan_ethhdr {
	struct {
		unsigned char h_dest[ETH_ALEN];
		unsigned char h_source[ETH_ALEN];
	};
	__be16 h_vlan_proto;
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

struct frag_hdr {
	__u8 nexthdr;
	__u8 reserved;
	__be16 frag_off;
	__be32 identification;
};

struct gre_base_hdr {
	__be16 flags;
	__be16 protocol;
};

struct gre_full_hdr {
	struct gre_base_hdr fixed_header;
	__be16 csum;
	__be16 reserved1;
	__be32 key;
	__be32 seq;
};

struct vxlanhdr {
	__be32 vx_flags;
	__be32 vx_vni;
};

struct genevehdr {
	__u8 opt_len : 6;
	__u8 ver : 2;
	__u8 rsvd1 : 6;
	__u8 critical : 1;
	__u8 oam : 1;
	__be16 proto_type;
	__u8 vni[3];
	__u8 rsvd2;
	__u8 options[];
};

struct sctphdr {
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__le32 checksum;
};

struct sctp_chunkhdr {
	__u8 type;
	__u8 flags;
	__be16 length;
};

struct geneve_opt {
	__be16 opt_class;
	__u8 type;
	__u8 length : 5;
	__u8 r3 : 1;
	__u8 r2 : 1;
	__u8 r1 : 1;
	__u8 opt_data[];
};

struct vxlan_metadata {
	__u32 gbp;
};

struct gtp1_header {
	__u8 flags;
	__u8 type;
	__be16 length;
	__be32 tid;
} __attribute__((packed));

/* clang-format off */
#define EACH_TYPE(T) \
	T(struct, xdp_md) \
	T(struct, __sk_buff) \
	T(enum, xdp_action) \
	T(enum, bpf_map_type) \
	T(enum, bpf_prog_type) \
	T(enum, bpf_attach_type) \
	T(enum, bpf_ret_code) \
	T(enum, bpf_adj_room_mode) \
	T(enum, bpf_hdr_start_off) \
	T(struct, bpf_fib_lookup) \
	T(struct, bpf_redir_neigh) \
	T(struct, bpf_tunnel_key) \
	T(struct, bpf_xfrm_state) \
	T(struct, bpf_sock) \
	T(struct, bpf_tcp_sock) \
	T(struct, bpf_sock_tuple) \
	T(struct, bpf_devmap_val) \
	T(struct, bpf_cpumap_val) \
	T(struct, bpf_spin_lock) \
	T(struct, bpf_timer) \
	T(struct, bpf_dynptr) \
	T(struct, bpf_lpm_trie_key) \
	T(struct, bpf_flow_keys) \
	T(struct, bpf_perf_event_value) \
	T(struct, ethhdr) \
	T(struct, vlan_hdr) \
	T(struct, vlan_ethhdr) \
	T(struct, mpls_label) \
	T(struct, arphdr) \
	T(struct, in_addr) \
	T(struct, in6_addr) \
	T(struct, iphdr) \
	T(struct, ip_auth_hdr) \
	T(struct, ip_esp_hdr) \
	T(struct, ip_comp_hdr) \
	T(struct, ip_beet_phdr) \
	T(struct, ipv6hdr) \
	T(struct, ipv6_opt_hdr) \
	T(struct, ipv6_rt_hdr) \
	T(struct, rt0_hdr) \
	T(struct, rt2_hdr) \
	T(struct, frag_hdr) \
	T(struct, tcphdr) \
	T(union, tcp_word_hdr) \
	T(struct, udphdr) \
	T(struct, icmphdr) \
	T(struct, icmp6hdr) \
	T(struct, igmphdr) \
	T(struct, sctphdr) \
	T(struct, sctp_chunkhdr) \
	T(struct, gre_base_hdr) \
	T(struct, gre_full_hdr) \
	T(struct, vxlanhdr) \
	T(struct, genevehdr) \
	T(struct, gtp1_header) \
	T(struct, sockaddr_in) \
	T(struct, sockaddr_in6) \
	T(struct, erspan_metadata) \
	T(struct, vxlan_metadata) \
	T(struct, geneve_opt)
/* clang-format on */

/* A pointer that a function takes is to a whole type in BTF. */
#define PRESENT(kind, name)                         \
	int weir_presents_##name(kind name *value); \
	int weir_presents_##name(kind name *value)  \
	{                                           \
		return value != 0;                  \
	}

EACH_TYPE(PRESENT)
