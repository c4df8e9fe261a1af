/* SPDX-License-Identifier: BSD-3-Clause */
/* request_map_entry.c - maps one entry at a time */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/entry.h"
#include "ctl/object.h"
#include "ctl/value.h"

struct entry {
	int handle;
	const struct map *map;
	u8 *key;
	u8 *value; /* all slots */
};

static void entry_free(struct entry *e)
{
	free(e->key);
	free(e->value);
}

/* The map that the request names, and room for one of its entries. */
static int entry_begin(struct request *rq, struct entry *e, struct err *err)
{
	e->handle = arg_object(rq, "map", &object_map, err);
	if (e->handle < 0)
		return e->handle;
	e->map = wclient_map(rq->bpf, e->handle);
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

/* Answers with an entry. */
static int read_entry(struct request *rq, int cmd, const char *what,
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
		res = entry_call(rq, cmd, e.handle, e.key, e.value, 0);
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
	return read_entry(rq, BPF_MAP_LOOKUP_ELEM, "lookup", err);
}

static int map_pop(struct request *rq, struct err *err)
{
	return read_entry(rq, BPF_MAP_LOOKUP_AND_DELETE_ELEM, "pop", err);
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
static int take_prog(struct request *rq, struct entry *e, const char **name,
		     struct err *err)
{
	int handle = arg_object(rq, "prog", &object_prog, err);
	const struct prog *prog;

	if (handle < 0)
		return handle;
	prog = wclient_prog(rq->bpf, handle);
	memcpy(e->value, &prog->id, sizeof(prog->id));
	*name = prog->full_name;
	return 0;
}

/* One of a map of maps as that map. */
static int take_inner(struct request *rq, struct entry *e, const char **name,
		      struct err *err)
{
	int handle = arg_object(rq, "inner", &object_map, err);
	const struct map *inner;

	if (handle < 0)
		return handle;
	inner = wclient_map(rq->bpf, handle);
	memcpy(e->value, &inner->id, sizeof(inner->id));
	*name = inner->name;
	return 0;
}

/* One of an xskmap as a queue; it has no number: its handle. */
static int take_queue(struct request *rq, struct entry *e, const char **name,
		      struct err *err)
{
	int handle = arg_object(rq, "queue", &object_queue, err);

	if (handle < 0)
		return handle;
	memcpy(e->value, &handle, sizeof(handle));
	*name = "queue";
	return 0;
}

static int take_value(struct request *rq, struct entry *e, const char **name,
		      struct err *err)
{
	(void)name;
	return arg_value(rq, e->map, e->value, err);
}

/* How an entry is given is the map's affair. */
static int update_entry(struct request *rq, struct entry *e, u64 flags,
			struct err *err)
{
	static const struct {
		const char *arg;
		const char *what, *one;
		int (*take)(struct request *rq, struct entry *e,
			    const char **name, struct err *err);
	} ways[] = {
		[HOLDS_VALUES] = { "value", "values", "value", take_value },
		[HOLDS_PROGS] = { "prog", "programs", "program", take_prog },
		[HOLDS_MAPS] = { "inner", "maps", "map", take_inner },
		[HOLDS_SOCKETS] = { "queue", "queues", "queue", take_queue },
	};
	enum map_holds holds = e->map->ops->holds;
	bool object = holds == HOLDS_PROGS || holds == HOLDS_MAPS ||
		      e->map->type == BPF_MAP_TYPE_XSKMAP;
	const char *name = NULL;
	int res;

	for (u32 i = HOLDS_PROGS; i <= HOLDS_SOCKETS; i++) {
		if ((i != holds || !object) && arg_has(rq, ways[i].arg))
			return err_fail(err, -EINVAL, "map %s holds no %s",
					e->map->name, ways[i].what);
	}
	if (!object)
		holds = HOLDS_VALUES;
	if (object && !arg_has(rq, ways[holds].arg)) {
		err_fail(err, -EINVAL, "map %s holds %s", e->map->name,
			 ways[holds].what);
		return err_hint(err,
				"name one: \"%s\": {\"id\": 7} or {\"pinned\": "
				"\"/one\"}",
				ways[holds].arg);
	}
	res = ways[holds].take(rq, e, &name, err);
	if (res)
		return res;
	res = entry_update(rq, e->handle, e->key, e->value, flags);
	if (res == -EINVAL && object && holds != HOLDS_SOCKETS)
		return no_fit(e->map, ways[holds].one, name, err);
	return res ? map_failed(e->map, "update", res, err) : 0;
}

int map_update(struct request *rq, struct err *err)
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
	res = entry_call(rq, BPF_MAP_DELETE_ELEM, e.handle, e.key, NULL, 0);
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
		res = entry_call(rq, BPF_MAP_GET_NEXT_KEY, e.handle,
				 first ? NULL : e.key, next, 0);
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
	{ "map.update",
	  "map key key_hex value value_hex values prog inner queue flags",
	  map_update },
	{ "map.delete", "map key key_hex", map_delete },
	{ "map.next_key", "map key key_hex", map_next },
	{ 0 },
};
