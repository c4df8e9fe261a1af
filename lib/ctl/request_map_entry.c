/* SPDX-License-Identifier: BSD-3-Clause */
/* request_map_entry.c - maps one entry at a time */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/uapi.h"
#include "ctl/request.h"
#include "ctl/value.h"

struct entry {
	struct map *map;
	u8 *key;
	u8 *value; /* all slots */
};

static void entry_free(struct entry *e)
{
	free(e->key);
	free(e->value);
	map_put(e->map);
}

/* The map that the request names, and room for one of its entries. */
static int entry_begin(struct request *rq, struct entry *e, struct err *err)
{
	int res = arg_map(rq, "map", &e->map, err);

	if (res)
		return res;
	e->key = malloc(e->map->key_size + 1ULL);
	e->value = malloc(map_value_bytes(e->map) + 1);
	if (e->key && e->value)
		return 0;
	entry_free(e);
	return err_fail(err, -ENOMEM, "out of memory");
}

/* The same with the key of the request. */
static int entry_open(struct request *rq, struct entry *e, struct err *err)
{
	int res = entry_begin(rq, e, err);

	if (res)
		return res;
	res = arg_key(rq, e->map, e->key, err);
	if (res)
		entry_free(e);
	return res;
}

int map_failed(const struct map *map, const char *what, int code,
	       struct err *err)
{
	switch (code) {
	case -ENOENT:
		if (map->ops->pop)
			return err_fail(err, code, "map %s is empty",
					map->name);
		return err_fail(err, code, "map %s has no such entry",
				map->name);
	case -EEXIST:
		return err_fail(err, code, "map %s has that entry already",
				map->name);
	case -E2BIG:
		if (map->ops->count && map->ops->count(map) >= map->max_entries)
			return err_fail(err, code,
					"map %s is full: %u entries",
					map->name, map->max_entries);
		return err_fail(err, code,
				"the key is outside map %s of %u entries",
				map->name, map->max_entries);
	case -EPERM:
		return atomic_load(&map->frozen) ?
			       err_fail(err, code, "map %s is frozen",
					map->name) :
			       err_fail(err, code, "map %s does not allow it",
					map->name);
	case -EOPNOTSUPP:
		return err_fail(err, code, "a %s map has no %s",
				map->ops->name, what);
	case -ENOTSUPP: /* has no name outside of Linux */
		return err_fail(err, -EOPNOTSUPP, "a %s map has no %s",
				map->ops->name, what);
	default:
		return err_fail(err, code, "%s in map %s failed: %s", what,
				map->name, strerror(-code));
	}
}

/* Of a set, which value is looked for; others take none. */
static int arg_member(const struct request *rq, struct entry *e,
		      struct err *err)
{
	if (e->map->type == BPF_MAP_TYPE_BLOOM_FILTER)
		return arg_value(rq, e->map, e->value, err);
	if (arg_has(rq, "value") || arg_has(rq, "value_hex"))
		return err_fail(err, -EINVAL, "map %s is asked by key alone",
				e->map->name);
	return 0;
}

typedef int read_fn(struct sys *sys, struct map *map, const void *key,
		    void *value, u64 flags);

/* Answers with an entry. */
static int read_entry(struct request *rq, read_fn *read, const char *what,
		      struct err *err)
{
	enum value_format format;
	struct entry e;
	int res;

	res = arg_format(rq, &format, err);
	if (res)
		return res;
	if (format == VALUE_PACKED)
		return err_fail(err, -EINVAL, "one entry is not packed");
	res = entry_open(rq, &e, err);
	if (res)
		return res;
	res = arg_member(rq, &e, err);
	if (!res) {
		res = read(request_sys(rq), e.map, e.key, e.value, 0);
		if (res)
			res = map_failed(e.map, what, res, err);
	}
	if (!res)
		value_entry(&rq->json, e.map, e.key, e.value, format);
	entry_free(&e);
	return res;
}

static int map_lookup(struct request *rq, struct err *err)
{
	return read_entry(rq, sys_map_read, "lookup", err);
}

static int map_pop(struct request *rq, struct err *err)
{
	return read_entry(rq, sys_map_take, "pop", err);
}

static int no_fit(const struct map *map, const char *what, const char *name,
		  struct err *err)
{
	err_fail(err, -EINVAL, "%s %s does not fit into map %s", what, name,
		 map->name);
	if (map->ops->holds == HOLDS_PROGS)
		return err_hint(err, "programs of one array share type and "
				     "properties");
	return err_hint(err, "it holds %s maps with keys of %u and values of "
			     "%u bytes",
			map->inner->ops->name, map->inner->key_size,
			map->inner->value_size);
}

/* An entry of a prog array is given as the program it names. */
static int update_prog(struct request *rq, struct entry *e, u64 flags,
		       struct err *err)
{
	struct prog *prog;
	int res = arg_prog(rq, "prog", &prog, err);

	if (res)
		return res;
	res = sys_map_write_object(request_sys(rq), e->map, e->key, prog,
				   flags);
	if (res == -EINVAL)
		no_fit(e->map, "program", prog->full_name, err);
	else if (res)
		res = map_failed(e->map, "update", res, err);
	prog_put(prog);
	return res;
}

/* One of a map of maps as that map. */
static int update_inner(struct request *rq, struct entry *e, u64 flags,
			struct err *err)
{
	struct map *inner;
	int res = arg_map(rq, "inner", &inner, err);

	if (res)
		return res;
	res = sys_map_write_object(request_sys(rq), e->map, e->key, inner,
				   flags);
	if (res == -EINVAL)
		no_fit(e->map, "map", inner->name, err);
	else if (res)
		res = map_failed(e->map, "update", res, err);
	map_put(inner);
	return res;
}

static int update_value(struct request *rq, struct entry *e, u64 flags,
			struct err *err)
{
	int res = arg_value(rq, e->map, e->value, err);

	if (res)
		return res;
	res = sys_map_write(request_sys(rq), e->map, e->key, e->value, flags);
	return res ? map_failed(e->map, "update", res, err) : 0;
}

/* How an entry is given is the map's affair. */
static int update_entry(struct request *rq, struct entry *e, u64 flags,
			struct err *err)
{
	static const struct {
		const char *arg;
		const char *what;
		int (*update)(struct request *rq, struct entry *e, u64 flags,
			      struct err *err);
	} ways[] = {
		[HOLDS_VALUES] = { "value", "values", update_value },
		[HOLDS_PROGS] = { "prog", "programs", update_prog },
		[HOLDS_MAPS] = { "inner", "maps", update_inner },
		[HOLDS_SOCKETS] = { "value", "sockets", update_value },
		[HOLDS_EVENTS] = { "value", "events", update_value },
		[HOLDS_LINKED] = { "value", "values", update_value },
	};
	enum map_holds holds = e->map->ops->holds;
	bool object = holds == HOLDS_PROGS || holds == HOLDS_MAPS;

	for (u32 i = HOLDS_PROGS; i <= HOLDS_MAPS; i++) {
		if (i != holds && arg_has(rq, ways[i].arg))
			return err_fail(err, -EINVAL, "map %s holds no %s",
					e->map->name, ways[i].what);
	}
	if (object && !arg_has(rq, ways[holds].arg)) {
		err_fail(err, -EINVAL, "map %s holds %s", e->map->name,
			 ways[holds].what);
		return err_hint(err, "name one: \"%s\": {\"id\": 7}",
				ways[holds].arg);
	}
	return ways[holds].update(rq, e, flags, err);
}

static int map_update(struct request *rq, struct err *err)
{
	struct entry e;
	u64 flags;
	int res;

	res = arg_flags(rq, &flags, err);
	if (!res)
		res = entry_open(rq, &e, err);
	if (res)
		return res;
	res = update_entry(rq, &e, flags, err);
	entry_free(&e);
	return res;
}

static int map_delete(struct request *rq, struct err *err)
{
	struct entry e;
	int res = entry_open(rq, &e, err);

	if (res)
		return res;
	res = sys_map_erase(request_sys(rq), e.map, e.key);
	if (res)
		res = map_failed(e.map, "delete", res, err);
	entry_free(&e);
	return res;
}

static int map_next(struct request *rq, struct err *err)
{
	bool first = !arg_has(rq, "key") && !arg_has(rq, "key_hex");
	struct entry e;
	u8 *next;
	int res = first ? entry_begin(rq, &e, err) : entry_open(rq, &e, err);

	if (res)
		return res;
	next = malloc(e.map->key_size + 1ULL);
	if (!next)
		res = err_fail(err, -ENOMEM, "out of memory");
	if (!res) {
		res = e.map->ops->next_key(e.map, first ? NULL : e.key, next);
		if (res == -ENOENT)
			err_fail(err, res, "there is no entry after it");
		else if (res)
			res = map_failed(e.map, "next key", res, err);
	}
	if (!res) {
		json_begin_object(&rq->json);
		json_key(&rq->json, "key");
		if (first)
			json_put_null(&rq->json);
		else
			json_bytes(&rq->json, e.key, e.map->key_size);
		json_key(&rq->json, "next_key");
		json_bytes(&rq->json, next, e.map->key_size);
		json_end_object(&rq->json);
	}
	free(next);
	entry_free(&e);
	return res;
}

const struct method map_entry_methods[] = {
	{ "map.lookup", "map key key_hex value value_hex format", map_lookup },
	{ "map.pop", "map key key_hex format", map_pop },
	{ "map.update", "map key key_hex value value_hex values prog inner flags",
	  map_update },
	{ "map.delete", "map key key_hex", map_delete },
	{ "map.next_key", "map key key_hex", map_next },
	{ 0 },
};
