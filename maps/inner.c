/* SPDX-License-Identifier: BSD-3-Clause */
#include "maps/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps/family.h"
#include "maps/fields.h"

int inner_check(const struct map_attr *attr, struct err *err)
{
	const struct map *like = attr->inner;

	if (!like) {
		err_fail(err, attr->inner_err ? attr->inner_err : -EBADF,
			 "nothing says what the maps in the %s are like",
			 map_type_name(attr->type));
		return attr->inner_err ? attr->inner_err : -EBADF;
	}
	if (like->inner)
		return err_fail(err, -EINVAL,
				"a map of maps inside a map of maps");
	if (like->ops->holds == HOLDS_PROGS)
		return err_fail(err, -LINUX_ENOTSUPP,
				"a %s cannot be inside a map of maps",
				like->ops->name);
	return 0;
}

struct map *inner_like(const struct map *map)
{
	struct map *like = calloc(1, sizeof(*like));
	struct map_fields *fields = NULL;

	if (!like)
		return NULL;
	if (map->fields) {
		fields = malloc(sizeof(*fields));
		if (!fields) {
			free(like);
			return NULL;
		}
		*fields = *map->fields;
	}
	like->ops = map->ops;
	like->type = map->type;
	like->key_size = map->key_size;
	like->value_size = map->value_size;
	like->max_entries = map->max_entries;
	like->flags = map->flags;
	like->extra = map->extra;
	like->slots = map->slots;
	like->env = map->env;
	like->fields = fields;
	memcpy(like->name, map->name, sizeof(like->name));
	return like;
}

void inner_free(const struct map *like)
{
	if (!like)
		return;
	free((void *)like->fields);
	free((void *)like);
}

int inner_fits(const struct map *outer, const struct map *map)
{
	const struct map *like = outer->inner;

	if (map->type != like->type || map->key_size != like->key_size ||
	    map->value_size != like->value_size || map->flags != like->flags ||
	    !fields_equal(map->fields, like->fields))
		return -EINVAL;
	return !map->ops->alike || map->ops->alike(map, like) ? 0 : -EINVAL;
}
