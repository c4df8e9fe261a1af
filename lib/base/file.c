/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

int file_get(int fd, void *to, size_t size)
{
	u8 *at = to;

	while (size) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_put(int fd, const void *from, size_t size)
{
	const u8 *at = from;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
