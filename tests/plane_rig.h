/* SPDX-License-Identifier: BSD-3-Clause */
/* plane_rig.h - a plane of some ports that nothing runs on, without EAL */
#ifndef WEIR_TESTS_PLANE_RIG_H
#define WEIR_TESTS_PLANE_RIG_H

#include <stdlib.h>

#include "lcore/plane_priv.h"
#include "mem/mem.h"

#define RIG_PORTS 3

static const char *rig_names[RIG_PORTS] = { "a", "b", "c" };

/* NULL: no memory. */
static inline struct plane *rig_plane(struct mem *mem)
{
	size_t size = round_up(sizeof(struct plane), CACHE_LINE);
	struct plane *plane = aligned_alloc(CACHE_LINE, size);

	if (!plane)
		return NULL;
	*plane = (struct plane){ .rcu = mem_rcu(mem),
				 .names = rig_names,
				 .port_cnt = RIG_PORTS };
	plane->ports = calloc(RIG_PORTS, sizeof(*plane->ports));
	plane->chains = calloc(RIG_PORTS, sizeof(*plane->chains));
	plane->revisions = calloc(RIG_PORTS, sizeof(*plane->revisions));
	plane->forwards = calloc(RIG_PORTS, sizeof(*plane->forwards));
	for (u32 i = 0; plane->ports && i < RIG_PORTS; i++) {
		plane->ports[i].queues = 2;
		plane->ports[i].mac[0] = 2;
		plane->ports[i].mac[5] = (u8)i;
	}
	pthread_mutex_init(&plane->lock, NULL);
	return plane_apply(plane, NULL, 0, NULL) ? NULL : plane;
}

static inline void rig_plane_free(struct plane *plane)
{
	plane_forget_plan(plane);
	pthread_mutex_destroy(&plane->lock);
	free(plane->ports);
	free(plane);
}

#endif
