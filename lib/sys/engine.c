/* SPDX-License-Identifier: BSD-3-Clause */
/* engine.c - what programs run on */
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "jit/dump.h"
#include "jit/jit.h"
#include "sys/sys_priv.h"

static const char *const names[SYS_ENGINES] = {
	[SYS_INTERP] = "interp",
	[SYS_JIT] = "jit",
};

const char *engine_compiler(void)
{
	static const char self[] = "/proc/self/exe";

	return access(self, X_OK) == 0
		       ? self
		       : (const char *)(uintptr_t)getauxval(AT_EXECFN);
}

void sys_set_engine(struct sys *sys, enum sys_engine engine)
{
	sys->engine = engine;
}

int sys_prog_llvm(const struct prog *prog, struct err *err, char **text)
{
	const struct jit_opts opts = { .level = JIT_O2,
				       .compiler = engine_compiler() };

	return jit_dump_llvm(prog, &opts, err, text);
}

void sys_set_perf(struct sys *sys, struct jit_perf *perf)
{
	sys->perf = perf;
}

void sys_set_code_cache(struct sys *sys, const char *folder)
{
	sys->code_cache = folder;
}

int sys_engine_parse(const char *name, enum sys_engine *engine, struct err *err)
{
	for (u32 i = 0; i < SYS_ENGINES; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*engine = (enum sys_engine)i;
		if (i != SYS_JIT || jit_available())
			return 0;
		err_fail(err, -EINVAL, "this build has no compiler");
		return err_hint(err, "build it without -Djit=disabled");
	}
	err_fail(err, -EINVAL, "there is no engine '%.64s'", name);
	return err_hint(err, "there are: interp, jit");
}

enum sys_engine sys_engine_default(void)
{
	return jit_available() ? SYS_JIT : SYS_INTERP;
}
