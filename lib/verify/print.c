/* SPDX-License-Identifier: BSD-3-Clause */
/* print.c - registers and stack slots as text, in the syntax of Linux's log */
#include <stdarg.h>
#include <stdio.h>

#include "verify/print.h"

/* Numbers beyond these are read more easily in hexadecimal. */
#define DECIMAL_MIN INT16_MIN
#define DECIMAL_MAX INT16_MAX
#define UNSIGNED_DECIMAL_MAX UINT16_MAX

void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = sizeof(t->buf) - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += MIN((size_t)n, room - 1);
}

static void add_unsigned(struct text *t, u64 n)
{
	text_add(t, n <= UNSIGNED_DECIMAL_MAX ? "%llu" : "%#llx",
		 (unsigned long long)n);
}

static void add_signed(struct text *t, s64 n)
{
	text_add(t, n >= DECIMAL_MIN && n <= DECIMAL_MAX ? "%lld" : "%#llx",
		 (long long)n);
}

void text_tnum(struct text *t, struct tnum n)
{
	if (tnum_is_const(n))
		add_unsigned(t, n.value);
	else
		text_add(t, "(0x%llx; 0x%llx)", (unsigned long long)n.value,
			 (unsigned long long)n.mask);
}

/* ---- ranges ---- */

struct bound {
	const char *name;
	u64 value;
	bool is_signed;
	bool omit;
};

/* Bounds of 64 and 32 bits that look the same when they are written. */
static bool looks_same(const struct bound *a, const struct bound *b)
{
	bool a_negative = a->is_signed && (s64)a->value < 0;
	bool b_negative = b->is_signed && (s64)b->value < 0;

	return a->value == b->value && a_negative == b_negative;
}

/* Of a 32-bit number that is written in hexadecimal the low half is meant. */
static u64 shown(s32 n)
{
	return n >= DECIMAL_MIN && n <= DECIMAL_MAX ? (u64)(s64)n : (u32)n;
}

static void add_bound(struct text *t, const struct bound *b)
{
	if (b->is_signed)
		add_signed(t, (s64)b->value);
	else
		add_unsigned(t, b->value);
}

static void add_range(struct text *t, const struct range *r, const char **sep)
{
	struct bound bounds[] = {
		{ "smin", (u64)r->smin, true, r->smin == INT64_MIN },
		{ "smax", (u64)r->smax, true, r->smax == INT64_MAX },
		{ "umin", r->umin, false, !r->umin },
		{ "umax", r->umax, false, r->umax == UINT64_MAX },
		{ "smin32", shown(r->smin32), true, r->smin32 == INT32_MIN },
		{ "smax32", shown(r->smax32), true, r->smax32 == INT32_MAX },
		{ "umin32", r->umin32, false, !r->umin32 },
		{ "umax32", r->umax32, false, r->umax32 == UINT32_MAX },
	};

	for (u32 i = 0; i < ARRAY_LEN(bounds); i++) {
		if (bounds[i].omit)
			continue;
		text_add(t, "%s%s=", *sep, bounds[i].name);
		*sep = ",";
		for (u32 k = i + 2; k < ARRAY_LEN(bounds); k += 2) {
			if (bounds[k].omit ||
			    !looks_same(&bounds[i], &bounds[k]))
				continue;
			bounds[k].omit = true;
			text_add(t, "%s=", bounds[k].name);
		}
		add_bound(t, &bounds[i]);
	}
	if (r->bits.mask == UINT64_MAX)
		return;
	text_add(t, "%svar_off=", *sep);
	*sep = ",";
	text_tnum(t, r->bits);
}

/* ---- registers ---- */

static const char *const dynptr_names[] = {
	[DYNPTR_NONE] = "<invalid>",  [DYNPTR_LOCAL] = "local",
	[DYNPTR_RINGBUF] = "ringbuf", [DYNPTR_SKB] = "skb",
	[DYNPTR_XDP] = "xdp",
};

const char *reg_kind_name(const struct reg *r, char *buf, size_t size)
{
	static const char *const names[REG_KINDS] = {
		[REG_UNINIT] = "?",	     [REG_SCALAR] = "scalar",
		[REG_CTX] = "ctx",	     [REG_MAP] = "map_ptr",
		[REG_MAP_KEY] = "map_key",   [REG_MAP_VALUE] = "map_value",
		[REG_STACK] = "fp",	     [REG_PKT] = "pkt",
		[REG_PKT_META] = "pkt_meta", [REG_PKT_END] = "pkt_end",
		[REG_MEM] = "mem",	     [REG_SOCK_COMMON] = "sock_common",
		[REG_SOCK] = "sock",	     [REG_TCP_SOCK] = "tcp_sock",
		[REG_XDP_SOCK] = "xdp_sock", [REG_FUNC] = "func",
		[REG_DYNPTR] = "dynptr_ptr", [REG_KERNEL_SOCK] = "ptr_",
	};

	if (r->kind == REG_KERNEL_SOCK && r->flags & REG_OR_NULL) {
		snprintf(buf, size, "ptr_or_null_");
		return buf;
	}

	snprintf(buf, size, "%s%s%s%s", r->flags & REG_RDONLY ? "rdonly_" : "",
		 r->flags & REG_RINGBUF ? "ringbuf_" : "", names[r->kind],
		 r->flags & REG_OR_NULL ? "_or_null" : "");
	return buf;
}

static void add_ids(struct text *t, const struct reg *r, const char **sep)
{
	if (r->id) {
		text_add(t, "%sid=%u", *sep, r->id & ~ID_DELTA);
		*sep = ",";
		if (r->kind == REG_SCALAR && r->id & ID_DELTA)
			text_add(t, "%+d", r->off);
	}
	if (r->ref) {
		text_add(t, "%sref_obj_id=%u", *sep, r->ref);
		*sep = ",";
	}
}

static void add_map(struct text *t, const struct reg *r, const char **sep)
{
	if (r->kind != REG_MAP && r->kind != REG_MAP_KEY &&
	    r->kind != REG_MAP_VALUE)
		return;
	if (r->map->name && r->map->name[0]) {
		text_add(t, "%smap=%.15s", *sep, r->map->name);
		*sep = ",";
	}
	text_add(t, "%sks=%u,vs=%u", *sep, r->map->key_size,
		 r->map->value_size);
	*sep = ",";
}

static void add_object(struct text *t, const struct reg *r, const char **sep)
{
	if (r->kind != REG_SCALAR && r->off) {
		text_add(t, "%soff=", *sep);
		add_signed(t, r->off);
		*sep = ",";
	}
	if (reg_is_packet(r)) {
		text_add(t, "%sr=", *sep);
		add_unsigned(t, (u64)(s64)r->range);
		*sep = ",";
	} else if (r->kind == REG_MEM) {
		text_add(t, "%ssz=", *sep);
		add_unsigned(t, r->size);
		*sep = ",";
	} else if (r->kind == REG_DYNPTR) {
		text_add(t, "%stype=%s", *sep, dynptr_names[r->dynptr]);
		*sep = ",";
	}
}

void text_reg(struct text *t, const struct reg *r, u32 frame)
{
	const char *sep = "";
	char name[64];

	if (r->kind == REG_SCALAR && r->precise)
		text_add(t, "P");
	if (reg_is_const(r)) {
		add_signed(t, (s64)r->var.bits.value);
		return;
	}
	text_add(t, "%s", reg_kind_name(r, name, sizeof(name)));
	if (r->kind == REG_STACK) {
		if (r->frame != frame)
			text_add(t, "[%u]", r->frame);
		if (range_is_const(&r->var)) {
			add_signed(t, (s64)r->var.bits.value + r->off);
			return;
		}
	}
	text_add(t, "(");
	add_ids(t, r, &sep);
	add_map(t, r, &sep);
	add_object(t, r, &sep);
	if (!range_is_const(&r->var)) {
		add_range(t, &r->var, &sep);
	} else if (r->var.bits.value) {
		text_add(t, "%simm=", sep);
		add_signed(t, (s64)r->var.bits.value);
	}
	text_add(t, ")");
}

/* ---- slots ---- */

static void add_bytes(struct text *t, const struct slot *s)
{
	static const char types[] = {
		[SLOT_INVALID] = '?', [SLOT_SPILL] = '\0', [SLOT_MISC] = 'm',
		[SLOT_ZERO] = '0',    [SLOT_DYNPTR] = 'd', [SLOT_ITER] = 'i',
	};

	for (u32 i = 0; i < 8 && types[s->byte[i]]; i++)
		text_add(t, "%c", types[s->byte[i]]);
}

bool text_slot(struct text *t, const struct slot *s, u32 n, u32 frame)
{
	s32 off = -(s32)(n + 1) * 8;
	bool known = false;

	for (u32 i = 0; i < 8; i++)
		known |= s->byte[i] != SLOT_INVALID;
	switch (s->byte[7]) {
	case SLOT_DYNPTR:
		if (!s->reg.first)
			return false;
		text_add(t, "fp%d=dynptr_%s(", off,
			 dynptr_names[s->reg.dynptr]);
		if (s->reg.id)
			text_add(t, "id=%u,", s->reg.id);
		if (s->reg.ref)
			text_add(t, "ref_id=%u,", s->reg.ref);
		text_add(t, "dynptr_id=%u)", s->reg.dynptr_id);
		return true;
	case SLOT_ITER:
		text_add(t, "fp%d=iter_num(ref_id=%u,state=%s,depth=%u)", off,
			 s->reg.ref,
			 s->reg.iter == ITER_ACTIVE ? "active" : "drained",
			 s->reg.depth);
		return true;
	default: break;
	}
	if (!known)
		return false;
	text_add(t, "fp%d=", off);
	add_bytes(t, s);
	if (slot_is_spill(s))
		text_reg(t, &s->reg, frame);
	return true;
}
