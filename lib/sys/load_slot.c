/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load_slot.c - entries that the object itself names: programs in prog arrays,
 * maps in maps of maps
 */
#include <errno.h>

#include "sys/sys_priv.h"

/* What the object has at an index: its name, and the object made of it. */
struct target {
	const char *what; /* "program", "map" */
	const char *name;
	const char *section; /* of a program */
	void *object;	     /* NULL: not loaded */
};

static int find_target(struct load *l, const struct map *map,
		       const struct elf_slot *slot, struct target *out)
{
	bool prog = map->ops->holds == HOLDS_PROGS;
	u32 cnt = prog ? l->obj->prog_cnt : l->obj->map_cnt;
	u32 i = slot->target;

	*out = (struct target){ .what = prog ? "program" : "map" };
	if (map->ops->holds != HOLDS_PROGS && map->ops->holds != HOLDS_MAPS)
		return err_fail(l->err, -EOPNOTSUPP,
				"%s maps cannot be filled from an object",
				map->ops->name);
	if (i >= cnt)
		return err_fail(l->err, -EINVAL, "entry %u is %s %u of %u",
				slot->index, out->what, i, cnt);
	if (prog) {
		out->name = l->obj->progs[i].name;
		out->section = l->obj->progs[i].section;
		out->object = l->so->progs[i];
	} else {
		out->name = l->obj->maps[i].name;
		out->object = l->so->maps[i];
	}
	return 0;
}

static int explain(struct load *l, const struct map *map,
		   const struct elf_slot *slot, const struct target *t,
		   int code)
{
	err_fail(l->err, code, "%s %s does not fit into entry %u", t->what,
		 t->name, slot->index);
	if (code != -EINVAL)
		err_hint(l->err, "the map has %u entries", map->max_entries);
	else if (map->ops->holds == HOLDS_PROGS)
		err_hint(l->err, "programs of one array share type, attach "
				 "type and flags");
	else
		err_hint(l->err,
			 "the maps in it are all of type %s, with keys "
			 "of %u and values of %u bytes and the same "
			 "flags",
			 map->inner->ops->name, map->inner->key_size,
			 map->inner->value_size);
	return code;
}

static int load_slot(struct load *l, struct map *map,
		     const struct elf_slot *slot)
{
	struct target t;
	int res = find_target(l, map, slot, &t);

	if (res)
		return res;
	if (!t.object) {
		err_fail(l->err, -EINVAL,
			 "entry %u is %s %s, which is not loaded", slot->index,
			 t.what, t.name);
		if (t.section)
			err_hint(l->err, "its section is %s", t.section);
		return -EINVAL;
	}
	if (map->key_size != sizeof(slot->index))
		return err_fail(l->err, -EINVAL,
				"entries have an index for a key, keys of this "
				"map have %u bytes",
				map->key_size);
	res = map->ops->write_object(map, &slot->index, t.object, BPF_ANY);
	return res ? explain(l, map, slot, &t, res) : 0;
}

/* A map of maps that was there before keeps what is in it, as libbpf has it. */
static bool is_filled(const struct load *l, u32 i)
{
	return !l->so->maps[i] ||
	       (l->so->maps[i]->ops->holds == HOLDS_MAPS && !l->made_map[i]);
}

int load_slots(struct load *l)
{
	for (u32 i = 0; i < l->obj->map_cnt; i++) {
		const struct elf_map *em = &l->obj->maps[i];
		u32 cnt = is_filled(l, i) ? 0 : em->slot_cnt;

		for (u32 s = 0; s < cnt; s++) {
			int res = load_slot(l, l->so->maps[i], &em->slots[s]);

			if (res) {
				load_place(l, "map", em->name);
				return res;
			}
		}
	}
	return 0;
}
