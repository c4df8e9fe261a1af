/* SPDX-License-Identifier: BSD-3-Clause */
/* btf.c - BTF by number */
#include "bpf/btf.h"

#include "sys/sys_priv.h"

static void forget_btf(struct btf_blob *btf, void *arg)
{
	struct sys *sys = arg;

	id_remove(&sys->btfs, btf_number(btf)->id);
}

int sys_btf_add(struct sys *sys, struct btf_blob *btf)
{
	struct btf_number *number = btf_number(btf);
	int res;

	number->gone = forget_btf;
	number->gone_arg = sys;
	res = id_add(&sys->btfs, btf, &number->id);
	if (res)
		number->gone = NULL;
	return res;
}

void sys_btf_withdraw(struct sys *sys, struct btf_blob *btf)
{
	struct btf_number *number = btf_number(btf);

	id_remove(&sys->btfs, number->id);
	*number = (struct btf_number){ 0 };
}

void sys_btf_withdraw_all(struct sys *sys)
{
	struct btf_blob *btf;
	u32 id = 0;

	while ((id = id_next(&sys->btfs, id))) {
		btf = sys_btf_by_id(sys, id);
		if (!btf)
			continue;
		sys_btf_withdraw(sys, btf);
		btf_put(btf);
	}
}

static void *try_get_btf(void *obj)
{
	return btf_try_get(obj);
}

struct btf_blob *sys_btf_by_id(struct sys *sys, u32 id)
{
	return id_find(&sys->btfs, id, try_get_btf);
}

u32 sys_next_btf_id(struct sys *sys, u32 id)
{
	return id_next(&sys->btfs, id);
}
