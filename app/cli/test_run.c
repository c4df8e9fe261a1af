/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_run.c - the packets of a capture through one program
 *
 * Without --vs kernel the packet is presented as `weir run` would: on port 1,
 * an outer VLAN tag beside the data at tc, addressed to us unless it is for a
 * group.  A socket filter sees it as on a packet socket, from the link header
 * on.
 */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/test.h"
#include "prog/fault.h"

#define IFINDEX 1
#define SLOT 0 /* the only one there is */
#define XDP_BUFFER (PKT_HEADROOM + PKT_XDP_LINEAR_MAX)
#define TAG_BYTES 4
#define TAIL_ROOM 16384 /* helpers make no longer packets */

/* What became of a packet. */
struct outcome {
	enum { RAN, STOPPED, TOO_SHORT, TOO_LONG, NOT_COMPARED } what;
	u32 code;
	bool redirected;
	const u8 *bytes;
	u32 len;
	u32 unseen; /* of len: what a socket's verdict does not count */
	const struct fault *fault;
};

struct runner {
	struct test *t;
	struct pcap_in *in;
	struct pcap_out *out;
	struct replay replay;
	struct run run;
	struct pkt pkt;
	struct oracle_run compared;
	u8 *buffer;
	u32 size;
};

static bool is_tcx(const struct prog *prog)
{
	return prog->expected_attach_type == BPF_TCX_INGRESS ||
	       prog->expected_attach_type == BPF_TCX_EGRESS;
}

/* By the program alone in its hook's chain; a code that means nothing there
 * passes, and a redirect to nowhere does not. */
static bool is_dropped(const struct test *t, const struct outcome *o)
{
	u32 code = o->code;

	if (t->hook == TEST_SOCKET)
		return code == 0;
	if (t->hook == HOOK_XDP)
		return code == XDP_ABORTED || code == XDP_DROP ||
		       code > XDP_REDIRECT ||
		       (code == XDP_REDIRECT && !o->redirected);
	if (code == TC_ACT_REDIRECT)
		return !o->redirected;
	if (is_tcx(t->prog))
		return code == TCX_DROP;
	return code == TC_ACT_SHOT || code == TC_ACT_STOLEN ||
	       code == TC_ACT_TRAP;
}

/* ---- one packet ---- */

static int lay(struct runner *r, const struct pcap_packet *in)
{
	static const u8 no_address[ETH_ALEN];
	u32 size = MIN(r->size, PKT_HEADROOM + in->len + TAIL_ROOM);
	struct pkt *p = &r->pkt;

	if (pkt_init(p, r->buffer, size, in->bytes, in->len) != 0)
		return TOO_LONG;
	p->number = in->number;
	p->rx_ns = in->ns;
	p->ifindex = IFINDEX;
	p->ingress_ifindex = IFINDEX;
	if (r->t->hook == HOOK_XDP)
		return RAN;
	if (in->len < ETHER_HDR_LEN)
		return TOO_SHORT;
	/* our address is what the packet is for, or none */
	if (pkt_to_skb(p, in->bytes[0] & 1 ? no_address : in->bytes, true) != 0)
		return TOO_SHORT;
	pkt_enter_tc(p, r->t->hook != HOOK_TC_EGRESS);
	return RAN;
}

static int run_alone(struct runner *r, const struct pcap_packet *in,
		     struct outcome *out, struct err *err)
{
	struct pkt *p = &r->pkt;

	(void)err;
	replay_packet(&r->replay, in->ns);
	out->what = lay(r, in);
	if (out->what != RAN)
		return 0;
	run_begin(&r->run, p);
	out->code = (u32)prog_run(r->t->prog, &r->run);
	out->redirected = r->run.redirect.set;
	out->fault = &r->run.fault;
	/* a tag goes back to where it was, if that is kept */
	if (p->vlan_present && out->code >= 2 * ETH_ALEN)
		out->unseen = TAG_BYTES;
	if (r->run.fault.code)
		out->what = STOPPED;
	else if (r->t->hook != HOOK_XDP && pkt_from_skb(p) != 0)
		out->what = TOO_LONG;
	out->bytes = p->data;
	out->len = pkt_len(p);
	return 0;
}

static int run_compared(struct runner *r, const struct pcap_packet *in,
			struct outcome *out, struct err *err)
{
	const struct oracle_packet packet = { in->bytes, in->len, in->ns,
					      in->number };
	struct oracle_run *c = &r->compared;
	int res = oracle_run(r->t->oracle, &packet, c, err);

	if (res)
		return res;
	out->what = !c->compared ? NOT_COMPARED : c->fault.code ? STOPPED : RAN;
	out->code = c->retval;
	out->redirected = c->redirected;
	out->bytes = c->bytes + c->meta_len;
	out->len = c->len - c->meta_len;
	out->fault = &c->fault;
	/* to this program the packet began behind the link header */
	if (r->t->hook == TEST_SOCKET && out->what == RAN) {
		out->bytes = in->bytes;
		out->unseen = ETH_HLEN;
	}
	return 0;
}

/* ---- counting ---- */

static void count_verdict(struct test_tally *tally, u32 code)
{
	u32 i = 0;

	while (i < tally->verdict_cnt && tally->verdicts[i].code != code)
		i++;
	if (i == TEST_VERDICTS) {
		tally->others++;
		return;
	}
	if (i == tally->verdict_cnt)
		tally->verdicts[tally->verdict_cnt++].code = code;
	tally->verdicts[i].count++;
}

static void count_stop(struct test_tally *tally, u64 packet,
		       const struct fault *fault)
{
	struct test_stop *stop = &tally->stops[tally->stop_cnt];

	tally->stopped++;
	if (tally->stop_cnt == TEST_STOPS)
		return;
	tally->stop_cnt++;
	stop->packet = packet;
	fault_text(fault, stop->text, sizeof(stop->text));
}

static void count(struct test_tally *tally, const struct pcap_packet *in,
		  const struct outcome *out)
{
	tally->packets++;
	tally->cut += in->len < in->wire_len;
	switch (out->what) {
	case RAN: count_verdict(tally, out->code); break;
	case STOPPED: count_stop(tally, in->number, out->fault); break;
	case TOO_SHORT: tally->too_short++; break;
	case TOO_LONG: tally->too_long++; break;
	case NOT_COMPARED: break; /* counted, with the reason, by the oracle */
	}
}

/* ---- all packets ---- */

static int write_packet(const struct runner *r, const struct pcap_packet *in,
			const struct outcome *outcome, struct err *err)
{
	bool dropped = outcome->what != RAN || is_dropped(r->t, outcome);
	struct pcap_packet out = *in;

	if (!r->out || (dropped && !r->t->opts.all))
		return 0;
	if (outcome->what == RAN || outcome->what == STOPPED) {
		out.bytes = outcome->bytes;
		out.len = outcome->len;
		/* what was cut off is still missing */
		out.wire_len = outcome->len + (in->wire_len - in->len);
	}
	/* a socket gets so many bytes of it */
	if (r->t->hook == TEST_SOCKET && outcome->what == RAN && !dropped)
		out.len = (u32)MIN((u64)out.len,
				   (u64)outcome->code + outcome->unseen);
	return pcap_out_write(r->out, &out, err);
}

static int run_all(struct runner *r, struct err *err)
{
	struct pcap_packet in;
	int got;

	while ((got = pcap_in_next(r->in, &in, err)) == 1) {
		struct outcome outcome = { .bytes = in.bytes, .len = in.len };

		got = r->t->oracle ? run_compared(r, &in, &outcome, err)
				   : run_alone(r, &in, &outcome, err);
		if (got)
			return got;
		rcu_quiescent(mem_rcu(r->t->mem), SLOT);
		count(&r->t->tally, &in, &outcome);
		got = write_packet(r, &in, &outcome, err);
		if (got)
			return got;
	}
	return got;
}

static int runner_open(struct runner *r, struct err *err)
{
	const struct test *t = r->t;
	int res = pcap_in_open(t->opts.input, false, err, &r->in);

	if (res)
		return res;
	r->size = t->hook == HOOK_XDP ? XDP_BUFFER
				      : PKT_HEADROOM +
						MIN(pcap_in_snaplen(r->in),
						    PCAP_SNAPLEN_MAX) +
						TAIL_ROOM;
	r->buffer = malloc(r->size);
	if (!r->buffer)
		return err_fail(err, -ENOMEM, "out of memory");
	if (t->opts.output)
		res = pcap_out_open(t->opts.output, 0, err, &r->out);
	replay_init(&r->replay);
	r->run.world = &r->replay.world;
	return res;
}

/* What is written so far is a whole file, also after a failure. */
static int runner_close(struct runner *r, int res, struct err *err)
{
	int closed = 0;

	if (r->out)
		closed = pcap_out_close(r->out, res ? NULL : err);
	res = res ? res : closed;
	free(r->buffer);
	if (r->in)
		pcap_in_close(r->in);
	return res;
}

/* Of one program type all hooks have the same names; a socket filter's result
 * is a number of bytes. */
static const char *verdict_name(u32 prog_type, u32 verdict)
{
	if (prog_type == BPF_PROG_TYPE_SOCKET_FILTER)
		return NULL;
	return verdict_code_name(prog_type == BPF_PROG_TYPE_XDP
					 ? HOOK_XDP
					 : HOOK_TC_INGRESS,
				 (s32)verdict);
}

static int open_oracle(struct test *t, struct err *err)
{
	const struct oracle_opts opts = {
		.obj = t->obj,
		.so = t->so,
		.prog = t->prog,
		.verdict_name = verdict_name,
	};

	if (!t->opts.vs_kernel)
		return 0;
	return oracle_open(&opts, err, &t->oracle);
}

int test_run(struct test *t)
{
	struct rcu *rcu = mem_rcu(t->mem);
	struct runner r = { .t = t };
	struct err err = { 0 };
	int res;

	if (open_oracle(t, &err) != 0)
		return cli_fail_as(t->cli, EXIT_FAILED, &err);
	res = runner_open(&r, &err);
	if (!res)
		res = rcu_online(rcu, SLOT);
	if (!res) {
		res = run_all(&r, &err);
		rcu_offline(rcu, SLOT);
	}
	res = runner_close(&r, res, &err);
	if (!res && t->oracle)
		res = oracle_finish(t->oracle, &t->compared, &err);
	return res ? cli_fail(t->cli, &err) : EXIT_OK;
}
