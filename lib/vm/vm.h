/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vm.h - the interpreter: reference semantics
 *
 * Plain mode trusts the program; checked mode carries an object, its bounds
 * and its lifetime with every pointer and validates each access, so that a
 * program nobody verified can only be stopped (run->fault), never do harm.
 */
#ifndef WEIR_VM_VM_H
#define WEIR_VM_VM_H

#include "prog/prog.h"

enum vm_mode { VM_PLAIN, VM_CHECKED };

/*
 * Decode the program and make it runnable: opcodes, jump targets, calls,
 * helper numbers, types and license are checked here, with the instruction
 * named in err.  Sets prog->run, image and free_image.
 *
 * VM_PLAIN takes which accesses are of the context from prog->facts, so without
 * these it can run no program that has any.
 */
int vm_prepare(struct prog *prog, enum vm_mode mode, struct err *err);

/* Run with r1 = mem, r2 = size and mem as the only memory besides the stack
 * (the conformance suite, tests).  Returns r0; check run->fault. */
u64 vm_run_mem(const struct prog *prog, struct run *run, void *mem, u64 size);

#endif
