/* SPDX-License-Identifier: BSD-3-Clause */
/* engine.h - what programs run on, for tests that ask the same of each */
#ifndef WEIR_TESTS_ENGINE_H
#define WEIR_TESTS_ENGINE_H

#include "jit/jit.h"
#include "verified.h"

enum engine {
	ENGINE_PLAIN,
	ENGINE_CHECKED,
	ENGINE_O0, /* compiled */
	ENGINE_O2,
	ENGINES,
};

static const char *const engine_names[ENGINES] = { "plain", "checked",
						   "compiled at O0",
						   "compiled" };

static inline bool engine_is_jit(enum engine e)
{
	return e >= ENGINE_O0;
}

static inline void engine_free(struct prog *prog)
{
	prog->free_image(prog->image);
	prog->image = NULL;
	prog->free_image = NULL;
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ENGINE_SANITIZED 1
#else
#define ENGINE_SANITIZED 0
#endif

/* To compile takes long under sanitizers: there, one of so many programs is. */
#define ENGINE_SHARE (ENGINE_SANITIZED ? 10 : 1)

static inline bool engine_takes(enum engine e, u32 number)
{
	return !engine_is_jit(e) || number % ENGINE_SHARE == 0;
}

/* Is it in this build? */
static inline bool engine_there(enum engine e)
{
	return !engine_is_jit(e) || jit_available();
}

/* A program of memory, whose maps are as they are; its image is to be freed. */
static inline int engine_prepare_mem(struct prog *prog, enum engine e,
				     struct err *err)
{
	const struct jit_opts opts = {
		.level = e == ENGINE_O0 ? JIT_O0 : JIT_O2,
		.memory = true,
	};
	int ret = vm_prepare(prog, e == ENGINE_CHECKED ? VM_CHECKED : VM_PLAIN,
			     err);

	if (ret || !engine_is_jit(e))
		return ret;
	ret = jit_prepare(prog, &opts, err);
	if (ret)
		engine_free(prog);
	return ret;
}

static inline u64 engine_run_mem(const struct prog *prog, enum engine e,
				 struct run *run, void *mem, u64 size)
{
	return engine_is_jit(e) ? jit_run_mem(prog, run, mem, size)
				: vm_run_mem(prog, run, mem, size);
}

/* A program of packets; its image is to be freed. */
static inline int engine_prepare(struct prog *prog, enum engine e,
				 struct err *err)
{
	const struct jit_opts opts = {
		.level = e == ENGINE_O0 ? JIT_O0 : JIT_O2,
	};
	struct verify_result result;
	int ret;

	if (!engine_is_jit(e))
		return verified_prepare(
			prog, e == ENGINE_CHECKED ? VM_CHECKED : VM_PLAIN, err);
	ret = verified_facts(prog, &result, err);
	if (!ret)
		ret = vm_prepare(prog, VM_PLAIN, err);
	if (!ret) {
		ret = jit_prepare(prog, &opts, err);
		if (ret)
			engine_free(prog);
	}
	prog->facts = NULL;
	verify_result_free(&result);
	return ret;
}

#endif
