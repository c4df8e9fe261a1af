/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.h - what Linux's verifier says of the programs of a file */
#ifndef WEIR_ORACLE_VERDICT_H
#define WEIR_ORACLE_VERDICT_H

#include "base/err.h"
#include "base/types.h"

struct verdict {
	bool accepted;
	char reason[256]; /* else: the line of its log that says why */
	char log[2048];	  /* ... and the log's end, whole lines */
	u32 processed;	  /* instructions */
	u64 time_us;
};

struct verdicts;

/* The maps are in the kernel, what is constant in them too. */
int verdicts_open(const char *path, struct err *err, struct verdicts **out);
void verdicts_close(struct verdicts *v);
/* Of the program with this name.  err: the question could not be asked. */
int verdicts_ask(struct verdicts *v, const char *prog, struct verdict *out,
		 struct err *err);

#endif
