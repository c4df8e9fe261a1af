/* SPDX-License-Identifier: BSD-3-Clause */
/* file.h - a file as bytes in memory */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include "base/types.h"

/* All of it, whatever stat() says its size is (of what the kernel makes up it
 * says 0).  *bytes is the caller's.  0 or a negative errno. */
int file_read(const char *path, u8 **bytes, size_t *size);

/* Exactly so many bytes, however many calls it takes and whatever signal comes.
 * 0 or a negative errno, -EIO: it has ended. */
int file_get(int fd, void *to, size_t size);
int file_put(int fd, const void *from, size_t size);

#endif
