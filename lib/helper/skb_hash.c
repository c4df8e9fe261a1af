/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_hash.c - get_hash_recalc, set_hash, set_hash_invalid */
#include "helper/flow.h"
#include "helper/helpers.h"
#include "helper/secret.h"
#include "helper/skb.h"

static u64 seed(const struct run *run)
{
	struct world *w = run->world;

	return w->ops->hash_seed ? w->ops->hash_seed(w) : secret();
}

HELPER_1(get_hash_recalc, struct pkt *, p)
{
	if (!p->hash_valid) {
		p->hash = skb_flow_hash(p, seed(run));
		p->hash_valid = true;
	}
	return p->hash;
}

const struct helper helper_get_hash_recalc = {
	.id = BPF_FUNC_get_hash_recalc,
	.name = "get_hash_recalc",
	.fn = get_hash_recalc,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};

HELPER_2(set_hash, struct pkt *, p, u32, hash)
{
	p->hash = hash;
	p->hash_valid = true;
	return 0;
}

const struct helper helper_set_hash = {
	.id = BPF_FUNC_set_hash,
	.name = "set_hash",
	.fn = set_hash,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};

HELPER_1(set_hash_invalid, struct pkt *, p)
{
	skb_clear_hash(p);
	return 0;
}

const struct helper helper_set_hash_invalid = {
	.id = BPF_FUNC_set_hash_invalid,
	.name = "set_hash_invalid",
	.fn = set_hash_invalid,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};
