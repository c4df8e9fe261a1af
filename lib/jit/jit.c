/* SPDX-License-Identifier: BSD-3-Clause */
/* jit.c - a program becomes machine code */
#include "jit/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "jit/cache.h"
#include "jit/compiler.h"
#include "jit/dump.h"
#include "jit/emit.h"
#include "jit/object.h"
#include "jit/symbol.h"

static void free_code(void *image)
{
	jit_code_free(image);
	free(image);
}

/* Bytes that a core keeps near itself. */
static u64 cache_bytes(void)
{
	long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);

	return bytes > 0 ? (u64)bytes : 1u << 20;
}

/* Of what moves only whether there is any. */
static void describe_fast(const struct map *m, struct jit_map *out)
{
	const struct map_fast *fast = m->ops->fast;

	if (!fast)
		return;
	out->words = fast->words;
	out->moving = fast->moving;
	memcpy(out->fast, (const u8 *)m + fast->off, fast->words * 8u);
	for (u32 i = 0; i < fast->words; i++)
		if (fast->moving & 1u << i)
			out->fast[i] = out->fast[i] != 0;
}

static u64 entry_bytes(const struct map *m)
{
	return (u64)m->key_size + m->value_size + 1;
}

static void describe_maps(const struct prog *prog, struct jit_map *maps)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		const struct map *m = prog->maps[i];

		maps[i] = (struct jit_map){
			.type = m->type,
			.key_size = m->key_size,
			.value_size = m->value_size,
			.max_entries = m->max_entries,
			.flags = m->flags,
			.large = m->max_entries > cache_bytes() / entry_bytes(m),
			.plain = !m->fields,
		};
		describe_fast(m, &maps[i]);
	}
}

/* What the program's ld_imm64 of a function yields is its address. */
static u64 call_back(const struct prog *prog, struct run *run, u64 func,
		     const u64 arg[PROG_ARGS])
{
	u64 (*fn)(struct run *, u64, u64, u64, u64, u64) =
		(u64(*)(struct run *, u64, u64, u64, u64, u64))(uintptr_t)func;

	run->prog = prog;
	return fn(run, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

/* The program runs that code from now on. */
static void adopt(struct prog *prog, struct jit_code *code)
{
	prog->free_image(prog->image);
	prog->image = code;
	prog->call = call_back;
	prog->run_burst =
		(u32(*)(const struct prog *, struct run *, struct pkt **, u32,
			s32 *))(uintptr_t)code->burst;
	prog->look_ahead = (void (*)(const struct prog *, struct run *,
				     struct pkt **, u32))(uintptr_t)
				   code->look_ahead;
	prog->free_image = free_code;
	prog->run = (u64(*)(const struct prog *, struct run *))(
			    uintptr_t)code->entry;
}

static int load(struct prog *prog, const struct jit_opts *opts,
		const u8 *object, size_t size, struct err *err)
{
	struct jit_code *code = malloc(sizeof(*code));
	int ret;

	if (!code)
		return err_fail(err, -ENOMEM, "out of memory");
	ret = jit_object_load(object, size, JIT_CODE_MAX, jit_symbol, prog, err,
			      code);
	if (ret) {
		free(code);
		return ret;
	}
	adopt(prog, code);
	if (opts->perf && jit_perf_add(opts->perf, prog, code) != 0)
		log_warn("perf is not told of program %s", prog->name);
	return 0;
}

/* A job's object, from the cache or compiled now. */
static int make_object(const struct jit_job *job, const struct jit_opts *opts,
		       struct err *err, u8 **object, size_t *size)
{
	const struct jit_limits limits = {
		.time_ms = opts->time_ms ? opts->time_ms : JIT_TIME_MS,
		.heap = opts->heap ? opts->heap : JIT_HEAP,
		.code = opts->code ? opts->code : JIT_CODE_MAX,
	};
	struct cache_key key;
	size_t bytes_size;
	u8 *bytes = jit_job_write(job, &bytes_size);
	bool cached =
		bytes && opts->cache && cache_key(bytes, bytes_size, &key);
	int ret;

	if (!bytes)
		return err_fail(err, -ENOMEM, "out of memory");
	*object = cached ? cache_get(opts->cache, &key, size) : NULL;
	if (*object) {
		free(bytes);
		return 0;
	}
	if (opts->compiler)
		ret = jit_compile_apart(opts->compiler, opts->kept, &limits,
					bytes, bytes_size, err, object, size);
	else
		ret = jit_emit(job, err, object, size);
	if (!ret && cached)
		cache_put(opts->cache, &key, *object, *size);
	free(bytes);
	return ret;
}

/* What is made of a program: an object, or text with a zero behind it. */
static int make(const struct prog *prog, const struct jit_opts *opts,
		bool text, struct err *err, u8 **bytes, size_t *size)
{
	struct jit_map *maps = calloc(prog->map_cnt + 1ul, sizeof(*maps));
	u8 *none = prog->facts ? NULL : calloc(prog->insn_cnt + 1ul, 1);
	struct jit_job job = {
		.type = prog->type,
		.attach_type = prog->expected_attach_type,
		.level = opts->level,
		.memory = opts->memory,
		.text = text,
		.insn_cnt = prog->insn_cnt,
		.map_cnt = prog->map_cnt,
		.insns = prog->insns,
		.facts = prog->facts ? prog->facts : none,
		.maps = maps,
	};
	int ret;

	if (maps && job.facts) {
		describe_maps(prog, maps);
		ret = make_object(&job, opts, err, bytes, size);
	} else {
		ret = err_fail(err, -ENOMEM, "out of memory");
	}
	free(none);
	free(maps);
	return ret;
}

int jit_prepare(struct prog *prog, const struct jit_opts *opts, struct err *err)
{
	u8 *object = NULL;
	size_t size;
	int ret = make(prog, opts, false, err, &object, &size);

	if (!ret)
		ret = load(prog, opts, object, size, err);
	free(object);
	return ret;
}

int jit_dump_llvm(const struct prog *prog, const struct jit_opts *opts,
		  struct err *err, char **text)
{
	size_t size;
	u8 *bytes;
	int ret;

	if (!jit_runs(prog))
		return err_fail(err, -ENOENT,
				"the program is interpreted: LLVM did not see "
				"it");
	ret = make(prog, opts, true, err, &bytes, &size);
	if (ret)
		return ret;
	*text = (char *)bytes;
	if (size && !bytes[size - 1])
		return 0;
	free(bytes);
	return err_fail(err, -EUCLEAN, "the compiler's text is cut");
}

bool jit_available(void)
{
	return true;
}

bool jit_runs(const struct prog *prog)
{
	return prog->free_image == free_code;
}

size_t jit_code_size(const struct prog *prog)
{
	const struct jit_code *code = prog->image;

	return jit_runs(prog) ? code->code_size : 0;
}

u64 jit_run_mem(const struct prog *prog, struct run *run, void *mem, u64 size)
{
	const struct jit_code *code = prog->image;
	u64 (*entry)(const struct prog *, struct run *, void *, u64) =
		(u64(*)(const struct prog *, struct run *, void *, u64))(
			uintptr_t)code->entry;

	return entry(prog, run, mem, size);
}
