/* SPDX-License-Identifier: BSD-3-Clause */
/* request_stats.c - everything that is counted, in one answer */
#include "ctl/counters.h"
#include "ctl/object.h"

static void print_progs(struct request *rq)
{
	struct json *j = &rq->json;
	int handle;

	json_key(j, "programs");
	json_begin_array(j);
	for (u32 id = 0; (id = object_next(rq, &object_prog, id, &handle));) {
		const struct prog *prog = wclient_prog(rq->bpf, handle);
		struct prog_counts counts = counters_prog(prog);

		json_begin_object(j);
		json_ku64(j, "id", prog->id);
		json_kstr(j, "name", prog->full_name);
		json_ku64(j, "run_cnt", counts.runs);
		json_ku64(j, "stopped", counts.stopped);
		json_end_object(j);
		wclient_close(rq->bpf, handle);
	}
	json_end_array(j);
}

static void print_memory(struct json *j, const struct mem *mem)
{
	json_key(j, "memory");
	json_begin_object(j);
	json_ku64(j, "used", mem_used(mem));
	json_ku64(j, "budget", mem_budget(mem));
	json_end_object(j);
}

static int stats(struct request *rq, struct err *err)
{
	struct plane *plane = request_plane(rq);
	struct json *j = &rq->json;

	(void)err;
	json_begin_object(j);
	json_ku64(j, "lcores", plane_lcore_count(plane));
	json_key(j, "total");
	counters_total(j, plane);
	json_key(j, "ports");
	json_begin_array(j);
	for (u32 i = 0; i < plane_port_count(plane); i++)
		counters_port(j, plane, i);
	json_end_array(j);
	print_progs(rq);
	print_memory(j, sys_mem(request_sys(rq)));
	json_ku64(j, "trace_lost", plane_trace_lost(plane));
	json_end_object(j);
	return 0;
}

const struct method stats_methods[] = {
	{ "stats", "", stats },
	{ 0 },
};
