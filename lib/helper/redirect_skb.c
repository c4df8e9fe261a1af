/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect_skb.c - redirect_neigh, redirect_peer, clone_redirect */
#include <linux/pkt_cls.h>
#include <string.h>

#include "helper/helpers.h"
#include "net/net.h"

static u64 note(struct run *run, u32 ifindex, enum redirect_how how)
{
	run->redirect.ifindex = ifindex;
	run->redirect.flags = 0;
	run->redirect.how = how;
	run->redirect.next.family = 0;
	run->redirect.set = true;
	run->redirect.entry = NULL;
	run->redirect.map = NULL;
	return TC_ACT_REDIRECT;
}

HELPER_4(redirect_neigh, u32, ifindex, const struct bpf_redir_neigh *, params,
	 s32, size, u64, flags)
{
	if ((size && (u32)size < sizeof(*params)) || flags)
		return TC_ACT_SHOT;
	note(run, ifindex, size ? REDIRECT_NEXT : REDIRECT_NEIGH);
	if (size) {
		run->redirect.next.family = params->nh_family;
		memcpy(run->redirect.next.address, params->ipv6_nh,
		       sizeof(run->redirect.next.address));
	}
	return TC_ACT_REDIRECT;
}

const struct helper helper_redirect_neigh = {
	.id = BPF_FUNC_redirect_neigh,
	.name = "redirect_neigh",
	.fn = redirect_neigh,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_MEM_OR_NULL, ARG_SIZE_OR_ZERO, ARG_ANY },
};

HELPER_2(redirect_peer, u32, ifindex, u64, flags)
{
	if (flags)
		return TC_ACT_SHOT;
	return note(run, ifindex, REDIRECT_PEER);
}

const struct helper helper_redirect_peer = {
	.id = BPF_FUNC_redirect_peer,
	.name = "redirect_peer",
	.fn = redirect_peer,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_ANY },
};

HELPER_3(clone_redirect, const struct pkt *, p, u32, ifindex, u64, flags)
{
	if (flags & ~(u64)BPF_F_INGRESS)
		return helper_error(-EINVAL);
	/* who sends something as one that is many says which many */
	if (p->gso_size)
		return helper_error(-EBADMSG);
	if (!net_device(run->world->net, ifindex))
		return helper_error(-EINVAL);
	if (p->mac_header >= p->network_header)
		return helper_error(-ERANGE);
	return run->clone ? helper_error(run->clone(run, ifindex, flags)) : 0;
}

const struct helper helper_clone_redirect = {
	.id = BPF_FUNC_clone_redirect,
	.name = "clone_redirect",
	.fn = clone_redirect,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};
