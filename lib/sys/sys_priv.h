/* SPDX-License-Identifier: BSD-3-Clause */
/* sys_priv.h - the objects of one dataplane; inside sys/ only */
#ifndef WEIR_SYS_SYS_PRIV_H
#define WEIR_SYS_SYS_PRIV_H

#include <pthread.h>

#include "base/vec.h"
#include "jit/jit.h"
#include "sys/attach.h"
#include "sys/id.h"
#include "sys/ref.h"
#include "sys/sys.h"
#include "sys/timers.h"

/* A name that holds a reference. */
struct pin {
	char *path;
	struct ref ref;
};

struct sys {
	struct mem *mem;
	struct map_env env;
	struct world world; /* of programs that run outside of lcores */
	struct timer_thread *timers;
	_Atomic(enum sys_engine) engine;
	struct jit_perf *perf;	/* NULL: nobody asked */
	struct jit_kept kept;	/* while an object is loaded */
	const char *code_cache; /* set before the first program; NULL: none */
	struct id_table maps;
	struct id_table progs;
	struct id_table btfs;
	struct id_table links;

	pthread_mutex_t pin_lock;
	VEC(struct pin) pins; /* by path */

	/* The hooks', NULL: there are none.  Read under the lock shared, set
	 * under it exclusive. */
	pthread_rwlock_t attach_lock;
	const struct attach_ops *attach;
	void *attach_arg;

	/* Shared by who writes to a map, exclusive to who freezes one. */
	pthread_rwlock_t freeze_lock;
	/* One object at a time: what is pinned by name is made once. */
	pthread_mutex_t load_lock;
};

/* A reference of the pin's own is taken.  As sys_pin_map(). */
int pin_add(struct sys *sys, const char *path, struct ref ref);
/* With a reference; REF_NONE: nothing is pinned so. */
struct ref pin_find(struct sys *sys, const char *path);
void pins_destroy(struct sys *sys);

/* attach.c: as the operations of the same names, with or without hooks */
bool attach_port(struct sys *sys, u32 ifindex, struct attach_port *port);
int attach_change(struct sys *sys, u32 ifindex, enum attach_hook hook,
		  attach_decide *decide, void *ctx,
		  struct attach_change *change);
int attach_change_of(struct sys *sys, u32 id, attach_decide *decide, void *ctx,
		     struct attach_change *change);

/* engine.c: the executable that compiles, this one */
const char *engine_compiler(void);

/* prog.c: what BPF_PROG_LOAD refuses before, and after, it has read the
 * instructions */
int sys_prog_check_size(const struct prog_attr *attr, struct err *err);
int sys_prog_check(const struct prog_attr *attr, struct err *err);

/* btf.c: BPF_BTF_LOAD's result gets a number. */
int sys_btf_add(struct sys *sys, struct btf_blob *btf);
/* It has none any more, as long as it may still live. */
void sys_btf_withdraw(struct sys *sys, struct btf_blob *btf);
void sys_btf_withdraw_all(struct sys *sys);
struct btf_blob *sys_btf_by_id(struct sys *sys, u32 id);
u32 sys_next_btf_id(struct sys *sys, u32 id);

/* ---- loading ---- */

struct load {
	struct sys *sys;
	const struct elf_obj *obj;
	const struct sys_load_opts *opts;
	struct err *err;
	struct sys_obj *so;
	bool *want_map;	 /* of the object's maps */
	bool *made_map;	 /* not found */
	bool *pin_map;	 /* to be pinned when all is loaded */
	bool *want_prog; /* of its programs */
	bool numbered;	 /* the object's BTF, by this load */
};

/* load_select.c: which programs; which maps */
int load_select(struct load *l);
/* The map of the object that an instruction names, or -1. */
s64 load_map_of(const struct bpf_insn *insn);

/* load_map.c: the maps with their contents; names for them */
int load_maps(struct load *l);
int load_pins(struct load *l);

/* load_prog.c: the programs */
int load_progs(struct load *l);
/* load_slot.c: then the entries of prog arrays and maps of maps */
int load_slots(struct load *l);

/* override.c: attributes of em with what the options override */
int load_attr(const struct load *l, const struct elf_map *em,
	      struct map_attr *attr, bool *pin_by_name);

/* Says where, in front of the place that is there. */
void load_place(const struct load *l, const char *what, const char *name);

#endif
