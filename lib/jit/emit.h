/* SPDX-License-Identifier: BSD-3-Clause */
/* emit.h - a job compiled to an object file, or to text; only this part knows
 * LLVM */
#ifndef WEIR_JIT_EMIT_H
#define WEIR_JIT_EMIT_H

#include "jit/job.h"

/* The bytes are the caller's, to be freed.  0; -EOPNOTSUPP: not compiled;
 * -ENOMEM. */
int jit_emit(const struct jit_job *job, struct err *err, u8 **object,
	     size_t *size);

#endif
