/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.h - DPDK's environment: started once a process, before any port
 *
 * EAL's main lcore is the calling thread, which keeps running on every CPU it
 * could run on before; lcore slot + 1 is a thread of EAL's on lcores[slot],
 * for rte_eal_remote_launch().  Nothing is left on hugetlbfs or in EAL's
 * runtime directory.  What EAL and the drivers log goes to Weir's log.
 */
#ifndef WEIR_PORT_EAL_H
#define WEIR_PORT_EAL_H

#include "port/port.h"

struct eal_config {
	const char *program; /* argv[0] */
	const char *prefix;  /* of EAL's files; NULL: one made from the pid */
	const u32 *lcores;   /* CPU numbers */
	u32 lcore_cnt;
	bool huge; /* too few huge pages: one warning, ordinary pages */
	/* what the memory is sized for */
	const struct port_config *ports;
	u32 port_cnt;
	/* the user's own, after "--" */
	char *const *args;
	u32 arg_cnt;
};

/* The strings of config are copied. */
int eal_start(const struct eal_config *config, struct err *err,
	      struct eal **out);
/* Every port is closed, every packet freed.  EAL cannot start again. */
void eal_stop(struct eal *eal);

u32 eal_lcore_id(u32 slot);
/* Runs on huge pages? */
bool eal_huge(const struct eal *eal);
/* Packet buffers in use, of all pools. */
u32 eal_frames_in_use(const struct eal *eal);

#endif
