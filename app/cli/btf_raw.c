/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_raw.c - types as BTF has them
 *
 * Text and JSON have the same members in the same order: "size=4" is
 * "size":4.
 */
#include "cli/btf_raw.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

struct out {
	const struct btf_blob *btf;
	struct json *json; /* NULL: text */
	bool head;	   /* text: the next is the first of its line */
};

static void put_u64(struct out *o, const char *name, u64 value)
{
	if (o->json)
		json_ku64(o->json, name, value);
	else
		printf("%s%s=%llu", o->head ? "" : " ", name,
		       (unsigned long long)value);
	o->head = false;
}

static void put_s64(struct out *o, const char *name, s64 value)
{
	if (o->json) {
		json_key(o->json, name);
		json_s64(o->json, value);
	} else {
		printf(" %s=%lld", name, (long long)value);
	}
}

static void put_word(struct out *o, const char *name, const char *word)
{
	if (o->json)
		json_kstr(o->json, name, word);
	else
		printf(" %s=%s", name, word);
}

static const char *text_of(const struct out *o, u32 offset)
{
	const char *text = btf_string(o->btf, offset);

	return *text ? text : "(anon)";
}

/* ---- what is in a type: a line each ---- */

static void begin_list(struct out *o, const char *name)
{
	if (!o->json)
		return;
	json_key(o->json, name);
	json_begin_array(o->json);
}

static void end_list(struct out *o)
{
	if (o->json)
		json_end_array(o->json);
}

/* name: in the blob's strings; NULL: what is in a section has none. */
static void begin_part(struct out *o, const u32 *name)
{
	o->head = !o->json && !name;
	if (o->json)
		json_begin_object(o->json);
	else
		printf("\n\t");
	if (o->json && name)
		json_kstr(o->json, "name", text_of(o, *name));
	else if (name)
		printf("'%s'", text_of(o, *name));
}

static void end_part(struct out *o)
{
	if (o->json)
		json_end_object(o->json);
}

/* ---- kinds ---- */

typedef void put_fn(struct out *o, const struct btf_type *t, const void *more);

static void put_int(struct out *o, const struct btf_type *t, const void *more)
{
	u32 bits = *(const u32 *)more, encoding = BTF_INT_ENCODING(bits);

	put_u64(o, "size", t->size);
	put_u64(o, "bits_offset", BTF_INT_OFFSET(bits));
	put_u64(o, "nr_bits", BTF_INT_BITS(bits));
	put_word(o, "encoding",
		 encoding == 0		      ? "(none)"
		 : encoding == BTF_INT_SIGNED ? "SIGNED"
		 : encoding == BTF_INT_CHAR   ? "CHAR"
		 : encoding == BTF_INT_BOOL   ? "BOOL"
					      : "UNKN");
}

static void put_type_id(struct out *o, const struct btf_type *t,
			const void *more)
{
	(void)more;
	put_u64(o, "type_id", t->type);
}

static void put_size(struct out *o, const struct btf_type *t, const void *more)
{
	(void)more;
	put_u64(o, "size", t->size);
}

static void put_array(struct out *o, const struct btf_type *t, const void *more)
{
	const struct btf_array *a = more;

	(void)t;
	put_u64(o, "type_id", a->type);
	put_u64(o, "index_type_id", a->index_type);
	put_u64(o, "nr_elems", a->nelems);
}

static void put_struct(struct out *o, const struct btf_type *t,
		       const void *more)
{
	const struct btf_member *m = more;
	bool bitfields = BTF_INFO_KFLAG(t->info);

	put_u64(o, "size", t->size);
	put_u64(o, "vlen", BTF_INFO_VLEN(t->info));
	begin_list(o, "members");
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		u32 at = bitfields ? BTF_MEMBER_BIT_OFFSET(m->offset)
				   : m->offset;

		begin_part(o, &m->name_off);
		put_u64(o, "type_id", m->type);
		put_u64(o, "bits_offset", at);
		if (bitfields && BTF_MEMBER_BITFIELD_SIZE(m->offset))
			put_u64(o, "bitfield_size",
				BTF_MEMBER_BITFIELD_SIZE(m->offset));
		end_part(o);
	}
	end_list(o);
}

static void begin_enum(struct out *o, const struct btf_type *t)
{
	put_word(o, "encoding",
		 BTF_INFO_KFLAG(t->info) ? "SIGNED" : "UNSIGNED");
	put_u64(o, "size", t->size);
	put_u64(o, "vlen", BTF_INFO_VLEN(t->info));
	begin_list(o, "values");
}

static void put_value(struct out *o, const struct btf_type *t, const u32 *name,
		      s64 value)
{
	begin_part(o, name);
	if (BTF_INFO_KFLAG(t->info))
		put_s64(o, "val", value);
	else
		put_u64(o, "val", (u64)value);
	end_part(o);
}

static void put_enum(struct out *o, const struct btf_type *t, const void *more)
{
	const struct btf_enum *e = more;

	begin_enum(o, t);
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, e++)
		put_value(o, t, &e->name_off,
			  BTF_INFO_KFLAG(t->info) ? (s64)e->val
						  : (s64)(u32)e->val);
	end_list(o);
}

static void put_enum64(struct out *o, const struct btf_type *t,
		       const void *more)
{
	const struct btf_enum64 *e = more;

	begin_enum(o, t);
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, e++)
		put_value(o, t, &e->name_off,
			  (s64)((u64)e->val_hi32 << 32 | e->val_lo32));
	end_list(o);
}

static void put_fwd(struct out *o, const struct btf_type *t, const void *more)
{
	(void)more;
	put_word(o, "fwd_kind", BTF_INFO_KFLAG(t->info) ? "union" : "struct");
}

static const char *linkage(u32 n)
{
	static const char *const names[] = { "static", "global", "extern" };

	return n < ARRAY_LEN(names) ? names[n] : "(unknown)";
}

static void put_func(struct out *o, const struct btf_type *t, const void *more)
{
	(void)more;
	put_u64(o, "type_id", t->type);
	put_word(o, "linkage", linkage(BTF_INFO_VLEN(t->info)));
}

static void put_func_proto(struct out *o, const struct btf_type *t,
			   const void *more)
{
	const struct btf_param *p = more;

	put_u64(o, "ret_type_id", t->type);
	put_u64(o, "vlen", BTF_INFO_VLEN(t->info));
	begin_list(o, "params");
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, p++) {
		begin_part(o, &p->name_off);
		put_u64(o, "type_id", p->type);
		end_part(o);
	}
	end_list(o);
}

static void put_var(struct out *o, const struct btf_type *t, const void *more)
{
	const struct btf_var *v = more;

	put_u64(o, "type_id", t->type);
	if (!o->json)
		putchar(',');
	put_word(o, "linkage", linkage(v->linkage));
}

static void put_section(struct out *o, const struct btf_type *t,
			const void *more)
{
	const struct btf_var_secinfo *v = more;

	put_u64(o, "size", t->size);
	put_u64(o, "vlen", BTF_INFO_VLEN(t->info));
	begin_list(o, "vars");
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++, v++) {
		begin_part(o, NULL);
		put_u64(o, "type_id", v->type);
		put_u64(o, "offset", v->offset);
		put_u64(o, "size", v->size);
		if (!o->json)
			printf(" (VAR '%s')", btf_name(o->btf, v->type));
		end_part(o);
	}
	end_list(o);
}

static void put_decl_tag(struct out *o, const struct btf_type *t,
			 const void *more)
{
	const struct btf_decl_tag *tag = more;

	put_u64(o, "type_id", t->type);
	put_s64(o, "component_idx", tag->component_idx);
}

static const struct {
	const char *name;
	put_fn *put;
} kinds[] = {
	[BTF_KIND_INT] = { "INT", put_int },
	[BTF_KIND_PTR] = { "PTR", put_type_id },
	[BTF_KIND_ARRAY] = { "ARRAY", put_array },
	[BTF_KIND_STRUCT] = { "STRUCT", put_struct },
	[BTF_KIND_UNION] = { "UNION", put_struct },
	[BTF_KIND_ENUM] = { "ENUM", put_enum },
	[BTF_KIND_FWD] = { "FWD", put_fwd },
	[BTF_KIND_TYPEDEF] = { "TYPEDEF", put_type_id },
	[BTF_KIND_VOLATILE] = { "VOLATILE", put_type_id },
	[BTF_KIND_CONST] = { "CONST", put_type_id },
	[BTF_KIND_RESTRICT] = { "RESTRICT", put_type_id },
	[BTF_KIND_FUNC] = { "FUNC", put_func },
	[BTF_KIND_FUNC_PROTO] = { "FUNC_PROTO", put_func_proto },
	[BTF_KIND_VAR] = { "VAR", put_var },
	[BTF_KIND_DATASEC] = { "DATASEC", put_section },
	[BTF_KIND_FLOAT] = { "FLOAT", put_size },
	[BTF_KIND_DECL_TAG] = { "DECL_TAG", put_decl_tag },
	[BTF_KIND_TYPE_TAG] = { "TYPE_TAG", put_type_id },
	[BTF_KIND_ENUM64] = { "ENUM64", put_enum64 },
};

static void put_type(struct out *o, u32 id)
{
	const struct btf_type *t = btf_type(o->btf, id);
	u32 kind = BTF_INFO_KIND(t->info);

	if (o->json) {
		json_begin_object(o->json);
		json_ku64(o->json, "id", id);
		json_kstr(o->json, "kind", kinds[kind].name);
		json_kstr(o->json, "name", text_of(o, t->name_off));
	} else {
		printf("[%u] %s '%s'", id, kinds[kind].name,
		       text_of(o, t->name_off));
	}
	kinds[kind].put(o, t, t + 1);
	if (o->json)
		json_end_object(o->json);
	else
		putchar('\n');
}

static int to_stdout(void *arg, const char *bytes, size_t size)
{
	(void)arg;
	return fwrite(bytes, 1, size, stdout) == size ? 0 : -1;
}

void btf_raw_print(const struct cli *cli, const struct btf_blob *btf)
{
	struct out o = { .btf = btf };
	struct json json;

	if (cli->json) {
		json_init(&json, to_stdout, NULL, cli->pretty);
		o.json = &json;
		json_begin_object(&json);
		json_key(&json, "types");
		json_begin_array(&json);
	}
	for (u32 id = 1; id <= btf_type_count(btf); id++)
		put_type(&o, id);
	if (cli->json) {
		json_end_array(&json);
		json_end_object(&json);
		json_flush(&json);
		putchar('\n');
	}
}
