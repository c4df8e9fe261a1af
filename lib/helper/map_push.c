/* SPDX-License-Identifier: BSD-3-Clause */
/* map_push.c - map_push_elem, map_pop_elem, map_peek_elem */
#include "helper/helpers.h"

HELPER_3(map_push_elem, struct map *, map, const void *, value, u64, flags)
{
	return helper_error(map->ops->push(map, value, flags));
}

const struct helper helper_map_push_elem = {
	.id = BPF_FUNC_map_push_elem,
	.name = "map_push_elem",
	.fn = map_push_elem,
	.progs = PROG_ANY,
	.pkt_access = true,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MAP_VALUE, ARG_ANY },
};

HELPER_2(map_pop_elem, struct map *, map, void *, value)
{
	return helper_error(map->ops->pop(map, value));
}

const struct helper helper_map_pop_elem = {
	.id = BPF_FUNC_map_pop_elem,
	.name = "map_pop_elem",
	.fn = map_pop_elem,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MAP_VALUE_OUT },
};

HELPER_2(map_peek_elem, struct map *, map, void *, value)
{
	return helper_error(map->ops->peek(map, value));
}

/* A set's value is read, not written. */
const struct helper helper_map_peek_elem = {
	.id = BPF_FUNC_map_peek_elem,
	.name = "map_peek_elem",
	.fn = map_peek_elem,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MAP_VALUE_OUT },
};
