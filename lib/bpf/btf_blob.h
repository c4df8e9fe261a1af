/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_blob.h - what a blob is made of, and its validation; inside bpf/ only */
#ifndef WEIR_BPF_BTF_BLOB_H
#define WEIR_BPF_BTF_BLOB_H

#include <stdatomic.h>

#include "bpf/btf.h"

/* Linux's limits, as 6.18 has them */
#define BTF_SIZE_MAX (16u << 20)
#define BTF_NAME_MAX 512 /* KSYM_NAME_LEN */
#define BTF_DEPTH_MAX 32

struct btf_blob {
	atomic_uint refs;
	struct btf_number number;
	u8 *memory;
	const u8 *data; /* in memory, placed so that the types are aligned */
	u32 size;
	const char *strings;
	u32 strings_len;
	const struct btf_type **types; /* [0] is void */
	u32 type_cnt;		       /* void counts */
	/* Of a type that refers to others: what it comes to in the end, and
	 * the size of an array. */
	u32 *resolved_ids;
	u32 *resolved_sizes;
};

/* One validation: the blob, and the type that is being looked at. */
struct btf_check {
	struct btf_blob *btf;
	struct err *err; /* may be NULL */
	u32 id;
};

/* Every type by itself; finds where each one starts. */
int btf_check_types(struct btf_check *c, const u8 *types, u32 len);
/* Every type with those it refers to: ids, sizes, loops. */
int btf_resolve_types(struct btf_check *c);
/* Does the member lie well in t?  What it refers to is resolved. */
int btf_check_placed(const struct btf_check *c, const struct btf_type *t,
		     const struct btf_member *member);
/* Chains of modifiers: their length, and type tags first. */
int btf_check_chains(struct btf_check *c);

/* Fields of structs that are no data. */
int btf_check_fields(struct btf_check *c);

/* The reason in Linux's words; the place is the type, or its member. */
int btf_fail(const struct btf_check *c, int code, const char *fmt, ...)
	PRINTF(3, 4);
int btf_fail_type(const struct btf_check *c, int code, const char *fmt, ...)
	PRINTF(3, 4);
int btf_fail_member(const struct btf_check *c, const struct btf_type *t,
		    const struct btf_member *member, const char *fmt, ...)
	PRINTF(4, 5);

/* "STRUCT" */
const char *btf_kind_name(u32 kind);

bool btf_offset_valid(const struct btf_blob *btf, u32 offset);
bool btf_identifier_valid(const struct btf_blob *btf, u32 offset);
bool btf_section_valid(const struct btf_blob *btf, u32 offset);

/* The type that has the size which *id stands for, with its id; NULL: none. */
const struct btf_type *btf_sized(const struct btf_blob *btf, u32 *id,
				 u32 *size);

/* "char" in C, as compilers describe it; typedefs of it are not. */
bool btf_is_char(const struct btf_blob *btf, u32 id);

/* An integer of several whole bytes called __be16, __be32 or __be64, by
 * whatever further names: its bytes are in network order. */
bool btf_is_network(const struct btf_blob *btf, u32 id);

static inline u32 btf_kind(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static inline u32 btf_vlen(const struct btf_type *t)
{
	return BTF_INFO_VLEN(t->info);
}

static inline bool btf_kflag(const struct btf_type *t)
{
	return BTF_INFO_KFLAG(t->info);
}

static inline bool btf_is(const struct btf_type *t, u32 kinds)
{
	return kinds >> btf_kind(t) & 1;
}

#define BTF_BIT(kind) (1u << BTF_KIND_##kind)
#define BTF_MODIFIERS                                            \
	(BTF_BIT(TYPEDEF) | BTF_BIT(VOLATILE) | BTF_BIT(CONST) | \
	 BTF_BIT(RESTRICT) | BTF_BIT(TYPE_TAG))
#define BTF_STRUCTS (BTF_BIT(STRUCT) | BTF_BIT(UNION))
/* Nothing else may refer to these (but decl tags and sections to variables). */
#define BTF_SOURCES (BTF_BIT(VAR) | BTF_BIT(DECL_TAG) | BTF_BIT(DATASEC))
#define BTF_SIZED                                                      \
	(BTF_BIT(INT) | BTF_STRUCTS | BTF_BIT(ENUM) | BTF_BIT(FLOAT) | \
	 BTF_BIT(ENUM64) | BTF_BIT(DATASEC))
/* void is kind 0 */
#define BTF_SIZELESS \
	(BTF_BIT(UNKN) | BTF_BIT(FWD) | BTF_BIT(FUNC) | BTF_BIT(FUNC_PROTO))

static inline const struct btf_member *btf_members(const struct btf_type *t)
{
	return (const struct btf_member *)(t + 1);
}

static inline const struct btf_array *btf_array(const struct btf_type *t)
{
	return (const struct btf_array *)(t + 1);
}

static inline const struct btf_param *btf_params(const struct btf_type *t)
{
	return (const struct btf_param *)(t + 1);
}

static inline const struct btf_var_secinfo *
btf_secinfos(const struct btf_type *t)
{
	return (const struct btf_var_secinfo *)(t + 1);
}

/* the word behind an INT */
static inline u32 btf_int(const struct btf_type *t)
{
	return *(const u32 *)(t + 1);
}

/* Whole bytes, a power of two of them, from bit 0. */
static inline bool btf_int_regular(const struct btf_type *t)
{
	u32 bits = BTF_INT_BITS(btf_int(t));

	return BTF_INT_OFFSET(btf_int(t)) == 0 && bits >= 8 && bits <= 128 &&
	       !(bits & (bits - 1));
}

static inline u32 btf_bit_offset(const struct btf_type *t,
				 const struct btf_member *m)
{
	return btf_kflag(t) ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
}

static inline u32 btf_bitfield_size(const struct btf_type *t,
				    const struct btf_member *m)
{
	return btf_kflag(t) ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
}

static inline u32 btf_bytes(u64 bits)
{
	return (u32)((bits + 7) / 8);
}

#endif
