/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena.c - zeroed memory behind a file descriptor
 *
 * The mapping reserves its huge pages (no MAP_NORESERVE), so that too few of
 * them is an error of mmap() and not a SIGBUS later; ordinary pages are
 * populated by madvise(), which fails where a touch would kill.
 */
#include "mem/mem.h"

#include <errno.h>
#include <linux/memfd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem/budget.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE_PAGE (2ull << 20)
#define PAGE 4096ull
/* Less than this would leave more than half of a huge page unused. */
#define HUGE_WORTH (HUGE_PAGE / 2)
#define SIZE_ABSURD (1ull << 46)

/* A mapping of size bytes, populated if asked for; 0 or -errno. */
static int map_fd(const char *name, u64 size, unsigned int flags, bool populate,
		  struct arena *out)
{
	char title[64];
	void *base;
	int fd, err;

	snprintf(title, sizeof(title), "weir:%.15s", name);
	fd = memfd_create(title, MFD_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) != 0)
		goto close_fd;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		goto close_fd;
	if (populate && madvise(base, size, MADV_POPULATE_WRITE) != 0)
		goto unmap;
	out->base = base;
	out->size = size;
	out->fd = fd;
	return 0;

unmap:
	err = -errno;
	munmap(base, size);
	close(fd);
	return err;
close_fd:
	err = -errno;
	close(fd);
	return err;
}

static int create_huge(struct mem *mem, const char *name, u64 size,
		       struct arena *out)
{
	int err;

	size = round_up(size, HUGE_PAGE);
	err = mem_charge(mem, size, false);
	if (err)
		return err;
	err = map_fd(name, size, MFD_HUGETLB | MFD_HUGE_2MB, true, out);
	if (err) {
		mem_uncharge(mem, size);
		mem_lacks_huge(mem, size);
		return err;
	}
	out->huge = true;
	out->charged = size;
	return 0;
}

static int create_ordinary(struct mem *mem, const char *name, u64 size,
			   struct arena *out)
{
	bool populate = out->kind != ARENA_SPARSE;
	u64 charge;
	int err;

	size = round_up(size, PAGE);
	charge = populate ? size : 0;
	err = mem_charge(mem, charge, populate);
	if (err)
		return err;
	err = map_fd(name, size, 0, populate, out);
	if (err) {
		mem_uncharge(mem, charge);
		return -ENOMEM;
	}
	out->charged = charge;
	return 0;
}

int arena_create(struct mem *mem, const char *name, u64 size,
		 enum arena_kind kind, struct arena *out)
{
	int err = -ENOMEM;

	*out = (struct arena){ .fd = -1, .kind = kind, .mem = mem };
	if (size > SIZE_ABSURD)
		return -E2BIG;
	if (size == 0)
		size = 1;
	mem_lock(mem);
	if (kind == ARENA_FULL && mem_wants_huge(mem) && size >= HUGE_WORTH)
		err = create_huge(mem, name, size, out);
	if (err)
		err = create_ordinary(mem, name, size, out);
	mem_unlock(mem);
	return err;
}

void arena_destroy(struct arena *arena)
{
	if (!arena->base)
		return;
	munmap(arena->base, arena->size);
	close(arena->fd);
	mem_uncharge(arena->mem, arena->charged);
	arena->base = NULL;
	arena->fd = -1;
}

int arena_charge(struct arena *arena, u64 bytes)
{
	int err = mem_charge(arena->mem, bytes, true);

	if (!err)
		atomic_fetch_add_explicit(&arena->charged, bytes,
					  memory_order_relaxed);
	return err;
}
