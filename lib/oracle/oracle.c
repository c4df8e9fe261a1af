/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/oracle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle/contents.h"
#include "oracle/difference.h"
#include "oracle/kernel.h"
#include "oracle/mirror.h"
#include "oracle/replay.h"
#include "prog/environ.h"

#define SHOWN_DEFAULT 10
#define OUT_BYTES (256 << 10)

struct oracle {
	struct oracle_opts opts;
	struct kernel_affinity *affinity;
	struct mirror *mirror;
	int prog; /* the kernel's */
	struct replay replay;
	struct run run;
	struct pkt pkt;
	u8 *buffer; /* Weir's packet */
	u8 *out;    /* the kernel's */
	struct oracle_result result;
};

int oracle_available(struct err *err)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 1 };
	int fd = kernel_map_create(&attr);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	err_fail(err, fd, "the kernel cannot be asked: bpf(2): %s",
		 strerror(-fd));
	err_hint(err, "--vs kernel takes root, or CAP_BPF with CAP_NET_ADMIN "
		      "and CAP_PERFMON");
	return fd;
}

static int open_mirror(struct oracle *o, struct err *err)
{
	int cpu = kernel_pin(&o->affinity), res;
	const struct mirror_opts opts = { .obj = o->opts.obj,
					  .so = o->opts.so,
					  .cpu = (u32)cpu };

	if (cpu < 0)
		return err_fail(err, cpu, "cannot stay on one CPU: %s",
				strerror(-cpu));
	res = mirror_open(&opts, err, &o->mirror);
	if (res)
		return res;
	o->prog = mirror_prog(o->mirror, o->opts.prog);
	o->replay.state.cpu = (u32)cpu;
	return 0;
}

int oracle_open(const struct oracle_opts *opts, struct err *err,
		struct oracle **out)
{
	struct oracle *o;
	int res = oracle_available(err);

	if (res)
		return res;
	o = calloc(1, sizeof(*o));
	if (!o)
		return err_fail(err, -ENOMEM, "out of memory");
	o->opts = *opts;
	if (!o->opts.max_shown)
		o->opts.max_shown = SHOWN_DEFAULT;
	replay_init(&o->replay);
	o->run.world = &o->replay.world;
	o->buffer = malloc(ENVIRON_BUFFER);
	o->out = malloc(OUT_BYTES);
	o->result.differences =
		calloc((size_t)o->opts.max_shown + opts->obj->map_cnt,
		       sizeof(*o->result.differences));
	if (o->buffer && o->out && o->result.differences)
		res = open_mirror(o, err);
	else
		res = err_fail(err, -ENOMEM, "out of memory");
	if (res) {
		oracle_close(o);
		return res;
	}
	*out = o;
	return 0;
}

void oracle_close(struct oracle *o)
{
	for (u32 i = 0; i < o->result.shown; i++)
		free(o->result.differences[i]);
	free(o->result.differences);
	if (o->mirror)
		mirror_close(o->mirror);
	kernel_unpin(o->affinity);
	free(o->out);
	free(o->buffer);
	free(o);
}

/* ---- one packet ---- */

static void count_reason(struct oracle_result *r, const char *text)
{
	u32 i = 0;

	while (i < r->reason_cnt && strcmp(r->reasons[i].text, text) != 0)
		i++;
	if (i == ARRAY_LEN(r->reasons))
		return;
	if (i == r->reason_cnt)
		r->reasons[r->reason_cnt++].text = text;
	r->reasons[i].count++;
}

/* Errors that say no to this packet, not to us. */
static bool is_refusal(int res)
{
	return res == -EINVAL || res == -E2BIG || res == -EOPNOTSUPP ||
	       res == -524; /* the kernel's ENOTSUPP, which leaks */
}

/* The result, and what is compared of it. */
struct theirs {
	struct kernel_run run;
	union environ_ctx ctx;
};

static int run_kernel(struct oracle *o, const struct oracle_packet *packet,
		      struct theirs *t)
{
	*o->mirror->state = o->replay.state;
	t->run = (struct kernel_run){
		.prog = o->prog,
		.in = packet->bytes,
		.in_len = packet->len,
		.ctx = &t->ctx,
		.ctx_len =
			environ_ctx(o->opts.prog->type, packet->len, &t->ctx),
		.out = o->out,
		.out_room = OUT_BYTES,
	};
	return kernel_test_run(&t->run);
}

static int run_weir(struct oracle *o, const struct oracle_packet *packet,
		    struct oracle_run *out)
{
	struct pkt *p = &o->pkt;
	int res = environ_lay(o->opts.prog->type, p, o->buffer, packet->bytes,
			      packet->len, NULL);

	if (res)
		return res;
	p->number = packet->number;
	p->rx_ns = packet->ns;
	run_begin(&o->run, p);
	out->retval = (u32)prog_run(o->opts.prog, &o->run);
	out->redirected = o->run.redirect.set;
	out->fault = o->run.fault;
	res = environ_end(o->opts.prog->type, p);
	if (res)
		return res;
	out->meta_len = (u32)(p->data - p->data_meta);
	if (o->opts.prog->type != BPF_PROG_TYPE_XDP)
		out->meta_len = 0;
	out->bytes = p->data - out->meta_len;
	out->len = (u32)(p->data_end - out->bytes);
	return 0;
}

/* A difference was found: keep its text if there is room. */
static void keep(struct oracle *o, char *text, u32 room)
{
	o->result.different++;
	if (o->result.shown < room)
		o->result.differences[o->result.shown++] = text;
	else
		free(text);
}

/* What the packet made programs write into perf event arrays. */
static bool compare_samples(const struct oracle *o, FILE *text)
{
	const struct mirror *m = o->mirror;
	bool found = false;

	for (u32 i = 0; i < m->obj->map_cnt; i++)
		if (m->samples[i])
			found |= samples_differ(m->samples[i],
						m->obj->maps[i].name, text);
	return found;
}

static int compare(struct oracle *o, const struct oracle_packet *packet,
		   const struct theirs *t, struct oracle_run *out)
{
	const struct sides sides = {
		.prog_type = o->opts.prog->type,
		.verdict_name = o->opts.verdict_name,
		.packet = packet,
		.pkt = &o->pkt,
		.mine = out,
		.their_retval = t->run.retval,
		.their_bytes = o->out,
		.their_len = t->run.out_len,
		.their_ctx = &t->ctx,
	};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	out->compared = true;
	out->different = difference_write(&sides, f);
	out->different |= compare_samples(o, f);
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	o->result.compared++;
	if (out->different)
		keep(o, text, o->opts.max_shown);
	else
		free(text);
	return 0;
}

int oracle_run(struct oracle *o, const struct oracle_packet *packet,
	       struct oracle_run *out, struct err *err)
{
	const struct prog *prog = o->opts.prog;
	/* in several buffers, which Weir's side has not */
	bool jumbo = prog->type == BPF_PROG_TYPE_XDP &&
		     packet->len > PKT_XDP_LINEAR_MAX;
	struct theirs t;
	int res = -E2BIG;

	*out = (struct oracle_run){ 0 };
	replay_packet(&o->replay, packet->ns);
	if (!jumbo)
		res = run_kernel(o, packet, &t);
	if (is_refusal(res)) {
		o->result.not_compared++;
		count_reason(&o->result,
			     environ_refuses(prog->type,
					     prog->expected_attach_type,
					     packet->bytes, packet->len));
		return 0;
	}
	if (!res)
		res = run_weir(o, packet, out);
	if (!res)
		res = compare(o, packet, &t, out);
	if (res) {
		err_fail(err, res, "packet %llu cannot be compared: %s",
			 (unsigned long long)packet->number, strerror(-res));
		return res;
	}
	return 0;
}

/* ---- the maps ---- */

static int finish_map(struct oracle *o, u32 i, struct err *err)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int res;

	if (!f)
		return err_fail(err, -ENOMEM, "out of memory");
	res = contents_compare(o->mirror, i, f, err);
	if (fclose(f) != 0 && res >= 0)
		res = err_fail(err, -ENOMEM, "out of memory");
	if (res == CONTENTS_DIFFERENT)
		keep(o, text, UINT32_MAX);
	else
		free(text);
	o->result.maps_unread += res == CONTENTS_UNREADABLE;
	return MIN(res, 0);
}

int oracle_finish(struct oracle *o, const struct oracle_result **result,
		  struct err *err)
{
	for (u32 i = 0; i < o->opts.obj->map_cnt; i++) {
		int res = 0;

		if (o->mirror->maps[i] >= 0)
			res = finish_map(o, i, err);
		if (res)
			return res;
	}
	*result = &o->result;
	return 0;
}
