/* SPDX-License-Identifier: BSD-3-Clause */
/* elf_file.h - the bytes of the objects that the loader's tests change */
#ifndef WEIR_TESTS_ELF_FILE_H
#define WEIR_TESTS_ELF_FILE_H

#include <elf.h>

#include "base/types.h"

struct file {
	u8 *bytes;
	size_t size;
};

/* tests/unit/elf/NAME.o of the build, a copy; aborts if there is none. */
struct file file_read(const char *name);
/* Its path. */
const char *file_path(const char *name);

/* The header of a section in bytes; aborts if there is none. */
Elf64_Shdr *file_header(const struct file *f, const char *section);
/* A section's bytes. */
u8 *file_section(const struct file *f, const char *section);
/* Bytes from the symbol table's start to the symbol of this name. */
u32 file_symbol(const struct file *f, const char *name);
/* Replaces a text of a section by one as long. */
void file_replace(const struct file *f, const char *section, const char *text,
		  const char *by);

#endif
