/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.c - a whole object: all of it or nothing
 *
 * Select, maps, programs, prog arrays, pins, in this order: nothing that has a
 * name of its own in the dataplane is touched before the rest has succeeded,
 * and what was made until something fails goes with its last reference.
 */
#include <errno.h>
#include <stdlib.h>

#include "sys/sys_priv.h"

void load_place(const struct load *l, const char *what, const char *name)
{
	char place[1024];

	if (!l->err)
		return;
	snprintf(place, sizeof(place), "%s: %s %s%s%s",
		 l->obj->path ? l->obj->path : "object", what, name,
		 l->err->place[0] ? ": " : "", l->err->place);
	snprintf(l->err->place, sizeof(l->err->place), "%.255s", place);
}

static struct sys_obj *new_obj(struct sys *sys, const struct elf_obj *obj)
{
	struct sys_obj *so = calloc(1, sizeof(*so));

	if (!so)
		return NULL;
	so->rcu = mem_rcu(sys->mem);
	so->map_cnt = obj->map_cnt;
	so->prog_cnt = obj->prog_cnt;
	so->maps = calloc(obj->map_cnt + 1ul, sizeof(*so->maps));
	so->progs = calloc(obj->prog_cnt + 1ul, sizeof(*so->progs));
	if (so->maps && so->progs)
		return so;
	free(so->maps);
	free(so->progs);
	free(so);
	return NULL;
}

static void free_obj(struct rcu_head *head)
{
	struct sys_obj *so = container_of(head, struct sys_obj, free_head);

	for (u32 i = 0; i < so->prog_cnt; i++) {
		if (so->progs[i])
			prog_put(so->progs[i]);
	}
	for (u32 i = 0; i < so->map_cnt; i++)
		map_put(so->maps[i]);
	free(so->progs);
	free(so->maps);
	free(so);
}

void sys_obj_put(struct sys_obj *so)
{
	if (so)
		rcu_defer(so->rcu, &so->free_head, free_obj);
}

/* As long as the file is open, or a map or program is there. */
static int load_btf(struct load *l)
{
	struct btf_blob *btf = l->obj->btf;
	int res;

	if (!btf || btf_number(btf)->id)
		return 0;
	res = sys_btf_add(l->sys, btf);
	l->numbered = !res;
	return res ? err_fail(l->err, res, "out of memory") : 0;
}

static int run_steps(struct load *l)
{
	static int (*const steps[])(struct load * l) = {
		load_select, load_btf,	 load_maps,
		load_progs,  load_slots, load_pins,
	};
	int res = 0;

	for (size_t i = 0; !res && i < ARRAY_LEN(steps); i++)
		res = steps[i](l);
	return res;
}

static int load(struct load *l)
{
	size_t maps = l->obj->map_cnt + 1ul, progs = l->obj->prog_cnt + 1ul;
	int res = -ENOMEM;

	l->so = new_obj(l->sys, l->obj);
	l->want_map = calloc(maps, sizeof(*l->want_map));
	l->made_map = calloc(maps, sizeof(*l->made_map));
	l->pin_map = calloc(maps, sizeof(*l->pin_map));
	l->want_prog = calloc(progs, sizeof(*l->want_prog));
	if (l->so && l->want_map && l->made_map && l->pin_map && l->want_prog)
		res = run_steps(l);
	else
		err_fail(l->err, res, "out of memory");
	free(l->want_prog);
	free(l->pin_map);
	free(l->made_map);
	free(l->want_map);
	if (res && l->numbered)
		sys_btf_withdraw(l->sys, l->obj->btf);
	if (res)
		sys_obj_put(l->so);
	return res;
}

int sys_load(struct sys *sys, const struct elf_obj *obj,
	     const struct sys_load_opts *opts, struct err *err,
	     struct sys_obj **out)
{
	static const struct sys_load_opts none;
	struct load l = {
		.sys = sys,
		.obj = obj,
		.opts = opts ? opts : &none,
		.err = err,
	};
	int res;

	pthread_mutex_lock(&sys->load_lock);
	res = load(&l);
	jit_kept_end(&sys->kept);
	pthread_mutex_unlock(&sys->load_lock);
	if (!res)
		*out = l.so;
	return res;
}
