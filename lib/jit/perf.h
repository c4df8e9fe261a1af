/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf.h - perf(1) is told what the code of this process is
 *
 * Two files, as perf knows them: /tmp/perf-PID.map has a line for each
 * function, and DIR/jit-PID.dump its machine code and source lines
 * (tools/perf/Documentation/jitdump-specification.txt in Linux), for
 * `perf record -k mono` and `perf inject --jit`.  They stay when the process
 * ends: perf reads them then.
 */
#ifndef WEIR_JIT_PERF_H
#define WEIR_JIT_PERF_H

#include "base/err.h"

struct jit_code;
struct jit_perf;
struct prog;

int jit_perf_open(const char *dir, struct err *err, struct jit_perf **out);
void jit_perf_close(struct jit_perf *perf);

/* The program runs this code from now on.  Usable anywhere. */
int jit_perf_add(struct jit_perf *perf, const struct prog *prog,
		 const struct jit_code *code);

#endif
