/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.c - verdict codes: their names, and what becomes of the packet */
#include "hook/verdict.h"

#include <linux/pkt_cls.h>

#include "stats/stats.h"

static const char *const xdp_names[] = {
	[XDP_ABORTED] = "XDP_ABORTED",	 [XDP_DROP] = "XDP_DROP",
	[XDP_PASS] = "XDP_PASS",	 [XDP_TX] = "XDP_TX",
	[XDP_REDIRECT] = "XDP_REDIRECT",
};

/* from TC_ACT_UNSPEC, -1, on */
static const char *const tc_names[] = {
	"TC_ACT_UNSPEC", "TC_ACT_OK",	  "TC_ACT_RECLASSIFY",
	"TC_ACT_SHOT",	 "TC_ACT_PIPE",	  "TC_ACT_STOLEN",
	"TC_ACT_QUEUED", "TC_ACT_REPEAT", "TC_ACT_REDIRECT",
	"TC_ACT_TRAP",
};

const char *verdict_code_name(enum hook_kind kind, s32 code)
{
	if (kind == HOOK_XDP)
		return (u32)code < ARRAY_LEN(xdp_names) ? xdp_names[code]
							: NULL;
	return (u32)code + 1 < ARRAY_LEN(tc_names) ? tc_names[code + 1] : NULL;
}

static void pass(struct verdict *v)
{
	v->kind = VERDICT_PASS;
}

static void drop(struct verdict *v, enum drop_reason reason)
{
	v->kind = VERDICT_DROP;
	v->drop = (u8)reason;
}

static void redirect(struct verdict *v, const struct run *run)
{
	if (!run->redirect.set) {
		drop(v, DROP_REDIRECT);
		return;
	}
	v->kind = VERDICT_REDIRECT;
	v->ifindex = run->redirect.ifindex;
	v->flags = run->redirect.flags;
	v->how = run->redirect.how;
	v->next = run->redirect.next;
	v->entry = run->redirect.entry;
	v->map = run->redirect.map;
}

void verdict_xdp(struct verdict *v, u32 code, const struct run *run)
{
	*v = (struct verdict){ .code = (s32)code };
	switch (code) {
	case XDP_PASS: pass(v); break;
	case XDP_TX: v->kind = VERDICT_TX; break;
	case XDP_REDIRECT: redirect(v, run); break;
	case XDP_DROP: drop(v, DROP_XDP_DROP); break;
	case XDP_ABORTED: drop(v, DROP_XDP_ABORTED); break;
	default: drop(v, DROP_XDP_BAD_CODE); break;
	}
}

void verdict_tc(struct verdict *v, s32 code, const struct run *run)
{
	*v = (struct verdict){ .code = code };
	switch (code) {
	case TC_ACT_SHOT: drop(v, DROP_TC_SHOT); break;
	case TC_ACT_STOLEN:
	case TC_ACT_QUEUED:
	case TC_ACT_TRAP: drop(v, DROP_TC_STOLEN); break;
	case TC_ACT_REDIRECT: redirect(v, run); break;
	default: pass(v); break;
	}
}

void verdict_stopped(struct verdict *v, enum hook_kind kind)
{
	*v = (struct verdict){
		.code = kind == HOOK_XDP ? XDP_ABORTED : TC_ACT_SHOT,
	};
	drop(v, DROP_STOPPED);
}
