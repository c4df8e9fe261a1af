/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_run.c - BPF_PROG_TEST_RUN
 *
 * The calling thread runs the program as the guest of the grace periods: it
 * sees slot 0's values of per-CPU maps.  The packet of a run is what the run
 * before it left.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/csum.h"
#include "prog/environ.h"
#include "sys/wclient.h"

#define LOOPBACK 1
#define LIVE_BATCH_MAX 256
#define SLICE_NS 1000000 /* of a long test */
/* of XDP: Linux's room before the packet, without struct xdp_frame */
#define META_MAX (PKT_HEADROOM - PKT_XDP_FRAME)

struct test {
	struct wcall *w;
	const struct prog *prog;
	u8 *in;
	union environ_ctx ctx;
	bool has_ctx;
	struct environ_device dev;
	bool has_dev;
	u8 *buffer;
	u8 *frags; /* NULL: all is in buffer */
	struct pkt pkt;
	u32 retval;
	u32 duration;
};

static const union bpf_attr *attr_of(const struct test *t)
{
	return &t->w->u.attr;
}

/* ---- what is given ---- */

static int read_ctx(struct test *t, u32 known)
{
	const union bpf_attr *u = attr_of(t);
	const struct wmem_ops *mem = t->w->mem;
	int res;

	t->has_ctx = u->test.ctx_in || u->test.ctx_out;
	if (!u->test.ctx_in)
		return 0;
	res = wcall_check_tail(mem, u->test.ctx_in, known, u->test.ctx_size_in);
	if (res)
		return res;
	return mem->read(mem->arg, &t->ctx, u->test.ctx_in,
			 MIN(u->test.ctx_size_in, known));
}

static int read_data(struct test *t)
{
	const union bpf_attr *u = attr_of(t);
	int res;

	t->buffer = malloc(ENVIRON_BUFFER);
	if (!t->buffer)
		return -ENOMEM;
	t->in = wcall_copy_in(t->w, u->test.data_in, u->test.data_size_in,
			      &res);
	return t->in ? 0 : res;
}

/* The port that the context names. */
static bool find_device(struct test *t, u32 ifindex, u32 *queues)
{
	struct attach_port port;

	if (!attach_port(t->w->sys, ifindex, &port))
		return false;
	t->has_dev = true;
	t->dev.ifindex = ifindex;
	memcpy(t->dev.mac, port.mac, sizeof(t->dev.mac));
	*queues = port.queues;
	return true;
}

static int lay(struct test *t, const u8 *bytes, u32 len)
{
	return environ_lay(t->prog->type, &t->pkt, t->buffer, bytes, len,
			   t->has_dev ? &t->dev : NULL);
}

/* ---- the run ---- */

static u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* n times; how long that took. */
static u64 run_slice(struct test *t, struct run *run, u32 n)
{
	struct rcu *rcu = mem_rcu(sys_mem(t->w->sys));
	u64 start;

	rcu_guest_enter(rcu);
	start = now();
	for (u32 i = 0; i < n && !run->fault.code; i++) {
		run_begin(run, &t->pkt);
		t->retval = (u32)prog_run(t->prog, run);
		rcu_guest_quiescent(rcu);
	}
	start = now() - start;
	rcu_guest_leave(rcu);
	return start;
}

/* Of a program that was stopped the errno says why.  Between slices others run
 * theirs, and the caller may have gone. */
static int run_program(struct test *t)
{
	const struct wmem_ops *mem = t->w->mem;
	u32 repeat = MAX(attr_of(t)->test.repeat, 1u), left = repeat, n = 1;
	struct run run = { .world = &t->w->sys->world };
	u64 spent = 0, took;

	while (left && !run.fault.code) {
		if (mem->interrupted && mem->interrupted(mem->arg))
			return -EINTR;
		n = MIN(n, left);
		took = run_slice(t, &run, n);
		spent += took;
		left -= n;
		n = took < SLICE_NS / 2 ? n * 2 : MAX(n / 2, 1u);
	}
	t->duration = (u32)MIN(spent / repeat, (u64)UINT32_MAX);
	return run.fault.code;
}

/* ---- what comes back: too little room is said before a bad address ---- */

static bool put_bytes(struct test *t, const u8 *data, u32 linear, u32 copied)
{
	u64 to = attr_of(t)->test.data_out;
	u32 first = MIN(linear, copied);

	return !to ||
	       (!wcall_copy_out(t->w, to, data, first) &&
		(first == copied ||
		 !wcall_copy_out(t->w, to + first, t->frags, copied - first)));
}

/* linear bytes, and then those in frags. */
static int put_data(struct test *t, const u8 *data, u32 linear)
{
	const union bpf_attr *u = attr_of(t);
	struct wcall *w = t->w;
	u32 size = linear + t->pkt.frag_bytes, copied = size;
	int res = 0;

	if (u->test.data_size_out && size > u->test.data_size_out) {
		copied = u->test.data_size_out;
		res = -ENOSPC;
	}
	if (!put_bytes(t, data, linear, copied) ||
	    wcall_put_u32(w, offsetof(union bpf_attr, test.data_size_out),
			  size) ||
	    wcall_put_u32(w, offsetof(union bpf_attr, test.retval),
			  t->retval) ||
	    wcall_put_u32(w, offsetof(union bpf_attr, test.duration),
			  t->duration))
		return res ? res : -EFAULT;
	return res;
}

static int put_ctx(struct test *t, u32 size)
{
	const union bpf_attr *u = attr_of(t);
	struct wcall *w = t->w;
	u32 copied = MIN(size, u->test.ctx_size_out);
	int res = copied < size ? -ENOSPC : 0;

	if (!u->test.ctx_out)
		return 0;
	if (wcall_copy_out(w, u->test.ctx_out, &t->ctx, copied) ||
	    wcall_put_u32(w, offsetof(union bpf_attr, test.ctx_size_out), size))
		return res ? res : -EFAULT;
	return res;
}

/* ---- XDP ---- */

static int check_xdp(const struct test *t)
{
	const union bpf_attr *u = attr_of(t);

	if (t->prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    t->prog->expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	if (u->test.flags & ~(u32)BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EINVAL;
	if (!u->test.flags)
		return u->test.batch_size ? -EINVAL : 0;
	if (u->test.batch_size > LIVE_BATCH_MAX)
		return -E2BIG;
	return -EOPNOTSUPP; /* frames are a port's to send */
}

/* Where metadata and the first buffer of the packet end. */
static int check_xdp_ctx(const struct test *t, u32 size)
{
	const struct xdp_md *ctx = &t->ctx.xdp;

	if (ctx->data_meta || ctx->data_end > size ||
	    ctx->data > ctx->data_end || ctx->data % 4 || ctx->data > META_MAX)
		return -EINVAL;
	return 0;
}

static int take_xdp_device(struct test *t)
{
	const struct xdp_md *ctx = &t->ctx.xdp;
	u32 queues;

	if (ctx->egress_ifindex)
		return -EINVAL;
	if (!ctx->ingress_ifindex)
		return ctx->rx_queue_index ? -EINVAL : 0;
	if (!find_device(t, ctx->ingress_ifindex, &queues)) {
		if (ctx->ingress_ifindex != LOOPBACK)
			return -ENODEV;
		queues = 1;
	}
	t->dev.queue = ctx->rx_queue_index;
	return t->dev.queue < queues ? 0 : -EINVAL;
}

/* What does not fit the buffer, or is behind the context's data_end. */
static int lay_frags(struct test *t, const u8 *bytes, u32 len)
{
	const u32 max = PKT_FRAGS_MAX * PKT_FRAG_SIZE;

	if (!len)
		return 0;
	if (len > max)
		return -ENOMEM;
	t->frags = malloc(max);
	if (!t->frags)
		return -ENOMEM;
	memcpy(t->frags, bytes, len);
	t->pkt.frags = t->frags;
	t->pkt.frag_bytes = len;
	return 0;
}

static int lay_xdp(struct test *t, u32 size)
{
	u32 meta = t->ctx.xdp.data;
	u32 linear = t->has_ctx ? t->ctx.xdp.data_end : size;
	struct pkt *p = &t->pkt;
	int res;

	linear = MIN(linear, meta + PKT_XDP_LINEAR_MAX);
	res = lay(t, t->in + meta, linear - meta);
	if (!res)
		res = lay_frags(t, t->in + linear, size - linear);
	if (res)
		return res;
	p->data_meta -= meta;
	memcpy(p->data_meta, t->in, meta);
	return 0;
}

static int run_xdp(struct test *t)
{
	u32 size = attr_of(t)->test.data_size_in;
	struct pkt *p = &t->pkt;
	int res = check_xdp(t);

	if (!res)
		res = read_ctx(t, sizeof(t->ctx.xdp));
	if (!res)
		res = check_xdp_ctx(t, size);
	if (!res && size - t->ctx.xdp.data < ETH_HLEN)
		res = -EINVAL;
	if (!res)
		res = read_data(t);
	if (!res)
		res = take_xdp_device(t);
	if (!res)
		res = lay_xdp(t, size);
	if (!res)
		res = run_program(t);
	if (res)
		return res;
	t->ctx.xdp.data = (u32)(p->data - p->data_meta);
	t->ctx.xdp.data_end = (u32)(p->data_end - p->data_meta);
	res = put_data(t, p->data_meta, t->ctx.xdp.data_end);
	return res ? res : put_ctx(t, sizeof(t->ctx.xdp));
}

/* ---- tc and sockets ---- */

static u32 sum_of(const struct pkt *p)
{
	u8 *from = p->data + p->network_header;

	return csum_bytes(from, (u32)(p->data_end - from), 0);
}

static int lay_skb(struct test *t, u32 size)
{
	struct pkt *p = &t->pkt;
	int res = lay(t, t->in, size);

	if (res)
		return res;
	res = t->has_ctx ? environ_take_skb(p, &t->ctx.skb) : 0;
	if (attr_of(t)->test.flags) {
		p->csum_state = CSUM_COMPLETE;
		p->csum = sum_of(p);
	}
	return res;
}

/* What the program made of the sum has to be that of what it made of the
 * packet. */
static int check_sum(const struct test *t)
{
	if (!attr_of(t)->test.flags)
		return 0;
	return csum_fold(t->pkt.csum) == csum_fold(sum_of(&t->pkt)) ? 0
								    : -EBADMSG;
}

static int prepare_skb(struct test *t, u32 size)
{
	const struct __sk_buff *ctx = &t->ctx.skb;
	u32 queues;
	int res = 0;

	if (size < ETH_HLEN || size > ENVIRON_SKB_MAX)
		return -EINVAL;
	res = read_data(t);
	if (!res)
		res = read_ctx(t, sizeof(*ctx));
	if (res)
		return res;
	if (ctx->ifindex > LOOPBACK && !find_device(t, ctx->ifindex, &queues))
		return -ENODEV;
	return lay_skb(t, size);
}

static int run_skb(struct test *t)
{
	const union bpf_attr *u = attr_of(t);
	struct pkt *p = &t->pkt;
	int res;

	if (u->test.flags & ~(u32)BPF_F_TEST_SKB_CHECKSUM_COMPLETE ||
	    u->test.cpu || u->test.batch_size)
		return -EINVAL;
	res = prepare_skb(t, u->test.data_size_in);
	if (!res)
		res = run_program(t);
	if (!res)
		res = environ_end(t->prog->type, p);
	if (!res)
		res = check_sum(t);
	if (res)
		return res;
	environ_give_skb(p, &t->ctx.skb);
	res = put_data(t, p->data, pkt_len(p));
	return res ? res : put_ctx(t, sizeof(t->ctx.skb));
}

/* ---- the command ---- */

int wbpf_prog_run(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct test t = { .w = w };
	struct handle h;
	int res;

	if (!wcall_only(w, ATTR_END(test.batch_size)) ||
	    !u->test.ctx_size_in != !u->test.ctx_in ||
	    !u->test.ctx_size_out != !u->test.ctx_out)
		return -EINVAL;
	res = handle_get_kind(w->c, u->test.prog_fd, REF_PROG, &h);
	if (res)
		return res;
	t.prog = h.ref.prog;
	res = t.prog->type == BPF_PROG_TYPE_XDP ? run_xdp(&t) : run_skb(&t);
	free(t.in);
	free(t.buffer);
	free(t.frags);
	ref_put(h.ref);
	return res;
}
