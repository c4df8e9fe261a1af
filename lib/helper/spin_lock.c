/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spin_lock.c - spin_lock, spin_unlock
 *
 * The lock in a value is the one that BPF_F_LOCK takes (maps/fields.h).  A
 * program holds one at a time, and calls nothing meanwhile; the engine or the
 * verifier sees to that.
 */
#include "helper/helpers.h"
#include "mem/spin.h"

_Static_assert(sizeof(struct spin) == sizeof(struct bpf_spin_lock),
	       "one is the other");

HELPER_1(lock_value, struct spin *, lock)
{
	spin_lock(lock);
	return 0;
}

const struct helper helper_spin_lock = {
	.id = BPF_FUNC_spin_lock,
	.name = "spin_lock",
	.fn = lock_value,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.arg = { ARG_SPIN_LOCK },
};

HELPER_1(unlock_value, struct spin *, lock)
{
	spin_unlock(lock);
	return 0;
}

const struct helper helper_spin_unlock = {
	.id = BPF_FUNC_spin_unlock,
	.name = "spin_unlock",
	.fn = unlock_value,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.arg = { ARG_SPIN_LOCK },
};
