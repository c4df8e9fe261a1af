/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core.h - CO-RE: compile once, run everywhere
 *
 * A relocation names a type of the object (local), a path into it and a
 * question: where, how large, does it exist.  It is answered by the types of
 * the target that have the same name and, along the path, compatible ones.
 * The rules are libbpf's.
 */
#ifndef WEIR_ELF_CORE_H
#define WEIR_ELF_CORE_H

#include "elf/load.h"

#define CORE_PATH_MAX 64

struct core_step {
	u32 type; /* in which idx is; of an array's step, its element */
	u32 idx;
	const char *name; /* NULL: of an array */
};

struct core_spec {
	const struct btf_blob *btf;
	u32 kind; /* enum bpf_core_relo_kind */
	u32 root;
	u32 len;     /* steps with a name, and of arrays */
	u32 raw_len; /* all, those into nameless members too */
	u64 bit_offset;
	struct core_step steps[CORE_PATH_MAX];
};

struct core_name {
	u32 hash; /* of the name without its flavour */
	u32 id;
};

struct core {
	struct load *l;
	const struct btf_blob *local, *target;
	struct core_name *names; /* of the target's types, by hash */
	u32 name_cnt;
	u64 budget; /* comparisons left: no object needs as many */
};

/* What a relocation puts into its instruction. */
struct core_answer {
	u64 value;
	u64 size;   /* of the field, where it is loaded or stored; or 0 */
	u32 type;   /* of the field, with size */
	bool exact; /* the instruction is sure to have the local value */
};

/* Length without "___flavour". */
u32 core_name_len(const char *name);
bool core_names_match(const char *a, const char *b);
static inline bool core_spend(struct core *c)
{
	return c->budget && c->budget--;
}

static inline bool core_kind_is_field(u32 kind)
{
	return kind <= BPF_CORE_FIELD_RSHIFT_U64;
}

static inline bool core_kind_is_enum(u32 kind)
{
	return kind == BPF_CORE_ENUMVAL_EXISTS ||
	       kind == BPF_CORE_ENUMVAL_VALUE;
}

static inline bool core_kinds_compatible(const struct btf_type *a,
					 const struct btf_type *b)
{
	return type_kind(a) == type_kind(b) ||
	       (type_is_enum(a) && type_is_enum(b));
}

static inline bool core_is_bitfield_int(const struct btf_type *t)
{
	return BTF_INT_OFFSET(type_int(t)) != 0;
}

/* core_types.c: 1, 0 or a negative errno. */
int core_types_compatible(struct core *c, u32 local, u32 target);
int core_types_match(struct core *c, u32 local, u32 target);
int core_fields_compatible(struct core *c, u32 local, u32 target);

/* core_spec.c */
int core_spec_parse(const struct btf_blob *btf, u32 type, const char *path,
		    u32 kind, struct core_spec *out);
/* 1: out is the same path in the target's type; 0: it has none. */
int core_spec_match(struct core *c, const struct core_spec *local, u32 target,
		    struct core_spec *out);
/* Name and value of an enumerator. */
const char *core_enum_name(const struct btf_blob *btf, u32 type, u32 idx);

/* core_answer.c: spec NULL is "it does not exist".  1: no answer, the
 * instruction becomes invalid; 0; or a negative errno. */
int core_answer(u32 kind, const struct core_spec *spec,
		struct core_answer *out);

/* core_patch.c: an errno with what is wrong in *why, or 0. */
int core_patch(struct bpf_insn *in, u32 left, const struct core_answer *local,
	       const struct core_answer *target, bool unsafe_size,
	       const char **why);
void core_invalidate(struct bpf_insn *in, u32 left);

#endif
