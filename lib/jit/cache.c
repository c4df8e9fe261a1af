/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache.c - objects that were compiled before, in a folder
 *
 * K1  An entry appears whole, under its name, or not at all.
 * K2  One whose key, size or checksum is not what it says is as good as none.
 * K3  Folder and file are this user's and no other may write to them.
 */
#include "jit/cache.h"

#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/file.h"

#define CACHE_MAGIC 0x3145484341434a57ull /* "WJCACHE1" */
#define OBJECT_MAX (64u << 20)

struct entry {
	u64 magic;
	struct cache_key key;
	u64 size;
	XXH128_hash_t sum; /* of the object */
};

/* ---- what names an entry ---- */

struct builds {
	XXH3_state_t *hash;
	u32 found;
};

/* The build's number, which the linker has put into an executable. */
static void hash_build(struct builds *b, const struct dl_phdr_info *info)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const u8 *at =
			(const u8 *)(uintptr_t)(info->dlpi_addr + p->p_vaddr);
		const u8 *end = at + p->p_memsz;

		while (p->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const u8 *desc = at + sizeof(*note) +
					 round_up(note->n_namesz, 4);

			at = desc + round_up(note->n_descsz, 4);
			if (note->n_type != NT_GNU_BUILD_ID || at > end)
				continue;
			XXH3_128bits_update(b->hash, desc, note->n_descsz);
			b->found++;
		}
	}
}

/* Of this program and of LLVM. */
static int see_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *name = info->dlpi_name;

	(void)size;
	if (!name || !name[0] || strstr(name, "libLLVM"))
		hash_build(arg, info);
	return 0;
}

static void hash_cpu(XXH3_state_t *hash)
{
	static const u32 leaves[][2] = { { 0, 0 },	   { 1, 0 },
					 { 7, 0 },	   { 7, 1 },
					 { 0xd, 0 },	   { 0xd, 1 },
					 { 0x80000001, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		u32 r[4] = { 0 };

		__get_cpuid_count(leaves[i][0], leaves[i][1], &r[0], &r[1],
				  &r[2], &r[3]);
		if (leaves[i][0] == 1)
			r[1] = 0; /* which core this is */
		XXH3_128bits_update(hash, r, sizeof(r));
	}
}

bool cache_key(const u8 *job, size_t size, struct cache_key *key)
{
	struct builds b = { .hash = XXH3_createState() };
	XXH128_hash_t digest;

	if (!b.hash)
		return false;
	XXH3_128bits_reset(b.hash);
	dl_iterate_phdr(see_object, &b);
	hash_cpu(b.hash);
	XXH3_128bits_update(b.hash, job, size);
	digest = XXH3_128bits_digest(b.hash);
	XXH3_freeState(b.hash);
	*key = (struct cache_key){ { digest.high64, digest.low64 } };
	return b.found >= 2;
}

static void name_of(const struct cache_key *key, char *name, size_t size)
{
	snprintf(name, size, "%016llx%016llx.o",
		 (unsigned long long)key->part[0],
		 (unsigned long long)key->part[1]);
}

/* ---- the folder ---- */

/* K3 */
static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int open_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* K2 */
static u8 *read_entry(int fd, const struct cache_key *key, size_t *size)
{
	struct entry e;
	u8 *object;

	if (file_get(fd, &e, sizeof(e)) || e.magic != CACHE_MAGIC ||
	    memcmp(&e.key, key, sizeof(*key)) != 0 || e.size > OBJECT_MAX)
		return NULL;
	object = malloc(e.size + 1);
	if (!object)
		return NULL;
	if (file_get(fd, object, e.size) || read(fd, object + e.size, 1) ||
	    !XXH128_isEqual(XXH3_128bits(object, e.size), e.sum)) {
		free(object);
		return NULL;
	}
	*size = e.size;
	return object;
}

u8 *cache_get(const char *folder, const struct cache_key *key, size_t *size)
{
	int dir = open_folder(folder), fd;
	u8 *object = NULL;
	char name[64];

	if (dir < 0)
		return NULL;
	name_of(key, name, sizeof(name));
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	close(dir);
	if (fd < 0)
		return NULL;
	if (is_ours(fd, S_IFREG))
		object = read_entry(fd, key, size);
	close(fd);
	return object;
}

static bool is_entry(const char *name)
{
	size_t len = strlen(name);

	return len == 34 && strcmp(name + 32, ".o") == 0;
}

/* Makes room for one more. */
static void drop_oldest(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct timespec oldest = { 0 };
	char name[64] = "";
	struct dirent *e;
	u32 n = 0;

	while (d && (e = readdir(d))) {
		struct stat st;

		if (!is_entry(e->d_name) ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		n++;
		if (name[0] && (st.st_mtim.tv_sec > oldest.tv_sec ||
				(st.st_mtim.tv_sec == oldest.tv_sec &&
				 st.st_mtim.tv_nsec >= oldest.tv_nsec)))
			continue;
		oldest = st.st_mtim;
		snprintf(name, sizeof(name), "%.63s", e->d_name);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	if (n >= CACHE_ENTRIES)
		unlinkat(dir, name, 0);
}

void cache_put(const char *folder, const struct cache_key *key,
	       const u8 *object, size_t size)
{
	const struct entry e = { .magic = CACHE_MAGIC,
				 .key = *key,
				 .size = size,
				 .sum = XXH3_128bits(object, size) };
	char name[64], draft[64];
	int dir, fd;

	mkdir(folder, 0700);
	dir = open_folder(folder);
	if (dir < 0)
		return;
	drop_oldest(dir);
	name_of(key, name, sizeof(name));
	snprintf(draft, sizeof(draft), "draft.%d.%.16s", (int)gettid(), name);
	fd = openat(dir, draft,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		bool whole = !file_put(fd, &e, sizeof(e)) &&
			     !file_put(fd, object, size);

		/* K1 */
		if (close(fd) || !whole || renameat(dir, draft, dir, name))
			unlinkat(dir, draft, 0);
	}
	close(dir);
}
