/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp_syncookie.c - tcp_raw_gen_syncookie and _check_syncookie of IPv4 and IPv6
 */
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <string.h>

#include "helper/helpers.h"
#include "helper/syncookie.h"
#include "net/socket.h"

#define TCP_HEADER sizeof(struct tcphdr)

static u64 gen(struct run *run, const void *ip, bool ipv6, const u8 *tcp,
	       u32 len)
{
	if (len < TCP_HEADER || len != (tcp[12] >> 4) * 4u)
		return helper_error(-EINVAL);
	return syncookie_make(run->world, ip, ipv6, tcp);
}

HELPER_3(raw_gen4, const void *, ip, const u8 *, tcp, u32, len)
{
	return gen(run, ip, false, tcp, len);
}

HELPER_3(raw_gen6, const void *, ip, const u8 *, tcp, u32, len)
{
	return gen(run, ip, true, tcp, len);
}

HELPER_2(raw_check4, const void *, ip, const u8 *, tcp)
{
	return helper_error(
		syncookie_good(run->world, ip, false, tcp) ? 0 : -EACCES);
}

HELPER_2(raw_check6, const void *, ip, const u8 *, tcp)
{
	return helper_error(
		syncookie_good(run->world, ip, true, tcp) ? 0 : -EACCES);
}

const struct helper helper_tcp_raw_gen_syncookie_ipv4 = {
	.id = BPF_FUNC_tcp_raw_gen_syncookie_ipv4,
	.name = "tcp_raw_gen_syncookie_ipv4",
	.fn = raw_gen4,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.size = { 20 },
	.arg = { ARG_FIXED, ARG_MEM, ARG_SIZE_OR_ZERO },
};

const struct helper helper_tcp_raw_gen_syncookie_ipv6 = {
	.id = BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
	.name = "tcp_raw_gen_syncookie_ipv6",
	.fn = raw_gen6,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.size = { 40 },
	.arg = { ARG_FIXED, ARG_MEM, ARG_SIZE_OR_ZERO },
};

const struct helper helper_tcp_raw_check_syncookie_ipv4 = {
	.id = BPF_FUNC_tcp_raw_check_syncookie_ipv4,
	.name = "tcp_raw_check_syncookie_ipv4",
	.fn = raw_check4,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.size = { 20, 20 },
	.arg = { ARG_FIXED, ARG_FIXED },
};

const struct helper helper_tcp_raw_check_syncookie_ipv6 = {
	.id = BPF_FUNC_tcp_raw_check_syncookie_ipv6,
	.name = "tcp_raw_check_syncookie_ipv6",
	.fn = raw_check6,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.size = { 40, 20 },
	.arg = { ARG_FIXED, ARG_FIXED },
};

/* ---- with a socket ---- */

static bool listens(const struct net_socket *s)
{
	return s->attr.protocol == IPPROTO_TCP && !s->attr.connected;
}

/* 4 or 6, or an error: what the IP header is, and whether the socket has it. */
static int version_for(const struct net_socket *s, const u8 *ip, u32 len)
{
	bool ipv6 = s->attr.family == AF_INET6;

	if (len < sizeof(struct iphdr))
		return -EINVAL;
	switch (ip[0] >> 4) {
	case 4: return ipv6 && s->attr.only_ipv6 ? -EINVAL : 4;
	case 6: return len < sizeof(struct ipv6hdr) || !ipv6 ? -EINVAL : 6;
	default: return -EPROTONOSUPPORT;
	}
}

static int check(struct run *run, u64 sk, const u8 *ip, u32 ip_len,
		 const u8 *tcp, u32 len)
{
	const struct net_socket *s = net_socket_of(sk);
	struct tcphdr t;
	int version;

	if (len < TCP_HEADER || !listens(s))
		return -EINVAL;
	memcpy(&t, tcp, sizeof(t));
	if (!t.ack || t.rst || t.syn)
		return -ENOENT;
	if (ip_len < sizeof(struct iphdr))
		return -EINVAL;
	/* who has given none out takes none back */
	if (!s->attr.cookies)
		return -ENOENT;
	version = version_for(s, ip, ip_len);
	if (version < 0)
		return version;
	return syncookie_good(run->world, ip, version == 6, tcp) ? 0 : -ENOENT;
}

HELPER_5(tcp_check_syncookie, u64, sk, const u8 *, ip, u32, ip_len, const u8 *,
	 tcp, u32, len)
{
	return helper_error(check(run, sk, ip, ip_len, tcp, len));
}

HELPER_5(tcp_gen_syncookie, u64, sk, const u8 *, ip, u32, ip_len, const u8 *,
	 tcp, u32, len)
{
	const struct net_socket *s = net_socket_of(sk);
	struct tcphdr t;
	int version;

	if (len < TCP_HEADER || len != (tcp[12] >> 4) * 4u || !listens(s))
		return helper_error(-EINVAL);
	memcpy(&t, tcp, sizeof(t));
	if (!t.syn || t.ack || t.fin || t.rst)
		return helper_error(-EINVAL);
	version = version_for(s, ip, ip_len);
	if (version < 0)
		return helper_error(version);
	if (!s->attr.cookies)
		return helper_error(-ENOENT);
	return syncookie_make(run->world, ip, version == 6, tcp);
}

const struct helper helper_tcp_check_syncookie = {
	.id = BPF_FUNC_tcp_check_syncookie,
	.name = "tcp_check_syncookie",
	.fn = tcp_check_syncookie,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_SOCK_COMMON, ARG_MEM, ARG_SIZE, ARG_MEM, ARG_SIZE },
};

const struct helper helper_tcp_gen_syncookie = {
	.id = BPF_FUNC_tcp_gen_syncookie,
	.name = "tcp_gen_syncookie",
	.fn = tcp_gen_syncookie,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_SOCK_COMMON, ARG_MEM, ARG_SIZE, ARG_MEM, ARG_SIZE },
};
