/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem.c - loads, stores and atomic operations, by what the pointer points to
 *
 * M1  Whatever value a variable offset has of those it may have, the access
 *     stays inside the object.
 * M2  An instruction's pointer has one kind on all paths, if that kind's
 *     accesses are rewritten later.
 */
#include "verify/verifier.h"

/* ---- alignment ---- */

static int check_alignment(struct verifier *v, const struct reg *r, s32 off,
			   u32 size, bool strict)
{
	const char *what = "";
	struct text text = { .len = 0 };
	struct tnum at;

	strict |= v->strict_align;
	if (v->any_align)
		strict = false;
	if (r->kind == REG_STACK) {
		strict = true;
		what = "stack ";
	} else if (r->kind == REG_CTX) {
		what = "context ";
	} else if (r->kind == REG_MAP_VALUE) {
		what = "value ";
	} else if (r->kind == REG_MAP_KEY) {
		what = "key ";
	} else if (r->kind >= REG_SOCK_COMMON && r->kind <= REG_XDP_SOCK) {
		what = "sock ";
	}
	if (!strict || size == 1)
		return 0;
	at = tnum_add(r->var.bits, tnum_const((u64)(s64)(r->off + off)));
	if (reg_is_packet(r)) /* two bytes after an aligned address */
		at = tnum_add(at, tnum_const(2));
	if (tnum_is_aligned(at, size))
		return 0;
	text_tnum(&text, r->var.bits);
	if (reg_is_packet(r))
		return reject(v, VERIFY_ALIGN, -EACCES,
			      "misaligned packet access off 2+%s+%d+%d size %u",
			      text.buf, r->off, off, size);
	return reject(v, VERIFY_ALIGN, -EACCES,
		      "misaligned %saccess off %s+%d+%d size %u", what,
		      text.buf, r->off, off, size);
}

/* ---- regions ---- */

static int outside(struct verifier *v, u32 regno, s64 off, u32 size, u32 len)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	switch (r->kind) {
	case REG_MAP_KEY:
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "invalid access to map key, key_size=%u off=%lld "
			      "size=%u",
			      len, (long long)off, size);
	case REG_MAP_VALUE:
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "invalid access to map value, value_size=%u "
			      "off=%lld size=%u",
			      len, (long long)off, size);
	case REG_PKT:
	case REG_PKT_META:
	case REG_PKT_END:
		return reject(v, VERIFY_PACKET, -EACCES,
			      "invalid access to packet, off=%lld size=%u, "
			      "R%u(id=%u,off=%d,r=%d)",
			      (long long)off, size, regno, r->id, (s32)off,
			      len);
	default:
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "invalid access to memory, mem_size=%u off=%lld "
			      "size=%u",
			      len, (long long)off, size);
	}
}

static bool inside(s64 off, u32 size, u32 len, bool zero_ok)
{
	return off >= 0 && (size || zero_ok) && (u64)off + size <= len;
}

static void explain_region(struct verifier *v, u32 regno, const char *end)
{
	reject_more(v, "R%u %s value is outside of the allowed memory range",
		    regno, end);
}

int check_region(struct verifier *v, u32 regno, s32 off, u32 size, u32 len,
		 bool zero_ok)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	s64 min = r->var.smin + off;

	if (r->var.smin < 0 &&
	    (r->var.smin == INT64_MIN || min != (s32)min || min < 0))
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "R%u min value is negative, either use unsigned "
			      "index or do a if (index >=0) check.",
			      regno);
	if (!inside(min, size, len, zero_ok)) {
		int ret = outside(v, regno, min, size, len);

		explain_region(v, regno, "min");
		return ret;
	}
	if (r->var.umax >= OFFSET_MAX)
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "R%u unbounded memory access, make sure to "
			      "bounds check any such access",
			      regno);
	if (!inside((s64)r->var.umax + off, size, len, zero_ok)) {
		int ret = outside(v, regno, (s64)r->var.umax + off, size, len);

		explain_region(v, regno, "max");
		return ret;
	}
	return 0;
}

int check_packet(struct verifier *v, u32 regno, s32 off, u32 size, bool zero_ok)
{
	const struct reg *r = &state_regs(v->cur)[regno];

	if (r->var.smin < 0)
		return reject(v, VERIFY_PACKET, -EACCES,
			      "R%u min value is negative, either use unsigned "
			      "index or do a if (index >=0) check.",
			      regno);
	if (r->range < 0) /* at the end, or beyond it */
		return reject(v, VERIFY_PACKET, -EINVAL,
			      "R%u offset is outside of the packet", regno);
	if (!inside(off, size, (u32)r->range, zero_ok)) {
		int ret = outside(v, regno, off, size, (u32)r->range);

		reject_more(v, "R%u offset is outside of the packet", regno);
		return ret;
	}
	return 0;
}

/* ---- map values ---- */

/* A member that is a pointer into the kernel, by its type tag. */
static bool has_kptr(const struct btf_blob *btf, u32 id, u32 depth)
{
	const struct btf_type *t = btf_type(btf, btf_skip(btf, id));
	const struct btf_member *m = (const void *)(t + 1);
	u32 kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;

	if (kind == BTF_KIND_PTR) {
		t = btf_type(btf, t->type);
		return t && BTF_INFO_KIND(t->info) == BTF_KIND_TYPE_TAG &&
		       strstr(btf_string(btf, t->name_off), "kptr");
	}
	if (kind == BTF_KIND_ARRAY && depth)
		return has_kptr(btf, ((const struct btf_array *)(t + 1))->type,
				depth - 1);
	if (kind != BTF_KIND_STRUCT || !depth)
		return false;
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++)
		if (has_kptr(btf, m[i].type, depth - 1))
			return true;
	return false;
}

#define VALUE_DEPTH 4

void map_read_fields(struct verify_map *m)
{
	int cnt = 0;

	m->has_kptr = m->btf && m->btf_value &&
		      has_kptr(m->btf, m->btf_value, VALUE_DEPTH);
	if (m->inner)
		map_read_fields(m->inner);
	if (m->fields_known)
		return;
	if (m->btf && m->btf_value)
		cnt = btf_fields(m->btf, btf_skip(m->btf, m->btf_value),
				 (1u << BTF_FIELD_KINDS) - 1, m->fields);
	m->field_cnt = cnt > 0 ? (u32)cnt : 0;
}

bool map_has_field(const struct verify_map *m, enum btf_field_kind kind,
		   u32 *offset)
{
	for (u32 i = 0; i < m->field_cnt; i++) {
		if (m->fields[i].kind != kind)
			continue;
		if (offset)
			*offset = m->fields[i].offset;
		return true;
	}
	return false;
}

bool map_can_read(const struct verify_map *m)
{
	return !(m->flags & BPF_F_WRONLY_PROG);
}

bool map_can_write(const struct verify_map *m)
{
	return !(m->flags & BPF_F_RDONLY_PROG);
}

int check_map_flags(struct verifier *v, u32 regno, s32 off, u32 size,
		    enum access kind)
{
	const struct verify_map *m = state_regs(v->cur)[regno].map;

	if (kind == ACCESS_WRITE && !map_can_write(m))
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "write into map forbidden, value_size=%u off=%d "
			      "size=%u",
			      m->value_size, off, size);
	if (kind == ACCESS_READ && !map_can_read(m))
		return reject(v, VERIFY_ACCESS, -EACCES,
			      "read from map forbidden, value_size=%u off=%d "
			      "size=%u",
			      m->value_size, off, size);
	return 0;
}

int check_map_value(struct verifier *v, u32 regno, s32 off, u32 size,
		    bool zero_ok)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	const struct btf_field *fields = r->map->fields;
	int ret;

	ret = check_region(v, regno, off, size, r->map->value_size, zero_ok);
	if (ret)
		return ret;
	for (u32 i = 0; i < r->map->field_cnt; i++) {
		s64 start = fields[i].offset;

		if (r->var.smin + off >=
			    start + btf_field_size(fields[i].kind) ||
		    start >= (s64)r->var.umax + off + size)
			continue;
		return reject(v, VERIFY_ACCESS, -EACCES,
			      "%s cannot be accessed directly by load/store",
			      btf_field_name(fields[i].kind));
	}
	return 0;
}

/* The bytes of a frozen map never change. */
static bool load_constant(const struct reg *r, s32 off, u32 size, bool sign,
			  struct reg *dst)
{
	const struct verify_map *m = r->map;
	s64 at = r->var.smin + off;
	u64 value = 0;

	if (!m->contents || !(m->flags & BPF_F_RDONLY_PROG) ||
	    m->type != BPF_MAP_TYPE_ARRAY || m->max_entries != 1 ||
	    !range_is_const(&r->var))
		return false;
	memcpy(&value, (const u8 *)m->contents + at, size);
	if (sign) {
		u32 bits = 64 - size * 8;

		value = (u64)((s64)(value << bits) >> bits);
	}
	*dst = reg_const(value);
	return true;
}

/* ---- by kind ---- */

static void load_any(struct verifier *v, const struct access_what *a)
{
	if (a->kind == ACCESS_READ && a->value >= 0)
		state_regs(v->cur)[a->value] = reg_scalar();
}

static int access_map_value(struct verifier *v, const struct access_what *a,
			    s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];
	int ret = check_map_flags(v, a->reg, off, a->size, a->kind);

	if (!ret)
		ret = check_map_value(v, a->reg, off, a->size, false);
	if (ret || a->kind == ACCESS_WRITE || a->value < 0)
		return ret;
	if (!load_constant(r, off, a->size, a->sign,
			   &state_regs(v->cur)[a->value]))
		load_any(v, a);
	return 0;
}

static int access_mem(struct verifier *v, const struct access_what *a, s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];
	char name[64];
	int ret;

	if (a->kind == ACCESS_WRITE && r->flags & REG_RDONLY)
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "R%u cannot write into %s", a->reg,
			      reg_kind_name(r, name, sizeof(name)));
	ret = check_region(v, a->reg, off, a->size, r->size, false);
	if (!ret)
		load_any(v, a);
	return ret;
}

int check_ptr_off(struct verifier *v, const struct reg *r, u32 regno,
		  bool fixed_ok)
{
	struct text text = { .len = 0 };

	if (r->off < 0)
		return reject(v, VERIFY_ARG, -EACCES,
			      "negative offset %s ptr R%u off=%d disallowed",
			      REG_KIND(r), regno, r->off);
	if (!fixed_ok && r->off)
		return reject(v, VERIFY_ARG, -EACCES,
			      "dereference of modified %s ptr R%u off=%d "
			      "disallowed",
			      REG_KIND(r), regno, r->off);
	if (!range_is_const(&r->var) || r->var.bits.value) {
		text_tnum(&text, r->var.bits);
		return reject(v, VERIFY_ARG, -EACCES,
			      "variable %s access var_off=%s disallowed",
			      REG_KIND(r), text.buf);
	}
	return 0;
}

static void load_field(struct verifier *v, const struct ctx_field *f,
		       struct reg *dst)
{
	switch (f->how) {
	case CTX_DATA: *dst = reg_pointer(REG_PKT); break;
	case CTX_DATA_END: *dst = reg_pointer(REG_PKT_END); break;
	case CTX_DATA_META: *dst = reg_pointer(REG_PKT_META); break;
	case CTX_SOCK:
		*dst = reg_pointer(REG_SOCK_COMMON);
		dst->flags = REG_OR_NULL;
		dst->id = new_id(v);
		break;
	default: *dst = reg_scalar(); break;
	}
}

static int access_ctx(struct verifier *v, const struct access_what *a, s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];
	bool write = a->kind == ACCESS_WRITE;
	const struct ctx_field *f = NULL;
	int ret = check_ptr_off(v, r, a->reg, false);

	if (ret)
		return ret;
	if (off >= 0)
		f = ctx_find(v->attr->type, v->attr->expected_attach_type,
			     (u32)off, a->size, write);
	if (!f || (a->sign && f->how != CTX_PLAIN && f->how != CTX_CALL))
		return reject(v, VERIFY_CTX, -EACCES,
			      "invalid bpf_context access off=%d size=%u", off,
			      a->size);
	if (!write && a->value >= 0)
		load_field(v, f, &state_regs(v->cur)[a->value]);
	return 0;
}

static int access_packet(struct verifier *v, const struct access_what *a,
			 s32 off)
{
	int ret;

	if (a->kind == ACCESS_WRITE && v->prog_mask == PROG_SOCKET)
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "cannot write into packet");
	ret = check_packet(v, a->reg, off, a->size, false);
	if (!ret)
		load_any(v, a);
	return ret;
}

static int access_stack(struct verifier *v, const struct access_what *a,
			s32 off)
{
	int ret = stack_bounds(v, a->reg, off, a->size, a->kind);

	if (ret)
		return ret;
	if (a->kind == ACCESS_READ)
		return stack_read(v, a->reg, off, a->size, a->value);
	return stack_write(v, a->reg, off, a->size, a->value);
}

/* Fields of struct bpf_sock of which parts may be read: at the start of the
 * field, or anywhere in it. */
static const struct {
	u16 from, to;
	bool anywhere;
} sock_parts[] = {
#define PART(from, to, anywhere)                                \
	{                                                       \
		offsetof(struct bpf_sock, from),                \
			offsetof(struct bpf_sock, to), anywhere \
	}
	PART(family, type, false),
	PART(type, protocol, false),
	PART(protocol, mark, false),
	PART(src_ip4, src_port, true),
	PART(src_port, dst_port, false),
	PART(dst_ip4, state, true),
	PART(state, rx_queue_mapping, false),
#undef PART
	{ offsetof(struct bpf_sock, rx_queue_mapping), sizeof(struct bpf_sock),
	  false },
};

/* A port in two bytes, then nothing. */
static bool port_field(u32 at, u32 size)
{
	if (at >= 2)
		return false;
	return size <= 2 - at || (!at && size == 4);
}

static bool full_sock_field(u32 off, u32 size)
{
	const u32 port = offsetof(struct bpf_sock, dst_port);

	if (off >= port && off < offsetof(struct bpf_sock, dst_ip4))
		return port_field(off - port, size);
	for (u32 i = 0; i < ARRAY_LEN(sock_parts); i++)
		if (off == sock_parts[i].from ||
		    (sock_parts[i].anywhere && off > sock_parts[i].from &&
		     off < sock_parts[i].to))
			return size <= 4;
	return size == 4;
}

static bool tcp_sock_field(u32 off, u32 size)
{
	if (off == offsetof(struct bpf_tcp_sock, bytes_received) ||
	    off == offsetof(struct bpf_tcp_sock, bytes_acked))
		return size == 8;
	return size == 4;
}

/* As programs see struct bpf_sock and the like. */
static bool sock_field(const struct reg *r, s32 off, u32 size)
{
	u32 end = r->kind == REG_TCP_SOCK   ? sizeof(struct bpf_tcp_sock)
		  : r->kind == REG_XDP_SOCK ? sizeof(struct bpf_xdp_sock)
					    : sizeof(struct bpf_sock);
	u32 at = (u32)off;

	if (off < 0 || at >= end || at % size)
		return false;
	if (r->kind == REG_TCP_SOCK)
		return tcp_sock_field(at, size);
	if (r->kind == REG_XDP_SOCK)
		return size == 4;
	if (r->kind == REG_SOCK_COMMON &&
	    at >= offsetof(struct bpf_sock, type) &&
	    at < offsetof(struct bpf_sock, src_ip4))
		return false;
	return full_sock_field(at, size);
}

static int access_sock(struct verifier *v, const struct access_what *a, s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];

	if (a->kind == ACCESS_WRITE)
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "R%u cannot write into %s", a->reg, REG_KIND(r));
	if (r->var.smin < 0)
		return reject(v, VERIFY_BOUNDS, -EACCES,
			      "R%u min value is negative, either use unsigned "
			      "index or do a if (index >=0) check.",
			      a->reg);
	if (!range_is_const(&r->var) || r->var.bits.value ||
	    !sock_field(r, off, a->size))
		return reject(v, VERIFY_ACCESS, -EACCES,
			      "R%u invalid %s access off=%d size=%u", a->reg,
			      REG_KIND(r), off, a->size);
	load_any(v, a);
	return 0;
}

static int access_map_ptr(struct verifier *v, const struct access_what *a,
			  s32 off)
{
	if (off < 0)
		return reject(v, VERIFY_ACCESS, -EACCES,
			      "R%u is bpf_array invalid negative access: "
			      "off=%d",
			      a->reg, off);
	if (a->kind == ACCESS_WRITE)
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "only read from bpf_array is supported");
	return unsupported(v, "reading struct bpf_map");
}

static int access_key(struct verifier *v, const struct access_what *a, s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];
	int ret;

	if (a->kind == ACCESS_WRITE)
		return reject(v, VERIFY_READ_ONLY, -EACCES,
			      "write to change key R%u not allowed", a->reg);
	ret = check_region(v, a->reg, off, a->size, r->map->key_size, false);
	if (!ret)
		load_any(v, a);
	return ret;
}

static int invalid_kind(struct verifier *v, u32 regno)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	char name[64];

	return reject(v,
		      r->flags & REG_OR_NULL ? VERIFY_NULL_POINTER
					     : VERIFY_NOT_POINTER,
		      -EACCES, "R%u invalid mem access '%s'", regno,
		      reg_kind_name(r, name, sizeof(name)));
}

static int access_kind(struct verifier *v, const struct access_what *a, s32 off)
{
	const struct reg *r = &state_regs(v->cur)[a->reg];

	if (r->flags & REG_OR_NULL)
		return invalid_kind(v, a->reg);
	switch (r->kind) {
	case REG_CTX: return access_ctx(v, a, off);
	case REG_MAP_VALUE: return access_map_value(v, a, off);
	case REG_MAP_KEY: return access_key(v, a, off);
	case REG_STACK: return access_stack(v, a, off);
	case REG_PKT:
	case REG_PKT_META: return access_packet(v, a, off);
	case REG_MEM: return access_mem(v, a, off);
	case REG_SOCK_COMMON:
	case REG_SOCK:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK: return access_sock(v, a, off);
	case REG_KERNEL_SOCK: return unsupported(v, "a kernel's socket");
	case REG_MAP: return access_map_ptr(v, a, off);
	default: return invalid_kind(v, a->reg);
	}
}

int check_aligned(struct verifier *v, u32 regno, u32 size)
{
	return check_alignment(v, &state_regs(v->cur)[regno], 0, size, true);
}

int check_access(struct verifier *v, const struct access_what *a)
{
	struct reg *regs = state_regs(v->cur);
	int ret;

	v->subject = a->reg;
	ret = check_alignment(v, &regs[a->reg], a->off, a->size, a->strict);
	if (!ret)
		ret = access_kind(v, a, regs[a->reg].off + a->off);
	if (ret || a->kind == ACCESS_WRITE || a->value < 0 || a->size == 8 ||
	    regs[a->value].kind != REG_SCALAR)
		return ret;
	if (a->sign) {
		range_sext(&regs[a->value].var, a->size * 8, true);
		/* another number than the one that was spilled */
		regs[a->value].id = 0;
		regs[a->value].off = 0;
	} else {
		range_zext(&regs[a->value].var, a->size * 8);
	}
	return 0;
}

/* ---- instructions ---- */

static bool kind_is_rewritten(u8 kind)
{
	return kind == REG_CTX ||
	       (kind >= REG_SOCK_COMMON && kind <= REG_XDP_SOCK);
}

/* M2 */
static int check_one_kind(struct verifier *v, u8 kind)
{
	u8 *seen = &v->aux[v->insn].pointer_kind;

	if (*seen && *seen != kind &&
	    (kind_is_rewritten(*seen) || kind_is_rewritten(kind)))
		return reject(v, VERIFY_NOT_POINTER, -EINVAL,
			      "same insn cannot be used with different "
			      "pointers");
	/* the packet's only if it is nothing else's */
	if (!*seen || *seen == REG_PKT)
		*seen = kind;
	return 0;
}

int check_load(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	const struct access_what a = {
		.reg = insn->src_reg,
		.off = insn->off,
		.size = op->bytes,
		.kind = ACCESS_READ,
		.value = insn->dst_reg,
		.sign = op->form == FORM_LDSX,
	};
	u8 kind = state_regs(v->cur)[insn->src_reg].kind;
	int ret = reg_must_be_read(v, insn->src_reg);

	if (!ret)
		ret = check_access(v, &a);
	return ret ? ret : check_one_kind(v, kind);
}

int check_store(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	const struct access_what a = {
		.reg = insn->dst_reg,
		.off = insn->off,
		.size = op->bytes,
		.kind = ACCESS_WRITE,
		.value = op->form == FORM_STX ? insn->src_reg : -1,
	};
	u8 kind = state_regs(v->cur)[insn->dst_reg].kind;
	int ret = 0;

	if (op->form == FORM_STX)
		ret = reg_must_be_read(v, insn->src_reg);
	if (!ret)
		ret = reg_must_be_read(v, insn->dst_reg);
	if (!ret)
		ret = check_access(v, &a);
	return ret ? ret : check_one_kind(v, kind);
}

static int check_atomic_kind(struct verifier *v, u32 regno, const char *what)
{
	const struct reg *r = &state_regs(v->cur)[regno];
	char name[64];

	if (r->kind != REG_CTX && !reg_is_packet(r) &&
	    !(r->kind >= REG_SOCK_COMMON && r->kind <= REG_XDP_SOCK))
		return 0;
	return reject(v, VERIFY_ACCESS, -EACCES,
		      "BPF_ATOMIC %s R%u %s is not allowed", what, regno,
		      reg_kind_name(r, name, sizeof(name)));
}

static int check_ordered(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	bool load = op->form == FORM_LOAD_ACQ;
	const struct access_what a = {
		.reg = load ? insn->src_reg : insn->dst_reg,
		.off = insn->off,
		.size = op->bytes,
		.kind = load ? ACCESS_READ : ACCESS_WRITE,
		.value = load ? insn->dst_reg : insn->src_reg,
		.strict = true,
	};
	u8 kind = state_regs(v->cur)[a.reg].kind;
	int ret = reg_must_be_read(v, insn->src_reg);

	if (!ret && !load)
		ret = reg_must_be_read(v, insn->dst_reg);
	if (!ret)
		ret = check_atomic_kind(v, a.reg,
					load ? "loads from" : "stores into");
	if (!ret)
		ret = check_access(v, &a);
	return ret ? ret : check_one_kind(v, kind);
}

int check_atomic(struct verifier *v, const struct opcode *op)
{
	const struct bpf_insn *insn = &v->insns[v->insn];
	struct access_what a = {
		.reg = insn->dst_reg,
		.off = insn->off,
		.size = op->bytes,
		.kind = ACCESS_READ,
		.value = -1,
		.strict = true,
	};
	u8 kind;
	int ret;

	if (op->form == FORM_LOAD_ACQ || op->form == FORM_STORE_REL)
		return check_ordered(v, op);
	ret = reg_must_be_read(v, insn->src_reg);
	if (!ret)
		ret = reg_must_be_read(v, insn->dst_reg);
	if (!ret && op->form == FORM_CMPXCHG)
		ret = reg_must_be_read(v, BPF_REG_0);
	if (!ret)
		ret = check_atomic_kind(v, insn->dst_reg, "stores into");
	if (ret)
		return ret;
	kind = state_regs(v->cur)[insn->dst_reg].kind;
	ret = check_access(v, &a);
	if (!ret && op->form != FORM_ATOMIC) {
		a.value = op->form == FORM_CMPXCHG ? BPF_REG_0 : insn->src_reg;
		ret = check_access(v, &a);
	}
	if (ret)
		return ret;
	a.kind = ACCESS_WRITE;
	a.value = -1;
	ret = check_access(v, &a);
	return ret ? ret : check_one_kind(v, kind);
}
