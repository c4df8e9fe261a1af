/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/flow.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include <xxhash.h>

struct flow {
	u8 addr[2][16];
	u16 port[2];
	u8 protocol;
};

/* At most this many tags are looked through. */
#define TAGS_MAX 2

static u16 be16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static void ports(struct flow *f, const u8 *at, const u8 *end)
{
	if (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP &&
	    f->protocol != IPPROTO_SCTP)
		return;
	if (end - at < 4)
		return;
	f->port[0] = be16(at);
	f->port[1] = be16(at + 2);
}

static bool ipv4(struct flow *f, const u8 *at, const u8 *end)
{
	struct iphdr ip;

	if (end - at < (ptrdiff_t)sizeof(ip))
		return false;
	memcpy(&ip, at, sizeof(ip));
	memcpy(f->addr[0], &ip.saddr, sizeof(ip.saddr));
	memcpy(f->addr[1], &ip.daddr, sizeof(ip.daddr));
	f->protocol = ip.protocol;
	if (!(ntohs(ip.frag_off) & (IP_MF | IP_OFFMASK)) &&
	    end - at > ip.ihl * 4)
		ports(f, at + ip.ihl * 4, end);
	return true;
}

static bool ipv6(struct flow *f, const u8 *at, const u8 *end)
{
	struct ip6_hdr ip;

	if (end - at < (ptrdiff_t)sizeof(ip))
		return false;
	memcpy(&ip, at, sizeof(ip));
	memcpy(f->addr[0], &ip.ip6_src, sizeof(ip.ip6_src));
	memcpy(f->addr[1], &ip.ip6_dst, sizeof(ip.ip6_dst));
	f->protocol = ip.ip6_nxt;
	ports(f, at + sizeof(ip), end);
	return true;
}

/* One order for both directions. */
static void sort_ends(struct flow *f)
{
	int order = memcmp(f->addr[0], f->addr[1], sizeof(f->addr[0]));
	struct flow old = *f;

	if (order < 0 || (order == 0 && f->port[0] <= f->port[1]))
		return;
	memcpy(f->addr[0], old.addr[1], sizeof(f->addr[0]));
	memcpy(f->addr[1], old.addr[0], sizeof(f->addr[0]));
	f->port[0] = old.port[1];
	f->port[1] = old.port[0];
}

u32 flow_hash(const u8 *frame, u32 len)
{
	const u8 *at = frame + ETH_ALEN * 2, *end = frame + len;
	struct flow f;
	u16 type;

	memset(&f, 0, sizeof(f)); /* padding is hashed too */
	if (len < ETH_HLEN)
		return 0;
	type = be16(at);
	for (int i = 0; i < TAGS_MAX && end - at >= 6 &&
			(type == ETH_P_8021Q || type == ETH_P_8021AD);
	     i++) {
		at += 4;
		type = be16(at);
	}
	at += 2;
	if (!(type == ETH_P_IP && ipv4(&f, at, end)) &&
	    !(type == ETH_P_IPV6 && ipv6(&f, at, end)))
		return 0;
	sort_ends(&f);
	return (u32)XXH3_64bits(&f, sizeof(f));
}
