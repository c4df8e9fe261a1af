/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.c - map_lookup_elem, map_lookup_percpu_elem, map_update_elem,
 * map_delete_elem
 */
#include "helper/helpers.h"

HELPER_2(map_lookup_elem, struct map *, map, const void *, key)
{
	return (u64)(uintptr_t)map->ops->lookup(map, key);
}

const struct helper helper_map_lookup_elem = {
	.id = BPF_FUNC_map_lookup_elem,
	.name = "map_lookup_elem",
	.fn = map_lookup_elem,
	.progs = PROG_ANY,
	.pkt_access = true,
	.ret = RET_MAP_VALUE_OR_NULL,
	.arg = { ARG_MAP, ARG_MAP_KEY },
};

HELPER_4(map_update_elem, struct map *, map, const void *, key, const void *,
	 value, u64, flags)
{
	return helper_error(map->ops->update(map, key, value, flags));
}

const struct helper helper_map_update_elem = {
	.id = BPF_FUNC_map_update_elem,
	.name = "map_update_elem",
	.fn = map_update_elem,
	.progs = PROG_ANY,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MAP_KEY, ARG_MAP_VALUE, ARG_ANY },
};

HELPER_2(map_delete_elem, struct map *, map, const void *, key)
{
	return helper_error(map->ops->delete (map, key));
}

const struct helper helper_map_delete_elem = {
	.id = BPF_FUNC_map_delete_elem,
	.name = "map_delete_elem",
	.fn = map_delete_elem,
	.progs = PROG_ANY,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MAP_KEY },
};

HELPER_3(map_lookup_percpu_elem, struct map *, map, const void *, key, u32, cpu)
{
	if (cpu >= map->slots)
		return 0;
	return (u64)(uintptr_t)map->ops->lookup_slot(map, key, cpu);
}

const struct helper helper_map_lookup_percpu_elem = {
	.id = BPF_FUNC_map_lookup_percpu_elem,
	.name = "map_lookup_percpu_elem",
	.fn = map_lookup_percpu_elem,
	.progs = PROG_ANY,
	.pkt_access = true,
	.ret = RET_MAP_VALUE_OR_NULL,
	.arg = { ARG_MAP, ARG_MAP_KEY, ARG_ANY },
};
