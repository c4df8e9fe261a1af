/* SPDX-License-Identifier: BSD-3-Clause */
/* result.c - what came of captures that were run to their end */
#include "cli/obj_maps.h"
#include "ctl/counters.h"
#include "daemon/daemon.h"

static void print_json(const struct daemon *d)
{
	struct json j;

	json_init_file(&j, stdout, d->cli->pretty);
	json_begin_object(&j);
	json_ku64(&j, "schema", 1);
	json_key(&j, "total");
	counters_total(&j, d->plane);
	json_key(&j, "ports");
	json_begin_array(&j);
	for (u32 i = 0; i < plane_port_count(d->plane); i++)
		counters_port(&j, d->plane, i);
	json_end_array(&j);
	if (d->flags->dump_maps) {
		struct deploy_object **o;

		json_key(&j, "maps");
		json_begin_array(&j);
		vec_each(o, &d->deploy->objects)
			obj_maps_json(&j, (*o)->obj, (*o)->so);
		json_end_array(&j);
	}
	json_end_object(&j);
	json_flush(&j);
	putchar('\n');
}

static void print_line(const char *where, const char *what, u64 n, u64 of)
{
	printf("  %-11s %-16s %12llu  %5.1f%%\n", where, what,
	       (unsigned long long)n,
	       of ? 100.0 * (double)n / (double)of : 0.0);
}

static void print_hook(enum hook_kind hook, const u64 *verdicts)
{
	u64 sum = 0;

	for (u32 i = 0; i < STATS_CODES; i++)
		sum += verdicts[i];
	for (u32 i = 0; i < STATS_CODES; i++) {
		s32 code = i == STATS_CODES - 1 ? -1 : (s32)i;
		const char *name = verdict_code_name(hook, code);

		if (verdicts[i])
			print_line(hook_name(hook), name ? name : "unknown",
				   verdicts[i], sum);
	}
}

static void print_port(const struct plane *plane, u32 port)
{
	struct port_info info;
	struct port_stats s;

	plane_port_info(plane, port, &info);
	plane_port_stats(plane, port, &s);
	printf("%s: %llu packets received, %llu sent\n", info.name,
	       (unsigned long long)s.rx_packets,
	       (unsigned long long)s.tx_packets);
	for (u32 hook = 0; hook < HOOK_KINDS; hook++)
		print_hook((enum hook_kind)hook, s.verdicts[hook]);
	for (u32 i = 0; i < DROP_REASON_COUNT; i++)
		if (s.drops[i])
			print_line("dropped", drop_name((enum drop_reason)i),
				   s.drops[i], s.rx_packets);
}

void result_print(const struct daemon *d)
{
	struct deploy_object **o;

	if (d->cli->json) {
		print_json(d);
		return;
	}
	for (u32 i = 0; i < plane_port_count(d->plane); i++)
		print_port(d->plane, i);
	if (d->flags->dump_maps)
		vec_each(o, &d->deploy->objects)
			obj_maps_print((*o)->obj, (*o)->so);
}
