/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * elf_mutate.c - mutations that keep the file an ELF file
 *
 * Mostly one section's bytes are changed in place: mutations of the whole
 * seldom get past the header.
 */
#include "fuzzer.h"

#include <elf.h>
#include <string.h>

static size_t mutate_part(uint8_t *bytes, uint64_t at, uint64_t len)
{
	uint8_t part[4096];

	if (len > sizeof(part)) {
		at += len / 2 & ~7ull;
		len = sizeof(part) / 2;
	}
	memcpy(part, bytes + at, len);
	LLVMFuzzerMutate(part, len, len);
	memcpy(bytes + at, part, len);
	return len;
}

/* The table of sections, as one more part; false: no ELF file. */
static int find_table(const uint8_t *bytes, size_t size, Elf64_Ehdr *eh)
{
	if (size < sizeof(*eh))
		return 0;
	memcpy(eh, bytes, sizeof(*eh));
	return memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 && eh->e_shnum &&
	       eh->e_shoff < size &&
	       eh->e_shnum <= (size - eh->e_shoff) / sizeof(Elf64_Shdr);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max,
			       unsigned int seed)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh;
	unsigned int n;

	if (seed % 16 == 0 || !find_table(bytes, size, &eh))
		return LLVMFuzzerMutate(bytes, size, max);
	n = seed / 16 % (eh.e_shnum + 1u);
	if (n == eh.e_shnum) {
		mutate_part(bytes, eh.e_shoff, eh.e_shnum * sizeof(Elf64_Shdr));
		return size;
	}
	memcpy(&sh, bytes + eh.e_shoff + n * sizeof(sh), sizeof(sh));
	if (!sh.sh_size || sh.sh_offset >= size ||
	    sh.sh_size > size - sh.sh_offset)
		return LLVMFuzzerMutate(bytes, size, max);
	mutate_part(bytes, sh.sh_offset, sh.sh_size);
	return size;
}
