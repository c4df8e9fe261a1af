/* SPDX-License-Identifier: BSD-3-Clause */
/* words.c - what is known of a register, for people */
#include "verify/history.h"

static void add_number(struct text *t, const struct range *r)
{
	if (range_is_const(r)) {
		text_add(t, "%lld", (long long)r->smin);
	} else if (r->smin >= 0) {
		text_add(t, "%llu to %llu", (unsigned long long)r->umin,
			 (unsigned long long)r->umax);
	} else if (r->smin > INT64_MIN || r->smax < INT64_MAX) {
		if (r->smin > INT64_MIN)
			text_add(t, "%lld", (long long)r->smin);
		else
			text_add(t, "the least");
		if (r->smax < INT64_MAX)
			text_add(t, " to %lld", (long long)r->smax);
		else
			text_add(t, " to the greatest");
	} else if (r->umin || r->umax < UINT64_MAX) {
		text_add(t, "%llu to %llu, unsigned",
			 (unsigned long long)r->umin,
			 (unsigned long long)r->umax);
	} else {
		text_add(t, "any");
	}
}

static void words_scalar(struct text *t, const struct range *r)
{
	bool unknown = r->smin == INT64_MIN && r->smax == INT64_MAX &&
		       !r->umin && r->umax == UINT64_MAX;

	text_add(t, range_is_const(r) ? "the number "
		    : unknown	      ? "a number, "
				      : "a number from ");
	add_number(t, r);
	if (unknown && (r->umin32 || r->umax32 < UINT32_MAX))
		text_add(t, "; its low half from %u to %u", r->umin32,
			 r->umax32);
}

static void words_offset(struct text *t, const struct reg *r)
{
	if (r->off || range_is_const(&r->var))
		if (r->off + (s64)r->var.bits.value)
			text_add(t, ", offset %lld",
				 (long long)(r->off + (s64)r->var.bits.value));
	if (range_is_const(&r->var))
		return;
	text_add(t, r->off ? " plus " : ", offset ");
	add_number(t, &r->var);
}

static void words_packet(struct text *t, const struct reg *r)
{
	text_add(t, r->kind == REG_PKT ? "packet pointer"
				       : "pointer to the packet's metadata");
	words_offset(t, r);
	if (r->range == BEYOND_END)
		text_add(t, ", beyond the end");
	else if (r->range == AT_END)
		text_add(t, ", at the end");
	else
		text_add(t, ", %d bytes known readable", r->range);
}

static void words_map(struct text *t, const struct reg *r)
{
	const char *name = r->map->name ? r->map->name : "";

	if (r->kind == REG_MAP_KEY)
		text_add(t, "pointer to a key of ");
	else if (r->kind == REG_MAP_VALUE)
		text_add(t, "pointer to a value of ");
	text_add(t, name[0] ? "map %s" : "a map", name);
	if (r->kind != REG_MAP)
		text_add(t, " (%u bytes)",
			 r->kind == REG_MAP_KEY ? r->map->key_size
						: r->map->value_size);
}

void words_reg(struct text *t, const struct reg *r)
{
	static const char *const names[REG_KINDS] = {
		[REG_UNINIT] = "nothing",
		[REG_CTX] = "the context",
		[REG_STACK] = "pointer to the stack",
		[REG_PKT_END] = "the packet's end",
		[REG_SOCK_COMMON] = "pointer to a socket",
		[REG_SOCK] = "pointer to a full socket",
		[REG_TCP_SOCK] = "pointer to a TCP socket",
		[REG_XDP_SOCK] = "pointer to an XDP socket",
		[REG_KERNEL_SOCK] = "pointer to a socket of the kernel",
		[REG_FUNC] = "a function",
		[REG_DYNPTR] = "pointer to a dynptr",
	};

	switch (r->kind) {
	case REG_SCALAR: words_scalar(t, &r->var); return;
	case REG_PKT:
	case REG_PKT_META: words_packet(t, r); return;
	case REG_MAP:
	case REG_MAP_KEY:
	case REG_MAP_VALUE: words_map(t, r); break;
	case REG_MEM:
		text_add(t, "pointer to %u bytes of memory", r->size);
		break;
	default: text_add(t, "%s", names[r->kind]); break;
	}
	if (r->kind != REG_UNINIT && r->kind != REG_PKT_END)
		words_offset(t, r);
	if (r->flags & REG_OR_NULL)
		text_add(t, ", or NULL");
}
