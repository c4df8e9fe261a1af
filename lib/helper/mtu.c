/* SPDX-License-Identifier: BSD-3-Clause */
/* mtu.c - check_mtu: does a packet, or a length, fit a device? */
#include <linux/if_ether.h>

#include "helper/helpers.h"
#include "net/net.h"

/* Of segments only the headers before them count with the size they have; IPv4
 * and IPv6 without extensions, and TCP or UDP. */
static bool segments_fit(const struct pkt *p, u32 mtu)
{
	const u8 *ip = p->data + p->network_header, *l4;
	u32 headers;
	u8 proto;

	if (p->data_end - ip < 40)
		return true;
	if (ip[0] >> 4 == 6) {
		proto = ip[6];
		l4 = ip + 40;
	} else {
		proto = ip[9];
		l4 = ip + (ip[0] & 15) * 4;
	}
	headers = (u32)(l4 - ip) + 8;
	if (proto == 6 && p->data_end - l4 >= 20)
		headers = (u32)(l4 - ip) + (l4[12] >> 4) * 4u;
	return headers + p->gso_size <= mtu;
}

static int check(const struct pkt *p, s32 len, u32 mtu, bool xdp, u64 flags)
{
	if (len <= (s32)(mtu + ETH_HLEN))
		return BPF_MTU_CHK_RET_SUCCESS;
	if (xdp || !p->gso_size)
		return BPF_MTU_CHK_RET_FRAG_NEEDED;
	if (flags & BPF_MTU_CHK_SEGS && !segments_fit(p, mtu))
		return BPF_MTU_CHK_RET_SEGS_TOOBIG;
	return BPF_MTU_CHK_RET_SUCCESS;
}

HELPER_5(check_mtu, const struct pkt *, p, u32, ifindex, u32 *, mtu_len, s32,
	 diff, u64, flags)
{
	bool xdp = run->prog->type == BPF_PROG_TYPE_XDP;
	const struct net_device *dev;
	u32 len = *mtu_len ? *mtu_len + ETH_HLEN : pkt_len(p);
	int res;

	if (flags & ~(xdp ? 0ull : (u64)BPF_MTU_CHK_SEGS) ||
	    (flags && (diff || *mtu_len)))
		return helper_error(-EINVAL);
	dev = net_device(run->world->net, ifindex ? ifindex : p->ifindex);
	if (!dev)
		return helper_error(-ENODEV);
	res = check(p, (s32)(len + (u32)diff), dev->mtu, xdp, flags);
	*mtu_len = dev->mtu;
	return helper_error(res);
}

const struct helper helper_check_mtu = {
	.id = BPF_FUNC_check_mtu,
	.name = "check_mtu",
	.fn = check_mtu,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.ret = RET_INT,
	.size = { 0, 0, 4 },
	.arg = { ARG_CTX, ARG_ANY, ARG_FIXED_OUT, ARG_ANY, ARG_ANY },
};
