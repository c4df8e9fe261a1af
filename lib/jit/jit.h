/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jit.h - programs as machine code
 *
 * A program that was verified is compiled by LLVM and then runs, in place of
 * the interpreter, through prog->run (docs/jit.md).
 */
#ifndef WEIR_JIT_JIT_H
#define WEIR_JIT_JIT_H

#include <pthread.h>
#include <sys/types.h>

#include "jit/job.h"
#include "jit/perf.h"

#define JIT_CODE_MAX (16u << 20) /* bytes of one program's code */

/* What compiling one program may take. */
#define JIT_TIME_MS 20000u
#define JIT_HEAP (512u << 20) /* more than the compiler starts with */
#define JIT_COMPILER_ARG "jit-compiler"

/* The process that compiles, from one program to the next. */
struct jit_kept {
	pthread_mutex_t lock;
	bool runs;
	pid_t pid;
	int sock;
};

void jit_kept_init(struct jit_kept *kept);
/* It ends; the next program starts one. */
void jit_kept_end(struct jit_kept *kept);

struct jit_opts {
	enum jit_level level;
	bool memory;	       /* for jit_run_mem() */
	struct jit_perf *perf; /* told of the code (perf.h); NULL: nobody */
	/* What compiles: an executable that calls jit_compiler() when its only
	 * argument is JIT_COMPILER_ARG; NULL: this process. */
	const char *compiler;
	struct jit_kept *kept; /* NULL: a process for this program alone */
	/* What it may take; 0: JIT_TIME_MS, JIT_HEAP, JIT_CODE_MAX. */
	u32 time_ms;
	u32 heap;
	u32 code;
	const char *cache; /* the folder of the code cache; NULL: none */
};

/* The compiler's process: an exit code. */
int jit_compiler(void);

/* Is there a compiler in this build? */
bool jit_available(void);

/*
 * Make a program that vm_prepare() has prepared run compiled: its run, call,
 * image and free_image are replaced.  It has the verifier's facts, or accesses
 * no context.  On failure the program is as it was; -EOPNOTSUPP: what it does
 * is not compiled, or nothing is here.
 */
int jit_prepare(struct prog *prog, const struct jit_opts *opts,
		struct err *err);

/* Of a program compiled so: r1 = mem, r2 = size. */
u64 jit_run_mem(const struct prog *prog, struct run *run, void *mem, u64 size);

/* Is the program one that was compiled? */
bool jit_runs(const struct prog *prog);

/* Bytes of its code; 0: it is interpreted. */
size_t jit_code_size(const struct prog *prog);

#endif
