/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compiler.h - compiling in a process of its own
 *
 * LLVM's memory, and what is wrong with it, stay out of the dataplane.  The job
 * goes there in one file that has no name and the object comes back in another:
 * nobody waits for the other to read.
 */
#ifndef WEIR_JIT_COMPILER_H
#define WEIR_JIT_COMPILER_H

#include "base/err.h"

struct jit_limits {
	u32 time_ms;
	u32 heap;   /* bytes, more than the process starts with */
	u32 code;   /* bytes of the object */
};

/*
 * The bytes of a job (job.h) compiled by a new process of that executable.
 * The object is the caller's to free.  Over its limits: -ETIMEDOUT, -ENOMEM,
 * -E2BIG; -EOPNOTSUPP and what the process said; -ECHILD: it died; -ELOOP:
 * this is such a process.
 */
int jit_compile_apart(const char *executable, const struct jit_limits *limits,
		      const u8 *job, size_t job_size, struct err *err,
		      u8 **object, size_t *size);

#endif
