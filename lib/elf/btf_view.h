/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_view.h - reading the types of a validated blob */
#ifndef WEIR_ELF_BTF_VIEW_H
#define WEIR_ELF_BTF_VIEW_H

#include "bpf/btf.h"

static inline u32 type_kind(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static inline u32 type_vlen(const struct btf_type *t)
{
	return BTF_INFO_VLEN(t->info);
}

static inline bool type_kflag(const struct btf_type *t)
{
	return BTF_INFO_KFLAG(t->info);
}

static inline bool type_is_composite(const struct btf_type *t)
{
	return type_kind(t) == BTF_KIND_STRUCT ||
	       type_kind(t) == BTF_KIND_UNION;
}

static inline bool type_is_enum(const struct btf_type *t)
{
	return type_kind(t) == BTF_KIND_ENUM || type_kind(t) == BTF_KIND_ENUM64;
}

static inline const struct btf_member *type_members(const struct btf_type *t)
{
	return (const struct btf_member *)(t + 1);
}

static inline const struct btf_array *type_array(const struct btf_type *t)
{
	return (const struct btf_array *)(t + 1);
}

static inline const struct btf_param *type_params(const struct btf_type *t)
{
	return (const struct btf_param *)(t + 1);
}

static inline const struct btf_var_secinfo *type_vars(const struct btf_type *t)
{
	return (const struct btf_var_secinfo *)(t + 1);
}

static inline u32 type_var_linkage(const struct btf_type *t)
{
	return ((const struct btf_var *)(t + 1))->linkage;
}

/* The word that follows an INT: encoding, offset and bits. */
static inline u32 type_int(const struct btf_type *t)
{
	return *(const u32 *)(t + 1);
}

static inline u32 type_member_bit_offset(const struct btf_type *t, u32 i)
{
	u32 offset = type_members(t)[i].offset;

	return type_kflag(t) ? BTF_MEMBER_BIT_OFFSET(offset) : offset;
}

/* 0: no bit field */
static inline u32 type_member_bits(const struct btf_type *t, u32 i)
{
	return type_kflag(t)
		       ? BTF_MEMBER_BITFIELD_SIZE(type_members(t)[i].offset)
		       : 0;
}

#endif
