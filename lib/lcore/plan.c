/* SPDX-License-Identifier: BSD-3-Clause */
#include "lcore/plan.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

struct plan *plan_new(u32 port_cnt)
{
	struct plan *plan =
		calloc(1, sizeof(*plan) + port_cnt * sizeof(plan->port[0]));

	if (plan)
		plan->port_cnt = port_cnt;
	return plan;
}

static bool is_straight(const struct plan *plan, u32 port)
{
	u32 out = plan->port[port].out;

	return out != PLAN_NOWHERE &&
	       !plan->port[port].chain[HOOK_TC_INGRESS] &&
	       !plan->port[out].chain[HOOK_TC_EGRESS];
}

/* Of XDP's context: where the packet is. */
static const u64 place = 1ull << offsetof(struct xdp_md, data) / 4 |
			 1ull << offsetof(struct xdp_md, data_end) / 4 |
			 1ull << offsetof(struct xdp_md, data_meta) / 4;

static bool is_bare(const struct plan_port *p)
{
	const struct chain *xdp = p->chain[HOOK_XDP];

	return p->straight && !(xdp && chain_reads(xdp) & ~place);
}

void plan_finish(struct plan *plan)
{
	const u64 type = 1ull << offsetof(struct __sk_buff, pkt_type) / 4;

	for (u32 i = 0; i < plan->port_cnt; i++) {
		plan->port[i].straight = is_straight(plan, i);
		plan->port[i].bare = is_bare(&plan->port[i]);
		for (u32 hook = HOOK_TC_INGRESS; hook < HOOK_KINDS; hook++) {
			const struct chain *c = plan->port[i].chain[hook];

			plan->asks_type |= c && chain_reads(c) & type;
		}
	}
}

int plan_forward(const struct forward *f, u32 port, const char *const *names,
		 u32 port_cnt, u32 *out, struct err *err)
{
	switch (f->kind) {
	case FORWARD_PAIR:
		*out = (port ^ 1) < port_cnt ? port ^ 1 : port;
		return 0;
	case FORWARD_BACK: *out = port; return 0;
	case FORWARD_DROP: *out = PLAN_NOWHERE; return 0;
	case FORWARD_PORT:
		for (u32 i = 0; i < port_cnt; i++) {
			if (strcmp(names[i], f->port) != 0)
				continue;
			*out = i;
			return 0;
		}
		return err_fail(err, -ENOENT,
				"%s cannot forward to '%s': there is no such "
				"port",
				names[port], f->port);
	}
	return err_fail(err, -EINVAL, "%d is no kind of forwarding",
			(int)f->kind);
}

static struct route dropped(enum drop_reason reason)
{
	return (struct route){ .kind = ROUTE_DROP, .drop = reason };
}

static struct route redirected(const struct plan *plan, u32 port,
			       enum hook_kind hook, const struct verdict *v)
{
	struct route r = { .port = v->ifindex - 1 };

	if (v->entry || v->map)
		return (struct route){ .kind = ROUTE_ENTRY, .port = port };
	if (v->ifindex == 0 || v->ifindex > plan->port_cnt)
		return dropped(DROP_REDIRECT);
	if (v->how == REDIRECT_PEER && hook != HOOK_TC_INGRESS)
		return dropped(DROP_REDIRECT);
	if (hook == HOOK_XDP)
		r.kind = ROUTE_SEND;
	else if (v->how == REDIRECT_PEER)
		r.kind = ROUTE_PEER;
	else if (v->how != REDIRECT_PORT)
		r.kind = ROUTE_NEIGH;
	else
		r.kind =
			v->flags & BPF_F_INGRESS ? ROUTE_INGRESS : ROUTE_EGRESS;
	return r;
}

struct route plan_route(const struct plan *plan, u32 port, enum hook_kind hook,
			const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_PASS:
		return (struct route){ .kind = ROUTE_NEXT, .port = port };
	case VERDICT_TX:
		return (struct route){ .kind = ROUTE_SEND, .port = port };
	case VERDICT_REDIRECT: return redirected(plan, port, hook, v);
	case VERDICT_DROP: break;
	}
	return dropped((enum drop_reason)v->drop);
}

struct route plan_forwarded(const struct plan *plan, u32 port)
{
	u32 out = plan->port[port].out;

	if (out == PLAN_NOWHERE)
		return dropped(DROP_FORWARD_DROP);
	return (struct route){ .kind = ROUTE_EGRESS, .port = out };
}
