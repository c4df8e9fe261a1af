/* SPDX-License-Identifier: BSD-3-Clause */
/* elf_file.c - the bytes of the objects that the loader's tests change */
#include "elf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Twice what the objects have: tests append to them. */
#define FILE_MAX (1 << 20)

static void *need(void *p, const char *what)
{
	if (!p) {
		fprintf(stderr, "%s: not there\n", what);
		abort();
	}
	return p;
}

const char *file_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s.o", ELF_OBJECTS, name);
	return path;
}

struct file file_read(const char *name)
{
	const char *path = file_path(name);
	FILE *in = need(fopen(path, "rb"), path);
	struct file f = { .bytes = need(calloc(1, FILE_MAX), "memory") };

	f.size = fread(f.bytes, 1, FILE_MAX / 2, in);
	fclose(in);
	return f;
}

Elf64_Shdr *file_header(const struct file *f, const char *section)
{
	const Elf64_Ehdr *eh = (const void *)f->bytes;
	Elf64_Shdr *sh = (void *)(f->bytes + eh->e_shoff), *found = NULL;
	const char *names =
		(const char *)f->bytes + sh[eh->e_shstrndx].sh_offset;

	for (u32 i = 0; i < eh->e_shnum && !found; i++) {
		if (strcmp(names + sh[i].sh_name, section) == 0)
			found = &sh[i];
	}
	return need(found, section);
}

u8 *file_section(const struct file *f, const char *section)
{
	return f->bytes + file_header(f, section)->sh_offset;
}

u32 file_symbol(const struct file *f, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)f->bytes;
	const Elf64_Shdr *sh = (const void *)(f->bytes + eh->e_shoff);
	const Elf64_Shdr *table = file_header(f, ".symtab");
	const u8 *syms = f->bytes + table->sh_offset;
	const char *names =
		(const char *)f->bytes + sh[table->sh_link].sh_offset;

	for (u32 at = 0; at < table->sh_size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym sym;

		memcpy(&sym, syms + at, sizeof(sym));
		if (strcmp(names + sym.st_name, name) == 0)
			return at;
	}
	need(NULL, name);
	return 0;
}

void file_replace(const struct file *f, const char *section, const char *text,
		  const char *by)
{
	const Elf64_Shdr *sh = file_header(f, section);
	size_t len = strlen(text) + 1;
	u8 *at = memmem(f->bytes + sh->sh_offset, sh->sh_size, text, len);

	need(strlen(by) + 1 == len ? at : NULL, text);
	memcpy(at, by, len);
}
