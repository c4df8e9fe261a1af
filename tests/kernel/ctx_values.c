/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx_values.c - what a context's fields read as: as on the live kernel
 *
 * A program loads every number it may, of every size, into the value of an
 * array; before that it may store one.  BPF_PROG_TEST_RUN gives it frames and
 * a context, Weir a packet view of the same.  Then the frames: what protocol
 * and packet type the kernel takes them for.
 *
 *	kernel-ctx-values CONTEXTS	CONTEXTS: docs/contexts.md, whose tables
 *					must be those of lib/prog/ctx.c, with
 *					how many values were compared here
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../asm.h"
#include "kprog.h"
#include "prog/ctx.h"

enum {
	LOADS_MAX = 500,
	INSNS_MAX = 2 * LOADS_MAX + 40,
	FRAME = 100,
	META = 8,
	PTRS = 2, /* data_end - data, data - data_meta */
	TAG_PROTO = ETH_P_8021Q,
	TAG_TCI = 0xa345,
	HASH = 0x76543210,
};

struct access {
	u32 off;
	u32 size;
};

/* Of a context's word where a field begins. */
struct tally {
	u32 compared;
	u32 different;
};

struct rig {
	u32 type;
	struct tally xdp[sizeof(struct xdp_md) / 4];
	struct tally skb[sizeof(struct __sk_buff) / 4];
	struct access loads[LOADS_MAX];
	u32 load_cnt;
	int value;
	u64 *seen; /* by the kernel: loads, then PTRS distances */
	u32 different;
	u32 compared;
};

/* What a program stores first; size 0: nothing. */
struct store {
	u32 off;
	u32 size;
	u64 value;
	bool constant; /* value is an immediate */
};

static const u8 host_mac[ETH_ALEN]; /* the loopback device's */

/* ---- what is loaded ---- */

static void list_loads(struct rig *rig)
{
	rig->load_cnt = 0;
	for (u32 off = 0; off < ctx_size(rig->type); off++)
		for (u32 size = 1; size <= 8; size *= 2) {
			const struct ctx_field *f =
				ctx_find(rig->type, 0, off, size, false);

			if (f && (f->how == CTX_PLAIN || f->how == CTX_CALL))
				rig->loads[rig->load_cnt++] =
					(struct access){ off, size };
		}
}

static bool is_tc(const struct rig *rig)
{
	return ctx_mask(rig->type) == PROG_TC;
}

static bool has_pointers(const struct rig *rig)
{
	return rig->type != BPF_PROG_TYPE_SOCKET_FILTER;
}

/* ---- the kernel's side ---- */

static u8 size_code(u32 size)
{
	return size == 1   ? BPF_B
	       : size == 2 ? BPF_H
	       : size == 4 ? BPF_W
			   : BPF_DW;
}

struct code {
	struct bpf_insn insns[INSNS_MAX];
	u32 cnt;
};

static void emit(struct code *c, struct bpf_insn insn)
{
	c->insns[c->cnt++] = insn;
}

#define EMIT(c, ...) emit(c, (struct bpf_insn)__VA_ARGS__)

static void emit_store(struct code *c, const struct store *s)
{
	const struct bpf_insn wide[] = { LD64(R3, s->value) };

	if (s->constant) {
		EMIT(c, RAW(BPF_ST | BPF_MEM | size_code(s->size), R6, 0,
			    (s16)s->off, (s32)s->value));
		return;
	}
	emit(c, wide[0]);
	emit(c, wide[1]);
	EMIT(c, RAW(BPF_STX | BPF_MEM | size_code(s->size), R6, R3, (s16)s->off,
		    0));
}

/* What BPF_PROG_TEST_RUN's context cannot say: a tag and a hash. */
static void emit_state(struct code *c)
{
	EMIT(c, ALU64_X(MOV, R1, R6));
	EMIT(c, ALU64_K(MOV, R2, htons(TAG_PROTO)));
	EMIT(c, ALU64_K(MOV, R3, TAG_TCI));
	EMIT(c, CALL(BPF_FUNC_skb_vlan_push));
	EMIT(c, ALU64_X(MOV, R1, R6));
	EMIT(c, ALU64_K(MOV, R2, HASH));
	EMIT(c, CALL(BPF_FUNC_set_hash));
}

static void emit_distance(struct code *c, u32 to, u32 from, u32 slot)
{
	EMIT(c, LDX(W, R2, R6, (s16)to));
	EMIT(c, LDX(W, R3, R6, (s16)from));
	EMIT(c, ALU64_X(SUB, R2, R3));
	EMIT(c, STX(DW, R7, (s16)(slot * 8), R2));
}

static void emit_distances(const struct rig *rig, struct code *c)
{
	if (rig->type == BPF_PROG_TYPE_XDP) {
		emit_distance(c, offsetof(struct xdp_md, data_end),
			      offsetof(struct xdp_md, data), rig->load_cnt);
		emit_distance(c, offsetof(struct xdp_md, data),
			      offsetof(struct xdp_md, data_meta),
			      rig->load_cnt + 1);
		return;
	}
	emit_distance(c, offsetof(struct __sk_buff, data_end),
		      offsetof(struct __sk_buff, data), rig->load_cnt);
	emit_distance(c, offsetof(struct __sk_buff, data),
		      offsetof(struct __sk_buff, data_meta), rig->load_cnt + 1);
}

static void make_code(const struct rig *rig, const struct store *s,
		      struct code *c)
{
	const struct bpf_insn value[] = { LD_PSEUDO(R7, BPF_PSEUDO_MAP_VALUE,
						    rig->value, 0) };

	c->cnt = 0;
	EMIT(c, ALU64_X(MOV, R6, R1));
	emit(c, value[0]);
	emit(c, value[1]);
	if (is_tc(rig))
		emit_state(c);
	if (s->size)
		emit_store(c, s);
	for (u32 i = 0; i < rig->load_cnt; i++) {
		EMIT(c, RAW(BPF_LDX | BPF_MEM | size_code(rig->loads[i].size),
			    R2, R6, (s16)rig->loads[i].off, 0));
		EMIT(c, STX(DW, R7, (s16)(i * 8), R2));
	}
	if (has_pointers(rig))
		emit_distances(rig, c);
	EMIT(c, ALU64_K(MOV, R0, 0));
	EMIT(c, EXIT());
}

static int load_kernel(const struct rig *rig, const struct store *s)
{
	static char log[1 << 16];
	static struct code code;
	struct kprog_load l = {
		.type = rig->type,
		.insns = code.insns,
		.license = "GPL",
		.log_level = 1,
		.log = log,
		.log_size = sizeof(log),
	};
	int fd;

	make_code(rig, s, &code);
	l.cnt = code.cnt;
	fd = kprog_load(&l);
	if (fd < 0)
		printf("Linux refuses the program: %s\n", kprog_reason(log));
	return fd;
}

/* ---- Weir's side ---- */

static void store_weir(const struct rig *rig, const struct store *s,
		       struct pkt *p)
{
	const struct ctx_field *f =
		ctx_find(rig->type, 0, s->off, s->size, true);

	ctx_store(f, p, s->off, s->size,
		  s->constant ? (u64)(s64)(s32)s->value : s->value);
}

static void check(struct rig *rig, const struct store *s, u32 off,
		  const char *what, u64 ours, u64 theirs)
{
	struct tally *tally = (ctx_mask(rig->type) == PROG_XDP ? rig->xdp
							       : rig->skb) +
			      off / 4;

	rig->compared++;
	tally->compared++;
	if (ours == theirs)
		return;
	rig->different++;
	tally->different++;
	printf("type %u, %s: Linux reads %#llx, Weir %#llx", rig->type, what,
	       (unsigned long long)theirs, (unsigned long long)ours);
	if (s->size)
		printf(" after a store of %#llx%s, %u bytes at %u",
		       (unsigned long long)s->value,
		       s->constant ? " (a constant)" : "", s->size, s->off);
	putchar('\n');
}

static void compare(struct rig *rig, const struct store *s, struct pkt *p)
{
	char what[64];
	bool xdp;

	if (s->size)
		store_weir(rig, s, p);
	for (u32 i = 0; i < rig->load_cnt; i++) {
		u32 off = rig->loads[i].off, size = rig->loads[i].size;
		const struct ctx_field *f =
			ctx_find(rig->type, 0, off, size, false);

		snprintf(what, sizeof(what), "%s, %u bytes at %u", f->name,
			 size, off);
		check(rig, s, f->off, what, ctx_load(f, p, off, size),
		      rig->seen[i]);
	}
	if (!has_pointers(rig))
		return;
	xdp = rig->type == BPF_PROG_TYPE_XDP;
	check(rig, s,
	      xdp ? offsetof(struct xdp_md, data_end)
		  : offsetof(struct __sk_buff, data_end),
	      "data_end - data", pkt_len(p), rig->seen[rig->load_cnt]);
	check(rig, s,
	      xdp ? offsetof(struct xdp_md, data_meta)
		  : offsetof(struct __sk_buff, data_meta),
	      "data - data_meta", (u64)(p->data - p->data_meta),
	      rig->seen[rig->load_cnt + 1]);
}

/* ---- __sk_buff ---- */

static const struct __sk_buff skb_ctx = {
	.mark = 0x11223344,
	.priority = 0x55667788,
	.ingress_ifindex = 7,
	.ifindex = 1,
	.cb = { 0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10, 0x11121314 },
	.tstamp = 0x0123456789abcdef,
	.wire_len = 0x1234,
	.gso_segs = 0xabcd,
	.gso_size = 0x4321,
	.hwtstamp = 0xfedcba9876543210,
};

static void fill_skb(const struct rig *rig, struct pkt *p)
{
	if (is_tc(rig)) {
		p->vlan_present = true;
		p->vlan_proto = htons(TAG_PROTO);
		p->vlan_tci = TAG_TCI;
		p->hash = HASH;
	}
	p->mark = skb_ctx.mark;
	p->priority = skb_ctx.priority;
	p->ingress_ifindex = skb_ctx.ingress_ifindex;
	p->ifindex = skb_ctx.ifindex;
	memcpy(p->cb, skb_ctx.cb, sizeof(p->cb));
	p->tstamp = skb_ctx.tstamp;
	p->wire_len = skb_ctx.wire_len;
	p->gso_segs = skb_ctx.gso_segs;
	p->gso_size = skb_ctx.gso_size;
	p->hwtstamp = skb_ctx.hwtstamp;
	p->at_ingress = false; /* so it is for BPF_PROG_TEST_RUN */
}

static int run_skb(struct rig *rig, const struct store *s, const u8 *frame,
		   u32 len)
{
	u8 buf[PKT_HEADROOM + FRAME];
	struct kprog_test t = {
		.data = frame,
		.len = len,
		.ctx = &skb_ctx,
		.ctx_size = sizeof(skb_ctx),
	};
	int fd = load_kernel(rig, s), err;
	struct pkt p;

	if (fd < 0)
		return fd;
	err = kprog_test(fd, &t);
	close(fd);
	if (!err)
		err = pkt_init(&p, buf, sizeof(buf), frame, len);
	if (!err)
		err = pkt_to_skb(&p, host_mac, false);
	if (!err && rig->type == BPF_PROG_TYPE_SOCKET_FILTER)
		err = pkt_push(&p, -ETH_HLEN); /* sockets see no link header */
	if (err)
		return err;
	fill_skb(rig, &p);
	compare(rig, s, &p);
	return 0;
}

static void default_frame(u8 *frame)
{
	memset(frame, 0, FRAME);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

static int try_stores(struct rig *rig, u32 off, u32 size)
{
	static const u64 values[] = {
		0x1122334455667788, UINT64_MAX,	 0xffff, 0xfffe, 0x10005,
		0xffffffff,	    0x100000005, 0,
	};
	static const s32 constants[] = { 0x11223344, -2,     0x7fffffff,
					 0xffff,     0xfffe, 0x10005,
					 0 };
	u8 frame[FRAME];
	int err = 0;

	default_frame(frame);
	for (u32 i = 0; i < ARRAY_LEN(values) && !err; i++) {
		const struct store s = { off, size, values[i], false };

		err = run_skb(rig, &s, frame, FRAME);
	}
	for (u32 i = 0; i < ARRAY_LEN(constants) && !err; i++) {
		const struct store s = { off, size, (u64)constants[i], true };

		/* differences.md: a negative constant is no queue */
		if (off == offsetof(struct __sk_buff, queue_mapping) &&
		    constants[i] < 0)
			continue;

		err = run_skb(rig, &s, frame, FRAME);
	}
	return err;
}

/* Everything a program may store, one at a time. */
static int all_stores(struct rig *rig)
{
	int err;

	for (u32 off = 0; off < ctx_size(rig->type); off++)
		for (u32 size = 1; size <= 8; size *= 2) {
			if (!ctx_find(rig->type, 0, off, size, true))
				continue;
			err = try_stores(rig, off, size);
			if (err)
				return err;
		}
	return 0;
}

/* ---- frames ---- */

#define HOST 0, 0, 0, 0, 0, 0
#define FROM 2, 0, 0, 0, 0, 1

static const struct {
	const char *about;
	u8 bytes[40];
	u32 len;
} frames[] = {
	{ "to the host", { HOST, FROM, 0x88, 0xb5 }, 40 },
	{ "a broadcast",
	  { 255, 255, 255, 255, 255, 255, FROM, 0x88, 0xb5 },
	  40 },
	{ "a multicast", { 1, 0, 0x5e, 0, 0, 1, FROM, 0x88, 0xb5 }, 40 },
	{ "to another", { 2, 0, 0, 0, 0, 9, FROM, 0x88, 0xb5 }, 40 },
	{ "the header alone", { HOST, FROM, 0x88, 0xb5 }, 14 },
	{ "a length", { HOST, FROM, 0, 26, 0xaa, 0xaa, 3 }, 40 },
	{ "the longest length", { HOST, FROM, 5, 0xff, 0xaa, 0xaa, 3 }, 40 },
	{ "the first type", { HOST, FROM, 6, 0, 0xaa, 0xaa, 3 }, 40 },
	{ "raw 802.3", { HOST, FROM, 0, 26, 0xff, 0xff, 0 }, 40 },
	{ "half of raw 802.3", { HOST, FROM, 0, 26, 0xff, 0 }, 40 },
	{ "a length and nothing", { HOST, FROM, 0, 26 }, 14 },
	{ "a length and a byte", { HOST, FROM, 0, 26, 0xff }, 15 },
	{ "a tag", { HOST, FROM, 0x81, 0, 0x60, 5, 0x88, 0xb5 }, 40 },
	{ "a service tag", { HOST, FROM, 0x88, 0xa8, 0, 5, 0x81, 0 }, 40 },
};

static int all_frames(struct rig *rig)
{
	const struct store nothing = { 0 };
	int err = 0;

	for (u32 i = 0; i < ARRAY_LEN(frames) && !err; i++) {
		err = run_skb(rig, &nothing, frames[i].bytes, frames[i].len);
		if (err)
			printf("%s: %s\n", frames[i].about, strerror(-err));
	}
	return err;
}

/* ---- xdp_md ---- */

static int run_xdp(struct rig *rig)
{
	const struct store nothing = { 0 };
	const struct xdp_md ctx = {
		.data = META,
		.data_end = META + FRAME,
		.ingress_ifindex = 1,
	};
	u8 frame[META + FRAME], buf[PKT_HEADROOM + FRAME];
	struct kprog_test t = {
		.data = frame,
		.len = sizeof(frame),
		.ctx = &ctx,
		.ctx_size = sizeof(ctx),
	};
	int fd = load_kernel(rig, &nothing), err;
	struct pkt p;

	if (fd < 0)
		return fd;
	memset(frame, 0, META);
	default_frame(frame + META);
	err = kprog_test(fd, &t);
	close(fd);
	if (!err)
		err = pkt_init(&p, buf, sizeof(buf), frame + META, FRAME);
	if (err)
		return err;
	p.data_meta = p.data - META;
	p.ingress_ifindex = 1;
	compare(rig, &nothing, &p);
	return 0;
}

static int run_type(struct rig *rig, u32 type)
{
	int err;

	rig->type = type;
	list_loads(rig);
	if (type == BPF_PROG_TYPE_XDP)
		return run_xdp(rig);
	err = all_frames(rig);
	return err ? err : all_stores(rig);
}

/* ---- the document ---- */

static const char *loads_of(const struct ctx_field *f)
{
	switch (f->how) {
	case CTX_DATA:
	case CTX_DATA_END:
	case CTX_DATA_META: return "whole, a packet pointer";
	case CTX_SOCK: return "whole, a socket: NULL";
	default:
		return f->bytes	   ? "any part; stores, too"
		       : f->narrow ? "whole or any part"
				   : "whole";
	}
}

static void put_row(FILE *out, const struct ctx_field *f, struct tally tally)
{
	const char *when = f->attach_type == BPF_XDP_DEVMAP ? " devmap" : "";

	fprintf(out, "| `%s` | %u | %u |%s%s%s%s |%s%s%s | %s | %u | %u |\n",
		f->name, f->off, f->size, f->readers & PROG_XDP ? " xdp" : "",
		when, f->readers & PROG_TC ? " tc" : "",
		f->readers & PROG_SOCKET ? " socket" : "",
		f->writers & PROG_TC ? " tc" : "",
		f->writers & PROG_SOCKET ? " socket" : "",
		f->writers ? "" : " -", loads_of(f), tally.compared,
		tally.different);
}

/* The fields of the context of a program type and of another that has more. */
static void put_table(FILE *out, u32 type, u32 more, const struct tally *tally)
{
	fputs("| field | at | bytes | readers | writers | loads | compared | "
	      "different |\n|---|---|---|---|---|---|---|---|\n", out);
	for (u32 off = 0; off < ctx_size(type); off += 4)
		for (u32 size = 8; size >= 4; size /= 2) {
			const struct ctx_field *f = ctx_find(
				type, BPF_XDP_DEVMAP, off, size, false);

			if (!f)
				f = ctx_find(more, 0, off, size, false);
			if (!f || f->off != off)
				continue;
			put_row(out, f, tally[off / 4]);
			break;
		}
}

/* Whether a document has both tables, word for word. */
static bool documented(const struct rig *rig, const char *path)
{
	const struct {
		u32 type, more;
		const struct tally *tally;
	} contexts[] = {
		{ BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_XDP, rig->xdp },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SOCKET_FILTER,
		  rig->skb },
	};
	static char text[1 << 16];
	FILE *f = fopen(path, "r");
	bool has = true;

	if (!f) {
		perror(path);
		return false;
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (u32 i = 0; i < ARRAY_LEN(contexts); i++) {
		char *table;
		size_t len;

		f = open_memstream(&table, &len);
		if (!f)
			return false;
		put_table(f, contexts[i].type, contexts[i].more,
			  contexts[i].tally);
		fclose(f);
		if (!strstr(text, table)) {
			printf("%s must have this table:\n%s", path, table);
			has = false;
		}
		free(table);
	}
	return has;
}

int main(int argc, char **argv)
{
	static const u32 types[] = {
		BPF_PROG_TYPE_XDP,
		BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_SCHED_ACT,
		BPF_PROG_TYPE_SOCKET_FILTER,
	};
	const char *why = kprog_unavailable();
	const u32 size = (LOADS_MAX + PTRS) * 8;
	static struct rig rig;
	void *seen;
	int err = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CONTEXTS\n", argv[0]);
		return 2;
	}
	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	rig.value = kprog_shared_value(size, &seen);
	if (rig.value < 0) {
		printf("no array: %s\n", strerror(-rig.value));
		return 1;
	}
	rig.seen = seen;
	for (u32 i = 0; i < ARRAY_LEN(types) && !err; i++)
		err = run_type(&rig, types[i]);
	if (err)
		printf("type %u: %s\n", rig.type, strerror(-err));
	munmap(seen, size);
	close(rig.value);
	printf("%u values compared, %u different\n", rig.compared,
	       rig.different);
	return err || rig.different || !documented(&rig, argv[1]);
}
