/* SPDX-License-Identifier: BSD-3-Clause */
/* object.h - the opened object and all memory it owns */
#ifndef WEIR_ELF_OBJECT_H
#define WEIR_ELF_OBJECT_H

#include "elf/load.h"

struct object_chunk {
	struct object_chunk *next;
	_Alignas(16) u8 bytes[];
};

struct object {
	struct elf_obj pub;
	struct object_chunk *chunks;
	u8 *bytes; /* the file */
};

#endif
