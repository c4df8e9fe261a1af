/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/timing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle/asm.h"
#include "oracle/front.h"
#include "oracle/kernel.h"
#include "oracle/mirror.h"
#include "oracle/oracle.h"
#include "prog/environ.h"

#define OUT_BYTES (256 << 10)

/* A way to a program by one that makes packets. */
struct way {
	int state;
	int progs;
	int front;
};

struct timing {
	struct timing_opts opts;
	struct timing_feed feed;
	struct kernel_affinity *affinity;
	struct mirror *mirror;
	int prog;    /* the mirror's */
	int nothing; /* a program that returns at once */
	int packets; /* array of struct front_packet */
	struct way ways[2]; /* to TIMED_PROG and TIMED_NOTHING */
	u8 *out;
};

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

/* ---- programs ---- */

/* One that another one of the same kind can jump to. */
static int load_like(const struct prog *like, const struct bpf_insn *insns,
		     u32 cnt, struct err *err)
{
	union bpf_attr attr = {
		.prog_type = like->type,
		.expected_attach_type = like->expected_attach_type,
		.prog_flags = like->flags,
		.insns = address(insns),
		.insn_cnt = cnt,
		.license = address("Dual BSD/GPL"),
		.prog_name = "weir_timing",
	};
	int fd = kernel_prog_load(&attr);

	return fd < 0 ? mirror_refused("a program", "weir_timing", fd, err)
		      : fd;
}

static int load_nothing(struct timing *t, struct err *err)
{
	const struct bpf_insn insns[] = { ALU_IMM(BPF_MOV, 0, 0), RETURN };

	t->nothing = load_like(t->opts.prog, insns, ARRAY_LEN(insns), err);
	return MIN(t->nothing, 0);
}

static int load_front(struct timing *t, struct way *w, struct err *err)
{
	u32 type = t->opts.prog->type, cnt;
	struct bpf_insn insns[FRONT_INSNS];

	if (t->feed.flows)
		cnt = front_flows(type, t->feed.flow_sum, w->state, w->progs,
				  insns);
	else
		cnt = front_turns(type, w->state, t->packets, w->progs, insns);
	w->front = load_like(t->opts.prog, insns, cnt, err);
	return MIN(w->front, 0);
}

/* ---- their maps ---- */

static int make_array(u32 type, u32 value_size, u32 entries)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = sizeof(u32),
				.value_size = value_size,
				.max_entries = entries,
				.map_name = "weir_timing" };

	return kernel_map_create(&attr);
}

static int fill_packets(struct timing *t)
{
	struct front_packet *p = calloc(1, sizeof(*p));
	int res = p ? 0 : -ENOMEM;

	for (u32 i = 0; !res && i < t->feed.cnt; i++) {
		const struct timing_packet *from = &t->feed.packets[i];

		p->len = from->len;
		memcpy(p->bytes, from->bytes,
		       MIN(from->len, sizeof(p->bytes)));
		res = kernel_map_write(t->packets, &i, p);
	}
	free(p);
	return res;
}

static int make_packets(struct timing *t, struct err *err)
{
	int res;

	t->packets = make_array(BPF_MAP_TYPE_ARRAY, sizeof(struct front_packet),
				t->feed.cnt);
	res = t->packets < 0 ? t->packets : fill_packets(t);
	return res ? mirror_refused("a map", "weir_timing", res, err) : 0;
}

static int start_flows(struct timing *t, struct way *w)
{
	const u32 only = 0;
	struct flows first;

	flows_init(&first, t->feed.flows);
	return kernel_map_write(w->state, &only, &first);
}

static int make_way(struct timing *t, struct way *w, int to, struct err *err)
{
	const u32 only = 0;
	int res;

	w->state = make_array(BPF_MAP_TYPE_ARRAY,
			      t->feed.flows ? sizeof(struct flows)
					    : sizeof(struct front_turn),
			      1);
	w->progs = make_array(BPF_MAP_TYPE_PROG_ARRAY, sizeof(u32), 1);
	res = MIN(MIN(w->state, w->progs), 0);
	if (!res)
		res = kernel_map_write(w->progs, &only, &to);
	if (!res && t->feed.flows)
		res = start_flows(t, w);
	if (res)
		return mirror_refused("a map", "weir_timing", res, err);
	return load_front(t, w, err);
}

/* ---- all of it ---- */

static int open_kernel(struct timing *t, struct err *err)
{
	int cpu = kernel_pin(&t->affinity), res;
	const struct mirror_opts opts = { .obj = t->opts.obj,
					  .so = t->opts.so,
					  .cpu = (u32)cpu,
					  .as_is = true };

	if (cpu < 0)
		return err_fail(err, cpu, "cannot stay on one CPU: %s",
				strerror(-cpu));
	res = mirror_open(&opts, err, &t->mirror);
	if (res)
		return res;
	t->prog = mirror_prog(t->mirror, t->opts.prog);
	return load_nothing(t, err);
}

int timing_open(const struct timing_opts *opts, struct err *err,
		struct timing **out)
{
	int res = oracle_available(err);
	struct timing *t;

	if (res)
		return res;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_fail(err, -ENOMEM, "out of memory");
	t->opts = *opts;
	t->nothing = t->packets = -1;
	for (u32 i = 0; i < ARRAY_LEN(t->ways); i++)
		t->ways[i] = (struct way){ -1, -1, -1 };
	t->out = malloc(OUT_BYTES);
	res = t->out ? open_kernel(t, err)
		     : err_fail(err, -ENOMEM, "out of memory");
	if (res) {
		timing_close(t);
		return res;
	}
	*out = t;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void timing_close(struct timing *t)
{
	for (u32 i = 0; i < ARRAY_LEN(t->ways); i++) {
		close_fd(t->ways[i].front);
		close_fd(t->ways[i].progs);
		close_fd(t->ways[i].state);
	}
	close_fd(t->packets);
	close_fd(t->nothing);
	if (t->mirror)
		mirror_close(t->mirror);
	kernel_unpin(t->affinity);
	free(t->out);
	free(t);
}

/* ---- running ---- */

int timing_feed(struct timing *t, const struct timing_feed *feed,
		struct err *err)
{
	int res = 0;

	t->feed = *feed;
	if (!feed->flows)
		res = make_packets(t, err);
	if (!res)
		res = make_way(t, &t->ways[TIMED_PROG], t->prog, err);
	if (!res)
		res = make_way(t, &t->ways[TIMED_NOTHING], t->nothing, err);
	return res;
}

static int run(struct timing *t, int prog, const struct timing_packet *p,
	       u32 repeat, struct kernel_run *r)
{
	union environ_ctx ctx;

	*r = (struct kernel_run){
		.prog = prog,
		.in = p->bytes,
		.in_len = p->len,
		.ctx = &ctx,
		.ctx_len = environ_ctx(t->opts.prog->type, p->len, &ctx),
		.out = t->out,
		.out_room = OUT_BYTES,
		.repeat = repeat,
	};
	return kernel_test_run(r);
}

int timing_try(struct timing *t, const struct timing_packet *packet,
	       u32 *verdict)
{
	struct kernel_run r;
	int res;

	if (packet->len > FRONT_PACKET_MAX)
		return -EMSGSIZE;
	res = run(t, t->prog, packet, 1, &r);
	*verdict = r.retval;
	return res;
}

static int start_turn(struct way *w, u32 first, u32 end)
{
	const struct front_turn turn = { .next = first,
					 .first = first,
					 .end = end };
	const u32 only = 0;

	return kernel_map_write(w->state, &only, &turn);
}

int timing_run(struct timing *t, enum timed what, u32 first, u32 end, u32 runs,
	       double *ns)
{
	int prog = what == TIMED_LOOP ? t->nothing : t->ways[what].front;
	struct kernel_run r;
	int res = 0;

	if (what != TIMED_LOOP && !t->feed.flows)
		res = start_turn(&t->ways[what], first, end);
	if (!res)
		res = run(t, prog, &t->feed.packets[first], runs, &r);
	*ns = res ? 0 : r.ns;
	return res;
}
