/* SPDX-License-Identifier: BSD-3-Clause */
/* map_rules.c - which helper takes which map */
#include "helper/helper.h"

#define PER_LINE 8

struct rule {
	u32 of;
	u32 only[PER_LINE]; /* ending with 0 */
};

/* Maps that few helpers take. */
static const struct rule maps[] = {
	{ BPF_MAP_TYPE_PROG_ARRAY, { BPF_FUNC_tail_call } },
	{ BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	  { BPF_FUNC_perf_event_read, BPF_FUNC_perf_event_output,
	    BPF_FUNC_skb_output, BPF_FUNC_perf_event_read_value,
	    BPF_FUNC_xdp_output } },
	{ BPF_MAP_TYPE_RINGBUF,
	  { BPF_FUNC_ringbuf_output, BPF_FUNC_ringbuf_reserve,
	    BPF_FUNC_ringbuf_query, BPF_FUNC_ringbuf_reserve_dynptr,
	    BPF_FUNC_ringbuf_submit_dynptr, BPF_FUNC_ringbuf_discard_dynptr } },
	{ BPF_MAP_TYPE_USER_RINGBUF, { BPF_FUNC_user_ringbuf_drain } },
	{ BPF_MAP_TYPE_STACK_TRACE, { BPF_FUNC_get_stackid } },
	{ BPF_MAP_TYPE_CGROUP_ARRAY,
	  { BPF_FUNC_skb_under_cgroup, BPF_FUNC_current_task_under_cgroup } },
	{ BPF_MAP_TYPE_CGROUP_STORAGE, { BPF_FUNC_get_local_storage } },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, { BPF_FUNC_get_local_storage } },
	{ BPF_MAP_TYPE_DEVMAP,
	  { BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem } },
	{ BPF_MAP_TYPE_DEVMAP_HASH,
	  { BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem } },
	{ BPF_MAP_TYPE_CPUMAP, { BPF_FUNC_redirect_map } },
	{ BPF_MAP_TYPE_XSKMAP,
	  { BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem } },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, { BPF_FUNC_map_lookup_elem } },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, { BPF_FUNC_map_lookup_elem } },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, { BPF_FUNC_sk_select_reuseport } },
	{ BPF_MAP_TYPE_QUEUE,
	  { BPF_FUNC_map_push_elem, BPF_FUNC_map_pop_elem,
	    BPF_FUNC_map_peek_elem } },
	{ BPF_MAP_TYPE_STACK,
	  { BPF_FUNC_map_push_elem, BPF_FUNC_map_pop_elem,
	    BPF_FUNC_map_peek_elem } },
	{ BPF_MAP_TYPE_BLOOM_FILTER,
	  { BPF_FUNC_map_push_elem, BPF_FUNC_map_peek_elem } },
	{ BPF_MAP_TYPE_SK_STORAGE,
	  { BPF_FUNC_sk_storage_get, BPF_FUNC_sk_storage_delete,
	    BPF_FUNC_kptr_xchg } },
};

/* Helpers that take few maps. */
static const struct rule helpers[] = {
	{ BPF_FUNC_tail_call, { BPF_MAP_TYPE_PROG_ARRAY } },
	{ BPF_FUNC_perf_event_output, { BPF_MAP_TYPE_PERF_EVENT_ARRAY } },
	{ BPF_FUNC_ringbuf_output, { BPF_MAP_TYPE_RINGBUF } },
	{ BPF_FUNC_ringbuf_reserve, { BPF_MAP_TYPE_RINGBUF } },
	{ BPF_FUNC_ringbuf_query, { BPF_MAP_TYPE_RINGBUF } },
	{ BPF_FUNC_ringbuf_reserve_dynptr, { BPF_MAP_TYPE_RINGBUF } },
	{ BPF_FUNC_user_ringbuf_drain, { BPF_MAP_TYPE_USER_RINGBUF } },
	{ BPF_FUNC_skb_under_cgroup, { BPF_MAP_TYPE_CGROUP_ARRAY } },
	{ BPF_FUNC_current_task_under_cgroup, { BPF_MAP_TYPE_CGROUP_ARRAY } },
	{ BPF_FUNC_redirect_map,
	  { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_CPUMAP,
	    BPF_MAP_TYPE_XSKMAP } },
	{ BPF_FUNC_map_push_elem,
	  { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK,
	    BPF_MAP_TYPE_BLOOM_FILTER } },
	{ BPF_FUNC_map_peek_elem,
	  { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK,
	    BPF_MAP_TYPE_BLOOM_FILTER } },
	{ BPF_FUNC_map_pop_elem, { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK } },
	{ BPF_FUNC_map_lookup_percpu_elem,
	  { BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
	    BPF_MAP_TYPE_LRU_PERCPU_HASH } },
};

static bool allows(const struct rule *rules, size_t cnt, u32 of, u32 what)
{
	for (size_t i = 0; i < cnt; i++) {
		if (rules[i].of != of)
			continue;
		for (u32 k = 0; k < PER_LINE && rules[i].only[k]; k++) {
			if (rules[i].only[k] == what)
				return true;
		}
		return false;
	}
	return true;
}

bool helper_takes_map(u32 helper, u32 map_type)
{
	return allows(maps, ARRAY_LEN(maps), map_type, helper) &&
	       allows(helpers, ARRAY_LEN(helpers), helper, map_type);
}
