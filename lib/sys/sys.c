/* SPDX-License-Identifier: BSD-3-Clause */
/* sys.c - made and taken apart */
#include <errno.h>
#include <stdlib.h>

#include "sys/sys_priv.h"

int sys_create(struct mem *mem, struct sys **out)
{
	struct sys *sys = calloc(1, sizeof(*sys));
	int err;

	if (!sys)
		return -ENOMEM;
	sys->world = world_host;
	err = timer_thread_create(mem_rcu(mem), &sys->world, &sys->timers);
	if (err) {
		free(sys);
		return err;
	}
	sys->mem = mem;
	sys->env = (struct map_env){ .mem = mem,
				     .progs = &prog_refs,
				     .timers = timer_thread_timers(
					     sys->timers) };
	id_init(&sys->maps);
	id_init(&sys->progs);
	id_init(&sys->btfs);
	id_init(&sys->links);
	pthread_mutex_init(&sys->pin_lock, NULL);
	pthread_rwlock_init(&sys->attach_lock, NULL);
	pthread_rwlock_init(&sys->freeze_lock, NULL);
	pthread_mutex_init(&sys->load_lock, NULL);
	jit_kept_init(&sys->kept);
	*out = sys;
	return 0;
}

void sys_set_ports(struct sys *sys, u32 n)
{
	atomic_store(&sys->env.ports, n);
}

void sys_set_net(struct sys *sys, const struct net *net)
{
	struct rcu *rcu = mem_rcu(sys->mem);

	rcu_guest_enter(rcu);
	sys->world.net = net;
	rcu_guest_leave(rcu);
}

static u32 count_objects(struct sys *sys)
{
	return id_count(&sys->maps) + id_count(&sys->progs) +
	       id_count(&sys->btfs);
}

/*
 * What was put is freed in turns, each a grace period: an object's references,
 * its maps' entries, the programs these were, the maps they used.  In some
 * turns nothing leaves the tables.
 */
#define IDLE_TURNS 8

static void wait_for_objects(struct sys *sys)
{
	u32 left = count_objects(sys), before, idle = 0;

	while (left && idle < IDLE_TURNS) {
		before = left;
		rcu_barrier(mem_rcu(sys->mem));
		left = count_objects(sys);
		idle = left == before ? idle + 1 : 0;
	}
	/* the memory of the last ones */
	rcu_barrier(mem_rcu(sys->mem));
}

void sys_destroy(struct sys *sys)
{
	if (!sys)
		return;
	timer_thread_stop(sys->timers);
	pins_destroy(sys);
	wait_for_objects(sys);
	sys_btf_withdraw_all(sys); /* files that are still open have theirs */
	pthread_mutex_destroy(&sys->load_lock);
	pthread_rwlock_destroy(&sys->freeze_lock);
	pthread_rwlock_destroy(&sys->attach_lock);
	pthread_mutex_destroy(&sys->pin_lock);
	id_destroy(&sys->links);
	id_destroy(&sys->btfs);
	id_destroy(&sys->progs);
	id_destroy(&sys->maps);
	timer_thread_destroy(sys->timers);
	free(sys);
}

struct mem *sys_mem(struct sys *sys)
{
	return sys->mem;
}
