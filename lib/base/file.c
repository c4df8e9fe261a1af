/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST (1 << 20)

static int read_all(FILE *f, u8 **bytes, size_t *size)
{
	size_t room = 0, got;
	u8 *more;

	do {
		room = room ? room * 2 : ROOM_FIRST;
		more = realloc(*bytes, room);
		if (!more)
			return -ENOMEM;
		*bytes = more;
		errno = 0;
		got = fread(*bytes + *size, 1, room - *size, f);
		*size += got;
	} while (*size == room);
	if (ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}

int file_read(const char *path, u8 **bytes, size_t *size)
{
	FILE *f = fopen(path, "rb");
	u8 *all = NULL;
	int err;

	*size = 0;
	if (!f)
		return -errno;
	err = read_all(f, &all, size);
	fclose(f);
	if (err) {
		free(all);
		return err;
	}
	*bytes = all;
	return 0;
}
