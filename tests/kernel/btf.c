/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf.c - BTF_LOAD: what the live kernel refuses Weir refuses, with the same
 * errno and the same words, and nothing else
 *
 * One case for each rule, then the BTF of real objects (argv) with bytes
 * changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/btf.h"
#include "bpf/uapi.h"
#include "btf_rules.h"

#define SKIP 77
#define MUTATIONS 4000

static u32 compared, different;

static int kernel_load(const void *data, u32 size, char *log, u32 log_size)
{
	union bpf_attr attr = { .btf = (u64)(uintptr_t)data,
				.btf_size = size,
				.btf_log_buf = (u64)(uintptr_t)log,
				.btf_log_size = log_size,
				.btf_log_level = log ? 1 : 0 };
	long fd = syscall(__NR_bpf, BPF_BTF_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* The last line of the log, without its end. */
static const char *last_line(char *log)
{
	char *end = log + strlen(log);
	char *line;

	while (end > log && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

static char log_text[1 << 24];

/* Does the kernel's line end with Weir's reason? */
static bool same_words(const char *line, const char *reason)
{
	size_t len = strlen(line), n = strlen(reason);

	return n <= len && strcmp(line + len - n, reason) == 0;
}

/* Of fields Linux says nothing: its last line is of a type that it lists. */
static bool is_silent(const char *reason)
{
	return strcmp(reason, "Invalid special fields") == 0 ||
	       strcmp(reason, "Invalid owner of lists or trees") == 0;
}

static int compare(const char *what, const void *data, u32 size, bool words)
{
	struct err err = { 0 };
	struct btf_blob *btf;
	int mine = btf_parse(data, size, &err, &btf), theirs;
	const char *line = "";

	if (!mine)
		btf_put(btf);
	theirs = kernel_load(data, size, NULL, 0);
	compared++;
	if (mine == theirs && (!mine || !words))
		return mine;
	log_text[0] = '\0';
	kernel_load(data, size, log_text, sizeof(log_text));
	line = last_line(log_text);
	if (mine == theirs &&
	    (!*line || is_silent(err.reason) || same_words(line, err.reason)))
		return mine;
	different++;
	printf("%s: Linux %d '%s', Weir %d '%s' (%s)\n", what, theirs, line,
	       mine, err.reason, err.place);
	return mine;
}

static void compare_rules(void)
{
	static struct btf_make m;

	for (u32 i = 0; i < btf_rule_cnt; i++) {
		u32 size = btf_rule_make(&btf_rules[i], &m);
		int mine = compare(btf_rules[i].name, m.out, size,
				   btf_rules[i].says != NULL);

		if (mine == btf_rules[i].code)
			continue;
		different++;
		printf("%s: %d, not %d\n", btf_rules[i].name, mine,
		       btf_rules[i].code);
	}
}

/* n pointers, all but the last to void; to what the last points. */
static void compare_many(u32 n, u32 last)
{
	u32 types_len = 12 * n, size = 24 + types_len + 1;
	struct btf_header h = { BTF_MAGIC, BTF_VERSION, 0,	   24,
				0,	   types_len,	types_len, 1 };
	u8 *blob = calloc(1, size);
	char what[64];
	u32 *words;

	if (!blob)
		return;
	memcpy(blob, &h, sizeof(h));
	words = (u32 *)(blob + sizeof(h));
	for (u32 i = 0; i < n; i++)
		words[3 * i + 1] = BTF_KIND_PTR << 24;
	words[3 * n - 1] = last;
	snprintf(what, sizeof(what), "%u types, to %u", n, last);
	compare(what, blob, size, false);
	free(blob);
}

static void compare_limits(void)
{
	compare_many(BTF_MAX_TYPE - 1, BTF_MAX_TYPE - 2);
	compare_many(BTF_MAX_TYPE - 1, BTF_MAX_TYPE);
	compare_many(BTF_MAX_TYPE, 0);
	compare_many(BTF_MAX_TYPE, BTF_MAX_TYPE);
	compare_many(BTF_MAX_TYPE + 3, BTF_MAX_TYPE + 3);
	compare_many(1398099, 0);
	compare_many(1398100, 0); /* past 16 MB */
}

/* ---- the BTF of objects, with bytes changed ---- */

static void *read_btf(const char *path, u32 *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	void *copy = NULL;
	Elf_Scn *s = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names) != 0)
		goto close;
	while ((s = elf_nextscn(elf, s))) {
		GElf_Shdr h;
		Elf_Data *data;

		if (!gelf_getshdr(s, &h) ||
		    strcmp(elf_strptr(elf, names, h.sh_name), ".BTF") != 0)
			continue;
		data = elf_getdata(s, NULL);
		*size = (u32)data->d_size;
		copy = malloc(data->d_size);
		if (copy)
			memcpy(copy, data->d_buf, data->d_size);
	}
close:
	elf_end(elf);
	close(fd);
	return copy;
}

static u32 kind_bytes(const struct btf_type *t)
{
	static const u8 extra[] = { [BTF_KIND_INT] = 4,
				    [BTF_KIND_ARRAY] = 12,
				    [BTF_KIND_VAR] = 4,
				    [BTF_KIND_DECL_TAG] = 4,
				    [BTF_KIND_ENUM64] = 0 };
	static const u8 each[] = {
		[BTF_KIND_STRUCT] = 12,	 [BTF_KIND_UNION] = 12,
		[BTF_KIND_ENUM] = 8,	 [BTF_KIND_FUNC_PROTO] = 8,
		[BTF_KIND_DATASEC] = 12, [BTF_KIND_ENUM64] = 12
	};
	u32 kind = BTF_INFO_KIND(t->info);

	return (u32)sizeof(*t) + (kind < ARRAY_LEN(extra) ? extra[kind] : 0) +
	       (kind < ARRAY_LEN(each) ? each[kind] * BTF_INFO_VLEN(t->info)
				       : 0);
}

/* What a loader does before the kernel takes it: sections get their size and
 * their variables an offset, extern variables become ordinary ones. */
static void complete(u8 *blob)
{
	const struct btf_header *h = (void *)blob;
	u8 *at = blob + h->hdr_len, *end = at + h->type_len;

	while (at < end) {
		struct btf_type *t = (void *)at;
		struct btf_var_secinfo *v = (void *)(t + 1);
		u32 kind = BTF_INFO_KIND(t->info), offset = 0;

		if (kind == BTF_KIND_VAR)
			((struct btf_var *)(t + 1))->linkage = 1;
		if (kind == BTF_KIND_FUNC && BTF_INFO_VLEN(t->info) == 2)
			t->info -= 1;
		for (u32 i = 0;
		     kind == BTF_KIND_DATASEC && i < BTF_INFO_VLEN(t->info);
		     i++) {
			v[i].offset = offset;
			v[i].size = v[i].size ? v[i].size : 4;
			offset += v[i].size;
		}
		if (kind == BTF_KIND_DATASEC)
			t->size = offset ? offset : 4;
		at += kind_bytes(t);
	}
}

static u64 random_state = 88172645463325252ull;

static u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state % n);
}

/* Small changes: what is far off is refused by the first rule it meets. */
static void mutate(u8 *blob, u32 size)
{
	u32 changes = 1 + random_below(3), value;

	for (u32 i = 0; i < changes; i++) {
		u32 at = random_below(size);

		switch (random_below(6)) {
		case 0: blob[at] ^= (u8)(1u << random_below(8)); break;
		case 1: blob[at] = (u8)random_below(256); break;
		case 2: blob[at]++; break;
		case 3: blob[at]--; break;
		case 4:
			value = random_below(40);
			memcpy(blob + at / 4 * 4, &value, 4);
			break;
		default:
			/* another word of it */
			memcpy(blob + at / 4 * 4,
			       blob + random_below(size) / 4 * 4, 4);
		}
	}
}

static u32 accepted;

/* Any byte, but mostly those of types: the last of them is at size - 4. */
static void compare_mutants(const char *path, u32 n)
{
	u32 size, types;
	u8 *blob = read_btf(path, &size), *mutant;
	char what[256];

	if (!blob)
		return;
	mutant = malloc(size + 4ul);
	complete(blob);
	different += compare(path, blob, size, true) != 0;
	types = 24 + ((struct btf_header *)blob)->type_len;
	for (u32 i = 0; mutant && i < n; i++) {
		memcpy(mutant, blob, size);
		mutate(mutant, random_below(8) ? types : size - 4);
		snprintf(what, sizeof(what), "%s, mutant %u", path, i);
		accepted += compare(what, mutant, size, true) == 0;
	}
	free(mutant);
	free(blob);
}

int main(int argc, char **argv)
{
	if (kernel_load("", 0, NULL, 0) == -EPERM) {
		printf("no BTF_LOAD here\n");
		return SKIP;
	}
	elf_version(EV_CURRENT);
	compare_rules();
	compare_limits();
	for (int i = 1; i < argc; i++)
		compare_mutants(argv[i], MUTATIONS / (u32)(argc - 1));
	printf("%u compared, %u different; %u mutants accepted\n", compared,
	       different, accepted);
	if (argc > 1 && accepted == 0)
		different++;
	return different != 0;
}
