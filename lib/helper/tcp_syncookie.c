/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp_syncookie.c - tcp_raw_gen_syncookie and _check_syncookie of IPv4 and IPv6
 */
#include "helper/helpers.h"
#include "helper/syncookie.h"

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
