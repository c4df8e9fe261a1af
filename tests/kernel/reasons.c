/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reasons.c - why programs are refused: the live kernel's words and Weir's
 *
 * Weir's reason is a line of Linux's log, to the letter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../verifier/reasons.h"
#include "bpf/insn.h"
#include "btf_make.h"
#include "kmap.h"
#include "kprog.h"

#define LOG_BYTES (1u << 16)
#define INSNS_MAX 64
#define STATS 4

static char text[LOG_BYTES];

/* Linux takes these: its own mistake (docs/differences.md). */
static const char *const mistaken[] = {
	"a record's address plus a number is the record, too",
};

static bool is_mistaken(const char *name)
{
	for (u32 i = 0; i < ARRAY_LEN(mistaken); i++)
		if (strcmp(mistaken[i], name) == 0)
			return true;
	return false;
}

/* ---- maps ---- */

/* Types of a value that begins with a lock. */
static int lock_types(u32 *value)
{
	static struct btf_make m;
	union bpf_attr attr = { 0 };
	u32 word, lock;

	make_init(&m);
	word = make_int(&m, "u32", 4, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	*value = make_type(&m, "value", BTF_KIND_STRUCT, 1, 8);
	make_member(&m, "lock", lock, 0);
	attr.btf_size = make_end(&m);
	attr.btf = (u64)(uintptr_t)m.out;
	return kmap_bpf(BPF_BTF_LOAD, &attr);
}

static int make_map(const struct verify_map *m)
{
	union bpf_attr attr = {
		.map_type = m->type,
		.key_size = m->key_size,
		.value_size = m->value_size,
		.max_entries = m->max_entries,
		.map_flags = m->flags,
	};
	const u32 only = 0;
	int btf = -1, fd;

	snprintf(attr.map_name, sizeof(attr.map_name), "%s", m->name);
	if (m->field_cnt) {
		btf = lock_types(&attr.btf_value_type_id);
		attr.btf_fd = (u32)btf;
		attr.btf_key_type_id = 1;
	}
	fd = kmap_bpf(BPF_MAP_CREATE, &attr);
	if (btf >= 0)
		close(btf);
	if (fd >= 0 && m->contents) {
		kmap_write(fd, &only, m->contents, 0);
		attr = (union bpf_attr){ .map_fd = (u32)fd };
		kmap_bpf(BPF_MAP_FREEZE, &attr);
	}
	return fd;
}

/* ---- the question ---- */

/* The handle, or -errno. */
static int ask_linux(const struct reason_case *c, const int *fds)
{
	struct bpf_insn insns[INSNS_MAX];
	struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = insns,
		.cnt = (u32)c->cnt,
		.license = "GPL",
		.log_level = STATS, /* and the reason */
		.log = text,
		.log_size = sizeof(text),
		.btf = -1,
	};

	memcpy(insns, c->insns, c->cnt * sizeof(*insns));
	for (u32 i = 0; i < c->cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
		    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			insns[i].imm = fds[insns[i].imm];
		i++;
	}
	return kprog_load(&l);
}

static bool has_line(const char *log, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = log; (at = strstr(at, line)); at++)
		if ((at == log || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

/* What they differ in, or NULL. */
static const char *compare(const struct reason_case *c, const int *fds,
			   const struct verify_result *r, const struct err *err)
{
	int fd = ask_linux(c, fds);
	char *more;

	if (fd >= 0)
		close(fd);
	if (is_mistaken(c->name))
		return fd >= 0 ? NULL : "the mistake is gone";
	if ((fd >= 0) != (r->code == VERIFY_OK))
		return "one side takes it";
	if (fd >= 0)
		return NULL;
	if (fd != err->code)
		return "the errno";
	if (!has_line(text, err->reason))
		return "the reason";
	more = strrchr(r->more, '\n');
	if (r->more[0] && !has_line(text, more ? more + 1 : r->more))
		return "the second line";
	return NULL;
}

int main(void)
{
	int fds[ARRAY_LEN(maps)], wrong = 0;
	const char *why = kmap_unavailable();

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	for (u32 i = 0; i < ARRAY_LEN(maps); i++) {
		fds[i] = make_map(&maps[i]);
		if (fds[i] < 0) {
			printf("map %s: %s\n", maps[i].name, strerror(-fds[i]));
			return 1;
		}
	}
	for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_attr attr = attr_of(cases[i].insns, cases[i].cnt);
		struct verify_result result;
		struct err err = { 0 };
		const char *differs;

		verify(&attr, &result, &err);
		differs = compare(&cases[i], fds, &result, &err);
		if (differs) {
			printf("%s: %s: Weir %d '%s' '%s', Linux '%s'\n",
			       cases[i].name, differs, err.code, err.reason,
			       result.more, kprog_reason(text));
			wrong++;
		}
		verify_result_free(&result);
	}
	for (u32 i = 0; i < ARRAY_LEN(maps); i++)
		close(fds[i]);
	printf("%zu programs, %d different\n", ARRAY_LEN(cases), wrong);
	return wrong ? 1 : 0;
}
