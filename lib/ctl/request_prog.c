/* SPDX-License-Identifier: BSD-3-Clause */
/* request_prog.c - programs: what there is */
#include <time.h>

#include "ctl/counters.h"
#include "ctl/object.h"
#include "jit/jit.h"

/* Seconds since 1970 of a time of CLOCK_BOOTTIME. */
static u64 wall_seconds(u64 boot_ns)
{
	struct timespec wall, boot;
	s64 since;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	since = (boot.tv_sec * 1000000000LL + boot.tv_nsec) - (s64)boot_ns;
	return (u64)((wall.tv_sec * 1000000000LL + wall.tv_nsec - since) /
		     1000000000);
}

static void print_places(struct json *j, const struct plane *plane,
			 const struct prog *prog, const struct attachment *a,
			 u32 n)
{
	json_key(j, "attached");
	json_begin_array(j);
	for (u32 i = 0; i < n; i++) {
		struct port_info info;

		if (a[i].entry.prog != prog)
			continue;
		plane_port_info(plane, a[i].port, &info);
		json_begin_object(j);
		json_ku64(j, "attachment", a[i].id);
		json_kstr(j, "port", info.name);
		json_kstr(j, "hook", hook_name(a[i].hook));
		json_ku64(j, "priority", a[i].entry.priority);
		json_end_object(j);
	}
	json_end_array(j);
}

static void print_prog(struct request *rq, int handle,
		       const struct attachment *list, u32 n)
{
	struct prog *prog = wclient_prog(rq->bpf, handle);
	struct json *j = &rq->json;
	struct prog_counts counts = counters_prog(prog);
	struct map *map;

	json_begin_object(j);
	json_ku64(j, "id", prog->id);
	json_kstr(j, "type", prog_type_name(prog->type));
	json_kstr(j, "name", prog->full_name);
	json_key(j, "tag");
	json_fmt(j, "%02x%02x%02x%02x%02x%02x%02x%02x", prog->tag[0],
		 prog->tag[1], prog->tag[2], prog->tag[3], prog->tag[4],
		 prog->tag[5], prog->tag[6], prog->tag[7]);
	json_kbool(j, "gpl_compatible", prog->gpl);
	json_ku64(j, "run_cnt", counts.runs);
	json_ku64(j, "stopped", counts.stopped);
	json_ku64(j, "loaded_at", wall_seconds(prog->loaded_ns));
	json_ku64(j, "bytes_xlated",
		  (u64)prog->insn_cnt * sizeof(struct bpf_insn));
	json_kbool(j, "jited", jit_runs(prog));
	if (jit_runs(prog))
		json_ku64(j, "bytes_jited", jit_code_size(prog));
	json_key(j, "map_ids");
	json_begin_array(j);
	for (u32 i = 0; (map = prog_map_at(prog, i)); i++)
		json_u64(j, map->id);
	json_end_array(j);
	print_places(j, request_plane(rq), prog, list, n);
	print_pins(rq, j, prog);
	json_end_object(j);
}

static int prog_list(struct request *rq, struct err *err)
{
	struct attachment *list;
	int handle, res;
	u32 n;

	res = attachments_get(request_plane(rq), &list, &n, err);
	if (res)
		return res;
	json_begin_array(&rq->json);
	for (u32 id = 0; (id = object_next(rq, &object_prog, id, &handle));) {
		print_prog(rq, handle, list, n);
		wclient_close(rq->bpf, handle);
	}
	json_end_array(&rq->json);
	attachments_put(list, n);
	return 0;
}

static int prog_show(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "prog", &object_prog, err), res;
	struct attachment *list;
	u32 n;

	if (handle < 0)
		return handle;
	res = attachments_get(request_plane(rq), &list, &n, err);
	if (res)
		return res;
	print_prog(rq, handle, list, n);
	attachments_put(list, n);
	return 0;
}

const struct method prog_methods[] = {
	{ "prog.list", "", prog_list },
	{ "prog.show", "prog", prog_show },
	{ 0 },
};
