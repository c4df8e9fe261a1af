/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_args.h - the command line that EAL gets */
#ifndef WEIR_PORT_EAL_ARGS_H
#define WEIR_PORT_EAL_ARGS_H

#include "base/vec.h"
#include "port/eal.h"

/* Of EAL's file prefix; the pid follows. */
#define EAL_PREFIX "weir-"

struct eal_args {
	VEC(char *) list; /* strings of its own */
	bool failed;	  /* out of memory */
};

/* memory: bytes, for ordinary pages alone. */
int eal_args_make(struct eal_args *args, const struct eal_config *config,
		  bool huge, u64 memory, struct err *err);
void eal_args_free(struct eal_args *args);

#endif
