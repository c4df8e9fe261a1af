/* SPDX-License-Identifier: BSD-3-Clause */
/* csum.c - csum_diff, l3_csum_replace, l4_csum_replace */
#include "helper/helpers.h"
#include "helper/hot.h"

void csum_pulled(struct pkt *p, const void *bytes, u32 len)
{
	if (p->csum_state == CSUM_COMPLETE)
		p->csum = -csum_bytes(bytes, len, -p->csum);
}

void csum_pushed(struct pkt *p, const void *bytes, u32 len)
{
	if (p->csum_state == CSUM_COMPLETE)
		p->csum = csum_add(p->csum, csum_bytes(bytes, len, 0));
}

HELPER_5(csum_diff, const void *, from, u32, from_size, const void *, to, u32,
	 to_size, u32, seed)
{
	return hot_csum_diff(from, from_size, to, to_size, seed);
}

const struct helper helper_csum_diff = {
	.id = BPF_FUNC_csum_diff,
	.name = "csum_diff",
	.fn = csum_diff,
	.progs = PROG_XDP | PROG_TC,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_MEM_OR_NULL, ARG_SIZE_OR_ZERO, ARG_MEM_OR_NULL,
		 ARG_SIZE_OR_ZERO, ARG_ANY },
};

/* The checksum at an offset, NULL: not one programs may replace. */
static u8 *checksum_at(struct pkt *p, u32 offset)
{
	if (offset & 1 || offset + sizeof(u16) > pkt_len(p))
		return NULL;
	return p->data + offset;
}

static u16 get16(const u8 *at)
{
	u16 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void put16(u8 *at, u16 value)
{
	memcpy(at, &value, sizeof(value));
}

static u16 replace_by_diff(u16 check, u32 diff)
{
	return csum_fold(csum_add(diff, ~(u32)check));
}

static u16 replace4(u16 check, u32 from, u32 to)
{
	return csum_fold(csum_add(csum_sub(~(u32)check, from), to));
}

static u16 add16(u16 a, u16 b)
{
	u16 sum = a + b;

	return sum + (sum < b);
}

static u16 replace2(u16 check, u16 from, u16 to)
{
	return (u16)~add16(add16((u16)~check, (u16)~from), to);
}

HELPER_5(l3_csum_replace, struct pkt *, p, u32, offset, u64, from, u64, to, u64,
	 flags)
{
	u8 *at;

	if (flags & ~(u64)BPF_F_HDR_FIELD_MASK)
		return helper_error(-EINVAL);
	at = checksum_at(p, offset);
	if (!at)
		return helper_error(-EFAULT);
	switch (flags) {
	case 0:
		if (from)
			return helper_error(-EINVAL);
		put16(at, replace_by_diff(get16(at), (u32)to));
		return 0;
	case 2:
		put16(at, replace2(get16(at), (u16)from, (u16)to));
		return 0;
	case 4:
		put16(at, replace4(get16(at), (u32)from, (u32)to));
		return 0;
	default:
		return helper_error(-EINVAL);
	}
}

const struct helper helper_l3_csum_replace = {
	.id = BPF_FUNC_l3_csum_replace,
	.name = "l3_csum_replace",
	.fn = l3_csum_replace,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY, ARG_ANY },
};

/* A field of the pseudo header is not in the packet: a COMPLETE sum changes
 * with it, a PARTIAL checksum holds its sum. */
static u16 l4_replace(struct pkt *p, u16 check, u32 from, u32 to, bool pseudo)
{
	if (p->csum_state == CSUM_PARTIAL) {
		if (!pseudo)
			return check;
		return (u16)~csum_fold(csum_add(csum_sub(check, from), to));
	}
	if (p->csum_state == CSUM_COMPLETE && pseudo)
		p->csum = ~csum_add(csum_sub(~p->csum, from), to);
	return replace4(check, from, to);
}

/* In IPv6 the address is in what a COMPLETE sum covers and cancels out. */
static u16 l4_by_diff(struct pkt *p, u16 check, u32 diff, bool pseudo,
		      bool ipv6)
{
	if (p->csum_state == CSUM_PARTIAL) {
		if (!pseudo)
			return check;
		return (u16)~csum_fold(csum_add(diff, check));
	}
	if (p->csum_state == CSUM_COMPLETE && pseudo && !ipv6)
		p->csum = ~csum_sub(diff, p->csum);
	return replace_by_diff(check, diff);
}

#define L4_FLAGS                                                              \
	((u64)(BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR | \
	       BPF_F_IPV6 | BPF_F_HDR_FIELD_MASK))

HELPER_5(l4_csum_replace, struct pkt *, p, u32, offset, u64, from, u64, to, u64,
	 flags)
{
	bool pseudo = flags & BPF_F_PSEUDO_HDR;
	u16 check;
	u8 *at;

	if (flags & ~L4_FLAGS)
		return helper_error(-EINVAL);
	at = checksum_at(p, offset);
	if (!at)
		return helper_error(-EFAULT);
	check = get16(at);
	/* 0 in UDP: there is no checksum */
	if ((flags & BPF_F_MARK_MANGLED_0) && !(flags & BPF_F_MARK_ENFORCE) &&
	    !check)
		return 0;
	switch (flags & BPF_F_HDR_FIELD_MASK) {
	case 0:
		if (from)
			return helper_error(-EINVAL);
		check = l4_by_diff(p, check, (u32)to, pseudo,
				   flags & BPF_F_IPV6);
		break;
	case 2:
		check = l4_replace(p, check, (u16)from, (u16)to, pseudo);
		break;
	case 4:
		check = l4_replace(p, check, (u32)from, (u32)to, pseudo);
		break;
	default:
		return helper_error(-EINVAL);
	}
	if ((flags & BPF_F_MARK_MANGLED_0) && !check)
		check = 0xffff;
	put16(at, check);
	return 0;
}

const struct helper helper_l4_csum_replace = {
	.id = BPF_FUNC_l4_csum_replace,
	.name = "l4_csum_replace",
	.fn = l4_csum_replace,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY, ARG_ANY },
};
