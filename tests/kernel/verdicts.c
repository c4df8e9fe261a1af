/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdicts.c - what becomes of a packet: as on the live kernel
 *
 * Two programs at a hook of a veth device, as tcx, as cls_bpf in direct action
 * and as cls_bpf that gives classids, in every mix; or one XDP program.  They
 * do and return what a shared value tells them.  A frame is sent through; it
 * arrives, is redirected, comes back or is gone.  Weir runs the same
 * instructions in a chain.  Compared are the fate, which programs ran, what
 * they saw in tc_classid, and the tc_index that arrives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../asm.h"
#include "hook/hook.h"
#include "kmap.h"
#include "knet.h"
#include "kprog.h"
#include "../engine.h"

enum {
	PROGS = 2,
	FRAME = 64,
	FRAMES = 0x88b5,
	MARKS = 0x88b6, /* sent after a frame, to know that it is through */
	WAIT_MS = 30000,
	FIRST_INDEX = 0x99,
	NO_CLASSID = 0xffffffff,
};

/* What the programs share with us. */
struct value {
	struct {
		u32 code;     /* to return */
		u32 classid;  /* to write to tc_classid, if not NO_CLASSID */
		u32 redirect; /* to call bpf_redirect() with, if not 0 */
		u32 ran;
		u32 saw_classid;
	} prog[PROGS];
	u32 tc_index; /* of what arrived */
};

enum fate { GONE, ARRIVED, BACK, REDIRECTED, FATES };

static const char *const fate_names[FATES] = { "gone", "arrived", "back",
					       "redirected" };

enum style { TCX, DIRECT, CLASSID, XDP, STYLES };

static const char *const style_names[STYLES] = { "tcx", "direct action",
						 "classid", "xdp" };

/* ---- programs ---- */

struct code {
	struct bpf_insn insns[48];
	u32 cnt;
};

#define EMIT(c, ...)                                               \
	do {                                                       \
		const struct bpf_insn more[] = { __VA_ARGS__ };    \
		memcpy((c)->insns + (c)->cnt, more, sizeof(more)); \
		(c)->cnt += ARRAY_LEN(more);                       \
	} while (0)

#define AT(i, field) ((s16)offsetof(struct value, prog[i].field))
#define SKB(field) ((s16)offsetof(struct __sk_buff, field))

/* Frames that are not the test's pass by. */
static void emit_filter(struct code *c, enum style style)
{
	if (style == XDP)
		EMIT(c, LDX(W, R8, R6, offsetof(struct xdp_md, data)),
		     LDX(W, R2, R6, offsetof(struct xdp_md, data_end)),
		     ALU64_X(MOV, R3, R8), ALU64_K(ADD, R3, ETH_HLEN),
		     ALU64_K(MOV, R0, XDP_PASS), JMP64_X(JGT, R3, R2, 2),
		     LDX(H, R2, R8, 12), JMP64_K(JEQ, R2, htons(FRAMES), 1),
		     EXIT());
	else
		EMIT(c, LDX(W, R2, R6, SKB(protocol)),
		     ALU64_K(MOV, R0, style == CLASSID ? 0 : -1),
		     JMP64_K(JEQ, R2, htons(FRAMES), 1), EXIT());
}

static void make_code(struct code *c, u32 i, enum style style, int map)
{
	c->cnt = 0;
	EMIT(c, ALU64_X(MOV, R6, R1),
	     LD_PSEUDO(R7, BPF_PSEUDO_MAP_VALUE, map, 0));
	emit_filter(c, style);
	EMIT(c, ST(W, R7, AT(i, ran), 1));
	if (style != XDP && i == 0)
		EMIT(c, ST(W, R6, SKB(tc_index), FIRST_INDEX));
	if (style != XDP)
		EMIT(c, LDX(W, R2, R6, SKB(tc_classid)),
		     STX(W, R7, AT(i, saw_classid), R2),
		     LDX(W, R2, R7, AT(i, classid)), JMP32_K(JEQ, R2, -1, 1),
		     STX(W, R6, SKB(tc_classid), R2));
	EMIT(c, LDX(W, R1, R7, AT(i, redirect)), JMP64_K(JEQ, R1, 0, 2),
	     ALU64_K(MOV, R2, 0), CALL(BPF_FUNC_redirect),
	     LDX(W, R0, R7, AT(i, code)), EXIT());
}

/* What stands at the other end and notes tc_index. */
static void make_recorder(struct code *c, int map)
{
	c->cnt = 0;
	EMIT(c, ALU64_X(MOV, R6, R1),
	     LD_PSEUDO(R7, BPF_PSEUDO_MAP_VALUE, map, 0));
	emit_filter(c, TCX);
	EMIT(c, LDX(W, R2, R6, SKB(tc_index)),
	     STX(W, R7, offsetof(struct value, tc_index), R2),
	     ALU64_K(MOV, R0, TCX_NEXT), EXIT());
}

static u32 type_of(enum style style)
{
	return style == XDP ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
}

/* ---- the kernel's side ---- */

struct kernel {
	struct knet net;
	int map;
	struct value *value;
	int progs[STYLES][PROGS];
	int sender;	  /* at a */
	int fates[FATES]; /* where a frame of each fate comes out */
	int marks;	  /* at b */
};

static int load_code(const struct code *c, u32 type)
{
	static char log[1 << 14];
	const struct kprog_load l = {
		.type = type,
		.insns = c->insns,
		.cnt = c->cnt,
		.license = "GPL",
		.log_level = 1,
		.log = log,
		.log_size = sizeof(log),
	};
	int fd = kprog_load(&l);

	if (fd < 0)
		printf("Linux refuses the program: %s\n", kprog_reason(log));
	return fd;
}

static int open_sockets(struct kernel *k)
{
	k->sender = knet_socket(&k->net, KNET_A, 0);
	k->fates[ARRIVED] = knet_socket(&k->net, KNET_B, FRAMES);
	k->fates[BACK] = knet_socket(&k->net, KNET_A, FRAMES);
	k->fates[REDIRECTED] = knet_socket(&k->net, KNET_D, FRAMES);
	k->marks = knet_socket(&k->net, KNET_B, MARKS);
	for (u32 i = GONE + 1; i < FATES; i++)
		if (k->fates[i] < 0)
			return k->fates[i];
	return k->sender < 0 ? k->sender : MIN(k->marks, 0);
}

static int kernel_open(struct kernel *k)
{
	struct code c;
	void *value;
	int err = knet_open(&k->net);

	if (err)
		return err;
	k->map = kprog_shared_value(sizeof(*k->value), &value);
	if (k->map < 0)
		return k->map;
	k->value = value;
	for (u32 style = 0; style < STYLES; style++)
		for (u32 i = 0; i < PROGS; i++) {
			make_code(&c, i, (enum style)style, k->map);
			k->progs[style][i] = load_code(&c, type_of(style));
			if (k->progs[style][i] < 0)
				return k->progs[style][i];
		}
	return open_sockets(k);
}

static int send_frame(const struct kernel *k, u16 protocol)
{
	u8 frame[FRAME] = { 0 };

	memcpy(frame, k->net.mac[KNET_B], ETH_ALEN);
	memcpy(frame + ETH_ALEN, k->net.mac[KNET_A], ETH_ALEN);
	frame[12] = (u8)(protocol >> 8);
	frame[13] = (u8)protocol;
	return send(k->sender, frame, sizeof(frame), 0) < 0 && errno != ENOBUFS
		       ? -errno
		       : 0;
}

static bool came(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u8 frame[FRAME];

	return poll(&p, 1, wait_ms) == 1 &&
	       recv(fd, frame, sizeof(frame), 0) > 0;
}

static int kernel_run(struct kernel *k, enum fate *fate)
{
	int err = send_frame(k, FRAMES);

	if (!err)
		err = send_frame(k, MARKS);
	if (err)
		return err;
	if (!came(k->marks, WAIT_MS))
		return -ETIMEDOUT;
	*fate = GONE;
	for (u32 i = GONE + 1; i < FATES; i++)
		if (came(k->fates[i], 0))
			*fate = (enum fate)i;
	return 0;
}

/* ---- Weir's side ---- */

struct weir {
	struct mem *mem;
	struct map_env env;
	struct map *map;
	struct value *value;
	struct prog *progs[STYLES][PROGS];
};

static int prepare(struct weir *w, u32 i, enum style style)
{
	struct code c;
	struct prog_attr attr = {
		.type = type_of(style),
		.name = "verdict",
		.license = "GPL",
		.insns = c.insns,
		.maps = &w->map,
		.map_cnt = 1,
	};
	struct prog *prog;
	struct err e = { 0 };
	int err;

	make_code(&c, i, style, 0);
	attr.insn_cnt = c.cnt;
	err = prog_create(w->mem, &attr, &e, &prog);
	if (err)
		return err;
	w->progs[style][i] = prog;
	err = engine_prepare(
		prog, jit_available() && i % 2 ? ENGINE_O2 : ENGINE_CHECKED,
		&e);
	if (err)
		printf("Weir refuses the program: %s\n", e.reason);
	return err;
}

static int weir_open(struct weir *w)
{
	const struct mem_config config = { .budget = 1 << 20, .slots = 1 };
	const struct map_attr attr = {
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = sizeof(*w->value),
		.max_entries = 1,
	};
	const u32 key = 0;
	int err = mem_create(&config, &w->mem);

	if (err)
		return err;
	w->env = (struct map_env){ w->mem, &prog_refs };
	err = map_create(&w->env, &attr, NULL, &w->map);
	if (err)
		return err;
	w->value = w->map->ops->lookup(w->map, &key);
	for (u32 style = 0; style < STYLES && !err; style++)
		for (u32 i = 0; i < PROGS && !err; i++)
			err = prepare(w, i, (enum style)style);
	return err;
}

static void weir_close(struct weir *w)
{
	for (u32 style = 0; style < STYLES; style++)
		for (u32 i = 0; i < PROGS; i++)
			if (w->progs[style][i])
				prog_put(w->progs[style][i]);
	if (w->map)
		map_put(w->map);
	if (w->mem)
		mem_destroy(w->mem);
}

static enum fate fate_of(const struct verdict *v)
{
	static const enum fate fates[] = {
		[VERDICT_PASS] = ARRIVED,
		[VERDICT_DROP] = GONE,
		[VERDICT_TX] = BACK,
		[VERDICT_REDIRECT] = REDIRECTED,
	};

	return fates[v->kind];
}

static enum fate weir_run(struct weir *w, const struct chain *chain)
{
	u8 frame[FRAME] = { [12] = FRAMES >> 8, [13] = FRAMES & 0xff };
	struct run run = { .world = &world_host };
	u8 buf[PKT_HEADROOM + FRAME];
	struct verdict v;
	struct pkt pkt, *p = &pkt;

	pkt_init(p, buf, sizeof(buf), frame, sizeof(frame));
	pkt_to_skb(p, frame, true);
	chain_run_burst(chain, &run, &p, 1, &v);
	w->value->tc_index = v.kind == VERDICT_PASS ? pkt.tc_index : 0;
	return fate_of(&v);
}

/* ---- side by side ---- */

struct rig {
	struct kernel k;
	struct weir w;
	u32 compared;
	u32 different;
};

struct setup {
	enum hook_kind hook;
	enum style style[PROGS];
	u32 n;
	bool recorded; /* tc_index is seen at the other end */
};

static const u32 classids[PROGS] = { 0x12345678, 0x00070008 };

static void show(const char *who, enum fate fate, const struct value *v)
{
	printf("  %s: %s, tc_index %#x", who, fate_names[fate], v->tc_index);
	for (u32 i = 0; i < PROGS; i++)
		printf("; %s, tc_classid %#x",
		       v->prog[i].ran ? "ran" : "did not run",
		       v->prog[i].saw_classid);
	putchar('\n');
}

static int compare(struct rig *rig, const struct setup *s,
		   const struct chain *chain, const struct value *told)
{
	enum fate theirs = GONE, ours;
	int err;

	*rig->k.value = *rig->w.value = *told;
	err = kernel_run(&rig->k, &theirs);
	if (err)
		return err;
	ours = weir_run(&rig->w, chain);
	if (!s->recorded)
		rig->w.value->tc_index = rig->k.value->tc_index = 0;
	rig->compared++;
	if (ours == theirs &&
	    memcmp(rig->k.value, rig->w.value, sizeof(*told)) == 0)
		return 0;
	rig->different++;
	printf("%s", hook_name(s->hook));
	for (u32 i = 0; i < s->n; i++)
		printf(", %s returns %d%s", style_names[s->style[i]],
		       (s32)told->prog[i].code,
		       told->prog[i].redirect ? " after bpf_redirect()" : "");
	putchar('\n');
	show("Linux", theirs, rig->k.value);
	show("Weir", ours, rig->w.value);
	return 0;
}

static const u32 codes[] = { -3, -2, -1, 0,	  1,	     2,
			     3,	 4,  5,	 6,	  7,	     8,
			     9,	 10, 31, 0x10003, INT32_MAX, INT32_MIN };

/* Everything the programs of one setup can be told. */
static int all_codes(struct rig *rig, const struct setup *s,
		     const struct chain *chain)
{
	const u32 target = rig->k.net.ifindex[KNET_C];
	int err = 0;

	for (u32 i = 0; i < ARRAY_LEN(codes) * 8 && !err; i++) {
		struct value told = { 0 };

		told.prog[0].code = codes[i / 8];
		told.prog[0].classid = i & 1 ? 0xabc0009 : NO_CLASSID;
		told.prog[0].redirect = i & 2 ? target : 0;
		told.prog[1].code = i & 4 ? (u32)-1 : 0;
		told.prog[1].classid = NO_CLASSID;
		err = compare(rig, s, chain, &told);
	}
	return err;
}

static int make_chain(struct rig *rig, const struct setup *s,
		      struct chain **chain)
{
	static const enum chain_style styles[] = {
		[TCX] = CHAIN_TCX,
		[DIRECT] = CHAIN_CLS_BPF,
		[CLASSID] = CHAIN_CLS_BPF,
		[XDP] = CHAIN_XDP,
	};
	struct chain_entry entries[PROGS];

	for (u32 i = 0; i < s->n; i++)
		entries[i] = (struct chain_entry){
			.prog = rig->w.progs[s->style[i]][i],
			.style = styles[s->style[i]],
			.priority = i + 1,
			.chain_actions = 1 << XDP_PASS,
			.direct_action = s->style[i] == DIRECT,
			.classid = classids[i],
		};
	return chain_create(mem_rcu(rig->w.mem), s->hook, entries, s->n, NULL,
			    chain);
}

/* Fds of links to close, or 0 where it is a classifier. */
static int attach(struct rig *rig, const struct setup *s, u32 i)
{
	bool ingress = s->hook != HOOK_TC_EGRESS;
	const struct knet_filter f = {
		.dev = ingress ? KNET_B : KNET_A,
		.ingress = ingress,
		.priority = (u16)(i + 1),
		.prog = rig->k.progs[s->style[i]][i],
		.direct_action = s->style[i] == DIRECT,
		.classid = classids[i],
	};
	u32 type = s->hook == HOOK_XDP ? BPF_XDP
		   : ingress	       ? BPF_TCX_INGRESS
				       : BPF_TCX_EGRESS;

	if (s->style[i] == TCX || s->style[i] == XDP)
		return knet_attach(&rig->k.net, f.dev, type, f.prog);
	return knet_add_filter(&rig->k.net, &f);
}

static int run_setup(struct rig *rig, const struct setup *s)
{
	enum knet_dev dev = s->hook == HOOK_TC_EGRESS ? KNET_A : KNET_B;
	int links[PROGS] = { 0 }, err;
	struct chain *chain;

	err = make_chain(rig, s, &chain);
	if (err)
		return err;
	err = knet_add_clsact(&rig->k.net, dev);
	for (u32 i = 0; i < s->n && !err; i++) {
		links[i] = attach(rig, s, i);
		err = MIN(links[i], 0);
	}
	if (!err)
		err = all_codes(rig, s, chain);
	for (u32 i = 0; i < s->n; i++)
		if (links[i] > 0)
			close(links[i]);
	knet_drop_clsact(&rig->k.net, dev);
	chain_put(chain);
	return err;
}

static int tc_setups(struct rig *rig, enum hook_kind hook)
{
	int err = 0;

	for (u32 i = 0; i < 9 && !err; i++) {
		const struct setup s = {
			.hook = hook,
			.style = { (enum style)(i / 3), (enum style)(i % 3) },
			.n = 2,
			.recorded = hook == HOOK_TC_EGRESS,
		};

		err = run_setup(rig, &s);
	}
	return err;
}

static int all_setups(struct rig *rig)
{
	const struct setup xdp = { .hook = HOOK_XDP, .style = { XDP }, .n = 1 };
	struct code c;
	int recorder, link, err;

	err = tc_setups(rig, HOOK_TC_INGRESS);
	if (!err)
		err = run_setup(rig, &xdp);
	if (err)
		return err;
	make_recorder(&c, rig->k.map);
	recorder = load_code(&c, BPF_PROG_TYPE_SCHED_CLS);
	if (recorder < 0)
		return recorder;
	link = knet_attach(&rig->k.net, KNET_B, BPF_TCX_INGRESS, recorder);
	if (link < 0)
		return link;
	return tc_setups(rig, HOOK_TC_EGRESS);
}

int main(void)
{
	const char *why = kprog_unavailable();
	struct rig rig = { 0 };
	int err;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	kmap_pin();
	err = kernel_open(&rig.k);
	if (err == -EPERM || err == -EOPNOTSUPP) {
		printf("skipped: no veth devices here: %s\n", strerror(-err));
		return KPROG_SKIP;
	}
	if (!err)
		err = weir_open(&rig.w);
	if (!err)
		err = all_setups(&rig);
	weir_close(&rig.w);
	if (err)
		printf("failed: %s\n", strerror(-err));
	printf("%u compared, %u different\n", rig.compared, rig.different);
	return err || rig.different;
}
