/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_member.c - does a member of this type lie well in its struct? */
#include <errno.h>

#include "bpf/btf_blob.h"

/* A member with the type it comes to. */
struct placed {
	const struct btf_check *c;
	const struct btf_type *whole;
	const struct btf_member *member;
	const struct btf_type *t;
	u32 size;   /* of t */
	u32 offset; /* bits */
	u32 width;  /* of a bitfield in bits, 0: none */
};

static int refuse(const struct placed *p, const char *why)
{
	return btf_fail_member(p->c, p->whole, p->member, "%s", why);
}

static int fits(const struct placed *p, u64 bytes)
{
	return p->offset / 8 + bytes > p->whole->size
		       ? refuse(p, "Member exceeds struct_size")
		       : 0;
}

static int byte_aligned(const struct placed *p, const char *why)
{
	return p->offset % 8 ? refuse(p, why) : 0;
}

/* Without kind_flag the INT itself says which of its bits are meant. */
static int check_int(const struct placed *p)
{
	u32 word = btf_int(p->t), bits;
	u32 shift = BTF_INT_OFFSET(word);
	struct placed at = *p;

	if (UINT32_MAX - p->offset < shift)
		return refuse(p, "bits_offset exceeds U32_MAX");
	at.offset += shift;
	bits = BTF_INT_BITS(word) + at.offset % 8;
	if (bits > 128)
		return refuse(p, "nr_copy_bits exceeds 128");
	return fits(&at, btf_bytes(bits));
}

static int check_kflag_int(const struct placed *p)
{
	u32 all = BTF_INT_BITS(btf_int(p->t)), bits = p->width;
	int res;

	if (!btf_int_regular(p->t))
		return refuse(p, "Invalid member base type");
	if (!bits) {
		res = byte_aligned(p, "Invalid member offset");
		if (res)
			return res;
		bits = all;
	} else if (bits > all) {
		return refuse(p, "Invalid member bitfield_size");
	}
	bits += p->offset % 8;
	if (bits > 128)
		return refuse(p, "nr_copy_bits exceeds 128");
	return fits(p, btf_bytes(bits));
}

static int check_kflag_enum(const struct placed *p)
{
	u32 bits = p->width;
	int res;

	if (!bits) {
		res = byte_aligned(p, "Member is not byte aligned");
		if (res)
			return res;
		bits = 32;
	} else if (bits > 32) {
		return refuse(p, "Invalid member bitfield_size");
	}
	if (p->whole->size < btf_bytes(p->offset + bits))
		return refuse(p, "Member exceeds struct_size");
	return 0;
}

static int check_float(const struct placed *p)
{
	if (p->offset % (8 * MIN(p->size, 8)))
		return refuse(p, "Member is not properly aligned");
	return fits(p, p->size);
}

static int check_whole(const struct placed *p)
{
	int res = byte_aligned(p, "Member is not byte aligned");

	return res ? res : fits(p, p->size);
}

int btf_check_placed(const struct btf_check *c, const struct btf_type *whole,
		     const struct btf_member *member)
{
	struct placed p = {
		.c = c,
		.whole = whole,
		.member = member,
		.offset = btf_bit_offset(whole, member),
		.width = btf_bitfield_size(whole, member),
	};
	u32 id = member->type, kind;

	p.t = btf_sized(c->btf, &id, &p.size);
	if (!p.t)
		return refuse(&p, "Invalid member");
	kind = btf_kind(p.t);
	if (btf_kflag(whole)) {
		if (kind == BTF_KIND_INT)
			return check_kflag_int(&p);
		if (kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64)
			return check_kflag_enum(&p);
		if (p.width)
			return refuse(&p, "Invalid member bitfield_size");
	}
	if (kind == BTF_KIND_INT)
		return check_int(&p);
	return kind == BTF_KIND_FLOAT ? check_float(&p) : check_whole(&p);
}
