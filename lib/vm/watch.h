/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.h - a run in checked mode, looked at before each operation */
#ifndef WEIR_VM_WATCH_H
#define WEIR_VM_WATCH_H

#include "prog/prog.h"

struct machine;

struct vm_watch {
	/* False: the run stops here. */
	bool (*step)(struct vm_watch *watch, const struct machine *m, u32 insn);
};

/* As prog_run() of a program prepared for VM_CHECKED. */
u64 vm_run_watched(const struct prog *prog, struct run *run,
		   struct vm_watch *watch);

#endif
