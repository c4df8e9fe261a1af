/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attach.h - what hooks do for bpf(2): ports, and the programs at them
 *
 * Whoever has ports hands a table down with sys_set_attach().  Without one
 * there are no ports, as on a machine without devices.
 */
#ifndef WEIR_SYS_ATTACH_H
#define WEIR_SYS_ATTACH_H

#include "prog/prog.h"

struct sys;

enum attach_hook { ATTACH_XDP, ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS };

/* A program at a hook. */
struct attached {
	u32 id;		   /* of the attachment, from 1, never given again */
	u32 link;	   /* the link that holds it there, 0: none */
	struct prog *prog; /* without a reference of its own */
};

/* What is at a hook, in the order it runs. */
struct attached_list {
	u32 ifindex;
	enum attach_hook hook;
	u64 revision; /* 1 and one more with each change; starts anew when
			 nothing is left */
	u32 cnt;
	const struct attached *items;
};

struct attach_change {
	enum { ATTACH_NONE, ATTACH_ADD, ATTACH_REPLACE, ATTACH_REMOVE } kind;
	u32 at;	  /* index in the list; of what is added: its own, afterwards */
	u32 link; /* ATTACH_ADD, ATTACH_REPLACE */
	struct prog *prog; /* the hook takes a reference */
	u32 id;		   /* filled in by ATTACH_ADD */
};

/* Looks, and fills in one change.  Negative: none is made. */
typedef int attach_decide(void *ctx, const struct attached_list *list,
			  struct attach_change *change);

struct attach_port {
	u32 queues;
	u8 mac[6];
};

struct attach_ops {
	/* False: there is no port of this number. */
	bool (*port)(void *arg, u32 ifindex, struct attach_port *port);
	/* Makes the change that decide() wants; nothing comes in between.
	 * -ENODEV: no such port; else what decide() says, or -ENOMEM.
	 * decide() must not call back.  *change is filled in. */
	int (*change)(void *arg, u32 ifindex, enum attach_hook hook,
		      attach_decide *decide, void *ctx,
		      struct attach_change *change);
	/* The same for the hook where the attachment is, of which change->at is
	 * the index; -ENOENT: it is nowhere. */
	int (*change_of)(void *arg, u32 id, attach_decide *decide, void *ctx,
			 struct attach_change *change);
};

/* Once in sys's life.  NULL: the hooks are about to go; when this returns
 * nobody calls them, and what was attached through them is detached. */
void sys_set_attach(struct sys *sys, const struct attach_ops *ops, void *arg);

#endif
