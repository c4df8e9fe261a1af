/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena.c - zeroed memory behind a file descriptor
 *
 * The mapping reserves its huge pages (no MAP_NORESERVE), so that too few of
 * them is an error of mmap() and not a SIGBUS later; ordinary pages are
 * populated by madvise(), which fails where a touch would kill.
 *
 * A sparse arena has a second descriptor, of huge pages, if they are wanted.
 * As a part of it grows, these are mapped over ordinary ones that nobody has
 * touched yet, one by one: it never has more of them than it uses, and where
 * there is none the ordinary page stays.
 */
#include "mem/mem.h"

#include <errno.h>
#include <fcntl.h>
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
/* What a part of a sparse arena takes at a time, small and bigger. */
#define STEP_SMALL (64ull << 10)
#define STEP (1ull << 20)

/* Who is given the descriptor cannot take the memory away. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* A mapping of size bytes, populated if asked for; 0 or -errno. */
static int map_fd(const char *name, u64 size, unsigned int flags, bool populate,
		  struct arena *out)
{
	char title[64];
	void *base;
	int fd, err;

	snprintf(title, sizeof(title), "weir:%.15s", name);
	fd = memfd_create(title, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) != 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) != 0)
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
	int err;

	size = round_up(size, PAGE);
	err = mem_charge(mem, size, true);
	if (err)
		return err;
	err = map_fd(name, size, 0, true, out);
	if (err) {
		mem_uncharge(mem, size);
		return -ENOMEM;
	}
	out->charged = size;
	return 0;
}

/* Where huge pages fit: at a multiple of their size. */
static int align_base(struct arena *arena)
{
	u64 size = arena->size;
	u8 *wide, *base;

	wide = mmap(NULL, size + HUGE_PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (wide == MAP_FAILED)
		return -errno;
	base = (u8 *)round_up((uintptr_t)wide, HUGE_PAGE);
	if (base > wide)
		munmap(wide, (size_t)(base - wide));
	munmap(base + size, (size_t)(wide + HUGE_PAGE - base));
	if (mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 arena->fd, 0) == MAP_FAILED) {
		munmap(base, size);
		return -errno;
	}
	munmap(arena->base, size);
	arena->base = base;
	return 0;
}

/* Without them it is as good, but slower. */
static void prepare_huge(struct arena *arena, const char *name)
{
	char title[64];
	int fd;

	snprintf(title, sizeof(title), "weir:%.15s", name);
	fd = memfd_create(title, MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (fd < 0)
		return;
	if (ftruncate(fd, (off_t)arena->size) != 0 || align_base(arena) != 0)
		close(fd);
	else
		arena->huge_fd = fd;
}

static int create_sparse(struct mem *mem, const char *name, u64 size,
			 struct arena *out)
{
	bool huge = mem_wants_huge(mem) && size > 2 * HUGE_PAGE;

	size = round_up(size, huge ? HUGE_PAGE : PAGE);
	if (map_fd(name, size, 0, false, out) != 0)
		return -ENOMEM;
	if (huge)
		prepare_huge(out, name);
	return 0;
}

int arena_create(struct mem *mem, const char *name, u64 size,
		 enum arena_kind kind, struct arena *out)
{
	int err = -ENOMEM;

	*out = (struct arena){
		.fd = -1, .huge_fd = -1, .kind = kind, .mem = mem
	};
	if (size > SIZE_ABSURD)
		return -E2BIG;
	if (size == 0)
		size = 1;
	if (kind == ARENA_SPARSE)
		return create_sparse(mem, name, size, out);
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
	if (arena->huge_fd >= 0)
		close(arena->huge_fd);
	mem_uncharge(arena->mem, arena->charged);
	arena->base = NULL;
	arena->fd = -1;
	arena->huge_fd = -1;
}

int arena_charge(struct arena *arena, u64 bytes)
{
	int err = mem_charge(arena->mem, bytes, true);

	if (!err)
		atomic_fetch_add_explicit(&arena->charged, bytes,
					  memory_order_relaxed);
	return err;
}

/* First the page, since to replace a mapping and then fail leaves a hole. */
static int map_huge(struct arena *arena, u64 at)
{
	u8 *base = arena->base + at;
	const int prot = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_FIXED;

	if (fallocate(arena->huge_fd, 0, (off_t)at, HUGE_PAGE) != 0)
		return -errno;
	if (mmap(base, HUGE_PAGE, prot, how, arena->huge_fd, (off_t)at) == base)
		return 0;
	fallocate(arena->huge_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		  (off_t)at, HUGE_PAGE);
	mmap(base, HUGE_PAGE, prot, how, arena->fd, (off_t)at);
	return -ENOMEM;
}

/* Does a part that has come so far go on with a huge page? */
static bool use_huge(struct arena *arena, const struct arena_part *part)
{
	u64 at = part->paid;

	if (arena->huge_fd < 0 || at % HUGE_PAGE ||
	    at - part->from < HUGE_PAGE || part->end - at < HUGE_PAGE ||
	    mem_charge(arena->mem, HUGE_PAGE, false) != 0)
		return false;
	if (map_huge(arena, at) != 0) {
		mem_uncharge(arena->mem, HUGE_PAGE);
		mem_lacks_huge(arena->mem, HUGE_PAGE);
		return false;
	}
	atomic_fetch_add_explicit(&arena->charged, HUGE_PAGE,
				  memory_order_relaxed);
	return true;
}

/* Up to the next huge page, in steps that a small part can afford. */
static u64 ordinary_step(const struct arena_part *part, u64 upto)
{
	u64 step = part->paid - part->from < STEP ? STEP_SMALL : STEP;
	u64 edge = (part->paid / HUGE_PAGE + 1) * HUGE_PAGE;
	u64 to = MAX(part->paid + step, MIN(upto, edge));

	return MIN(MIN(to, edge), part->end) - part->paid;
}

int arena_use(struct arena *arena, struct arena_part *part, u64 upto)
{
	u64 step;
	int err;

	while (part->paid < upto) {
		if (use_huge(arena, part)) {
			part->paid += HUGE_PAGE;
			continue;
		}
		step = ordinary_step(part, upto);
		err = arena_charge(arena, step);
		if (err)
			return err;
		part->paid += step;
	}
	return 0;
}
