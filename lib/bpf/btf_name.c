/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_name.c - names of types, and what a refusal says about one */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "bpf/btf_blob.h"
#include "bpf/name.h"

static const char *const kind_names[] = {
	[BTF_KIND_UNKN] = "UNKNOWN",	  [BTF_KIND_INT] = "INT",
	[BTF_KIND_PTR] = "PTR",		  [BTF_KIND_ARRAY] = "ARRAY",
	[BTF_KIND_STRUCT] = "STRUCT",	  [BTF_KIND_UNION] = "UNION",
	[BTF_KIND_ENUM] = "ENUM",	  [BTF_KIND_FWD] = "FWD",
	[BTF_KIND_TYPEDEF] = "TYPEDEF",	  [BTF_KIND_VOLATILE] = "VOLATILE",
	[BTF_KIND_CONST] = "CONST",	  [BTF_KIND_RESTRICT] = "RESTRICT",
	[BTF_KIND_FUNC] = "FUNC",	  [BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	[BTF_KIND_VAR] = "VAR",		  [BTF_KIND_DATASEC] = "DATASEC",
	[BTF_KIND_FLOAT] = "FLOAT",	  [BTF_KIND_DECL_TAG] = "DECL_TAG",
	[BTF_KIND_TYPE_TAG] = "TYPE_TAG", [BTF_KIND_ENUM64] = "ENUM64",
};

const char *btf_kind_name(u32 kind)
{
	return kind < ARRAY_LEN(kind_names) ? kind_names[kind] : "UNKNOWN";
}

bool btf_offset_valid(const struct btf_blob *btf, u32 offset)
{
	return offset <= BTF_MAX_NAME_OFFSET && offset < btf->strings_len;
}

static bool is_printable(unsigned char c)
{
	return c >= 0xa0 || (c >= 0x20 && c < 0x7f);
}

bool btf_identifier_valid(const struct btf_blob *btf, u32 offset)
{
	const char *name = btf_string(btf, offset);
	size_t len = strnlen(name, BTF_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++) {
		if (!name_is_char(name[i]) ||
		    (i == 0 && name_is_digit(name[i])))
			return false;
	}
	return len > 0 && len <= BTF_NAME_MAX;
}

bool btf_section_valid(const struct btf_blob *btf, u32 offset)
{
	const char *name = btf_string(btf, offset);
	size_t len = strnlen(name, BTF_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++) {
		if (!is_printable((unsigned char)name[i]))
			return false;
	}
	return len > 0 && len <= BTF_NAME_MAX;
}

/* A name to show in a message, whatever its offset. */
static const char *shown(const struct btf_blob *btf, u32 offset)
{
	const char *name = btf_string(btf, offset);

	return !name ? "(invalid-name-offset)" : *name ? name : "(anon)";
}

int btf_fail(const struct btf_check *c, int code, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	err_fail(c->err, code, "%s", reason);
	if (c->id)
		err_place(c->err, "BTF type [%u]", c->id);
	else
		err_place(c->err, "BTF");
	return code;
}

int btf_fail_type(const struct btf_check *c, int code, const char *fmt, ...)
{
	const struct btf_type *t = btf_type(c->btf, c->id);
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	err_fail(c->err, code, "%s", reason);
	if (t)
		err_place(c->err, "BTF type [%u] %s %.128s", c->id,
			  btf_kind_name(btf_kind(t)),
			  shown(c->btf, t->name_off));
	else
		err_place(c->err, "BTF type [%u]", c->id);
	return code;
}

int btf_fail_member(const struct btf_check *c, const struct btf_type *t,
		    const struct btf_member *member, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	err_fail(c->err, -EINVAL, "%s", reason);
	err_place(c->err, "BTF type [%u] %s %.96s, member %.96s", c->id,
		  btf_kind_name(btf_kind(t)), shown(c->btf, t->name_off),
		  shown(c->btf, member->name_off));
	return -EINVAL;
}
