/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * group.h - groups of ports and lcores, where Linux has cgroups
 *
 * There is one group of everything and under it one for each port and each
 * lcore.  A packet belongs to its port's, a running program to its lcore's.
 */
#ifndef WEIR_MAPS_GROUP_H
#define WEIR_MAPS_GROUP_H

#include "maps/map.h"

#define GROUP_KIND_SHIFT 24
#define GROUP_PORT 1u
#define GROUP_LCORE 2u

#define GROUP_NONE 0u
#define GROUP_ALL 1u

static inline u32 group_of_port(u32 ifindex)
{
	return GROUP_PORT << GROUP_KIND_SHIFT | (ifindex & 0xffffff);
}

static inline u32 group_of_lcore(u32 slot)
{
	return GROUP_LCORE << GROUP_KIND_SHIFT | (slot & 0xffffff);
}

bool group_exists(u32 group);
/* Is it the ancestor itself, or in it? */
bool group_is_under(u32 group, u32 ancestor);
/* Itself or what it is in, so many levels below the top; GROUP_NONE: it is not
 * so deep. */
u32 group_ancestor(u32 group, s32 level);

/* The entry of a cgroup array, GROUP_NONE: empty, or there is no such index. */
u32 cgroup_array_at(const struct map *map, u32 index);
/* Is the group under the one of that entry?  -E2BIG: there is no such index,
 * -EAGAIN: it is empty. */
int cgroup_array_holds(const struct map *map, u32 index, u32 group);

#endif
