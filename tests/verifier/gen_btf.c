/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_btf.c - the types of the functions and of the value with a lock */
#include "gen.h"

#include <linux/btf.h>
#include <string.h>

static const char strings[] =
	"\0int\0f\0bpf_spin_lock\0val\0locked\0lock\0a\0b\0c\0pair\0d\0g";

enum name {
	N_INT = 1,
	N_F = 5,
	N_SPIN_LOCK = 7,
	N_VAL = 21,
	N_LOCKED = 25,
	N_LOCK = 32,
	N_A = 37,
	N_B = 39,
	N_C = 41,
	N_PAIR = 43,
	N_D = 48,
	N_G = 50,
};

#define TYPE(name, kind, vlen, size_or_type) \
	name, (kind) << 24 | (vlen), size_or_type
#define MEMBER(name, type, bits) name, type, bits

static const u32 types[] = {
	/* 1 */ TYPE(N_INT, BTF_KIND_INT, 0, 4),
	BTF_INT_SIGNED << 24 | 32,
	/* 2: int (void) */ TYPE(0, BTF_KIND_FUNC_PROTO, 0, 1),
	/* 3 */ TYPE(N_F, BTF_KIND_FUNC, BTF_FUNC_STATIC, 2),
	/* 4 */ TYPE(N_SPIN_LOCK, BTF_KIND_STRUCT, 1, 4),
	MEMBER(N_VAL, 1, 0),
	/* 5 */ TYPE(N_LOCKED, BTF_KIND_STRUCT, 4, 16),
	MEMBER(N_LOCK, 4, 0),
	MEMBER(N_A, 1, 32),
	MEMBER(N_B, 1, 64),
	MEMBER(N_C, 1, 96),
	/* 6 */ TYPE(N_PAIR, BTF_KIND_STRUCT, 4, 16),
	MEMBER(N_A, 1, 0),
	MEMBER(N_B, 1, 32),
	MEMBER(N_C, 1, 64),
	MEMBER(N_D, 1, 96),
	/* 7 */ TYPE(0, BTF_KIND_PTR, 0, 6),
	/* 8: int (int a, struct pair *b) */ TYPE(0, BTF_KIND_FUNC_PROTO, 2, 1),
	N_A,
	1,
	N_B,
	7,
	/* 9 */ TYPE(N_G, BTF_KIND_FUNC, BTF_FUNC_GLOBAL, 8),
};

const void *gen_btf(u32 *size)
{
	static struct {
		struct btf_header head;
		u32 types[ARRAY_LEN(types)];
		char strings[sizeof(strings)];
	} btf;

	btf.head = (struct btf_header){
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(btf.head),
		.type_len = sizeof(types),
		.str_off = sizeof(types),
		.str_len = sizeof(strings),
	};
	memcpy(btf.types, types, sizeof(types));
	memcpy(btf.strings, strings, sizeof(strings));
	*size = sizeof(btf.head) + sizeof(types) + sizeof(strings);
	return &btf;
}
