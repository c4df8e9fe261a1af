/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compiler.h - compiling in a process of its own
 *
 * LLVM's memory, and what is wrong with it, stay out of the dataplane.  A job
 * goes there in a file that has no name and its object comes back in another:
 * nobody waits for the other to read.  Both are passed over a socket, which is
 * the process's standard input; it serves one job after the other, and ends
 * with the socket, or when jobs have left it with too much memory.
 */
#ifndef WEIR_JIT_COMPILER_H
#define WEIR_JIT_COMPILER_H

#include "base/err.h"
#include "jit/jit.h"

struct jit_limits {
	u32 time_ms; /* of a job */
	u32 heap;    /* bytes, more than the process starts with */
	u32 code;    /* bytes of the object */
};

/* In the process's environment: jit_limits, as heap.code. */
#define JIT_LIMITS "WEIR_JIT_COMPILER"

struct jit_request {
	u32 time_ms;
};

/* The files that go with a request. */
enum { JIT_JOB, JIT_OUT, JIT_FILES };

/* u32: in the second file is the object, or the reason. */
enum jit_answer { JIT_DONE, JIT_REFUSED, JIT_BROKEN };

/* The whole of a file that has no name; NUL-terminated, the caller's. */
int jit_file_read(int fd, u8 **bytes, size_t *size);

/*
 * The bytes of a job (job.h) compiled by a process of that executable: by the
 * one that is kept, or a new one, which is kept then; NULL: it is not.  What is
 * kept is always of the same executable and limits, but for the time.  The
 * object is the caller's to free.  Over its limits: -ETIMEDOUT, -ENOMEM,
 * -E2BIG; -EOPNOTSUPP and what the process said; -ECHILD: it died; -ELOOP: this
 * is such a process.
 */
int jit_compile_apart(const char *executable, struct jit_kept *kept,
		      const struct jit_limits *limits, const u8 *job,
		      size_t job_size, struct err *err, u8 **object,
		      size_t *size);

#endif
