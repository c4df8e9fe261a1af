/* SPDX-License-Identifier: BSD-3-Clause */
/* object.c - opening an object, step by step, and closing it */
#include "elf/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Objects with debug information have some megabytes. */
#define FILE_MAX (64u << 20)

void *load_alloc(struct load *l, u64 n, u64 size)
{
	struct object_chunk *chunk;
	u64 bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > UINT32_MAX)
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + bytes);
	if (!chunk)
		return NULL;
	chunk->next = l->object->chunks;
	l->object->chunks = chunk;
	return chunk->bytes;
}

const char *load_fmt(struct load *l, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return NULL;
	text = load_alloc(l, (u64)len + 1, 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

int load_fail(struct load *l, int code, const char *fmt, ...)
{
	char reason[sizeof(l->err->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	err_fail(l->err, code, "%s", reason);
	err_place(l->err, "%s", l->path);
	return code;
}

int load_nomem(struct load *l)
{
	return load_fail(l, -ENOMEM, "out of memory");
}

int section_fail(struct load *l, const struct section *s, u64 offset, int code,
		 const char *fmt, ...)
{
	char reason[sizeof(l->err->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	err_fail(l->err, code, "%s", reason);
	err_place(l->err, "%s: section %s, offset %llu", l->path, s->name,
		  (unsigned long long)offset);
	return code;
}

static int read_license(struct load *l)
{
	const struct section *s = section_find(l, "license");
	char *license;
	u64 len = 0;

	l->object->pub.license = "";
	if (!s || !s->data)
		return 0;
	len = strnlen((const char *)s->data, s->size);
	license = load_alloc(l, len + 1, 1);
	if (!license)
		return load_nomem(l);
	memcpy(license, s->data, len);
	l->object->pub.license = license;
	return 0;
}

static int (*const steps[])(struct load *l) = {
	image_open,   code_read,     btf_read,	       ext_read,
	read_license, maps_btf_read, maps_legacy_read, data_read,
	kconfig_read, reloc_code,    core_apply,       lacks_sort,
		code_functions,
	progs_read,   reloc_values,  run_config_read,
};

/* What only the steps needed. */
static void free_load(struct load *l)
{
	struct code *c;

	vec_each (c, &l->codes) {
		free(c->insns);
		free(c->target);
	}
	vec_free(&l->codes);
	vec_free(&l->sections);
	vec_free(&l->symbols);
	vec_free(&l->funcs);
	vec_free(&l->exts);
	vec_free(&l->places);
	vec_free(&l->lacks);
	free(l->by_name);
	free(l->code_of);
	free(l->prog_of);
	free(l->link_at);
}

static void publish(struct load *l)
{
	struct elf_obj *obj = &l->object->pub;

	obj->path = l->path;
	obj->btf = l->btf;
	obj->maps = l->maps.items;
	obj->map_cnt = l->maps.len;
	obj->progs = l->progs.items;
	obj->prog_cnt = l->progs.len;
}

/* Takes bytes. */
static int open_bytes(const char *path, u8 *bytes, size_t size,
		      const struct elf_opts *opts, struct err *err,
		      struct elf_obj **out)
{
	static const struct elf_opts no_opts;
	struct err unheard = { 0 };
	struct load l = {
		.opts = opts ? opts : &no_opts,
		.err = err ? err : &unheard,
		.bytes = bytes,
		.size = size,
		.path = path,
	};
	int ret = 0;

	l.object = calloc(1, sizeof(*l.object));
	if (!l.object) {
		free(bytes);
		return load_nomem(&l);
	}
	l.object->bytes = bytes;
	l.path = load_fmt(&l, "%s", path);
	if (!l.path) {
		l.path = path;
		ret = load_nomem(&l);
	}
	for (u32 i = 0; i < ARRAY_LEN(steps) && !ret; i++)
		ret = steps[i](&l);
	publish(&l);
	free_load(&l);
	if (ret) {
		elf_close(&l.object->pub);
		return ret;
	}
	*out = &l.object->pub;
	return 0;
}

int elf_open_mem(const char *path, const void *bytes, size_t size,
		 const struct elf_opts *opts, struct err *err,
		 struct elf_obj **out)
{
	u8 *copy;

	if (size > FILE_MAX) {
		err_fail(err, -EFBIG,
			 "the file has %zu bytes, at most %u are read", size,
			 FILE_MAX);
		err_place(err, "%s", path);
		return -EFBIG;
	}
	copy = malloc(size ? size : 1);
	if (!copy)
		return err_fail(err, -ENOMEM, "out of memory");
	memcpy(copy, bytes, size);
	return open_bytes(path, copy, size, opts, err, out);
}

/* The whole of a regular file. */
static int read_file(int fd, u8 **out, size_t *size)
{
	struct stat st;
	size_t have = 0;
	ssize_t n = 0;
	u8 *bytes;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > (off_t)FILE_MAX)
		return -EFBIG;
	bytes = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!bytes)
		return -ENOMEM;
	while (have < (size_t)st.st_size) {
		n = read(fd, bytes + have, (size_t)st.st_size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (n < 0) {
		free(bytes);
		return -errno;
	}
	*out = bytes;
	*size = have;
	return 0;
}

int elf_open(const char *path, const struct elf_opts *opts, struct err *err,
	     struct elf_obj **out)
{
	u8 *bytes = NULL;
	size_t size = 0;
	int fd, ret;

	/* Nobody waits for a FIFO's other end. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ret = fd < 0 ? -errno : read_file(fd, &bytes, &size);
	if (fd >= 0)
		close(fd);
	if (ret) {
		err_fail(err, ret, "%s",
			 ret == -EINVAL ? "not a regular file"
					: strerror(-ret));
		err_place(err, "%s", path);
		return ret;
	}
	return open_bytes(path, bytes, size, opts, err, out);
}

void elf_close(struct elf_obj *obj)
{
	struct object *object;
	struct object_chunk *chunk, *next;

	if (!obj)
		return;
	object = container_of(obj, struct object, pub);
	btf_put(obj->btf);
	free(obj->maps);
	free(obj->progs);
	for (chunk = object->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(object->bytes);
	free(object);
}

struct elf_prog *elf_prog_find(const struct elf_obj *obj, const char *name)
{
	for (u32 i = 0; i < obj->prog_cnt; i++) {
		if (strcmp(obj->progs[i].name, name) == 0)
			return &obj->progs[i];
	}
	return NULL;
}

struct elf_map *elf_map_find(const struct elf_obj *obj, const char *name)
{
	for (u32 i = 0; i < obj->map_cnt; i++) {
		if (strcmp(obj->maps[i].name, name) == 0)
			return &obj->maps[i];
	}
	return NULL;
}
