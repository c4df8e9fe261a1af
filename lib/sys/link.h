/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.h - a program at a hook for as long as somebody wants it; inside sys/
 * only
 *
 * L1  A link is attached from link_attach() until its last reference goes, or
 *     it, its attachment or the hooks are taken away before.  From then on it
 *     is there, but does nothing.
 * L2  lock guards prog and attachment.  It is taken before the hooks' own, in
 *     no callback of theirs.
 * L3  The last reference is not dropped in a callback of the hooks: that calls
 *     them.
 */
#ifndef WEIR_SYS_LINK_H
#define WEIR_SYS_LINK_H

#include "bpf/uapi.h"
#include "sys/attach.h"

struct link;

/* What decide() adds is the link's; it is given the link.  Takes a reference to
 * prog. */
int link_attach(struct sys *sys, struct prog *prog, u32 ifindex,
		enum attach_hook hook, attach_decide *decide, void *ctx,
		struct link **out);
/* -ENOLINK; -EPERM: its program is not old, if that is not NULL; what Linux
 * refuses. */
int link_update(struct link *link, struct prog *new, const struct prog *old);
void link_detach(struct link *link);
/* What is told of it besides what *info says already. */
void link_info(struct link *link, struct bpf_link_info *info);

struct link *link_get(struct link *link);
void link_put(struct link *link);
u32 link_id(const struct link *link);
/* Of all programs that it ever has. */
u32 link_prog_type(const struct link *link);

struct link *sys_link_by_id(struct sys *sys, u32 id);
u32 sys_next_link_id(struct sys *sys, u32 id);

#endif
