/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_families.c - map families with rules of their own, through bpf(2) and
 * wbpf(): fields in values, maps of maps, maps without keys, of sockets, of
 * groups, of stacks
 */
#include <errno.h>
#include <string.h>

#include "btf_make.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))

/* One of each, that both sides can make. */
static const struct {
	u32 type, key, value, entries, flags;
} families[] = {
	{ BPF_MAP_TYPE_HASH, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_STACK_TRACE, 4, 16, 3, 0 },
	{ BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 2, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 64, 0 },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, 8, 2, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 4, 2, 0 },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0 },
	{ BPF_MAP_TYPE_STACK, 0, 8, 2, 0 },
	{ BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 2, 0 },
};

static const u64 flags[] = {
	BPF_ANY,    BPF_NOEXIST,
	BPF_EXIST,  3,
	BPF_F_LOCK, BPF_F_LOCK | BPF_EXIST,
	8,	    BPF_F_LOCK | BPF_NOEXIST,
	1ull << 32,
};

static int entry(struct side *s, int cmd, int map, const void *key,
		 const void *value, u64 flag)
{
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = PTR(key),
				.value = PTR(value),
				.flags = flag };

	return side_call(s, cmd, &attr);
}

static int erase(struct side *s, int map, const void *key)
{
	return entry(s, BPF_MAP_DELETE_ELEM, map, key, NULL, 0);
}

/* ---- every operation on every family ---- */

static void operations_with(struct side *s, int map, u32 key, u64 flag)
{
	u64 keys[2] = { key, key }, value[64] = { 7 };
	u64 zero = 1000;

	say(s, "key %u flags %llx\n", key, (unsigned long long)flag);
	memcpy(value, &zero, sizeof(zero)); /* as a handle: there is none */
	say(s, "%d", entry(s, BPF_MAP_UPDATE_ELEM, map, keys, value, flag));
	say(s, " %d", entry(s, BPF_MAP_LOOKUP_ELEM, map, keys, value, flag));
	say(s, " %d", entry(s, BPF_MAP_GET_NEXT_KEY, map, keys, value, 0));
	say(s, " %d",
	    entry(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, keys, value, flag));
	say(s, " %d\n", erase(s, map, keys));
}

static void operations(struct side *s)
{
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		int map = side_map(s, families[f].type, families[f].key,
				   families[f].value, families[f].entries,
				   families[f].flags);

		say(s, "type %u\n", families[f].type);
		for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
			for (u32 key = 0; key < 5; key++)
				operations_with(s, map, key, flags[i]);
		}
		side_close(s, map);
	}
}

/* Maps without keys take none, and the others do not do without. */
static void keys(struct side *s)
{
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		int map = side_map(s, families[f].type, families[f].key,
				   families[f].value, families[f].entries,
				   families[f].flags);
		u64 value[64] = { 1000 }, key = 0;
		const void *given[] = { NULL, &key, (void *)8ul };

		for (size_t k = 0; k < ARRAY_LEN(given); k++) {
			say(s, "type %u key %zu:", families[f].type, k);
			say(s, " %d",
			    entry(s, BPF_MAP_UPDATE_ELEM, map, given[k], value,
				  0));
			say(s, " %d",
			    entry(s, BPF_MAP_LOOKUP_ELEM, map, given[k], value,
				  0));
			say(s, " %d",
			    entry(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, map,
				  given[k], value, 0));
			say(s, " %d",
			    entry(s, BPF_MAP_LOOKUP_ELEM, map, given[k],
				  (void *)8ul, 0));
			say(s, " %d\n", erase(s, map, given[k]));
		}
		side_close(s, map);
	}
}

/* Flags that limit the first handle, and programs. */
static void access(struct side *s)
{
	static const u32 limits[] = {
		BPF_F_RDONLY,
		BPF_F_WRONLY,
		BPF_F_RDONLY | BPF_F_WRONLY,
		BPF_F_RDONLY_PROG,
		BPF_F_WRONLY_PROG,
		BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
	};

	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
			union bpf_attr attr = {
				.map_type = families[f].type,
				.key_size = families[f].key,
				.value_size = families[f].value,
				.max_entries = families[f].entries,
				.map_flags = families[f].flags | limits[i],
			};
			int map = side_call(s, BPF_MAP_CREATE, &attr);

			say(s, "type %u flags %x: %d\n", families[f].type,
			    attr.map_flags, map < 0 ? map : 0);
			if (map >= 0)
				operations_with(s, map, 1, 0);
			side_close(s, map);
		}
	}
}

/* ---- fields in values ---- */

enum { NOTHING, LOCK, TIMER, BOTH, WORK, REFCOUNT, HIGH_LOCK, SHAPES };

#define VALUE 48

static void add_field(u32 *vlen, u32 members[][2], u32 type, u32 at)
{
	members[*vlen][0] = type;
	members[(*vlen)++][1] = at;
}

/* A blob whose type 1 is a u32, and a struct of VALUE bytes of each shape. */
static int types(struct side *s, u32 ids[SHAPES])
{
	static struct btf_make m;
	union bpf_attr attr = { 0 };
	u32 word, u64_, lock, timer, work, count;

	make_init(&m);
	word = make_int(&m, "u32", 4, 0);
	u64_ = make_int(&m, "u64", 8, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	timer = make_type(&m, "bpf_timer", BTF_KIND_STRUCT, 2, 16);
	make_member(&m, "a", u64_, 0);
	make_member(&m, "b", u64_, 64);
	work = make_type(&m, "bpf_wq", BTF_KIND_STRUCT, 2, 16);
	make_member(&m, "a", u64_, 0);
	make_member(&m, "b", u64_, 64);
	count = make_type(&m, "bpf_refcount", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	for (u32 shape = 0; shape < SHAPES; shape++) {
		u32 members[4][2], n = 0;

		add_field(&n, members, u64_, 0);
		if (shape == LOCK || shape == BOTH)
			add_field(&n, members, lock, 12);
		if (shape == TIMER || shape == BOTH)
			add_field(&n, members, timer, 16);
		if (shape == WORK)
			add_field(&n, members, work, 16);
		if (shape == REFCOUNT)
			add_field(&n, members, count, 16);
		if (shape == HIGH_LOCK)
			add_field(&n, members, lock, 44);
		ids[shape] = make_type(&m, "value", BTF_KIND_STRUCT, n, VALUE);
		for (u32 i = 0; i < n; i++)
			make_member(&m, "m", members[i][0], members[i][1] * 8);
	}
	attr.btf_size = make_end(&m);
	attr.btf = PTR(m.out);
	return side_call(s, BPF_BTF_LOAD, &attr);
}

static int typed_map(struct side *s, u32 type, int btf, u32 value,
		     u32 map_flags)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = 4,
				.value_size = VALUE,
				.max_entries = 8,
				.map_flags = map_flags,
				.btf_fd = (u32)btf,
				.btf_key_type_id = 1,
				.btf_value_type_id = value };

	if (type == BPF_MAP_TYPE_SK_STORAGE) {
		attr.max_entries = 0;
		attr.map_flags |= BPF_F_NO_PREALLOC;
	}
	if (type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK ||
	    type == BPF_MAP_TYPE_BLOOM_FILTER)
		attr.key_size = attr.btf_key_type_id = 0;
	if (type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ||
	    type == BPF_MAP_TYPE_CGROUP_ARRAY ||
	    type == BPF_MAP_TYPE_PROG_ARRAY) {
		attr.value_size = 4;
		attr.btf_value_type_id = 1;
	}
	return side_call(s, BPF_MAP_CREATE, &attr);
}

/* Which families take which fields, and types at all. */
static void typed_maps(struct side *s)
{
	u32 ids[SHAPES], map_flags[] = { 0, BPF_F_RDONLY_PROG };
	int btf = types(s, ids);

	say(s, "types: %d\n", btf < 0 ? btf : 0);
	for (u32 type = 1; type <= BPF_MAP_TYPE_BLOOM_FILTER; type++) {
		bool known = type == BPF_MAP_TYPE_SK_STORAGE;

		for (size_t f = 0; f < ARRAY_LEN(families); f++)
			known = known || families[f].type == type;
		for (u32 shape = 0; known && shape < SHAPES; shape++) {
			for (u32 i = 0; i < 2; i++) {
				int map = typed_map(s, type, btf, ids[shape],
						    map_flags[i]);

				say(s, "type %u shape %u flags %x: %d\n", type,
				    shape, map_flags[i], map < 0 ? map : 0);
				side_close(s, map);
			}
		}
	}
	side_close(s, btf);
}

static void dump(struct side *s, const u8 *value)
{
	for (u32 i = 0; i < VALUE; i++)
		say(s, "%02x", value[i]);
	say(s, "\n");
}

/* What is read, of what was written, with and without the lock. */
static void locked_values_of(struct side *s, int map)
{
	u8 in[VALUE], out[VALUE];

	for (u32 round = 0; round < 3 * ARRAY_LEN(flags); round++) {
		u64 flag = flags[round % ARRAY_LEN(flags)];
		u32 key = round % 5 * 3;

		memset(in, 0x10 + (int)round, sizeof(in));
		memset(out, 0xee, sizeof(out));
		say(s, "key %u flags %llx: %d", key, (unsigned long long)flag,
		    entry(s, BPF_MAP_UPDATE_ELEM, map, &key, in, flag));
		say(s, " %d ",
		    entry(s, BPF_MAP_LOOKUP_ELEM, map, &key, out,
			  flag & BPF_F_LOCK));
		dump(s, out);
		if (round % 7 == 6) {
			say(s, "take: %d ",
			    entry(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, &key,
				  out, flag & BPF_F_LOCK));
			dump(s, out);
		}
	}
}

static void locked_values(struct side *s)
{
	static const u32 of[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
				  BPF_MAP_TYPE_LRU_HASH };
	u32 ids[SHAPES];
	int btf = types(s, ids);

	for (size_t t = 0; t < ARRAY_LEN(of); t++) {
		for (u32 shape = 0; shape < SHAPES; shape++) {
			int map = typed_map(s, of[t], btf, ids[shape], 0);
			const union bpf_attr alone = { .map_fd = (u32)map };

			if (map < 0)
				continue;
			say(s, "type %u shape %u\n", of[t], shape);
			say_call(s, "freeze", BPF_MAP_FREEZE, &alone);
			say_call(s, "freeze", BPF_MAP_FREEZE, &alone);
			if (shape != NOTHING)
				locked_values_of(s, map);
			side_close(s, map);
		}
	}
	side_close(s, btf);
}

/* ---- maps of maps ---- */

static int outer_map(struct side *s, u32 type, u32 key, u32 entries, int inner)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = key,
				.value_size = 4,
				.max_entries = entries,
				.inner_map_fd = (u32)inner };

	return side_call(s, BPF_MAP_CREATE, &attr);
}

static u32 id_of(struct side *s, int map)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (u32)map,
					  .info_len = sizeof(info),
					  .info = PTR(&info) } };

	side_call(s, BPF_OBJ_GET_INFO_BY_FD, &attr);
	return info.id;
}

static const u32 of_maps[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS,
			       BPF_MAP_TYPE_HASH_OF_MAPS };

/* What may be inside at all. */
static void templates(struct side *s)
{
	int prog = side_prog(s, BPF_XDP);

	for (size_t t = 0; t < ARRAY_LEN(of_maps); t++) {
		const int wrong[] = { -1, 1000, prog };
		int good = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), map;

		for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
			map = outer_map(s, of_maps[t], 4, 2, wrong[i]);
			say(s, "wrong %zu: %d\n", i, map < 0 ? map : 0);
			map = outer_map(s, of_maps[t], 4, 0, wrong[i]);
			say(s, "no entries: %d\n", map < 0 ? map : 0);
		}
		for (size_t f = 0; f < ARRAY_LEN(families); f++) {
			int inner =
				side_map(s, families[f].type, families[f].key,
					 families[f].value, families[f].entries,
					 families[f].flags);

			map = outer_map(s, of_maps[t], 4, 2, inner);
			say(s, "type %u in %u: %d\n", families[f].type,
			    of_maps[t], map < 0 ? map : 0);
			side_close(s, map);
			side_close(s, inner);
		}
		map = outer_map(s, of_maps[t], 4, 2, good);
		for (size_t o = 0; o < ARRAY_LEN(of_maps); o++) {
			int deep = outer_map(s, of_maps[o], 4, 2, map);

			say(s, "deep: %d\n", deep < 0 ? deep : 0);
		}
		side_close(s, map);
		side_close(s, good);
	}
	side_close(s, prog);
}

/* Which maps may be put into a map of others. */
static void likeness(struct side *s)
{
	static const struct {
		u32 type, key, value, entries, flags;
	} like[] = {
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 4, 2, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_INNER_MAP },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, BPF_F_INNER_MAP },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_RDONLY_PROG },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_RDONLY },
		{ BPF_MAP_TYPE_HASH, 4, 8, 2, 0 },
		{ BPF_MAP_TYPE_HASH, 4, 8, 3, 0 },
		{ BPF_MAP_TYPE_HASH, 8, 8, 3, 0 },
		{ BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 2, 0 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 3, 0 },
		{ BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0 },
		{ BPF_MAP_TYPE_QUEUE, 0, 8, 3, 0 },
	};
	u32 n = ARRAY_LEN(like), key = 0;

	for (u32 a = 0; a < n; a++) {
		int first =
			side_map(s, like[a].type, like[a].key, like[a].value,
				 like[a].entries, like[a].flags);
		int outer = outer_map(s, of_maps[a % 2], 4, 2, first);

		for (u32 b = 0; b < n; b++) {
			int other = side_map(s, like[b].type, like[b].key,
					     like[b].value, like[b].entries,
					     like[b].flags);

			say(s, "%u in a map of %u: %d\n", b, a,
			    entry(s, BPF_MAP_UPDATE_ELEM, outer, &key, &other,
				  0));
			side_close(s, other);
		}
		side_close(s, outer);
		side_close(s, first);
	}
}

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

#define INNER 5

/* Random operations; the fifth map does not fit, and some handles are wrong. */
static void inner_maps(struct side *s, u32 type, u64 seed)
{
	int maps[INNER], outer;
	u32 ids[INNER];

	for (u32 i = 0; i < INNER; i++) {
		maps[i] = side_map(s, BPF_MAP_TYPE_HASH, 4,
				   i == INNER - 1 ? 4 : 8, 4, 0);
		ids[i] = id_of(s, maps[i]);
	}
	outer = outer_map(s, type, 4, 6, maps[0]);
	for (u32 n = 0; n < 1500; n++) {
		u32 key = random_below(&seed, 9), which, value = 0, next = 0;
		u64 flag = random_below(&seed, 2)
				   ? 0
				   : flags[random_below(&seed, 9)];
		int handle, res;

		which = random_below(&seed, INNER + 1);
		handle = which < INNER ? maps[which] : 1000;
		switch (random_below(&seed, 5)) {
		case 0: say(s, "x%d\n", erase(s, outer, &key)); break;
		case 1:
			res = entry(s, BPF_MAP_LOOKUP_ELEM, outer, &key, &value,
				    flag);
			for (which = 0; !res && ids[which] != value; which++)
				;
			say(s, "r%d %u\n", res, res ? 0 : which);
			break;
		case 2:
			res = entry(s, BPF_MAP_GET_NEXT_KEY, outer, &key, &next,
				    0);
			if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
				say(s, "n%d %u\n", res, next);
			break;
		default:
			say(s, "w%d\n",
			    entry(s, BPF_MAP_UPDATE_ELEM, outer, &key, &handle,
				  flag));
		}
	}
	side_close(s, outer);
	for (u32 i = 0; i < INNER; i++)
		side_close(s, maps[i]);
}

static void arrays_of_maps(struct side *s)
{
	inner_maps(s, BPF_MAP_TYPE_ARRAY_OF_MAPS, 1);
	inner_maps(s, BPF_MAP_TYPE_ARRAY_OF_MAPS, 2);
}

static void hashes_of_maps(struct side *s)
{
	inner_maps(s, BPF_MAP_TYPE_HASH_OF_MAPS, 3);
	inner_maps(s, BPF_MAP_TYPE_HASH_OF_MAPS, 4);
}

/* ---- handles where Linux wants sockets and cgroups ---- */

static void wrong_objects(struct side *s)
{
	static const struct {
		u32 type, value;
	} of[] = { { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4 },
		   { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 8 },
		   { BPF_MAP_TYPE_CGROUP_ARRAY, 4 } };
	int array = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	const s64 values[] = { array, 1000, -1, 0, 1ll << 31, 1ll << 32 };

	for (size_t t = 0; t < ARRAY_LEN(of); t++) {
		int map = side_map(s, of[t].type, 4, of[t].value, 2, 0);

		for (u32 key = 0; key < 3; key++) {
			for (size_t i = 0; i < ARRAY_LEN(values); i++)
				say(s, "type %u key %u value %zu: %d\n",
				    of[t].type, key, i,
				    entry(s, BPF_MAP_UPDATE_ELEM, map, &key,
					  &values[i], 0));
		}
		side_close(s, map);
	}
	side_close(s, array);
}

static void storage(struct side *s)
{
	u32 ids[SHAPES];
	int btf = types(s, ids);
	int map = typed_map(s, BPF_MAP_TYPE_SK_STORAGE, btf, ids[NOTHING], 0);
	int array = side_map(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	const s32 keys[] = { array, 1000, -1, 0 };
	u8 value[VALUE] = { 0 };

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
			say(s, "key %zu flags %llx:", k,
			    (unsigned long long)flags[f]);
			say(s, " %d",
			    entry(s, BPF_MAP_UPDATE_ELEM, map, &keys[k], value,
				  flags[f]));
			say(s, " %d",
			    entry(s, BPF_MAP_LOOKUP_ELEM, map, &keys[k], value,
				  flags[f]));
			say(s, " %d\n", erase(s, map, &keys[k]));
		}
		say(s, "next: %d\n",
		    entry(s, BPF_MAP_GET_NEXT_KEY, map, &keys[k], value, 0));
	}
	side_close(s, array);
	side_close(s, map);
	side_close(s, btf);
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "operations", operations },
		{ "keys", keys },
		{ "access", access },
		{ "typed maps", typed_maps },
		{ "locked values", locked_values },
		{ "templates", templates },
		{ "likeness", likeness },
		{ "arrays of maps", arrays_of_maps },
		{ "hashes of maps", hashes_of_maps },
		{ "wrong objects", wrong_objects },
		{ "storage", storage },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
