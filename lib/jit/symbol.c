/* SPDX-License-Identifier: BSD-3-Clause */
/* symbol.c - what the names in a compiled object stand for */
#include "jit/symbol.h"

#include <string.h>

#include "helper/helper.h"
#include "maps/htab_write.h"
#include "maps/prog_array.h"
#include "maps/redirect.h"
#include "prog/ctx.h"
#include "prog/skb_load.h"

/* ---- functions that compiled code calls ---- */

/* Negative: outside of the packet. */
static s64 load_from_skb(struct run *run, s32 off, u32 size)
{
	u64 value;

	return skb_load(run->pkt, off, size, &value) ? (s64)value : -1;
}

/* Where a tail call goes, counted; NULL: nowhere.  Only slots that hold a
 * program count towards the limit. */
static const struct prog *tail_target(struct run *run, const struct map *map,
				      u64 index)
{
	const struct prog *prog;

	if (run->tail_calls >= BPF_MAX_TAIL_CALLS)
		return NULL;
	prog = prog_array_at(map, (u32)index);
	if (prog)
		run->tail_calls++;
	return prog;
}

static u32 thread_slot(void)
{
	return lcore_slot;
}

struct function {
	const char *name;
	void *at;
};

#define FUNCTION(name, fn)                    \
	{                                     \
		name, (void *)(uintptr_t)(fn) \
	}

static const struct function functions[] = {
	FUNCTION("jit.skb_load", load_from_skb),
	FUNCTION("devmap_hash_at", devmap_hash_at),
	FUNCTION("fields_new_value", fields_new_value),
	FUNCTION("htab_copy_value", htab_copy_value),
	FUNCTION("htab_fill_percpu", htab_fill_percpu),
	FUNCTION("htab_put_slowly", htab_put_slowly),
	FUNCTION("lru_has_room", lru_has_room),
	FUNCTION("pool_drop", pool_drop),
	FUNCTION("pool_retire_slowly", pool_retire_slowly),
	FUNCTION("pool_swap_slowly", pool_swap_slowly),
	FUNCTION("sched_yield", sched_yield),
	FUNCTION("spares_ready", spares_ready),
	FUNCTION("spares_stamp_youngest", spares_stamp_youngest),
	FUNCTION("thread_slot", thread_slot),
	FUNCTION("timer_drop", timer_drop),
	FUNCTION("jit.tail_target", tail_target),
	FUNCTION("memcpy", memcpy),
	FUNCTION("memmove", memmove),
	FUNCTION("memset", memset),
	FUNCTION("memcmp", memcmp),
	FUNCTION("bcmp", memcmp),
};

static bool function(const char *name, u64 *value)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		if (strcmp(name, functions[i].name) != 0)
			continue;
		*value = (u64)(uintptr_t)functions[i].at;
		return true;
	}
	return false;
}

/* ---- what belongs to the program ---- */

static bool helper(const struct helper *h, u64 *value)
{
	if (!h || !h->fn)
		return false;
	*value = (u64)(uintptr_t)h->fn;
	return true;
}

static bool map(const struct prog *prog, u32 index, u64 *value)
{
	if (index >= prog->map_cnt)
		return false;
	*value = (u64)(uintptr_t)prog->maps[index];
	return true;
}

/* One of the map's constants. */
static bool map_word(const struct prog *prog, u32 index, u32 i, u64 *value)
{
	const struct map_fast *fast;

	if (index >= prog->map_cnt)
		return false;
	fast = prog->maps[index]->ops->fast;
	if (!fast || i >= fast->words)
		return false;
	memcpy(value, (const u8 *)prog->maps[index] + fast->off + 8 * i, 8);
	return true;
}

/* A function of the map's. */
static bool map_op(const struct prog *prog, u32 index, size_t op, u64 *value)
{
	if (index >= prog->map_cnt)
		return false;
	memcpy(value, (const u8 *)prog->maps[index]->ops + op, sizeof(*value));
	return *value;
}

static bool map_value(const struct prog *prog, u32 index, u64 *value)
{
	struct map *m;
	u32 key = 0;

	if (index >= prog->map_cnt)
		return false;
	m = prog->maps[index];
	if (m->type != BPF_MAP_TYPE_ARRAY || m->max_entries != 1)
		return false;
	*value = (u64)(uintptr_t)m->ops->lookup(m, &key);
	return *value;
}

static bool read_of(const struct prog *prog, u32 off, u32 size, u64 *value)
{
	const struct ctx_field *f =
		ctx_find(prog->type, prog->expected_attach_type, off, size,
			 false);

	if (!f || !f->read)
		return false;
	*value = (u64)(uintptr_t)f->read;
	return true;
}

static bool write_of(const struct prog *prog, u32 off, u32 size, u64 *value)
{
	const struct ctx_field *f =
		ctx_find(prog->type, prog->expected_attach_type, off, size,
			 true);

	if (!f || !f->write)
		return false;
	*value = (u64)(uintptr_t)f->write;
	return true;
}

/* PREFIX and numbers: how many. */
static int numbers(const char *name, const char *prefix, u32 *a, u32 *b)
{
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) != 0)
		return 0;
	return sscanf(name + len, ".%u.%u", a, b);
}

bool jit_symbol(void *arg, const char *name, u64 *value)
{
	const struct prog *prog = arg;
	u32 a, b;

	if (numbers(name, "helper", &a, &b) == 1)
		return helper(helper_find(a), value);
	if (numbers(name, "kfunc", &a, &b) == 1)
		return helper(helper_kfunc(a), value);
	if (numbers(name, "map", &a, &b) == 1)
		return map(prog, a, value);
	if (numbers(name, "value", &a, &b) == 1)
		return map_value(prog, a, value);
	if (numbers(name, "word", &a, &b) == 2)
		return map_word(prog, a, b, value);
	if (numbers(name, "update", &a, &b) == 1)
		return map_op(prog, a, offsetof(struct map_ops, update), value);
	if (numbers(name, "delete", &a, &b) == 1)
		return map_op(prog, a, offsetof(struct map_ops, delete), value);
	if (numbers(name, "lookup", &a, &b) == 1)
		return map_op(prog, a, offsetof(struct map_ops, lookup), value);
	if (numbers(name, "ctx.read", &a, &b) == 2)
		return read_of(prog, a, b, value);
	if (numbers(name, "ctx.write", &a, &b) == 2)
		return write_of(prog, a, b, value);
	return function(name, value);
}
