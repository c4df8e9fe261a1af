/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tunnel.c - skb_get_tunnel_key, skb_set_tunnel_key and the same of options
 *
 * What is set is what a tunnel is to send with: its source is ours, and who
 * asks for the key is told of it as the remote end, as Linux does.
 */
#include <arpa/inet.h>
#include <string.h>

#include "helper/helpers.h"

/* Linux's bits of a tunnel's header */
enum {
	HAS_CSUM = 1 << 0,
	HAS_KEY = 1 << 2,
	HAS_SEQ = 1 << 3,
	NO_FRAGMENTS = 1 << 8,
	HAS_OPTIONS = 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15,
	NO_CACHE = 1 << 13,
};

#define LABEL_BITS 0xfffff
#define BEFORE(field) offsetof(struct bpf_tunnel_key, field)

/* What the struct was before; a program's may be as short. */
static bool is_older(u32 size, bool ipv6)
{
	switch (size) {
	case BEFORE(local_ipv6[0]):
	case BEFORE(tunnel_label):
	case BEFORE(tunnel_ext): return true;
	case BEFORE(remote_ipv6[1]): return !ipv6;
	default: return false;
	}
}

static void show_key(const struct pkt_tunnel *t, u64 flags,
		     struct bpf_tunnel_key *key)
{
	memset(key, 0, sizeof(*key));
	key->tunnel_id = (u32)t->id;
	key->tunnel_tos = t->tos;
	key->tunnel_ttl = t->ttl;
	if (flags & BPF_F_TUNINFO_FLAGS)
		key->tunnel_flags = htons(t->flags);
	memcpy(key->remote_ipv6, t->from, sizeof(t->from));
	memcpy(key->local_ipv6, t->to, sizeof(t->to));
	if (t->ipv6) {
		key->tunnel_label = t->label;
	} else {
		key->remote_ipv4 = ntohl(key->remote_ipv4);
		key->local_ipv4 = ntohl(key->local_ipv4);
	}
}

static int get_key(const struct pkt *p, void *to, u32 size, u64 flags)
{
	const u64 known = BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS;
	struct bpf_tunnel_key key;

	if (!p->has_tunnel || flags & ~known)
		return -EINVAL;
	if (p->tunnel.ipv6 != !!(flags & BPF_F_TUNINFO_IPV6))
		return -EPROTO;
	if (size != sizeof(key) && !is_older(size, p->tunnel.ipv6))
		return -EINVAL;
	show_key(&p->tunnel, flags, &key);
	memcpy(to, &key, size);
	return 0;
}

HELPER_4(skb_get_tunnel_key, const struct pkt *, p, void *, to, u32, size, u64,
	 flags)
{
	int res = get_key(p, to, size, flags);

	if (res)
		memset(to, 0, size);
	return helper_error(res);
}

const struct helper helper_skb_get_tunnel_key = {
	.id = BPF_FUNC_skb_get_tunnel_key,
	.name = "skb_get_tunnel_key",
	.fn = skb_get_tunnel_key,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MEM_OUT, ARG_SIZE, ARG_ANY },
};

static u16 header_of(u64 flags)
{
	return (u16)(NO_CACHE |
		     (flags & BPF_F_DONT_FRAGMENT ? NO_FRAGMENTS : 0) |
		     (flags & BPF_F_ZERO_CSUM_TX ? 0 : HAS_CSUM) |
		     (flags & BPF_F_SEQ_NUMBER ? HAS_SEQ : 0) |
		     (flags & BPF_F_NO_TUNNEL_KEY ? 0 : HAS_KEY));
}

HELPER_4(skb_set_tunnel_key, struct pkt *, p, const void *, from, u32, size,
	 u64, flags)
{
	const u64 known = BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT |
			  BPF_F_SEQ_NUMBER | BPF_F_NO_TUNNEL_KEY |
			  BPF_F_TUNINFO_IPV6;
	bool ipv6 = flags & BPF_F_TUNINFO_IPV6;
	struct bpf_tunnel_key key = { 0 };
	struct pkt_tunnel *t = &p->tunnel;

	if (flags & ~known || (size != sizeof(key) && !is_older(size, false)))
		return helper_error(-EINVAL);
	memcpy(&key, from, size);
	if ((!ipv6 && key.tunnel_label) || key.tunnel_ext)
		return helper_error(-EINVAL);
	p->has_tunnel = true;
	memset(t, 0, offsetof(struct pkt_tunnel, options));
	t->id = key.tunnel_id;
	t->tos = key.tunnel_tos;
	t->ttl = key.tunnel_ttl;
	t->flags = header_of(flags);
	t->ipv6 = ipv6;
	if (ipv6) {
		t->label = key.tunnel_label & LABEL_BITS;
		memcpy(t->to, key.remote_ipv6, sizeof(t->to));
		memcpy(t->from, key.local_ipv6, sizeof(t->from));
	} else {
		key.remote_ipv4 = htonl(key.remote_ipv4);
		key.local_ipv4 = htonl(key.local_ipv4);
		memcpy(t->to, &key.remote_ipv4, sizeof(key.remote_ipv4));
		memcpy(t->from, &key.local_ipv4, sizeof(key.local_ipv4));
	}
	return 0;
}

const struct helper helper_skb_set_tunnel_key = {
	.id = BPF_FUNC_skb_set_tunnel_key,
	.name = "skb_set_tunnel_key",
	.fn = skb_set_tunnel_key,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MEM, ARG_SIZE, ARG_ANY },
};

static int get_options(const struct pkt *p, u8 *to, u32 size)
{
	const struct pkt_tunnel *t = &p->tunnel;

	if (!p->has_tunnel || !(t->flags & HAS_OPTIONS))
		return -ENOENT;
	if (size < t->option_bytes)
		return -ENOMEM;
	memcpy(to, t->options, t->option_bytes);
	memset(to + t->option_bytes, 0, size - t->option_bytes);
	return t->option_bytes;
}

HELPER_3(skb_get_tunnel_opt, const struct pkt *, p, u8 *, to, u32, size)
{
	int res = get_options(p, to, size);

	if (res < 0)
		memset(to, 0, size);
	return helper_error(res);
}

const struct helper helper_skb_get_tunnel_opt = {
	.id = BPF_FUNC_skb_get_tunnel_opt,
	.name = "skb_get_tunnel_opt",
	.fn = skb_get_tunnel_opt,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MEM_OUT, ARG_SIZE },
};

HELPER_3(skb_set_tunnel_opt, struct pkt *, p, const u8 *, from, u32, size)
{
	if (!p->has_tunnel || size % sizeof(u32))
		return helper_error(-EINVAL);
	if (size > PKT_TUNNEL_OPTIONS)
		return helper_error(-ENOMEM);
	memcpy(p->tunnel.options, from, size);
	p->tunnel.option_bytes = (u8)size;
	p->tunnel.flags |= (u16)HAS_OPTIONS;
	return 0;
}

const struct helper helper_skb_set_tunnel_opt = {
	.id = BPF_FUNC_skb_set_tunnel_opt,
	.name = "skb_set_tunnel_opt",
	.fn = skb_set_tunnel_opt,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MEM, ARG_SIZE },
};
