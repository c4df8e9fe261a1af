/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loaded.h - objects that clients loaded, held until a client unloads them
 *
 * Holding one keeps its maps and programs; what is attached or pinned stays
 * after it is gone, as on Linux.
 */
#ifndef WEIR_CTL_LOADED_H
#define WEIR_CTL_LOADED_H

#include "elf/elf_obj.h"
#include "sys/sys.h"

struct loaded {
	struct loaded *next;
	u32 id;
	struct elf_obj *obj;
	struct sys_obj *so;
};

/* How the object file wants the program run, or NULL if none here has it. */
const struct elf_prog *loaded_elf_prog(const struct loaded *list,
				       const struct prog *prog);
void loaded_free(struct loaded *l);

#endif
