/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_packets.c - what the programs run on: read once, for all of them */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "oracle/flows.h"

/* For who has no capture: UDP over IPv4. */
static const u8 flow_frame[60] = {
	0x02, 0,    0,	  0, 0, 0x01, 0x02, 0,	  0,	0, 0, 0x02, 0x08, 0,
	0x45, 0,    0,	  46, 0, 0,   0x40, 0,	  64,	17, 0, 0,    10,   0,
	0,    0,    192,  0,  2, 1,   0x30, 0x39, 0,	53, 0, 26,
};

static int keep(struct bench *b, const u8 *bytes, u32 len)
{
	struct timing_packet *p = vec_add(&b->packets);
	u8 *copy = p ? malloc(len + 1UL) : NULL;

	if (!copy)
		return -ENOMEM;
	p->bytes = memcpy(copy, bytes, len);
	p->len = len;
	return 0;
}

static int count_packets(const struct bench *b, u64 *count, struct err *err)
{
	struct pcap_packet in;
	struct pcap_in *pcap;
	int got = pcap_in_open(b->opts.input, false, err, &pcap);

	if (got)
		return got;
	for (*count = 0; (got = pcap_in_next(pcap, &in, err)) == 1;)
		*count += 1;
	pcap_in_close(pcap);
	return got;
}

/* The n-th of count is one of BENCH_PACKETS spread over them. */
static bool is_picked(u64 n, u64 count)
{
	return count <= BENCH_PACKETS || n * BENCH_PACKETS / count !=
						 (n + 1) * BENCH_PACKETS / count;
}

/* For flows, the first that can be made into them. */
static bool wanted(struct bench *b, u64 n, u64 count,
		   const struct pcap_packet *in)
{
	if (!b->flows)
		return is_picked(n, count);
	return !b->packets.len &&
	       flows_sum(in->bytes, in->len, &b->flow_sum) == 0;
}

static int read_capture(struct bench *b, struct err *err)
{
	struct pcap_packet in;
	struct pcap_in *pcap;
	u64 count, n = 0;
	int got = count_packets(b, &count, err);

	if (!got)
		got = pcap_in_open(b->opts.input, false, err, &pcap);
	if (got)
		return got;
	for (; (got = pcap_in_next(pcap, &in, err)) == 1; n++) {
		if (!wanted(b, n, count, &in))
			continue;
		if (keep(b, in.bytes, in.len) == 0)
			continue;
		got = err_fail(err, -ENOMEM, "out of memory");
		break;
	}
	pcap_in_close(pcap);
	if (got || b->packets.len)
		return got;
	err_fail(err, -ENODATA, b->flows ? "no packet is plain IPv4"
					 : "there are no packets");
	err_place(err, "%s", b->opts.input);
	return -ENODATA;
}

int bench_read_packets(struct bench *b)
{
	struct err err = { 0 };
	int res;

	if (b->opts.input) {
		res = read_capture(b, &err);
	} else {
		flows_sum(flow_frame, sizeof(flow_frame), &b->flow_sum);
		res = keep(b, flow_frame, sizeof(flow_frame));
		if (res)
			err_fail(&err, res, "out of memory");
	}
	return res ? cli_fail(b->cli, &err) : EXIT_OK;
}

void bench_free_packets(struct bench *b)
{
	for (u32 i = 0; i < b->packets.len; i++)
		free((u8 *)b->packets.items[i].bytes);
	vec_free(&b->packets);
}
