/* SPDX-License-Identifier: BSD-3-Clause */
/* file.h - a file as bytes in memory */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include "base/types.h"

/* All of it, whatever stat() says its size is (of what the kernel makes up it
 * says 0).  *bytes is the caller's.  0 or a negative errno. */
int file_read(const char *path, u8 **bytes, size_t *size);

#endif
