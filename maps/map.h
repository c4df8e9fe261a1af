/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.h - maps: what all families share
 *
 * A map is made from the attributes of BPF_MAP_CREATE, reached by its ops and
 * freed, after a grace period, when the last reference goes.  Errors are
 * Linux's, in Linux's order of checks.
 *
 * Two callers use a map.  A program, on an lcore, sees its slot's values and
 * gets pointers into the map (lookup, update, delete).  The control side sees
 * all slots at once and gets copies (read, write, erase, next_key).
 */
#ifndef WEIR_MAPS_MAP_H
#define WEIR_MAPS_MAP_H

#include <linux/bpf.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/types.h"
#include "mem/mem.h"
#include "mem/rcu.h"

struct map;
struct map_fields;
struct timer;
struct timers;
struct prog;
struct btf_blob;

/* As in union bpf_attr's MAP_CREATE part. */
struct map_attr {
	u32 type;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 flags;
	u32 numa_node;
	u64 extra;
	char name[BPF_OBJ_NAME_LEN];
	struct btf_blob *btf; /* may be NULL; the map takes a reference */
	u32 btf_key;	      /* type ids in btf, 0: none */
	u32 btf_value;
	/* Of a map of maps: what the maps in it are like, only looked at; NULL:
	 * there is none, and inner_err says why if a number was given. */
	struct map *inner;
	int inner_err;
};

/* What maps call upwards: programs in prog arrays (architecture, Layout).
 * The owner of a map_env keeps it alive as long as any map made from it. */
struct prog_ref_ops {
	void (*get)(struct prog *prog);
	void (*put)(struct prog *prog);
	u32 (*id)(const struct prog *prog);
	/* All that programs of one array must agree in (type, attach type,
	 * flags), folded into a number that is not 0; the attach type is its
	 * low 32 bits. */
	u64 (*kind)(const struct prog *prog);
	/* An XDP program with this expected attach type? */
	bool (*is_xdp_for)(const struct prog *prog, u32 attach_type);
};

/* What the entries of a map are. */
enum map_holds {
	HOLDS_VALUES,
	/* objects, where Linux takes descriptors */
	HOLDS_PROGS,
	HOLDS_MAPS,
	HOLDS_SOCKETS, /* of which there are none */
	HOLDS_EVENTS, /* put there by readers (perf_event_array.h) */
	/* values that may name a program (map_link()) */
	HOLDS_LINKED,
};

struct map_env {
	struct mem *mem;
	const struct prog_ref_ops *progs;
	struct timers *timers; /* timer.h; NULL: there are none */
	/* Ports are numbered from 1; 0: nobody said, every number names one. */
	_Atomic u32 ports;
};

/* A key and a value of map_value_bytes(), copies.  Non-zero stops. */
typedef int map_visit(void *arg, const void *key, const void *value);

/* A key and a value as a program sees them, in place.  False stops. */
typedef bool map_reach(void *arg, const void *key, void *value);

/* What compiled programs have in them of a map: the constants that its header
 * for inlining (array_fast.h ...) goes by. */
struct map_fast {
	u16 off;    /* from struct map */
	u16 words;  /* of 8 bytes */
	u32 moving; /* a bit each: addresses and random numbers, which the next
		       map of the same attributes has others of */
};
#define MAP_FAST_WORDS 16 /* at most */

struct map_ops {
	const char *name; /* as bpftool prints it: "hash", "percpu_array" */

	/* Linux's checks of the attributes; nothing is allocated. */
	int (*check)(const struct map_attr *attr, struct err *err);
	/* Allocates *map (embedding it) and its memory; what struct map holds
	 * itself is zero and filled in by the caller, but for max_entries if
	 * the family rounds it, and flags that it adds. */
	int (*create)(const struct map_env *env, const struct map_attr *attr,
		      struct map **map);
	/* No reader is left. */
	void (*destroy)(struct map *map);

	/* for programs */
	void *(*lookup)(struct map *map, const void *key);
	int (*update)(struct map *map, const void *key, const void *value,
		      u64 flags);
	int (*delete)(struct map *map, const void *key);

	/* lookup() of n keys, together faster than one by one; NULL: not in
	 * this family. */
	void (*lookup_burst)(struct map *map, const void *const *keys, u32 n,
			     void **values);

	/* for control; value is map_value_bytes() long */
	int (*read)(struct map *map, const void *key, void *value, u64 flags);
	int (*write)(struct map *map, const void *key, const void *value,
		     u64 flags);
	int (*erase)(struct map *map, const void *key);
	/* key NULL or gone: the first.  -ENOENT after the last. */
	int (*next_key)(struct map *map, const void *key, void *next);

	/* Maps whose entries are objects.  read() gives the object's id and
	 * write() is -EOPNOTSUPP: the control side resolves numbers itself.
	 * check_write() is what Linux refuses before it looks for the object, NULL:
	 * nothing; write_object() takes the object and a reference to it. */
	enum map_holds holds;
	int (*check_write)(const struct map *map, const void *key, u64 flags);
	int (*write_object)(struct map *map, const void *key, void *object,
			    u64 flags);

	/* HOLDS_LINKED: write() with the program that the value names; NULL:
	 * it names none, or none that is there.  read() gives its id. */
	int (*write_linked)(struct map *map, const void *key, const void *value,
			    struct prog *prog, u64 flags);

	/* Maps that programs are in: one that uses the map is loaded.  -EINVAL:
	 * it must not.  NULL: any may. */
	int (*adopt)(struct map *map, const struct prog *prog);

	/* Maps without keys, for programs; NULL: not in this family.  Of a set
	 * peek() asks for the value, of others it fills it in. */
	int (*push)(struct map *map, const void *value, u64 flags);
	int (*pop)(struct map *map, void *value);
	int (*peek)(struct map *map, void *value);
	/* For programs: fn gets every element that stays present throughout,
	 * once, and may change the map.  Returns how many it got.  NULL: not in
	 * this family. */
	u32 (*for_each)(struct map *map, map_reach *fn, void *arg);
	/* Per-CPU families, for programs: the value of another slot. */
	void *(*lookup_slot)(struct map *map, const void *key, u32 slot);
	/* read() and erase() at once, for control; NULL: not in this family. */
	int (*take)(struct map *map, const void *key, void *value, u64 flags);

	/* What Linux checks of the types besides their sizes; NULL: that the key
	 * has one.  attr->btf and attr->btf_value are there. */
	int (*check_btf)(const struct map_attr *attr, struct err *err);
	/* May the map be in a map of maps that wants one like `like`, which is
	 * of its type?  NULL: when sizes and flags agree. */
	bool (*alike)(const struct map *map, const struct map *like);

	/* each() in pieces, for long dumps: from *cursor (0: the start) on, until
	 * at least n elements were seen; *cursor says where to go on.  Every
	 * element that stays present throughout is seen once.  -ENOENT: that
	 * was the last of them; else fn's first non-zero return, or 0.
	 * NULL: next_key() and read() serve (arrays). */
	int (*scan)(struct map *map, u64 *cursor, u32 n, map_visit *fn,
		    void *arg);
	/* The last user reference has gone, programs may still run on it: drop
	 * what keeps other objects alive.  NULL: nothing. */
	void (*forget)(struct map *map);
	/* NULL: compiled programs call lookup() */
	const struct map_fast *fast;
	/* map_memory_fd(); NULL: -1 */
	int (*memory_fd)(const struct map *map);
	/* elements in use now */
	u64 (*count)(const struct map *map);
	/* memory charged to the budget now */
	u64 (*bytes)(const struct map *map);
};

struct map {
	const struct map_ops *ops;

	/* constant after creation */
	u32 type;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 flags;
	u64 extra;
	u32 slots;
	u32 id; /* given by sys before anyone else sees the map, 0: none */
	char name[BPF_OBJ_NAME_LEN];
	struct btf_blob *btf;
	u32 btf_key;
	u32 btf_value;
	const struct map_env *env;
	/* what values hold besides data; NULL: nothing */
	const struct map_fields *fields;
	/* Of a map of maps: what the maps in it are like.  Has ops, type, sizes,
	 * max_entries, flags and fields, and no values.  NULL: it is none. */
	const struct map *inner;

	struct timer *timers; /* its values'; timer.c's */
	atomic_bool frozen; /* control side may no longer write */
	atomic_uint writers; /* who has its memory mapped to write; sys's */
	atomic_uint users; /* handles, pins, objects */
	atomic_uint refs;  /* these and programs */
	struct rcu_head free_head;

	/* Set by sys before anyone else sees the map, may be NULL: the last
	 * reference has gone and map_try_get() fails from now on. */
	void (*gone)(struct map *map, void *arg);
	void *gone_arg;
};

/*
 * Two kinds of reference.  A user's (handle, pin, object, request) keeps the
 * map and its entries.  A program's keeps the map alone: when the last user
 * has gone a prog array is emptied, so that programs that jump through an array
 * which holds them do not keep each other for ever.  (Linux does the same.)
 */

/* One user reference, the caller's.  err says which attribute and why. */
int map_create(const struct map_env *env, const struct map_attr *attr,
	       struct err *err, struct map **out);
struct map *map_get(struct map *map);
/* From an id table: NULL if the last reference has gone already. */
struct map *map_try_get(struct map *map);
/* Usable anywhere; the map is freed after a grace period. */
void map_put(struct map *map);

/* A program's reference.  The caller has one of either kind. */
struct map *map_hold(struct map *map);
void map_release(struct map *map);

/* Memory the map has charged to the budget. */
u64 map_bytes(const struct map *map);

/* Calls fn once for every element that stays present throughout.  Stops at
 * fn's first non-zero return and returns it. */
int map_each(struct map *map, map_visit *fn, void *arg);

/* Bytes the control side passes for a value: per-CPU families have
 * round_up(value_size, 8) for each slot. */
u64 map_value_bytes(const struct map *map);
bool map_is_percpu(const struct map *map);

/* The number of the program that a value of a map of HOLDS_LINKED names, 0:
 * none. */
u32 map_link(const struct map *map, const void *value);
/* Does the value have a bpf_spin_lock?  Then BPF_F_LOCK may be asked for. */
bool map_has_lock(const struct map *map);
bool map_has_timer(const struct map *map);
/* What is behind the map if it can be mapped as Linux's mmap() of it shows it
 * (BPF_F_MMAPABLE): a descriptor that stays the map's, or -1. */
int map_memory_fd(const struct map *map);

/* The name bpftool has for a type number, or NULL; and back, 0 if none. */
const char *map_type_name(u32 type);
u32 map_type_parse(const char *name);

/* The ops of a type number, NULL if Weir lacks it (types.c). */
const struct map_ops *map_type_ops(u32 type);

#endif
