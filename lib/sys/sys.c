/* SPDX-License-Identifier: BSD-3-Clause */
/* sys.c - made and taken apart */
#include <errno.h>
#include <stdlib.h>

#include "sys/sys_priv.h"

int sys_create(struct mem *mem, struct sys **out)
{
	struct sys *sys = calloc(1, sizeof(*sys));

	if (!sys)
		return -ENOMEM;
	sys->mem = mem;
	sys->env = (struct map_env){ .mem = mem, .progs = &prog_refs };
	id_init(&sys->maps);
	id_init(&sys->progs);
	id_init(&sys->btfs);
	pthread_mutex_init(&sys->pin_lock, NULL);
	pthread_rwlock_init(&sys->freeze_lock, NULL);
	pthread_mutex_init(&sys->load_lock, NULL);
	*out = sys;
	return 0;
}

static u32 count_objects(struct sys *sys)
{
	return id_count(&sys->maps) + id_count(&sys->progs) +
	       id_count(&sys->btfs);
}

/* What was put is freed in turns: a prog array's programs after it, their maps
 * after them.  Each turn is a grace period. */
static void wait_for_objects(struct sys *sys)
{
	u32 left = count_objects(sys), before;

	do {
		before = left;
		rcu_barrier(mem_rcu(sys->mem));
		left = count_objects(sys);
	} while (left && left != before);
	/* the memory of the last ones */
	rcu_barrier(mem_rcu(sys->mem));
}

void sys_destroy(struct sys *sys)
{
	if (!sys)
		return;
	pins_destroy(sys);
	wait_for_objects(sys);
	pthread_mutex_destroy(&sys->load_lock);
	pthread_rwlock_destroy(&sys->freeze_lock);
	pthread_mutex_destroy(&sys->pin_lock);
	id_destroy(&sys->btfs);
	id_destroy(&sys->progs);
	id_destroy(&sys->maps);
	free(sys);
}

struct mem *sys_mem(struct sys *sys)
{
	return sys->mem;
}
