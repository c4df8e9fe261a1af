/* SPDX-License-Identifier: BSD-3-Clause */
/* xdp_data.c - xdp_get_buff_len, xdp_load_bytes, xdp_store_bytes */
#include "helper/helpers.h"

HELPER_1(xdp_get_buff_len, const struct pkt *, p)
{
	return pkt_whole_len(p);
}

const struct helper helper_xdp_get_buff_len = {
	.id = BPF_FUNC_xdp_get_buff_len,
	.name = "xdp_get_buff_len",
	.fn = xdp_get_buff_len,
	.progs = PROG_XDP,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};

static int check(const struct pkt *p, u32 offset, u32 len)
{
	if (offset > 0xffff || len > 0xffff)
		return -EFAULT;
	return offset + len > pkt_whole_len(p) ? -EINVAL : 0;
}

HELPER_4(xdp_load_bytes, const struct pkt *, p, u32, offset, void *, to, u32,
	 len)
{
	int err = check(p, offset, len);

	if (!err)
		pkt_read(p, offset, to, len);
	return helper_error(err);
}

const struct helper helper_xdp_load_bytes = {
	.id = BPF_FUNC_xdp_load_bytes,
	.name = "xdp_load_bytes",
	.fn = xdp_load_bytes,
	.progs = PROG_XDP,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM_OUT, ARG_SIZE },
};

HELPER_4(xdp_store_bytes, struct pkt *, p, u32, offset, const void *, from, u32,
	 len)
{
	int err = check(p, offset, len);

	if (!err)
		pkt_write(p, offset, from, len);
	return helper_error(err);
}

const struct helper helper_xdp_store_bytes = {
	.id = BPF_FUNC_xdp_store_bytes,
	.name = "xdp_store_bytes",
	.fn = xdp_store_bytes,
	.progs = PROG_XDP,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM, ARG_SIZE },
};
