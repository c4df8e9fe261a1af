/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.c - maps that are known when a program is compiled
 *
 * What is constant of one is a constant of the module: numbers as they are,
 * what the next such map has others of as symbols, so that the object fits
 * both.
 */
#include "jit/ir.h"

/* Functions in inline.c. */
struct lookup {
	u32 type;
	const char *function;
	const char *peek; /* which leaves no trace */
	const char *fetch;
};

static const struct lookup lookups[] = {
	{ BPF_MAP_TYPE_ARRAY, "array_lookup", "array_lookup", "array_fetch" },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array_lookup",
	  "percpu_array_lookup", "percpu_array_fetch" },
	{ BPF_MAP_TYPE_HASH, "hash_lookup", "hash_lookup", "hash_fetch" },
	{ BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash_lookup", "percpu_hash_lookup",
	  "hash_fetch" },
	{ BPF_MAP_TYPE_LRU_HASH, "lru_hash_lookup", "hash_lookup",
	  "hash_fetch" },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru_percpu_hash_lookup",
	  "percpu_hash_lookup", "hash_fetch" },
};

struct writer {
	u32 type;
	const char *update;
	const char *delete;
};

static const struct writer writers[] = {
	{ BPF_MAP_TYPE_ARRAY, "array_update", NULL },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array_update", NULL },
	{ BPF_MAP_TYPE_HASH, "hash_update", "hash_delete" },
	{ BPF_MAP_TYPE_LRU_HASH, "hash_update", "hash_delete" },
	{ BPF_MAP_TYPE_PERCPU_HASH, NULL, "hash_delete" },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, NULL, "hash_delete" },
};

static LLVMValueRef word(struct ir *ir, u32 map, u32 i)
{
	const struct jit_map *m = &ir->job->maps[map];
	char name[32];

	if (!(m->moving & 1u << i) || !m->fast[i])
		return ir_const(ir, 8, m->fast[i]);
	snprintf(name, sizeof(name), "word.%u.%u", map, i);
	return LLVMConstPtrToInt(ir_symbol(ir, name), ir->i64);
}

/* The map's constants. */
static LLVMValueRef constants(struct ir *ir, u32 map)
{
	u32 words = ir->job->maps[map].words;
	LLVMValueRef all[MAP_FAST_WORDS], global;
	char name[32];

	snprintf(name, sizeof(name), "constants.%u", map);
	global = LLVMGetNamedGlobal(ir->mod, name);
	if (global)
		return global;
	for (u32 i = 0; i < words; i++)
		all[i] = word(ir, map, i);
	global = LLVMAddGlobal(ir->mod, LLVMArrayType2(ir->i64, words), name);
	LLVMSetInitializer(global, LLVMConstArray2(ir->i64, all, words));
	LLVMSetLinkage(global, LLVMInternalLinkage);
	LLVMSetGlobalConstant(global, true);
	LLVMSetAlignment(global, 8);
	return global;
}

/* The map in r1, if it is known. */
static bool known_map(const struct fn *f, u32 reg, u32 *map)
{
	return flow_map(&f->flow, f->at, reg, map) &&
	       *map < f->ir->job->map_cnt;
}

static LLVMValueRef call(struct fn *f, const char *name, LLVMValueRef *args,
			 u32 cnt)
{
	LLVMValueRef fn = LLVMGetNamedFunction(f->ir->mod, name);

	return LLVMBuildCall2(f->ir->b, LLVMGlobalGetValueType(fn), fn, args,
			      cnt, "");
}

/* Bytes that the map's own functions read through the register. */
static u32 read_through(const struct jit_map *m, u32 reg)
{
	switch (reg) {
	case BPF_REG_2: return m->key_size;
	case BPF_REG_3: return m->value_size;
	default: return 0;
	}
}

/* What is in the frame is passed as a copy: a frame whose address nobody gets
 * stays in registers. */
static LLVMValueRef argument(struct fn *f, const struct jit_map *m, u32 reg)
{
	u32 size = read_through(m, reg);
	LLVMValueRef copy;
	s32 off;

	if (!size || !f->stack || !flow_place(&f->flow, f->at, reg, &off) ||
	    off > -(s64)size)
		return fn_get(f, reg);
	copy = fn_variable(f, LLVMArrayType2(f->ir->i8, size));
	LLVMSetAlignment(copy, 8);
	LLVMBuildMemCpy(f->ir->b, copy, 8, fn_address(f, reg, 0), 1,
			ir_const(f->ir, 8, size));
	return LLVMBuildPtrToInt(f->ir->b, copy, f->ir->i64, "");
}

/* The map's own function. */
static LLVMValueRef call_own(struct fn *f, const char *what, u32 map,
			     LLVMTypeRef result, u32 cnt)
{
	LLVMTypeRef types[] = { f->ir->ptr, f->ir->i64, f->ir->i64,
				f->ir->i64 };
	LLVMTypeRef type = LLVMFunctionType(result, types, cnt, false);
	LLVMValueRef args[4];
	char name[32];

	snprintf(name, sizeof(name), "map.%u", map);
	args[0] = ir_symbol(f->ir, name);
	for (u32 i = 1; i < cnt; i++)
		args[i] = argument(f, &f->ir->job->maps[map], BPF_REG_1 + i);
	snprintf(name, sizeof(name), "%s.%u", what, map);
	return LLVMBuildCall2(f->ir->b, type, ir_callee(f->ir, name, type),
			      args, cnt, "");
}

static const struct lookup *inlined_lookup(const struct jit_map *map)
{
	for (size_t i = 0; map->words && i < ARRAY_LEN(lookups); i++)
		if (lookups[i].type == map->type)
			return &lookups[i];
	return NULL;
}

/* With what all of them take, and one argument more or NULL. */
static LLVMValueRef call_lookup(struct fn *f, const char *function, u32 map,
				LLVMValueRef more)
{
	LLVMValueRef args[] = { constants(f->ir, map),
				fn_address(f, BPF_REG_2, 0), f->run, more };

	return call(f, function, args, more ? 4 : 3);
}

LLVMValueRef ir_map_lookup(struct fn *f)
{
	const struct lookup *known;
	LLVMValueRef v;
	u32 map;

	if (!known_map(f, BPF_REG_1, &map))
		return NULL;
	known = inlined_lookup(&f->ir->job->maps[map]);
	if (!known)
		return call_own(f, "lookup", map, f->ir->i64, 2);
	v = call_lookup(f, known->function, map, NULL);
	return LLVMBuildPtrToInt(f->ir->b, v, f->ir->i64, "");
}

/* Of a lookup that can be inlined; NULL: it cannot. */
static const struct lookup *lookup_at(const struct fn *f, u32 *map)
{
	return known_map(f, BPF_REG_1, map)
		       ? inlined_lookup(&f->ir->job->maps[*map])
		       : NULL;
}

bool ir_map_can_peek(const struct fn *f)
{
	u32 map;

	return lookup_at(f, &map);
}

bool ir_map_is_large(const struct fn *f)
{
	u32 map;

	return lookup_at(f, &map) && f->ir->job->maps[map].large;
}

LLVMValueRef ir_map_peek(struct fn *f)
{
	u32 map;
	const struct lookup *known = lookup_at(f, &map);

	return LLVMBuildPtrToInt(f->ir->b,
				 call_lookup(f, known->peek, map, NULL),
				 f->ir->i64, "");
}

void ir_map_fetch(struct fn *f, LLVMValueRef fetch)
{
	u32 map;
	const struct lookup *known = lookup_at(f, &map);

	call_lookup(f, known->fetch, map, fetch);
}

LLVMValueRef ir_tail_target(struct fn *f)
{
	const struct jit_map *m;
	LLVMValueRef args[4];
	u32 map;

	if (!known_map(f, BPF_REG_2, &map))
		return NULL;
	m = &f->ir->job->maps[map];
	if (m->type != BPF_MAP_TYPE_PROG_ARRAY || !m->words)
		return NULL;
	args[0] = constants(f->ir, map);
	args[1] = ir_const(f->ir, 4, m->max_entries);
	args[2] =
		LLVMBuildTrunc(f->ir->b, fn_get(f, BPF_REG_3), f->ir->i32, "");
	args[3] = f->run;
	return call(f, "tail_target", args, 4);
}

static const char *inlined_write(const struct jit_map *map, bool delete)
{
	for (size_t i = 0; map->words && i < ARRAY_LEN(writers); i++)
		if (writers[i].type == map->type && map->plain)
			return delete ? writers[i].delete : writers[i].update;
	return NULL;
}

static LLVMValueRef pointer(struct fn *f, const struct jit_map *m, u32 reg)
{
	return LLVMBuildIntToPtr(f->ir->b, argument(f, m, reg), f->ir->ptr, "");
}

static LLVMValueRef call_write(struct fn *f, const char *function, u32 map,
			       bool delete)
{
	const struct jit_map *m = &f->ir->job->maps[map];
	char name[32];
	LLVMValueRef args[] = {
		constants(f->ir, map),
		pointer(f, m, BPF_REG_2),
		f->run,
		delete ? LLVMConstNull(f->ir->ptr) : pointer(f, m, BPF_REG_3),
		delete ? ir_const(f->ir, 8, 0) : fn_get(f, BPF_REG_4),
		ir_const(f->ir, 4, m->value_size),
		NULL,
	};

	snprintf(name, sizeof(name), "map.%u", map);
	args[6] = ir_symbol(f->ir, name);
	return call(f, function, args, ARRAY_LEN(args));
}

/* They return int. */
static LLVMValueRef write_known(struct fn *f, bool delete)
{
	const char *function;
	LLVMValueRef v;
	u32 map;

	if (!known_map(f, BPF_REG_1, &map))
		return NULL;
	function = inlined_write(&f->ir->job->maps[map], delete);
	if (function)
		v = call_write(f, function, map, delete);
	else
		v = call_own(f, delete ? "delete" : "update", map, f->ir->i32,
			     delete ? 2 : 4);
	return LLVMBuildSExt(f->ir->b, v, f->ir->i64, "");
}

LLVMValueRef ir_map_update(struct fn *f)
{
	return write_known(f, false);
}

LLVMValueRef ir_map_delete(struct fn *f)
{
	return write_known(f, true);
}
