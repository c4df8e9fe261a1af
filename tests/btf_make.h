/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_make.h - BTF written by hand, right or wrong
 *
 * Each function adds one record and returns its id (types) or offset (names).
 */
#ifndef WEIR_TESTS_BTF_MAKE_H
#define WEIR_TESTS_BTF_MAKE_H

#include <linux/btf.h>
#include <string.h>

#include "base/types.h"

#define BTF_MAKE_MAX 65536

struct btf_make {
	struct btf_header hdr; /* lengths and offsets are filled in at the end,
				  and have these added */
	u32 words[BTF_MAKE_MAX / 4];
	u32 word_cnt;
	char strings[BTF_MAKE_MAX];
	u32 strings_len;
	u32 type_cnt;
	u8 out[3 * BTF_MAKE_MAX];
};

static inline void make_init(struct btf_make *m)
{
	memset(m, 0, offsetof(struct btf_make, out));
	m->hdr.magic = BTF_MAGIC;
	m->hdr.version = BTF_VERSION;
	m->strings_len = 1;
}

static inline u32 make_name(struct btf_make *m, const char *name)
{
	u32 offset = m->strings_len;

	if (!name || !*name)
		return 0;
	memcpy(m->strings + offset, name, strlen(name) + 1);
	m->strings_len += (u32)strlen(name) + 1;
	return offset;
}

static inline void make_word(struct btf_make *m, u32 word)
{
	m->words[m->word_cnt++] = word;
}

#define MAKE_KFLAG (1u << 31)
#define MAKE_INFO(kind, vlen) ((u32)(kind) << 24 | (vlen))

static inline u32 make_raw(struct btf_make *m, u32 name, u32 info,
			   u32 size_or_type)
{
	make_word(m, name);
	make_word(m, info);
	make_word(m, size_or_type);
	return ++m->type_cnt;
}

static inline u32 make_type(struct btf_make *m, const char *name, u32 kind,
			    u32 vlen, u32 size_or_type)
{
	return make_raw(m, make_name(m, name), MAKE_INFO(kind, vlen),
			size_or_type);
}

static inline u32 make_int(struct btf_make *m, const char *name, u32 bytes,
			   u32 encoding)
{
	u32 id = make_type(m, name, BTF_KIND_INT, 0, bytes);

	make_word(m, encoding << 24 | bytes * 8);
	return id;
}

static inline u32 make_array(struct btf_make *m, u32 elem, u32 index, u32 n)
{
	u32 id = make_type(m, NULL, BTF_KIND_ARRAY, 0, 0);

	make_word(m, elem);
	make_word(m, index);
	make_word(m, n);
	return id;
}

/* A member, a parameter, a variable of a section: what follows a type. */
static inline void make_member(struct btf_make *m, const char *name, u32 type,
			       u32 offset)
{
	make_word(m, make_name(m, name));
	make_word(m, type);
	make_word(m, offset);
}

static inline void make_pair(struct btf_make *m, const char *name, u32 second)
{
	make_word(m, make_name(m, name));
	make_word(m, second);
}

static inline void make_triple(struct btf_make *m, u32 a, u32 b, u32 c)
{
	make_word(m, a);
	make_word(m, b);
	make_word(m, c);
}

/* The blob is in m->out.  Returns its size. */
static inline u32 make_end(struct btf_make *m)
{
	struct btf_header h = m->hdr;
	u32 types_len = m->word_cnt * 4;

	h.hdr_len += sizeof(h);
	h.type_len += types_len;
	h.str_off += types_len;
	h.str_len += m->strings_len;
	memcpy(m->out, &h, sizeof(h));
	memcpy(m->out + sizeof(h), m->words, types_len);
	memcpy(m->out + sizeof(h) + types_len, m->strings, m->strings_len);
	return (u32)sizeof(h) + types_len + m->strings_len;
}

#endif
