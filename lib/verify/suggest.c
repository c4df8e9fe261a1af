/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suggest.c - the check that is missing, in C
 *
 * Names are the program's own where its source lines give them: what a line
 * assigns, what it follows with -> or [], what it passes to a helper.
 */
#include <ctype.h>

#include "verify/history.h"

#define NAME_SIZE 48

/* ---- names in source lines ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The identifier that ends before end. */
static bool name_before(const char *start, const char *end, char *name)
{
	const char *from;
	size_t len;

	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	for (from = end; from > start && is_word(from[-1]);)
		from--;
	len = (size_t)(end - from);
	if (!len || len >= NAME_SIZE || isdigit((unsigned char)*from))
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	return true;
}

/* x of "struct y *x = ...". */
static bool name_assigned(const char *text, char *name)
{
	const char *at = strchr(text, '=');

	if (!at || at == text || at[1] == '=' || strchr("=!<>+-*/&|^%", at[-1]))
		return false;
	return name_before(text, at, name);
}

/* x of "*x = ctx->FIELD", wherever in the line. */
static bool name_for(const char *text, const char *field, char *name)
{
	size_t len = strlen(field);
	const char *at = text, *end;

	while ((at = strstr(at, field)) &&
	       (at < text + 2 || at[-1] != '>' || is_word(at[len])))
		at++;
	for (end = at; at && end > text; end--)
		if (*end == '=')
			return name_before(text, end, name);
	return false;
}

/* The context, however it is called. */
static bool is_context(const struct verifier *v, const char *name)
{
	const struct btf_blob *btf = v->attr->btf;
	u32 id = v->subprogs[0].type_id;
	const struct btf_type *func = btf && id ? btf_type(btf, id) : NULL;
	const struct btf_type *proto = func ? btf_type(btf, func->type) : NULL;
	const struct btf_param *params;

	if (!proto || !BTF_INFO_VLEN(proto->info))
		return strcmp(name, "ctx") == 0 || strcmp(name, "skb") == 0;
	params = (const void *)(proto + 1);
	return strcmp(name, btf_string(btf, params[0].name_off)) == 0;
}

/* x of "x->y", "x[y]" or "*x"; *arrow: the first of them. */
static bool name_followed(const struct verifier *v, const char *text,
			  char *name, bool *arrow)
{
	for (const char *at = text; *at; at++) {
		*arrow = at[0] == '-' && at[1] == '>';
		if ((*arrow || *at == '[') && name_before(text, at, name) &&
		    !is_context(v, name))
			return true;
		if (*at == '*' && is_word(at[1])) {
			const char *end = at + 1;

			while (is_word(*end))
				end++;
			if (name_before(at + 1, end, name) && *end != ')' &&
			    !is_context(v, name))
				return true;
		}
	}
	return false;
}

/* What stands between at and the end of its bracket, or a comma. */
static const char *expression(const char *at, char *out)
{
	u32 depth = 0, n = 0;

	while (isspace((unsigned char)*at))
		at++;
	for (; *at; at++) {
		if (!depth && strchr(",)]", *at))
			break;
		depth += *at == '(' || *at == '[';
		depth -= *at == ')' || *at == ']';
		if (n + 1 < NAME_SIZE)
			out[n++] = *at;
	}
	out[n] = '\0';
	return *at ? at : NULL;
}

/* The n-th argument, from 0, of the call of this name. */
static bool argument(const char *text, const char *call, u32 n, char *out)
{
	const char *at = strstr(text, call);

	at = at ? strchr(at, '(') : NULL;
	for (; at; n--) {
		at = expression(at + 1, out);
		if (!n)
			return at && out[0];
		if (!at || *at != ',')
			return false;
	}
	return false;
}

static const char *text_of(const struct verifier *v, u32 insn)
{
	const struct prog_line *line = line_at(v->attr, insn);

	return line && line->text ? line->text : "";
}

/* The variable that a field of the context was loaded into. */
static bool name_of_field(const struct verifier *v, enum ctx_how how,
			  char *name)
{
	for (u32 i = 0; i < v->cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];
		const struct ctx_field *f;

		if (v->aux[i].pointer_kind != REG_CTX ||
		    BPF_CLASS(insn->code) != BPF_LDX || insn->off < 0)
			continue;
		f = ctx_find(v->attr->type, v->attr->expected_attach_type,
			     (u32)insn->off, opcode_find(insn)->bytes, false);
		if (f && f->how == how &&
		    name_for(text_of(v, i), f->name, name))
			return true;
	}
	return false;
}

static const struct verify_event *find_event(const struct verifier *v,
					     enum verify_event_kind kind)
{
	const struct verify_history *h = v->result->history;

	for (u32 i = h ? h->cnt : 0; i--;)
		if (h->events[i].kind == kind)
			return &h->events[i];
	return NULL;
}

/* ---- what to do then ---- */

static const char *give_up(const struct verifier *v, const struct record *r)
{
	if (r->last->depth)
		return "return ...;";
	if (v->prog_mask == PROG_XDP)
		return "return XDP_PASS;";
	return v->prog_mask == PROG_TC ? "return TC_ACT_OK;" : "return 0;";
}

static u32 access_bytes(const struct bpf_insn *insn)
{
	const struct opcode *op = opcode_find(insn);
	u8 class = BPF_CLASS(insn->code);

	return op && (class == BPF_LDX || class == BPF_ST || class == BPF_STX)
		       ? op->bytes
		       : 0;
}

/* Places that no comparison with the end makes known. */
static bool suggest_packet_offset(const struct verifier *v,
				  const struct record *r, const struct reg *ptr,
				  const char *end, struct text *out)
{
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	s64 from = (s64)ptr->off + insn->off;
	s64 to = MAX(from + access_bytes(insn), 0);
	u64 room = (u64)(PACKET_MAX - MIN(to, PACKET_MAX));

	if (ptr->var.smin < 0)
		text_add(out,
			 "if (offset < 0) %s or an unsigned offset, before it "
			 "is added",
			 give_up(v, r));
	else if (range_is_const(&ptr->var) && from < 0)
		text_add(out, "there is nothing %lld bytes before the start",
			 (long long)-from);
	else if (ptr->var.umax > room)
		text_add(out,
			 "if (offset > %llu) %s before it is added: beyond %u "
			 "bytes a comparison with %s proves nothing",
			 (unsigned long long)room, give_up(v, r), PACKET_MAX,
			 end);
	return out->len > 0;
}

static void suggest_packet(const struct verifier *v, const struct record *r,
			   const struct reg *ptr, struct text *out)
{
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	const char *text = text_of(v, v->result->insn);
	u32 bytes = access_bytes(insn);
	char name[NAME_SIZE], data[NAME_SIZE] = "data",
			      end[NAME_SIZE] = "data_end";
	bool meta = ptr->kind == REG_PKT_META, arrow = false;
	bool named = name_followed(v, text, name, &arrow);

	name_of_field(v, meta ? CTX_DATA : CTX_DATA_END, end);
	name_of_field(v, meta ? CTX_DATA_META : CTX_DATA, data);
	if (suggest_packet_offset(v, r, ptr, end, out))
		return;
	/* a place that varies, of which some is proven: that was compared */
	if (named && arrow && !range_is_const(&ptr->var) &&
	    ptr->range > ptr->off)
		arrow = false;
	if (named && arrow)
		text_add(out, "if ((void *)(%s + 1) > %s) %s", name, end,
			 give_up(v, r));
	else if (range_is_const(&ptr->var) && bytes)
		text_add(out, "if (%s + %lld > %s) %s", data,
			 (long long)(ptr->off + insn->off + (s64)bytes), end,
			 give_up(v, r));
	else if (named)
		text_add(out, "if ((void *)%s + %u > %s) %s", name,
			 MAX(bytes + (u32)MAX(insn->off, 0), 1u), end,
			 give_up(v, r));
	else
		return;
	text_add(out, " before the access");
}

static void suggest_null(const struct verifier *v, const struct record *r,
			 struct text *out)
{
	const struct verify_event *e = find_event(v, VERIFY_EVENT_RETURNED);
	char name[NAME_SIZE] = "";
	bool arrow;

	if (e && e->line && e->line->text)
		name_assigned(e->line->text, name);
	if (!name[0] &&
	    !name_followed(v, text_of(v, v->result->insn), name, &arrow))
		return;
	text_add(out, "if (!%s) %s before it is used", name, give_up(v, r));
}

static u32 object_bytes(const struct reg *r)
{
	switch (r->kind) {
	case REG_MAP_VALUE: return r->map->value_size;
	case REG_MAP_KEY: return r->map->key_size;
	case REG_MEM: return r->size;
	case REG_STACK: return (u32)MAX(-r->off, 0);
	default: return 0;
	}
}

/* What the index was multiplied by, last. */
static u64 element_bytes(const struct verifier *v, const struct record *r)
{
	for (u32 i = r->changes.len, n = 0; i-- && n < 8; n++) {
		const struct change *c = &r->changes.items[i];
		const struct bpf_insn *insn = &v->insns[r->path->insns[c->pos]];

		if (!c->written || c->place.is_slot ||
		    BPF_CLASS(insn->code) != BPF_ALU64 ||
		    BPF_SRC(insn->code) != BPF_K || insn->imm <= 0)
			continue;
		if (BPF_OP(insn->code) == BPF_MUL)
			return (u64)insn->imm;
		if (BPF_OP(insn->code) == BPF_LSH && insn->imm < 32)
			return 1ull << insn->imm;
	}
	return 1;
}

/* A number that is added to a pointer. */
static void suggest_positive(const struct verifier *v, const struct record *r,
			     const struct reg *num, struct text *out)
{
	const char *at = strchr(text_of(v, v->result->insn), '[');
	char index[NAME_SIZE] = "i";

	if (num->var.smin >= 0)
		return;
	if (at)
		expression(at + 1, index);
	text_add(out, "if (%s < 0) %s or an unsigned index with a limit", index,
		 give_up(v, r));
}

static void suggest_bounds(const struct verifier *v, const struct record *r,
			   const struct reg *ptr, struct text *out)
{
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	const char *at = strchr(text_of(v, v->result->insn), '[');
	s64 room = (s64)object_bytes(ptr) - MAX(access_bytes(insn), 1u) -
		   insn->off - (ptr->kind == REG_STACK ? 0 : ptr->off);
	char index[NAME_SIZE] = "i";

	if (range_is_const(&ptr->var) && ptr->kind != REG_STACK)
		text_add(out,
			 "there are %u bytes: a bigger one, or a smaller "
			 "offset or size",
			 object_bytes(ptr));
	if (range_is_const(&ptr->var) || room < 0)
		return;
	if (at)
		expression(at + 1, index);
	text_add(out, "if (%s >= %llu) %s before the access%s", index,
		 (unsigned long long)room / element_bytes(v, r) + 1,
		 give_up(v, r),
		 ptr->var.smin < 0 ? ", with an unsigned index" : "");
}

static void suggest_size(const struct verifier *v, const struct record *r,
			 u32 subject, struct text *out)
{
	const struct reg *regs = state_regs(r->last);
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	const char *helper = helper_name((u32)insn->imm);
	u32 room = subject > BPF_REG_1 ? object_bytes(&regs[subject - 1]) : 0;
	char name[NAME_SIZE] = "n", call[64];
	bool none;

	if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg || !helper ||
	    !room)
		return;
	snprintf(call, sizeof(call), "bpf_%s", helper);
	if (!argument(text_of(v, v->result->insn), call, subject - BPF_REG_1,
		      name))
		snprintf(name, sizeof(name), "n");
	none = helper_proto((u32)insn->imm)->arg[subject - 1] == ARG_SIZE &&
	       !regs[subject].var.umin;
	if (regs[subject].var.smin >= 0 && regs[subject].var.umax <= room)
		text_add(out, "if (!%s) %s as it may be 0 here", name,
			 give_up(v, r));
	else if (none)
		text_add(out, "if (!%s || %s > %u) %s with %s unsigned", name,
			 name, room, give_up(v, r), name);
	else
		text_add(out, "if (%s > %u) %s with %s unsigned", name, room,
			 give_up(v, r), name);
}

static void suggest_reload(const struct verifier *v, struct text *out)
{
	const struct verify_event *e = find_event(v, VERIFY_EVENT_INVALIDATED);
	char data[NAME_SIZE] = "data", end[NAME_SIZE] = "data_end";

	if (!e || !strstr(e->what, "move the packet"))
		return;
	name_of_field(v, CTX_DATA, data);
	name_of_field(v, CTX_DATA_END, end);
	text_add(out,
		 "after %.*s read %s and %s from the context again, and "
		 "compare again",
		 (int)strcspn(e->what, " "), e->what, data, end);
}

/* Who gives back what a helper gave. */
static const struct {
	u32 id;
	const char *with;
} releases[] = {
	{ BPF_FUNC_ringbuf_reserve, "bpf_ringbuf_discard(%s, 0)" },
	{ BPF_FUNC_ringbuf_reserve_dynptr,
	  "bpf_ringbuf_discard_dynptr(%s, 0)" },
	{ BPF_FUNC_sk_lookup_tcp, "bpf_sk_release(%s)" },
	{ BPF_FUNC_sk_lookup_udp, "bpf_sk_release(%s)" },
	{ BPF_FUNC_skc_lookup_tcp, "bpf_sk_release(%s)" },
	{ BPF_FUNC_spin_lock, "bpf_spin_unlock(%s)" },
};

static void suggest_release(const struct verifier *v, struct text *out)
{
	const struct verify_event *e = find_event(v, VERIFY_EVENT_HELD);
	const struct bpf_insn *insn = e ? &v->insns[e->insn] : NULL;
	const char *text = e ? text_of(v, e->insn) : "";
	char name[NAME_SIZE];

	for (u32 i = 0; insn && !insn->src_reg && i < ARRAY_LEN(releases);
	     i++) {
		if ((u32)insn->imm != releases[i].id)
			continue;
		if (insn->imm == BPF_FUNC_spin_lock
			    ? !argument(text, "bpf_spin_lock", 0, name)
			    : !name_assigned(text, name))
			snprintf(name, sizeof(name), "it");
		text_add(out, releases[i].with, name);
		text_add(out, "; on this path, too");
	}
}

static void suggest_helper(const struct verifier *v, struct text *out)
{
	static const char *const types[] = { "xdp", "tc", "socket filter" };
	const struct bpf_insn *insn = &v->insns[v->result->insn];
	const struct helper *h =
		insn->src_reg ? NULL : helper_proto((u32)insn->imm);
	const char *sep = "is for";

	if (!h || !h->progs)
		return;
	if (h->progs & v->prog_mask && h->gpl_only && !v->gpl) {
		text_add(out, "char LICENSE[] SEC(\"license\") = \"GPL\";");
		return;
	}
	text_add(out, "bpf_%s() ", h->name);
	for (u32 i = 0; i < ARRAY_LEN(types); i++) {
		if (!(h->progs >> i & 1))
			continue;
		text_add(out, "%s %s", sep, types[i]);
		sep = " and";
	}
	text_add(out, " programs");
}

void suggest(struct verifier *v, const struct record *r, u32 subject,
	     struct text *out)
{
	const struct reg *reg;

	if (v->result->code == VERIFY_HELPER)
		suggest_helper(v, out);
	if (v->result->code == VERIFY_REF || v->result->code == VERIFY_LOCK)
		suggest_release(v, out);
	if (subject > BPF_REG_10)
		return;
	reg = &state_regs(r->last)[subject];
	switch (v->result->code) {
	case VERIFY_PACKET: suggest_packet(v, r, reg, out); return;
	case VERIFY_NULL_POINTER: suggest_null(v, r, out); return;
	case VERIFY_NOT_POINTER:
	case VERIFY_ARG: suggest_reload(v, out); return;
	case VERIFY_STACK:
	case VERIFY_BOUNDS:
		if (reg->kind == REG_SCALAR)
			suggest_positive(v, r, reg, out);
		else
			suggest_bounds(v, r, reg, out);
		return;
	case VERIFY_SIZE: suggest_size(v, r, subject, out); return;
	default: return;
	}
}
