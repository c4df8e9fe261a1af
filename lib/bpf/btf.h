/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf.h - validated BTF
 *
 * A blob is checked once, as Linux's BTF_LOAD does, and immutable from then
 * on; everything that reads it may trust its ids, offsets and strings.
 */
#ifndef WEIR_BPF_BTF_H
#define WEIR_BPF_BTF_H

#include <linux/btf.h>

#include "base/err.h"
#include "base/json.h"
#include "base/types.h"

struct btf_blob;

/* Copies size bytes.  One reference, the caller's. */
int btf_parse(const void *data, u32 size, struct err *err,
	      struct btf_blob **out);
struct btf_blob *btf_get(struct btf_blob *btf);
void btf_put(struct btf_blob *btf);

/* For a table of blobs by number: set before anyone else finds the blob.
 * gone() says that the last reference has gone and btf_try_get() fails. */
struct btf_number {
	u32 id; /* 0: none */
	void (*gone)(struct btf_blob *btf, void *arg);
	void *gone_arg;
};

struct btf_number *btf_number(struct btf_blob *btf);
struct btf_blob *btf_try_get(struct btf_blob *btf);

const void *btf_raw(const struct btf_blob *btf, u32 *size);
u32 btf_type_count(const struct btf_blob *btf); /* ids are 1 to count */
const struct btf_type *btf_type(const struct btf_blob *btf, u32 id);
const char *btf_string(const struct btf_blob *btf, u32 offset);
/* "" for a nameless type */
const char *btf_name(const struct btf_blob *btf, u32 id);
/* The id of the type of this kind and name, or -ENOENT. */
int btf_find(const struct btf_blob *btf, const char *name, u32 kind);
/* Past typedefs and const, volatile, restrict, type tags. */
u32 btf_skip(const struct btf_blob *btf, u32 id);
/* Bytes of a value of the type, or a negative errno. */
s64 btf_size(const struct btf_blob *btf, u32 id);

/* What a value holds besides data, and programs may not touch. */
enum btf_field_kind {
	BTF_FIELD_SPIN_LOCK,
	BTF_FIELD_RES_SPIN_LOCK,
	BTF_FIELD_TIMER,
	BTF_FIELD_WORKQUEUE,
	BTF_FIELD_LIST_HEAD,
	BTF_FIELD_LIST_NODE,
	BTF_FIELD_RB_ROOT,
	BTF_FIELD_RB_NODE,
	BTF_FIELD_REFCOUNT,
	BTF_FIELD_KINDS
};

struct btf_field {
	enum btf_field_kind kind;
	u32 offset;
	u32 content;	  /* of a root: type id of the struct it contains */
	const char *node; /* and the member that links it */
};

#define BTF_FIELDS_MAX 11 /* in one value */

u32 btf_field_size(enum btf_field_kind kind);
const char *btf_field_name(enum btf_field_kind kind); /* "bpf_timer" */

/* Those of the kinds in mask (1 << kind) in a struct or section, ascending:
 * how many, or Linux's errno if they cannot be so. */
int btf_fields(const struct btf_blob *btf, u32 id, u32 mask,
	       struct btf_field fields[BTF_FIELDS_MAX]);

enum btf_style {
	BTF_BPFTOOL, /* exactly what bpftool prints */
	BTF_TYPED,   /* what btf_parse_json() takes for the same bytes */
};

void btf_json(struct json *j, const struct btf_blob *btf, u32 id,
	      const void *value, enum btf_style style);

/*
 * JSON text by type into size bytes at value.  Integers (decimal, 0x hex; those
 * that BTF calls __be16, __be32 or __be64 come out in network byte order),
 * strings for char arrays, "a.b.c.d" and IPv6 text for 4- and 16-byte integers
 * or byte arrays - in network byte order - enum names,
 * "aa:bb:cc:dd:ee:ff" for 6 bytes, arrays, structs by member (missing ones are
 * zero, unknown ones an error).  -EINVAL with the member's path in err.
 */
int btf_parse_json(const struct btf_blob *btf, u32 id, const char *text,
		   void *value, u64 size, struct err *err);

#endif
