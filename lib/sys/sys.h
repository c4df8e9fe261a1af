/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sys.h - the objects of one dataplane: ids, names, pins
 *
 * Everything that makes or finds maps and programs comes through here.  All
 * functions may be called from any control thread; none from an lcore.
 */
#ifndef WEIR_SYS_SYS_H
#define WEIR_SYS_SYS_H

#include "elf/elf_obj.h"
#include "maps/map.h"
#include "prog/prog.h"

struct net;

struct sys;
struct verify_log;

/* mem outlives sys. */
int sys_create(struct mem *mem, struct sys **out);
void sys_destroy(struct sys *sys);
struct mem *sys_mem(struct sys *sys);
/* What programs that are loaded from now on run on: the interpreter unless said
 * otherwise.  One that cannot be compiled is interpreted, with a warning. */
enum sys_engine { SYS_INTERP, SYS_JIT, SYS_ENGINES };
void sys_set_engine(struct sys *sys, enum sys_engine engine);
/* What LLVM made of a program, to read; to be freed (jit/dump.h). */
int sys_prog_llvm(const struct prog *prog, struct err *err, char **text);
/* perf is told of programs that are compiled; it outlives sys.  Before the
 * first program. */
struct jit_perf;
void sys_set_perf(struct sys *sys, struct jit_perf *perf);
/* Compiled programs come from that folder, and go there; the text stays the
 * caller's.  By the executable that is running, in a process of its own. */
void sys_set_code_cache(struct sys *sys, const char *folder);
/* "interp", "jit"; -EINVAL with the reason, also for one that this build has
 * not. */
int sys_engine_parse(const char *name, enum sys_engine *engine,
		     struct err *err);
/* The best of this build. */
enum sys_engine sys_engine_default(void);
/* There are ports 1 to n; devmaps take no others from now on. */
void sys_set_ports(struct sys *sys, u32 n);
/* What test runs and timers ask of the network, NULL: a loopback device alone.
 * Waits for one that is running; the net is no longer asked afterwards. */
void sys_set_net(struct sys *sys, const struct net *net);

/* Linux's BPF_MAP_CREATE and BPF_PROG_LOAD, with an id.  An object leaves the
 * id table when its last reference goes. */
int sys_map_create(struct sys *sys, const struct map_attr *attr,
		   struct err *err, struct map **out);
/* Verified first; log says how that went and may be NULL. */
int sys_prog_load(struct sys *sys, const struct prog_attr *attr,
		  const struct verify_log *log, struct err *err,
		  struct prog **out);

/* With a reference, or NULL. */
struct map *sys_map_by_id(struct sys *sys, u32 id);
struct prog *sys_prog_by_id(struct sys *sys, u32 id);
/* The smallest id greater than id, 0: none. */
u32 sys_next_map_id(struct sys *sys, u32 id);
u32 sys_next_prog_id(struct sys *sys, u32 id);

/* Pins: names that hold a reference.  -EEXIST, -ENOENT. */
int sys_pin_map(struct sys *sys, const char *path, struct map *map);
struct map *sys_pinned_map(struct sys *sys, const char *path);
int sys_unpin(struct sys *sys, const char *path);
/* object: a map, a program or a link */
int sys_each_pin(struct sys *sys,
		 int (*fn)(void *arg, const char *path, const void *object),
		 void *arg);

/* The control side's map operations with Linux's checks (frozen, flags).  A map
 * of programs or of maps is read as their ids. */
int sys_map_read(struct sys *sys, struct map *map, const void *key,
		 void *value, u64 flags);
int sys_map_write(struct sys *sys, struct map *map, const void *key,
		  const void *value, u64 flags);
/* Of a map that holds objects: takes the object itself. */
int sys_map_write_object(struct sys *sys, struct map *map, const void *key,
			 void *object, u64 flags);
/* Of a map whose values may name a program: takes it; NULL: there is none. */
int sys_map_write_linked(struct sys *sys, struct map *map, const void *key,
			 const void *value, struct prog *prog, u64 flags);
/* Reads an entry and removes it. */
int sys_map_take(struct sys *sys, struct map *map, const void *key, void *value,
		 u64 flags);
int sys_map_erase(struct sys *sys, struct map *map, const void *key);
int sys_map_freeze(struct sys *sys, struct map *map);
/* Somebody maps its memory to write, and until sys_map_shut() it is not frozen:
 * what Linux says to mmap(2). */
int sys_map_open(struct sys *sys, struct map *map);
void sys_map_shut(struct map *map);

/* ---- whole objects ---- */

/* An override of one map's attributes: "NAME.max_entries=N". */
struct sys_override {
	const char *map;
	const char *field; /* max_entries, key_size, value_size, map_flags,
			      numa_node, pinning */
	u64 value;
};

struct sys_load_opts {
	const struct sys_override *overrides;
	u32 override_cnt;
	/* Only this program and what its prog arrays name; NULL: all that
	 * autoload. */
	const char *only;
	/* Map of the object by name to take instead of making it; NULL or
	 * returns NULL: make it.  The result's reference goes to the object.
	 * One that does not match, overrides included, is refused with what
	 * sys_map_matches() says. */
	struct map *(*reuse)(void *arg, const struct elf_map *em);
	void *arg;
};

/* A loaded object: references to its maps and programs. */
struct sys_obj {
	u32 map_cnt;
	struct map **maps; /* as in the elf_obj; NULL: not created */
	u32 prog_cnt;
	struct prog **progs; /* as in the elf_obj; NULL: not loaded */
	struct rcu *rcu;
	struct rcu_head free_head;
};

/* All or nothing. */
int sys_load(struct sys *sys, const struct elf_obj *obj,
	     const struct sys_load_opts *opts, struct err *err,
	     struct sys_obj **out);
/* The references go after a grace period: a burst may still be on its way
 * through programs that were taken out of their hooks before, and jumps. */
void sys_obj_put(struct sys_obj *so);

/* "k=v" into an override; text is changed and must stay. */
int sys_override_parse(char *text, struct sys_override *out, struct err *err);

/* 0, or -EINVAL with every differing attribute, mine against theirs, in err. */
int sys_map_matches(const struct map *map, const struct map_attr *attr,
		    struct err *err);

#endif
