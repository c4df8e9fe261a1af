/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel_if.h - what the kernel knows of an interface a driver sits on */
#ifndef WEIR_PORT_KERNEL_IF_H
#define WEIR_PORT_KERNEL_IF_H

#include "base/types.h"

struct kernel_if {
	u32 mtu;
	bool running; /* up, and has a carrier */
};

/* Receive queues, as ethtool -l shows them; 1 where nobody says. */
u32 kernel_if_queues(const char *name);

/* 0, or a negative errno: no such interface. */
int kernel_if_get(u32 if_index, struct kernel_if *out);

#endif
