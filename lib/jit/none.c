/* SPDX-License-Identifier: BSD-3-Clause */
/* none.c - built without LLVM: no program is compiled */
#include <errno.h>

#include "jit/dump.h"
#include "jit/jit.h"

int jit_prepare(struct prog *prog, const struct jit_opts *opts, struct err *err)
{
	(void)prog;
	(void)opts;
	return err_fail(err, -EOPNOTSUPP, "built without a compiler");
}

void jit_kept_init(struct jit_kept *kept)
{
	(void)kept;
}

void jit_kept_end(struct jit_kept *kept)
{
	(void)kept;
}

int jit_compiler(void)
{
	return 1;
}

bool jit_available(void)
{
	return false;
}

bool jit_runs(const struct prog *prog)
{
	(void)prog;
	return false;
}

size_t jit_code_size(const struct prog *prog)
{
	(void)prog;
	return 0;
}

u64 jit_run_mem(const struct prog *prog, struct run *run, void *mem, u64 size)
{
	(void)prog;
	(void)run;
	(void)mem;
	(void)size;
	return 0;
}

int jit_perf_open(const char *dir, struct err *err, struct jit_perf **out)
{
	(void)dir;
	(void)out;
	return err_fail(err, -EOPNOTSUPP, "built without a compiler");
}

void jit_perf_close(struct jit_perf *perf)
{
	(void)perf;
}

int jit_dump_asm(const struct prog *prog,
		 void (*line)(void *arg, const struct jit_asm *line), void *arg,
		 struct err *err)
{
	(void)prog;
	(void)line;
	(void)arg;
	return err_fail(err, -ENOENT, "built without a compiler");
}

int jit_dump_llvm(const struct prog *prog, const struct jit_opts *opts,
		  struct err *err, char **text)
{
	(void)prog;
	(void)opts;
	(void)text;
	return err_fail(err, -ENOENT, "built without a compiler");
}
