/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mprog.h - where in a hook's list a program goes, by Linux's rules for hooks
 * with several; inside sys/ only
 */
#ifndef WEIR_SYS_MPROG_H
#define WEIR_SYS_MPROG_H

#include "sys/attach.h"
#include "sys/ref.h"

struct wcall;

/* What a caller asks for. */
struct mprog {
	struct wcall *w;
	u32 flags;	   /* BPF_F_BEFORE, BPF_F_AFTER, BPF_F_REPLACE ... */
	u32 relative;	   /* handle or id, by the flags */
	u64 revision;	   /* 0: any */
	struct prog *prog; /* attach: it; detach: it, NULL: by its place */
	struct prog *old;  /* BPF_F_REPLACE without a link */

	/* The program or link that relative is: found while deciding, the
	 * caller's to put afterwards. */
	struct ref anchor;
};

/* Decide for attach_change(); ctx is a struct mprog.  Of a link's program
 * change->link is there before. */
attach_decide mprog_attach, mprog_detach;

/* May a link's program be replaced by another in this list? */
int mprog_check_update(const struct attached_list *list, const struct prog *was,
		       const struct prog *new);

#endif
