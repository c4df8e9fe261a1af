/* SPDX-License-Identifier: BSD-3-Clause */
/* csum_state.c - csum_update, csum_level: what is known of a checksum */
#include "helper/csum.h"
#include "helper/helpers.h"

HELPER_2(csum_update, struct pkt *, p, u32, csum)
{
	if (p->csum_state != CSUM_COMPLETE)
		return helper_error(-ENOTSUPP);
	p->csum = csum_add(p->csum, csum);
	return p->csum;
}

const struct helper helper_csum_update = {
	.id = BPF_FUNC_csum_update,
	.name = "csum_update",
	.fn = csum_update,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};

static void level_up(struct pkt *p)
{
	if (p->csum_state == CSUM_UNNECESSARY) {
		if (p->csum_level < CSUM_LEVEL_MAX)
			p->csum_level++;
	} else if (p->csum_state == CSUM_NONE) {
		p->csum_state = CSUM_UNNECESSARY;
		p->csum_level = 0;
	}
}

static void level_down(struct pkt *p)
{
	if (p->csum_state != CSUM_UNNECESSARY)
		return;
	if (p->csum_level)
		p->csum_level--;
	else
		p->csum_state = CSUM_NONE;
}

HELPER_2(csum_level, struct pkt *, p, u64, level)
{
	switch (level) {
	case BPF_CSUM_LEVEL_INC:
		level_up(p);
		return 0;
	case BPF_CSUM_LEVEL_DEC:
		level_down(p);
		return 0;
	case BPF_CSUM_LEVEL_RESET:
		csum_unverified(p);
		return 0;
	case BPF_CSUM_LEVEL_QUERY:
		return p->csum_state == CSUM_UNNECESSARY
			       ? p->csum_level
			       : helper_error(-EACCES);
	default:
		return helper_error(-EINVAL);
	}
}

const struct helper helper_csum_level = {
	.id = BPF_FUNC_csum_level,
	.name = "csum_level",
	.fn = csum_level,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};
