/* SPDX-License-Identifier: BSD-3-Clause */
/* attach.c - the hooks that were handed down, or that there are none */
#include "sys/attach.h"

#include <errno.h>

#include "sys/sys_priv.h"

void sys_set_attach(struct sys *sys, const struct attach_ops *ops, void *arg)
{
	pthread_rwlock_wrlock(&sys->attach_lock);
	sys->attach = ops;
	sys->attach_arg = arg;
	pthread_rwlock_unlock(&sys->attach_lock);
}

bool attach_port(struct sys *sys, u32 ifindex, struct attach_port *port)
{
	bool there = false;

	pthread_rwlock_rdlock(&sys->attach_lock);
	if (sys->attach)
		there = sys->attach->port(sys->attach_arg, ifindex, port);
	pthread_rwlock_unlock(&sys->attach_lock);
	return there;
}

int attach_change(struct sys *sys, u32 ifindex, enum attach_hook hook,
		  attach_decide *decide, void *ctx,
		  struct attach_change *change)
{
	int res = -ENODEV;

	*change = (struct attach_change){ .kind = ATTACH_NONE };
	pthread_rwlock_rdlock(&sys->attach_lock);
	if (sys->attach)
		res = sys->attach->change(sys->attach_arg, ifindex, hook,
					  decide, ctx, change);
	pthread_rwlock_unlock(&sys->attach_lock);
	return res;
}

int attach_change_of(struct sys *sys, u32 id, attach_decide *decide, void *ctx,
		     struct attach_change *change)
{
	int res = -ENOENT;

	*change = (struct attach_change){ .kind = ATTACH_NONE };
	pthread_rwlock_rdlock(&sys->attach_lock);
	if (sys->attach)
		res = sys->attach->change_of(sys->attach_arg, id, decide, ctx,
					     change);
	pthread_rwlock_unlock(&sys->attach_lock);
	return res;
}
