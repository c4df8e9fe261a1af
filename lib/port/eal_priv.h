/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_priv.h - what the port room shares of EAL */
#ifndef WEIR_PORT_EAL_PRIV_H
#define WEIR_PORT_EAL_PRIV_H

#include <rte_config.h>

#include "port/eal.h"
#include "port/eal_log.h"

struct rte_mempool;

enum frame_kind {
	FRAME_LINEAR, /* Linux's longest linear frame */
	FRAME_PAGE,   /* less than a page with all that is around it */
	FRAME_KINDS,
};

/* Control threads' alone. */
struct eal {
	struct eal_log *log;
	u32 lcore_cnt;
	bool huge;
	u32 frames[FRAME_KINDS]; /* that a pool holds */
	struct rte_mempool *pools[FRAME_KINDS][RTE_MAX_NUMA_NODES];
	bool opened[RTE_MAX_ETHPORTS]; /* DPDK's ports that are ours */
};

#endif
