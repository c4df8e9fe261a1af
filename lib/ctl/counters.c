/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/counters.h"

#include <errno.h>
#include <stdlib.h>

static s32 code_of(u32 column)
{
	return column == STATS_CODES - 1 ? -1 : (s32)column;
}

static void print_verdicts(struct json *j, const struct port_stats *s)
{
	json_key(j, "verdicts");
	json_begin_object(j);
	for (u32 hook = 0; hook < STATS_HOOKS; hook++) {
		json_key(j, hook_name((enum hook_kind)hook));
		json_begin_object(j);
		for (u32 i = 0; i < STATS_CODES; i++) {
			const char *name = verdict_code_name(
				(enum hook_kind)hook, code_of(i));

			if (s->verdicts[hook][i])
				json_ku64(j, name ? name : "unknown",
					  s->verdicts[hook][i]);
		}
		json_end_object(j);
	}
	json_end_object(j);
}

static void print_counts(struct json *j, const struct port_stats *s)
{
	json_ku64(j, "rx_packets", s->rx_packets);
	json_ku64(j, "rx_bytes", s->rx_bytes);
	json_ku64(j, "tx_packets", s->tx_packets);
	if (s->copies)
		json_ku64(j, "copies", s->copies);
	if (s->queued)
		json_ku64(j, "queued", s->queued);
	json_ku64(j, "tx_bytes", s->tx_bytes);
	json_key(j, "drops");
	json_begin_object(j);
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		if (s->drops[i])
			json_ku64(j, drop_name((enum drop_reason)i),
				  s->drops[i]);
	json_end_object(j);
	print_verdicts(j, s);
}

void counters_port(struct json *j, const struct plane *plane, u32 port)
{
	struct port_info info;
	struct port_stats s;

	plane_port_info(plane, port, &info);
	plane_port_stats(plane, port, &s);
	json_begin_object(j);
	json_kstr(j, "name", info.name);
	json_ku64(j, "ifindex", info.ifindex);
	print_counts(j, &s);
	json_end_object(j);
}

static void add(struct port_stats *sum, const struct port_stats *s)
{
	sum->rx_packets += s->rx_packets;
	sum->rx_bytes += s->rx_bytes;
	sum->tx_packets += s->tx_packets;
	sum->copies += s->copies;
	sum->queued += s->queued;
	sum->tx_bytes += s->tx_bytes;
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		sum->drops[i] += s->drops[i];
	for (u32 hook = 0; hook < STATS_HOOKS; hook++)
		for (u32 i = 0; i < STATS_CODES; i++)
			sum->verdicts[hook][i] += s->verdicts[hook][i];
}

void counters_total(struct json *j, const struct plane *plane)
{
	struct port_stats sum = { 0 }, s;

	for (u32 i = 0; i < plane_port_count(plane); i++) {
		plane_port_stats(plane, i, &s);
		add(&sum, &s);
	}
	json_begin_object(j);
	print_counts(j, &sum);
	json_end_object(j);
}

struct prog_counts counters_prog(const struct prog *prog)
{
	struct prog_counts sum = { 0 };

	for (u32 slot = 0; slot < prog->slots; slot++) {
		sum.runs += atomic_load_explicit(&prog->stats[slot].runs,
						 memory_order_relaxed);
		sum.stopped += atomic_load_explicit(&prog->stats[slot].stopped,
						    memory_order_relaxed);
	}
	return sum;
}

int attachments_get(struct plane *plane, struct attachment **list, u32 *n,
		    struct err *err)
{
	u32 room = 16;

	for (;;) {
		struct attachment *a = calloc(room, sizeof(*a));
		u32 there;

		if (!a)
			return err_fail(err, -ENOMEM, "out of memory");
		there = plane_attachments(plane, a, room);
		if (there <= room) {
			*list = a;
			*n = there;
			return 0;
		}
		attachments_put(a, room);
		room = there;
	}
}

void attachments_put(struct attachment *list, u32 n)
{
	for (u32 i = 0; i < n; i++)
		prog_put(list[i].entry.prog);
	free(list);
}
