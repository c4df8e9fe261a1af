/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_values.h - types of every shape that a map's value may have */
#ifndef WEIR_TESTS_BTF_VALUES_H
#define WEIR_TESTS_BTF_VALUES_H

#include "btf_make.h"

struct ids {
	u32 s32, u8, u16, u32, u64, u128, boolean, chr, letter, f32, f64;
	u32 en, en64, ptr, text, bytes4, bytes6, bytes16, in_addr, pair;
	u32 pairs, anon, bits, whole, section, in6;
	u32 be16, be32, be64, port, flow, f80;
};

static inline void make_scalars(struct btf_make *m, struct ids *ids)
{
	ids->s32 = make_int(m, "int", 4, BTF_INT_SIGNED);
	ids->u8 = make_int(m, "u8", 1, 0);
	ids->u16 = make_int(m, "u16", 2, 0);
	ids->u32 = make_int(m, "u32", 4, 0);
	ids->u64 = make_int(m, "u64", 8, 0);
	ids->u128 = make_int(m, "u128", 16, 0);
	ids->boolean = make_int(m, "bool", 1, BTF_INT_BOOL);
	ids->chr = make_int(m, "char", 1, BTF_INT_SIGNED);
	ids->letter = make_int(m, "letter", 1, BTF_INT_CHAR);
	ids->f32 = make_type(m, "float", BTF_KIND_FLOAT, 0, 4);
	ids->f64 = make_type(m, "double", BTF_KIND_FLOAT, 0, 8);
	ids->en = make_type(m, "verdict", BTF_KIND_ENUM, 2, 4);
	make_pair(m, "DROP", 1);
	make_pair(m, "NOT", UINT32_MAX);
	ids->en64 = make_type(m, "wide", BTF_KIND_ENUM64, 1, 8);
	make_triple(m, make_name(m, "HIGH"), 1, 2);
	ids->ptr = make_type(m, NULL, BTF_KIND_PTR, 0, 0);
	ids->text = make_array(m, ids->chr, ids->u32, 4);
	ids->bytes4 = make_array(m, ids->u8, ids->u32, 4);
	ids->bytes6 = make_array(m, ids->u8, ids->u32, 6);
	ids->bytes16 = make_array(m, ids->u8, ids->u32, 16);
}

static inline void make_structs(struct btf_make *m, struct ids *ids)
{
	u32 inner;

	ids->pair = make_type(m, "pair", BTF_KIND_STRUCT, 2, 4);
	make_member(m, "a", ids->u16, 0);
	make_member(m, "b", ids->u16, 16);
	ids->pairs = make_array(m, ids->pair, ids->u32, 2);
	inner = make_type(m, NULL, BTF_KIND_UNION, 2, 4);
	make_member(m, "word", ids->u32, 0);
	make_member(m, "two", ids->pair, 0);
	ids->anon = make_type(m, "anon", BTF_KIND_STRUCT, 2, 8);
	make_member(m, NULL, inner, 0);
	make_member(m, "last", ids->u32, 32);
	ids->bits = make_raw(m, make_name(m, "bits"),
			     MAKE_INFO(BTF_KIND_STRUCT, 4) | MAKE_KFLAG, 4);
	make_member(m, "low", ids->u32, 3 << 24 | 0);
	make_member(m, "mid", ids->s32, 10 << 24 | 3);
	make_member(m, "e", ids->en, 3 << 24 | 13);
	make_member(m, "top", ids->u16, 16);
	ids->whole = make_type(m, "whole", BTF_KIND_STRUCT, 3, 24);
	make_member(m, "p", ids->ptr, 0);
	make_member(m, "list", ids->pairs, 64);
	make_member(m, "name", ids->text, 128);
	ids->in6 = make_type(m, "in6_addr", BTF_KIND_STRUCT, 1, 16);
	make_member(m, "s6", ids->bytes16, 0);
	inner = make_type(m, "counter", BTF_KIND_VAR, 0, ids->u32);
	make_word(m, 1);
	ids->section = make_type(m, ".data", BTF_KIND_DATASEC, 1, 8);
	make_triple(m, inner, 4, 4);
}

static inline void make_network(struct btf_make *m, struct ids *ids)
{
	u32 ports;

	ids->be16 = make_type(m, "__be16", BTF_KIND_TYPEDEF, 0, ids->u16);
	ids->be32 = make_type(m, "__be32", BTF_KIND_TYPEDEF, 0, ids->u32);
	ids->be64 = make_type(m, "__be64", BTF_KIND_TYPEDEF, 0, ids->u64);
	ids->port = make_type(m, "port_t", BTF_KIND_TYPEDEF, 0,
			      make_type(m, NULL, BTF_KIND_CONST, 0, ids->be16));
	ports = make_array(m, ids->port, ids->u32, 2);
	ids->flow = make_type(m, "flow", BTF_KIND_STRUCT, 3, 12);
	make_member(m, "saddr", ids->be32, 0);
	make_member(m, "ports", ports, 32);
	make_member(m, "proto", ids->u32, 64);
	ids->f80 = make_type(m, "long double", BTF_KIND_FLOAT, 0, 16);
}

/* The blob is not ended yet. */
static inline void make_value_types(struct btf_make *m, struct ids *ids)
{
	make_init(m);
	make_scalars(m, ids);
	make_structs(m, ids);
	make_network(m, ids);
}

#endif
