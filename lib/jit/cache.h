/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache.h - objects that were compiled before, in a folder
 *
 * An entry is named by what it was made from: the job's bytes, the CPU, this
 * program's build and LLVM's.  It holds code that will run: a folder or a file
 * that somebody else owns or may write is not used.
 */
#ifndef WEIR_JIT_CACHE_H
#define WEIR_JIT_CACHE_H

#include "base/types.h"

#define CACHE_ENTRIES 1024 /* the oldest go */

struct cache_key {
	u64 part[2];
};

/* False: the build cannot be told from others, there is no key. */
bool cache_key(const u8 *job, size_t size, struct cache_key *key);

/* The object, the caller's to free; NULL: there is none that can be used. */
u8 *cache_get(const char *folder, const struct cache_key *key, size_t *size);
/* Made in the folder, and the folder itself, if that is possible. */
void cache_put(const char *folder, const struct cache_key *key,
	       const u8 *object, size_t size);

#endif
