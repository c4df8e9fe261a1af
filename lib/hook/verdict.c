/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.c - verdict codes: their names, and what becomes of the packet */
#include "hook/verdict.h"

#include <linux/pkt_cls.h>
#include <string.h>

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

/* What becomes of a packet for a code alone. */
struct fate {
	u8 kind; /* enum verdict_kind */
	u8 drop; /* enum drop_reason */
};

static const struct fate xdp_fates[] = {
	[XDP_ABORTED] = { VERDICT_DROP, DROP_XDP_ABORTED },
	[XDP_DROP] = { VERDICT_DROP, DROP_XDP_DROP },
	[XDP_PASS] = { VERDICT_PASS, 0 },
	[XDP_TX] = { VERDICT_TX, 0 },
	[XDP_REDIRECT] = { VERDICT_REDIRECT, 0 },
	{ VERDICT_DROP, DROP_XDP_BAD_CODE },
};

/* from TC_ACT_UNSPEC on; what is not here passes */
static const struct fate tc_fates[] = {
	[TC_ACT_SHOT + 1] = { VERDICT_DROP, DROP_TC_SHOT },
	[TC_ACT_STOLEN + 1] = { VERDICT_DROP, DROP_TC_STOLEN },
	[TC_ACT_QUEUED + 1] = { VERDICT_DROP, DROP_TC_STOLEN },
	[TC_ACT_TRAP + 1] = { VERDICT_DROP, DROP_TC_STOLEN },
	[TC_ACT_REDIRECT + 1] = { VERDICT_REDIRECT, 0 },
	[TC_ACT_TRAP + 2] = { VERDICT_PASS, 0 },
};

static void redirect(struct verdict *v, const struct run *run)
{
	if (!run->redirect.set) {
		v->kind = VERDICT_DROP;
		v->drop = DROP_REDIRECT;
		return;
	}
	v->ifindex = run->redirect.ifindex;
	v->flags = run->redirect.flags;
	v->how = run->redirect.how;
	v->next = run->redirect.next;
	v->entry = run->redirect.entry;
	v->map = run->redirect.map;
}

static inline void decide(struct verdict *v, s32 code, struct fate fate,
			  const struct run *run)
{
	v->code = code;
	v->kind = fate.kind;
	v->drop = fate.drop;
	if (unlikely(fate.kind == VERDICT_REDIRECT))
		redirect(v, run);
}

static inline struct fate xdp_fate(u32 code)
{
	return xdp_fates[MIN(code, (u32)XDP_REDIRECT + 1)];
}

static inline struct fate tc_fate(s32 code)
{
	return tc_fates[MIN((u32)code + 1, (u32)TC_ACT_TRAP + 2)];
}

void verdict_burst(struct verdict *v, enum hook_kind kind, const s32 *codes,
		   u32 n, const struct run *run)
{
	if (kind == HOOK_XDP)
		for (u32 i = 0; i < n; i++)
			decide(&v[i], codes[i], xdp_fate((u32)codes[i]), run);
	else
		for (u32 i = 0; i < n; i++)
			decide(&v[i], codes[i], tc_fate(codes[i]), run);
}

bool verdict_same(struct verdict *v, enum hook_kind kind, const s32 *codes,
		  u32 n)
{
	/* each is what the next one is */
	if (memcmp(codes, codes + 1, (n - 1) * sizeof(*codes)) != 0 ||
	    codes[0] == (kind == HOOK_XDP ? XDP_REDIRECT : TC_ACT_REDIRECT))
		return false;
	verdict_burst(v, kind, codes, 1, NULL);
	return true;
}

void verdict_stopped(struct verdict *v, enum hook_kind kind)
{
	v->code = kind == HOOK_XDP ? XDP_ABORTED : TC_ACT_SHOT;
	v->kind = VERDICT_DROP;
	v->drop = DROP_STOPPED;
}
