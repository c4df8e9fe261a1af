/* SPDX-License-Identifier: BSD-3-Clause */
/* current_group.c - the group of the lcore that runs the program, where Linux
 * has the cgroup of the task that was interrupted */
#include "helper/helpers.h"
#include "maps/group.h"

HELPER_2(current_task_under_cgroup, const struct map *, map, u32, index)
{
	int under = cgroup_array_holds(map, index, group_of_lcore(run->slot));

	return under < 0 ? helper_error(under) : (u64)under;
}

const struct helper helper_current_task_under_cgroup = {
	.id = BPF_FUNC_current_task_under_cgroup,
	.name = "current_task_under_cgroup",
	.fn = current_task_under_cgroup,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_ANY },
};

HELPER_0(get_current_cgroup_id)
{
	return group_of_lcore(run->slot);
}

const struct helper helper_get_current_cgroup_id = {
	.id = BPF_FUNC_get_current_cgroup_id,
	.name = "get_current_cgroup_id",
	.fn = get_current_cgroup_id,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_1(get_current_ancestor_cgroup_id, s32, level)
{
	return group_ancestor(group_of_lcore(run->slot), level);
}

const struct helper helper_get_current_ancestor_cgroup_id = {
	.id = BPF_FUNC_get_current_ancestor_cgroup_id,
	.name = "get_current_ancestor_cgroup_id",
	.fn = get_current_ancestor_cgroup_id,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_ANY },
};
