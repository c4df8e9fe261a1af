/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.h - differences from Linux that docs/differences.md lists */
#ifndef WEIR_TESTS_VERIFIER_POLICY_H
#define WEIR_TESTS_VERIFIER_POLICY_H

#include "bench.h"

/* A program that one side takes and the other does not. */
struct policy_case {
	const struct bench_prog *prog;
	int fd;		       /* of the kernel, or -errno */
	const char *log;       /* the kernel's, if it refuses */
	const char *reason;    /* its last word */
	const struct err *err; /* Weir's */
	const struct verify_result *result;
};

/* Which of them this is; NULL: none, it is a bug. */
const char *policy_why(struct bench *b, const struct policy_case *c);

#endif
