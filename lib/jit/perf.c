/* SPDX-License-Identifier: BSD-3-Clause */
#include "jit/perf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "jit/object.h"
#include "prog/prog.h"

#define NAME_MAX_LEN 256

struct jit_perf {
	pthread_mutex_t lock;
	FILE *map;
	FILE *dump;
	void *marker; /* a page of the dump, by which perf finds it */
	size_t page;
	u64 index; /* of the next function */
};

/* ---- the format of jitdump ---- */

#define DUMP_MAGIC 0x4a695444
#define DUMP_VERSION 1

enum { DUMP_LOAD = 0, DUMP_DEBUG = 2 };

struct dump_head {
	u32 magic;
	u32 version;
	u32 size;
	u32 machine;
	u32 unused;
	u32 pid;
	u64 timestamp;
	u64 flags;
};

struct dump_record {
	u32 id;
	u32 size; /* of all of it */
	u64 timestamp;
};

/* A name and the code follow. */
struct dump_load {
	struct dump_record record;
	u32 pid;
	u32 tid;
	u64 vma;
	u64 address;
	u64 size;
	u64 index;
};

/* Entries follow. */
struct dump_debug {
	struct dump_record record;
	u64 address;
	u64 cnt;
};

/* A file's name follows. */
struct dump_entry {
	u64 address;
	u32 line;
	u32 discriminator;
} __attribute__((packed));

/* CLOCK_MONOTONIC, as `perf record -k mono` has it. */
static u64 timestamp(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* ---- a function ---- */

struct function {
	const struct prog *prog;
	const struct jit_code *code;
	const struct jit_func *at;
	char name[NAME_MAX_LEN];
};

static u64 address_of(const struct function *f)
{
	return (u64)(uintptr_t)f->code->base + f->at->off;
}

/* As Linux names its own: bpf_prog_TAG_NAME. */
static void name_it(struct function *f)
{
	u32 insn =
		jit_lines_find(f->code->lines, f->code->line_cnt, f->at->off);
	const struct prog *p = f->prog;
	const char *name = p->full_name ? p->full_name : p->name;
	size_t n = 0;

	for (u32 i = 0; i < p->func_cnt; i++)
		if (insn != JIT_NO_INSN && p->funcs[i].insn <= insn)
			name = p->funcs[i].name;
	n += (size_t)snprintf(f->name, sizeof(f->name), "bpf_prog_");
	for (u32 i = 0; i < BPF_TAG_SIZE; i++)
		n += (size_t)snprintf(f->name + n, sizeof(f->name) - n, "%02x",
				      p->tag[i]);
	f->name[n++] = '_';
	for (; *name && n < sizeof(f->name) - 1; name++)
		f->name[n++] = isalnum((u8)*name) ? *name : '_';
	f->name[n] = '\0';
}

static const struct prog_line *line_of(const struct function *f,
				       const struct jit_line *l)
{
	if (l->off < f->at->off || l->off >= f->at->off + f->at->size ||
	    l->insn == JIT_NO_INSN || l->insn >= f->prog->insn_cnt)
		return NULL;
	return prog_line_at(f->prog, l->insn);
}

static void write_debug(struct jit_perf *perf, const struct function *f)
{
	struct dump_debug d = { .record = { .id = DUMP_DEBUG,
					    .size = sizeof(d),
					    .timestamp = timestamp() },
				.address = address_of(f) };
	const struct prog_line *line;

	for (u32 i = 0; i < f->code->line_cnt; i++) {
		line = line_of(f, &f->code->lines[i]);
		if (!line)
			continue;
		d.record.size += (u32)(sizeof(struct dump_entry) +
				       strlen(line->file) + 1);
		d.cnt++;
	}
	if (!d.cnt)
		return;
	fwrite(&d, sizeof(d), 1, perf->dump);
	for (u32 i = 0; i < f->code->line_cnt; i++) {
		struct dump_entry e = {
			.address = (u64)(uintptr_t)f->code->base +
				   f->code->lines[i].off,
		};

		line = line_of(f, &f->code->lines[i]);
		if (!line)
			continue;
		e.line = line->line;
		fwrite(&e, sizeof(e), 1, perf->dump);
		fwrite(line->file, strlen(line->file) + 1, 1, perf->dump);
	}
}

static void write_load(struct jit_perf *perf, const struct function *f)
{
	size_t name = strlen(f->name) + 1;
	const struct dump_load l = {
		.record = { .id = DUMP_LOAD,
			    .size = (u32)(sizeof(l) + name + f->at->size),
			    .timestamp = timestamp() },
		.pid = (u32)getpid(),
		.tid = (u32)syscall(SYS_gettid),
		.vma = address_of(f),
		.address = address_of(f),
		.size = f->at->size,
		.index = perf->index++,
	};

	fwrite(&l, sizeof(l), 1, perf->dump);
	fwrite(f->name, name, 1, perf->dump);
	fwrite(f->code->base + f->at->off, f->at->size, 1, perf->dump);
}

int jit_perf_add(struct jit_perf *perf, const struct prog *prog,
		 const struct jit_code *code)
{
	int res = 0;

	pthread_mutex_lock(&perf->lock);
	for (u32 i = 0; i < code->func_cnt; i++) {
		struct function f = { .prog = prog,
				      .code = code,
				      .at = &code->funcs[i] };

		name_it(&f);
		fprintf(perf->map, "%llx %x %s\n",
			(unsigned long long)address_of(&f), f.at->size, f.name);
		write_debug(perf, &f);
		write_load(perf, &f);
	}
	if (fflush(perf->map) != 0 || fflush(perf->dump) != 0)
		res = -errno;
	pthread_mutex_unlock(&perf->lock);
	return res;
}

/* ---- the files ---- */

/* Ours alone: another process of this number may have left one. */
static int create(const char *path, struct err *err, FILE **out)
{
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0) {
		int code = -errno;

		err_fail(err, code, "cannot be made: %s", strerror(-code));
		return err_place(err, "%s", path);
	}
	*out = fdopen(fd, "w");
	if (*out)
		return 0;
	close(fd);
	return err_fail(err, -ENOMEM, "out of memory");
}

static int start_dump(struct jit_perf *perf, struct err *err)
{
	const struct dump_head head = { .magic = DUMP_MAGIC,
					.version = DUMP_VERSION,
					.size = sizeof(head),
					.machine = EM_X86_64,
					.pid = (u32)getpid(),
					.timestamp = timestamp() };

	fwrite(&head, sizeof(head), 1, perf->dump);
	if (fflush(perf->dump) != 0)
		return err_fail(err, -errno, "jitdump: %s", strerror(errno));
	perf->page = (size_t)sysconf(_SC_PAGESIZE);
	perf->marker = mmap(NULL, perf->page, PROT_READ | PROT_EXEC,
			    MAP_PRIVATE, fileno(perf->dump), 0);
	if (perf->marker != MAP_FAILED)
		return 0;
	perf->marker = NULL;
	err_fail(err, -errno, "jitdump cannot be mapped: %s", strerror(errno));
	return err_hint(err, "the folder's file system must allow to run "
			     "programs (no noexec)");
}

int jit_perf_open(const char *dir, struct err *err, struct jit_perf **out)
{
	struct jit_perf *perf = calloc(1, sizeof(*perf));
	char path[4096];
	int res;

	if (!perf)
		return err_fail(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&perf->lock, NULL);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	res = create(path, err, &perf->map);
	if (!res && snprintf(path, sizeof(path), "%s/jit-%d.dump", dir,
			     (int)getpid()) >= (int)sizeof(path))
		res = err_fail(err, -ENAMETOOLONG, "the folder's name");
	if (!res)
		res = create(path, err, &perf->dump);
	if (!res)
		res = start_dump(perf, err);
	if (res) {
		jit_perf_close(perf);
		return res;
	}
	*out = perf;
	return 0;
}

void jit_perf_close(struct jit_perf *perf)
{
	if (perf->marker)
		munmap(perf->marker, perf->page);
	if (perf->dump)
		fclose(perf->dump);
	if (perf->map)
		fclose(perf->map);
	pthread_mutex_destroy(&perf->lock);
	free(perf);
}
