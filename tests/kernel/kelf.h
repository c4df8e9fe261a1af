/* SPDX-License-Identifier: BSD-3-Clause */
/* kelf.h - an object that Weir opened, in the live kernel */
#ifndef WEIR_TESTS_KERNEL_KELF_H
#define WEIR_TESTS_KERNEL_KELF_H

#include "elf/elf_obj.h"

struct kelf {
	const struct elf_obj *obj;
	int btf;    /* -1: the object has none */
	int *maps;  /* as in obj; templates too */
	int *progs; /* as in obj; -1: not loaded */
};

/* 0 or -errno; what the kernel said of it goes to standard output. */
int kelf_load(const struct elf_obj *obj, struct kelf *k);
void kelf_close(struct kelf *k);

#endif
