/* SPDX-License-Identifier: BSD-3-Clause */
/* load_map.c - the maps of an object: found, or made and filled */
#include <errno.h>
#include <limits.h>

#include "sys/sys_priv.h"

/* where LIBBPF_PIN_BY_NAME looks */
#define PIN_FOLDER "/sys/fs/bpf"

static int pin_path(const struct elf_map *em, char *path, size_t size,
		    struct err *err)
{
	int n = snprintf(path, size, PIN_FOLDER "/%s", em->name);

	return n < 0 || (size_t)n >= size
		       ? err_fail(err, -ENAMETOOLONG, "the name is too long")
		       : 0;
}

/* The map that is there already, with a reference, or NULL. */
static int find_map(struct load *l, const struct elf_map *em, bool by_name,
		    struct map **out)
{
	const struct sys_load_opts *opts = l->opts;
	char path[PATH_MAX];
	int res;

	*out = opts->reuse ? opts->reuse(opts->arg, em) : NULL;
	if (*out || !by_name)
		return 0;
	res = pin_path(em, path, sizeof(path), l->err);
	if (!res)
		*out = sys_pinned_map(l->sys, path);
	return res;
}

static int fill(struct load *l, const struct elf_map *em, struct map *map)
{
	const u32 only = 0;
	int res = 0;

	if (em->contents)
		res = map->ops->write(map, &only, em->contents, BPF_ANY);
	if (!res && em->freeze)
		res = sys_map_freeze(l->sys, map);
	return res ? err_fail(l->err, res, "its contents cannot be written")
		   : 0;
}

/* What the maps inside a map of maps are like.  NULL: it is none. */
static int make_template(struct load *l, const struct elf_map *em,
			 struct map **out)
{
	const struct elf_map *inner = &l->obj->maps[em->inner];
	struct map_attr attr;
	bool by_name;
	int res;

	*out = NULL;
	if (em->inner < 0)
		return 0;
	res = load_attr(l, inner, &attr, &by_name);
	if (!res)
		res = map_create(&l->sys->env, &attr, l->err, out);
	if (res)
		err_place(l->err, "inner map %s", inner->name);
	return res;
}

/* The template is only looked at: it goes when the map is made. */
static int make_map(struct load *l, const struct elf_map *em,
		    struct map_attr *attr, struct map **out)
{
	int res = make_template(l, em, &attr->inner);

	if (res)
		return res;
	res = sys_map_create(l->sys, attr, l->err, out);
	map_put(attr->inner);
	if (res)
		return res;
	res = fill(l, em, *out);
	if (res)
		map_put(*out);
	return res;
}

static int load_map(struct load *l, u32 i)
{
	const struct elf_map *em = &l->obj->maps[i];
	struct map *map = NULL;
	struct map_attr attr;
	bool by_name;
	int res = load_attr(l, em, &attr, &by_name);

	if (!res)
		res = find_map(l, em, by_name, &map);
	if (res)
		return res;
	if (map) {
		res = sys_map_matches(map, &attr, l->err);
		if (res)
			map_put(map);
	} else {
		res = make_map(l, em, &attr, &map);
		l->made_map[i] = true;
		l->pin_map[i] = by_name;
	}
	if (!res)
		l->so->maps[i] = map;
	return res;
}

int load_maps(struct load *l)
{
	for (u32 i = 0; i < l->obj->map_cnt; i++) {
		int res = l->want_map[i] ? load_map(l, i) : 0;

		if (res) {
			load_place(l, "map", l->obj->maps[i].name);
			return res;
		}
	}
	return 0;
}

int load_pins(struct load *l)
{
	char path[PATH_MAX];
	u32 i;
	int res = 0;

	for (i = 0; i < l->obj->map_cnt; i++) {
		if (!l->pin_map[i])
			continue;
		pin_path(&l->obj->maps[i], path, sizeof(path), NULL);
		res = sys_pin_map(l->sys, path, l->so->maps[i]);
		if (res)
			goto unpin;
	}
	return 0;

unpin:
	err_fail(l->err, res,
		 res == -EEXIST ? "something else is pinned as %.200s by now"
				: "cannot pin it as %.200s",
		 path);
	load_place(l, "map", l->obj->maps[i].name);
	while (i-- > 0) {
		if (!l->pin_map[i])
			continue;
		pin_path(&l->obj->maps[i], path, sizeof(path), NULL);
		sys_unpin(l->sys, path);
	}
	return res;
}
