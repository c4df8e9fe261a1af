/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.h - what Weir has loaded of an object, loaded into the kernel too */
#ifndef WEIR_ORACLE_MIRROR_H
#define WEIR_ORACLE_MIRROR_H

#include "elf/elf_obj.h"
#include "oracle/replay.h"
#include "oracle/samples.h"
#include "sys/sys.h"

/* Indices are those of the elf_obj; a file descriptor of -1: not there. */
struct mirror {
	const struct elf_obj *obj; /* Weir's reading of the file */
	const struct sys_obj *so;
	struct elf_obj *kobj; /* the kernel's */
	int *maps;
	u32 *map_ids; /* in the kernel */
	struct samples **samples; /* of perf event arrays, else NULL */
	int *progs;
	u32 *prog_ids;
	int btf;
	u32 equal_func; /* type id, of equal_btf() */
	u32 cpus;	/* slots of a per-CPU value in the kernel */
	u32 cpu;	/* the one that programs run on */
	bool as_is;
	int state_map;
	struct replay_state *state; /* the value that programs there read */
};

struct mirror_opts {
	const struct elf_obj *obj;
	const struct sys_obj *so;
	u32 cpu;
	bool as_is; /* programs keep their own time, chance and CPU */
};

/* Maps have the contents that Weir's have.  err names what the kernel refused,
 * and why. */
int mirror_open(const struct mirror_opts *opts, struct err *err,
		struct mirror **out);
void mirror_close(struct mirror *m);
/* What a program of so is in the kernel. */
int mirror_prog(const struct mirror *m, const struct prog *prog);

/* NULL where the kernel does not show its types: it has no CO-RE either. */
int mirror_kernel_types(struct err *err, struct btf_blob **out);
/* A map in the kernel, with its types if it takes them.  btf, inner: -1 for
 * none. */
int mirror_create_map(int btf, const struct map_attr *a, int inner);

/* The line of a verifier's log that says why: the last before the statistics
 * that is no state.  The log is cut there. */
const char *mirror_reason(char *log);

/* ---- between mirror.c and mirror_prog.c ---- */

/* The maps are there and filled. */
int mirror_load_progs(struct mirror *m, struct err *err);
/* "Linux refuses WHAT NAME: ...".  Returns code. */
int mirror_refused(const char *what, const char *name, int code,
		   struct err *err);

#endif
