/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * object.h - an object file made into code that can run
 *
 * The object is not trusted to be whole: every offset is checked.
 *
 * W1  Memory is writable, and then readable or executable; never two of them.
 * W2  There is no data that may be written: an object with some is refused.
 */
#ifndef WEIR_JIT_OBJECT_H
#define WEIR_JIT_OBJECT_H

#include "base/err.h"
#include "jit/lines.h"

struct jit_code {
	u8 *base;
	size_t size;	  /* of the mapping */
	size_t text_size; /* at its start, executable; the rest is constants */
	size_t code_size; /* of these, without what fills the last page */
	void *entry;
	void *burst;	  /* the loop over a burst; NULL: there is none */
	void *look_ahead; /* what goes before it; NULL: nothing */
	/* what the code comes from; may be none */
	struct jit_line *lines;
	u32 line_cnt;
	struct jit_func *funcs;
	u32 func_cnt;
};

/* A function, in the code. */
struct jit_func {
	u32 off;
	u32 size;
};

/* What a name that the object does not define stands for; false: nothing. */
typedef bool jit_resolve(void *arg, const char *name, u64 *value);

/* -EUCLEAN: it is no object this machine can run, -E2BIG: more than limit
 * bytes, -ENOMEM. */
int jit_object_load(const u8 *object, size_t size, size_t limit,
		    jit_resolve *resolve, void *arg, struct err *err,
		    struct jit_code *code);
void jit_code_free(struct jit_code *code);

#endif
