/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verified.h - to run a program that a test has put together by itself
 *
 * The plain interpreter goes by what the verifier has found: of a program that
 * it refuses, up to there.
 */
#ifndef WEIR_TESTS_VERIFIED_H
#define WEIR_TESTS_VERIFIED_H

#include "verify/verify.h"
#include "vm/vm.h"

/* What it finds becomes the program's; its verdict is returned. */
static inline int verified_facts(struct prog *prog,
				 struct verify_result *result, struct err *err)
{
	const struct prog_attr attr = {
		.type = prog->type,
		.expected_attach_type = prog->expected_attach_type,
		.flags = prog->flags,
		.license = prog->gpl ? "GPL" : "",
		.insns = prog->insns,
		.insn_cnt = prog->insn_cnt,
		.maps = prog->maps,
		.map_cnt = prog->map_cnt,
		.btf = prog->btf,
		.funcs = prog->funcs,
		.func_cnt = prog->func_cnt,
	};
	int ret = verify_prog(&attr, NULL, result, err);

	prog->facts = result->facts;
	return ret;
}

static inline int verified_prepare(struct prog *prog, enum vm_mode mode,
				   struct err *err)
{
	struct verify_result result;
	int ret;

	if (mode != VM_PLAIN)
		return vm_prepare(prog, mode, err);
	verified_facts(prog, &result, NULL);
	ret = vm_prepare(prog, mode, err);
	prog->facts = NULL;
	verify_result_free(&result);
	return ret;
}

#endif
