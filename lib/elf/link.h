/* SPDX-License-Identifier: BSD-3-Clause */
/* link.h - a program while its functions are put together */
#ifndef WEIR_ELF_LINK_H
#define WEIR_ELF_LINK_H

#include "elf/load.h"

/* A function's place in the program. */
struct piece {
	u32 func;
	u32 at;	  /* in the program */
	u32 next; /* instruction of the function to go on with */
};

struct link {
	struct load *l;
	struct elf_prog *p;
	VEC(struct piece) pieces;
	VEC(u32) stack; /* of pieces */
	u32 *at;	/* of each function; NONE: not linked yet */
};

/* records.c: what is known of the instructions, moved to where these are. */
int link_records(struct link *k);

#endif
