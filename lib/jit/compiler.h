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

/*
 * The bytes of a job (job.h) compiled by a new process of that executable,
 * which is killed after time_ms.  The object is the caller's to free.
 * -ETIMEDOUT; -E2BIG: more than limit bytes; -EOPNOTSUPP and what the process
 * said; -ECHILD: it died.
 */
int jit_compile_apart(const char *executable, u32 time_ms, size_t limit,
		      const u8 *job, size_t job_size, struct err *err,
		      u8 **object, size_t *size);

#endif
