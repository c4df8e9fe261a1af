/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_raw.h - the types of an object before they are complete and validated */
#ifndef WEIR_ELF_BTF_RAW_H
#define WEIR_ELF_BTF_RAW_H

#include "elf/load.h"

/* A copy.  Every record is inside; what a record refers to is not checked:
 * raw_type() and raw_string() do. */
struct btf_raw {
	u8 *types; /* room for more at the end */
	u32 types_len;
	u32 types_cap;
	char *strings;
	u32 strings_len;
	u32 strings_cap;
	VEC(u32) at; /* offset in types by id; [0] is void's, unused */
};

int btf_raw_read(struct load *l, const struct section *s, struct btf_raw *raw);
void btf_raw_free(struct btf_raw *raw);

/* NULL: there is none. */
struct btf_type *raw_type(const struct btf_raw *raw, u32 id);
/* "" if there is none. */
const char *raw_string(const struct btf_raw *raw, u32 offset);

/* The new id or string's offset, 0: out of memory. */
u32 raw_add_int(struct btf_raw *raw, u32 name);
u32 raw_add_var(struct btf_raw *raw, u32 name, u32 type);
u32 raw_add_string(struct btf_raw *raw, const char *s);

/* Checks all of it and makes it a blob. */
int btf_raw_validate(struct load *l, const struct section *s,
		     const struct btf_raw *raw, struct btf_blob **out);

#endif
