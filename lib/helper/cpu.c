/* SPDX-License-Identifier: BSD-3-Clause */
/* cpu.c - where a program runs: lcores stand in for CPUs */
#include <sched.h>

#include "helper/helpers.h"

HELPER_0(get_smp_processor_id)
{
	return run->world->ops->cpu(run->world, run->slot);
}

const struct helper helper_get_smp_processor_id = {
	.id = BPF_FUNC_get_smp_processor_id,
	.name = "get_smp_processor_id",
	.fn = get_smp_processor_id,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(get_numa_node_id)
{
	unsigned int node;

	return getcpu(NULL, &node) ? 0 : node;
}

const struct helper helper_get_numa_node_id = {
	.id = BPF_FUNC_get_numa_node_id,
	.name = "get_numa_node_id",
	.fn = get_numa_node_id,
	.progs = PROG_ANY,
	.ret = RET_INT,
};
