/* SPDX-License-Identifier: BSD-3-Clause */
/* cpu.c - which CPU a program runs on: lcores stand in for CPUs */
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
