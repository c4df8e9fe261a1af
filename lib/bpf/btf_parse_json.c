/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_parse_json.c - JSON to a value, by type
 *
 * Takes what btf_json() prints, and what people write: members of anonymous
 * structs and unions by their name, addresses as text.  The type may be as
 * hostile as the text: how much of it is looked at is limited.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf_blob.h"
#include "bpf/btf_text.h"

#define DEPTH_MAX 64
#define NAME_SIZE (BTF_NAME_MAX + 1)

struct parser {
	struct btf_text text;
	const struct btf_blob *btf;
	u32 depth;
	u64 left; /* members and items that may still be looked at */
};

/* A struct's member, and where its struct begins. */
struct found {
	const struct btf_type *whole;
	const struct btf_member *member;
	u8 *at;
};

/* Some bits of a value. */
struct place {
	u8 *at;
	u32 bit;
	u32 width;
	bool network; /* its bytes are in network order */
};

static int parse_value(struct parser *p, u32 id, u32 bit, u8 *at);

struct number {
	unsigned __int128 magnitude;
	bool negative;
	bool hex;
};

static bool to_number(const char *word, struct number *n)
{
	const unsigned __int128 max = ~(unsigned __int128)0;
	u32 base = 10;

	*n = (struct number){ .negative = *word == '-' };
	word += n->negative;
	if (word[0] == '0' && (word[1] | 0x20) == 'x') {
		n->hex = true;
		base = 16;
		word += 2;
	}
	if (!*word)
		return false;
	for (; *word; word++) {
		u32 digit = *word >= '0' && *word <= '9'
				    ? (u32)(*word - '0')
				    : (u32)((*word | 0x20) - 'a') + 10;

		if (digit >= base || n->magnitude > (max - digit) / base)
			return false;
		n->magnitude = n->magnitude * base + digit;
	}
	return true;
}

static void store(const struct place *to, unsigned __int128 bits)
{
	u8 *at = to->at + to->bit / 8;
	u32 shift = to->bit % 8;
	unsigned __int128 mask = ~(unsigned __int128)0, word = 0;

	if (to->width < 128)
		mask = ((unsigned __int128)1 << to->width) - 1;
	memcpy(&word, at, btf_bytes(shift + to->width));
	word &= ~(mask << shift);
	word |= (bits & mask) << shift;
	memcpy(at, &word, btf_bytes(shift + to->width));
}

static void turn_round(u8 *at, u32 bytes)
{
	for (u32 i = 0; i < bytes / 2; i++) {
		u8 other = at[bytes - 1 - i];

		at[bytes - 1 - i] = at[i];
		at[i] = other;
	}
}

/* Hexadecimal says which bits are set, whatever the sign. */
static int store_number(struct parser *p, const struct place *to,
			const struct number *n, bool is_signed,
			const char *word)
{
	u32 bits = to->width - (is_signed && !n->hex && to->width > 0);
	bool fits = bits >= 128 || n->magnitude >> bits == 0;

	if (n->negative)
		fits = n->magnitude == 0 ||
		       (is_signed &&
			(fits || n->magnitude == (unsigned __int128)1 << bits));
	if (!fits)
		return text_fail(&p->text, "%s does not fit in %u %sbits", word,
				 to->width, is_signed ? "signed " : "");
	store(to, n->negative ? -n->magnitude : n->magnitude);
	if (to->network)
		turn_round(to->at, to->width / 8);
	return 0;
}

static bool enum_value(const struct btf_blob *btf, const struct btf_type *t,
		       const char *name, u64 *value)
{
	const struct btf_enum *e = (const struct btf_enum *)(t + 1);
	const struct btf_enum64 *e64 = (const struct btf_enum64 *)(t + 1);
	bool wide = btf_kind(t) == BTF_KIND_ENUM64;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 offset = wide ? e64[i].name_off : e[i].name_off;

		if (strcmp(btf_string(btf, offset), name) != 0)
			continue;
		*value = wide ? (u64)e64[i].val_hi32 << 32 | e64[i].val_lo32
			      : (u64)(s64)e[i].val;
		return true;
	}
	return false;
}

static int parse_enum(struct parser *p, const struct btf_type *t,
		      const struct place *to)
{
	char word[NAME_SIZE];
	struct number n;
	bool quoted;
	u64 value;
	int res = text_word(&p->text, word, sizeof(word), &quoted);

	if (res)
		return res;
	if (enum_value(p->btf, t, word, &value)) {
		store(to, value);
		return 0;
	}
	if (!to_number(word, &n))
		return text_fail(&p->text, "'%.64s' is no value of enum %.64s",
				 word, btf_string(p->btf, t->name_off));
	/* of either sign: BTF says little about it */
	return store_number(p, to, &n, n.negative, word);
}

/* "10.0.0.1", IPv6 text or "aa:bb:cc:dd:ee:ff", by size, as on the wire. */
static bool to_address(const char *word, u64 size, u8 *out)
{
	unsigned int mac[6];
	char end;

	if (size == 4)
		return inet_pton(AF_INET, word, out) == 1;
	if (size == 16)
		return inet_pton(AF_INET6, word, out) == 1;
	if (size != 6 || strlen(word) != 17 ||
	    sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%c", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &end) != 6)
		return false;
	for (int i = 0; i < 6; i++)
		out[i] = (u8)mac[i];
	return true;
}

static int parse_address(struct parser *p, u64 size, u8 *at, const char *what)
{
	char word[64];
	bool quoted;
	int res = text_word(&p->text, word, sizeof(word), &quoted);

	if (res)
		return res;
	if (to_address(word, size, at))
		return 0;
	text_fail(&p->text, "'%s' is no %s of %llu bytes", word, what,
		  (unsigned long long)size);
	if (size == 4 || size == 16 || size == 6)
		err_hint(p->text.err,
			 "an address in text may stand for it: "
			 "%s",
			 size == 4    ? "10.0.0.1"
			 : size == 16 ? "2001:db8::1"
				      : "02:00:00:00:00:01");
	return -EINVAL;
}

/* The one character that a word is, as Latin-1, or -1. */
static int one_char(const char *word)
{
	const u8 *c = (const u8 *)word;

	if (c[0] && !c[1] && c[0] < 0x80)
		return c[0];
	if ((c[0] == 0xc2 || c[0] == 0xc3) && c[1] && !c[2])
		return (c[0] & 3) << 6 | (c[1] & 0x3f);
	return -1;
}

static int parse_int(struct parser *p, const struct btf_type *t,
		     const struct place *to)
{
	u32 encoding = BTF_INT_ENCODING(btf_int(t));
	char word[64];
	struct number n;
	bool quoted;
	int res = text_word(&p->text, word, sizeof(word), &quoted), c;

	if (res)
		return res;
	c = encoding == BTF_INT_CHAR && quoted ? one_char(word) : -1;
	if (c >= 0) {
		store(to, (u32)c);
		return 0;
	}
	if (to_number(word, &n))
		return store_number(p, to, &n,
				    encoding == BTF_INT_SIGNED ||
					    (encoding == BTF_INT_CHAR &&
					     n.negative),
				    word);
	if (encoding == BTF_INT_BOOL &&
	    (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)) {
		store(to, word[0] == 't');
		return 0;
	}
	if (quoted && to->bit == 0 && to->width % 8 == 0 &&
	    to_address(word, to->width / 8, to->at))
		return 0;
	return text_fail(&p->text, "'%s' is no %s", word,
			 encoding == BTF_INT_BOOL ? "true or false" : "number");
}

static int parse_pointer(struct parser *p, u8 *at)
{
	struct place to = { .at = at, .width = 64 };
	char word[64];
	struct number n;
	bool quoted;
	int res = text_word(&p->text, word, sizeof(word), &quoted);

	if (res)
		return res;
	if (!to_number(word, &n))
		return text_fail(&p->text, "'%s' is no number", word);
	return store_number(p, &to, &n, false, word);
}

/* Floats that C has no type for are their bytes, as answers show them. */
static int parse_bytes(struct parser *p, u8 *at, u32 size)
{
	u32 n = 0;
	int res = text_expect(&p->text, '[');

	if (res)
		return res;
	do {
		struct place to = { .at = at + n, .width = 8 };
		struct number byte;
		char word[8];
		bool quoted;

		res = text_word(&p->text, word, sizeof(word), &quoted);
		if (!res && n == size)
			res = text_fail(&p->text, "more than %u bytes", size);
		if (!res && !to_number(word, &byte))
			res = text_fail(&p->text, "'%s' is no byte", word);
		if (!res)
			res = store_number(p, &to, &byte, false, word);
		if (res)
			return res;
		n++;
	} while (text_take(&p->text, ','));
	if (n != size)
		return text_fail(&p->text, "%u bytes, not %u", n, size);
	return text_expect(&p->text, ']');
}

static int parse_float(struct parser *p, const struct btf_type *t, u8 *at)
{
	char word[64], *end;
	bool quoted;
	double d;
	float f;
	int res;

	if (t->size != 4 && t->size != 8)
		return parse_bytes(p, at, t->size);
	res = text_word(&p->text, word, sizeof(word), &quoted);
	if (res)
		return res;
	d = strtod(word, &end);
	if (*end || end == word)
		return text_fail(&p->text, "'%s' is no number", word);
	f = (float)d;
	if (t->size == 4)
		memcpy(at, &f, 4);
	else
		memcpy(at, &d, 8);
	return 0;
}

static int spend(struct parser *p)
{
	if (!p->left)
		return text_fail(&p->text, "the type is too large");
	p->left--;
	return 0;
}

static int parse_items(struct parser *p, const struct btf_array *a, u8 *at)
{
	u64 size = (u64)btf_size(p->btf, a->type);
	u32 n = 0;
	int res = text_expect(&p->text, '[');

	if (res || (!a->nelems && text_take(&p->text, ']')))
		return res;
	do {
		size_t path = text_enter_index(&p->text, n);

		if (n == a->nelems)
			return text_fail(&p->text,
					 "the array has only %u items",
					 a->nelems);
		res = parse_value(p, a->type, 0, at + n * size);
		if (res)
			return res;
		text_leave(&p->text, path);
		n++;
	} while (text_take(&p->text, ','));
	res = text_expect(&p->text, ']');
	if (!res && n != a->nelems)
		res = text_fail(&p->text, "%u items, the array has %u", n,
				a->nelems);
	return res;
}

static int parse_array(struct parser *p, const struct btf_type *t, u8 *at)
{
	const struct btf_array *a = btf_array(t);
	size_t len;

	if (*p->text.at != '"')
		return parse_items(p, a, at);
	if (btf_is_char(p->btf, a->type))
		return text_string(&p->text, (char *)at, a->nelems, &len);
	if (btf_size(p->btf, a->type) != 1)
		return text_fail(&p->text, "a string for an array of numbers");
	return parse_address(p, a->nelems, at, "array");
}

/* Members of anonymous structs and unions are the struct's own. */
static int find_member(struct parser *p, const struct btf_type *t, u8 *at,
		       const char *name, struct found *out, u32 depth)
{
	const struct btf_member *m = btf_members(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *inner;
		int res = spend(p);

		if (res)
			return res;
		if (m[i].name_off) {
			if (strcmp(btf_string(p->btf, m[i].name_off), name))
				continue;
			*out = (struct found){ t, &m[i], at };
			return 1;
		}
		inner = btf_type(p->btf, btf_skip(p->btf, m[i].type));
		if (!btf_is(inner, BTF_STRUCTS) || depth == DEPTH_MAX)
			continue;
		res = find_member(p, inner, at + btf_bit_offset(t, &m[i]) / 8,
				  name, out, depth + 1);
		if (res)
			return res;
	}
	return 0;
}

/* bpftool prints anonymous members under the name "": the nth is meant. */
static int find_anonymous(const struct btf_type *t, u8 *at, u32 nth,
			  struct found *out)
{
	const struct btf_member *m = btf_members(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (m[i].name_off || nth-- != 0)
			continue;
		*out = (struct found){ t, &m[i], at };
		return 1;
	}
	return 0;
}

static int parse_member(struct parser *p, const struct found *f)
{
	u32 offset = btf_bit_offset(f->whole, f->member);
	u32 width = btf_bitfield_size(f->whole, f->member);
	struct place to = {
		.at = f->at + offset / 8,
		.bit = offset % 8,
		.width = width,
	};
	const struct btf_type *t;

	if (!width)
		return parse_value(p, f->member->type, to.bit, to.at);
	t = btf_type(p->btf, btf_skip(p->btf, f->member->type));
	return btf_is(t, BTF_BIT(INT)) ? parse_int(p, t, &to)
				       : parse_enum(p, t, &to);
}

static int parse_key(struct parser *p, char *name)
{
	size_t len;
	int res = text_string(&p->text, name, NAME_SIZE - 1, &len);

	if (res)
		return res;
	name[len] = '\0';
	return text_expect(&p->text, ':');
}

static int parse_struct(struct parser *p, const struct btf_type *t, u8 *at)
{
	u32 anonymous = 0;
	int res;

	if (*p->text.at == '"')
		return parse_address(p, t->size, at, "struct");
	res = text_expect(&p->text, '{');
	if (res || text_take(&p->text, '}'))
		return res;
	do {
		char name[NAME_SIZE];
		struct found f;
		size_t path;

		res = parse_key(p, name);
		if (res)
			return res;
		path = text_enter(&p->text, name);
		res = *name ? find_member(p, t, at, name, &f, 0)
			    : find_anonymous(t, at, anonymous++, &f);
		if (!res)
			res = text_fail(&p->text, "%s %s has no such member",
					btf_kind(t) == BTF_KIND_UNION
						? "union"
						: "struct",
					btf_string(p->btf, t->name_off));
		if (res > 0)
			res = parse_member(p, &f);
		if (res)
			return res;
		text_leave(&p->text, path);
	} while (text_take(&p->text, ','));
	return text_expect(&p->text, '}');
}

/* {"name": value}, one or more variables of the section. */
static int parse_vars(struct parser *p, const struct btf_type *t, u8 *at)
{
	const struct btf_var_secinfo *v = btf_secinfos(t);
	int res = text_expect(&p->text, '{');

	if (res || text_take(&p->text, '}'))
		return res;
	do {
		char name[NAME_SIZE];
		size_t path;
		u32 i = 0;

		res = parse_key(p, name);
		if (res)
			return res;
		path = text_enter(&p->text, name);
		while (i < btf_vlen(t) &&
		       strcmp(btf_name(p->btf, v[i].type), name) != 0)
			i++;
		if (i == btf_vlen(t))
			return text_fail(&p->text,
					 "section %s has no such variable",
					 btf_string(p->btf, t->name_off));
		res = parse_value(p, btf_type(p->btf, v[i].type)->type, 0,
				  at + v[i].offset);
		if (res)
			return res;
		text_leave(&p->text, path);
	} while (text_take(&p->text, ','));
	return text_expect(&p->text, '}');
}

/* As bpftool prints it, {".data": [{"a": 1}, {"b": 2}]}, or just the
 * variables. */
static int parse_datasec(struct parser *p, const struct btf_type *t, u8 *at)
{
	struct btf_text before = p->text;
	char name[NAME_SIZE];
	int res = text_expect(&p->text, '{');

	if (res || text_take(&p->text, '}'))
		return res;
	res = parse_key(p, name);
	if (res)
		return res;
	if (strcmp(name, btf_string(p->btf, t->name_off)) != 0) {
		p->text = before;
		return parse_vars(p, t, at);
	}
	res = text_expect(&p->text, '[');
	if (!res && !text_take(&p->text, ']')) {
		do {
			res = parse_vars(p, t, at);
		} while (!res && text_take(&p->text, ','));
		if (!res)
			res = text_expect(&p->text, ']');
	}
	return res ? res : text_expect(&p->text, '}');
}

static int parse_kind(struct parser *p, u32 id, u32 bit, u8 *at)
{
	const struct btf_type *t = btf_type(p->btf, btf_skip(p->btf, id));
	struct place to = { .at = at, .bit = bit, .width = t->size * 8 };

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		to.bit += BTF_INT_OFFSET(btf_int(t));
		to.width = BTF_INT_BITS(btf_int(t));
		to.network = bit == 0 && btf_is_network(p->btf, id);
		return parse_int(p, t, &to);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64: return parse_enum(p, t, &to);
	case BTF_KIND_PTR: return parse_pointer(p, at);
	case BTF_KIND_FLOAT: return parse_float(p, t, at);
	case BTF_KIND_ARRAY: return parse_array(p, t, at);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return parse_struct(p, t, at);
	case BTF_KIND_VAR: return parse_value(p, t->type, 0, at);
	case BTF_KIND_DATASEC: return parse_datasec(p, t, at);
	default:
		return text_fail(&p->text, "a %s has no value",
				 btf_kind_name(btf_kind(t)));
	}
}

static int parse_value(struct parser *p, u32 id, u32 bit, u8 *at)
{
	int res = spend(p);

	if (res)
		return res;
	if (p->depth == DEPTH_MAX)
		return text_fail(&p->text, "nested more than %d deep",
				 DEPTH_MAX);
	p->depth++;
	res = parse_kind(p, id, bit, at);
	p->depth--;
	return res;
}

int btf_parse_json(const struct btf_blob *btf, u32 id, const char *text,
		   void *value, u64 size, struct err *err)
{
	struct parser p = { .btf = btf, .left = 1000000 + 64 * size };
	s64 whole = btf_size(btf, id);
	int res;

	text_init(&p.text, text, err);
	if (whole < 0 || (u64)whole != size)
		return text_fail(&p.text, "the type has %lld bytes, not %llu",
				 (long long)whole, (unsigned long long)size);
	memset(value, 0, size);
	res = parse_value(&p, id, 0, value);
	return res ? res : text_end(&p.text);
}
