/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * elf_libbpf.c - what Weir makes of an object is what libbpf makes of it
 *
 *	elf_libbpf [--types FILE | --target FILE] OBJECT... [--alone OBJECT...]
 *
 * Each object is opened and loaded into the live kernel twice, by libbpf and
 * by Weir's loader.  Equal must be: each program's instructions, tag, function
 * and line records as the kernel has them, and each map's attributes, types
 * and contents.  CO-RE relocations are against the kernel's types or, with
 * --types, those in FILE (which libbpf then reads, and which Weir has built
 * in), or with --target those of another object.
 *
 * What libbpf 1.x refuses - legacy maps, static programs, symbols without
 * types - follows --alone: the kernel must take what Weir makes of it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf/insn.h"
#include "kelf.h"
#include "kprog.h"

/* externs that both sides are told of */
#define KCONFIG "CONFIG_MINE=7\nCONFIG_NAME=\"abcdef\"\n"

struct pair {
	const char *path;
	struct bpf_object *theirs;
	struct elf_obj *ours;
	struct kelf kernel; /* ours, loaded */
	u32 different;
};

static void PRINTF(2, 3) differ(struct pair *p, const char *fmt, ...)
{
	va_list ap;

	printf("%s: ", p->path);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	p->different++;
}

static int say(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN ? vprintf(fmt, ap) : 0;
}

/* The name of their map with this fd. */
static const char *their_map(const struct pair *p, int fd)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, p->theirs)
	{
		if (bpf_map__fd(m) == fd)
			return bpf_map__name(m);
	}
	return "?";
}

static bool same_insn(const struct pair *p, const struct bpf_insn *theirs,
		      const struct bpf_insn *ours)
{
	struct bpf_insn a = *theirs, b = *ours;

	if (insn_is_wide(theirs) && (theirs->src_reg == BPF_PSEUDO_MAP_FD ||
				     theirs->src_reg == BPF_PSEUDO_MAP_VALUE)) {
		if (strcmp(their_map(p, a.imm), p->ours->maps[b.imm].name) != 0)
			return false;
		a.imm = b.imm = 0;
	}
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void compare_insns(struct pair *p, const struct bpf_program *theirs,
			  const struct elf_prog *ours)
{
	const struct bpf_insn *insns = bpf_program__insns(theirs);
	size_t n = bpf_program__insn_cnt(theirs);

	if (n != ours->insn_cnt) {
		differ(p, "%s: %zu instructions, ours %u", ours->name, n,
		       ours->insn_cnt);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (same_insn(p, &insns[i], &ours->insns[i]))
			continue;
		differ(p,
		       "%s: instruction %zu is %02x %x %d %d, ours %02x %x "
		       "%d %d",
		       ours->name, i, insns[i].code, insns[i].src_reg,
		       insns[i].off, insns[i].imm, ours->insns[i].code,
		       ours->insns[i].src_reg, ours->insns[i].off,
		       ours->insns[i].imm);
		return;
	}
}

struct records {
	struct bpf_prog_info info;
	struct bpf_func_info funcs[256];
	struct bpf_line_info lines[8192];
};

static int get_records(int fd, struct records *r)
{
	u32 len = sizeof(r->info);

	memset(r, 0, sizeof(*r));
	r->info.func_info = (u64)(uintptr_t)r->funcs;
	r->info.func_info_rec_size = sizeof(r->funcs[0]);
	r->info.nr_func_info = ARRAY_LEN(r->funcs);
	r->info.line_info = (u64)(uintptr_t)r->lines;
	r->info.line_info_rec_size = sizeof(r->lines[0]);
	r->info.nr_line_info = ARRAY_LEN(r->lines);
	return bpf_obj_get_info_by_fd(fd, &r->info, &len);
}

static void compare_loaded(struct pair *p, const char *name, int theirs,
			   int ours)
{
	static struct records a, b;

	if (get_records(theirs, &a) || get_records(ours, &b)) {
		differ(p, "%s: the kernel tells nothing of it", name);
		return;
	}
	if (memcmp(a.info.tag, b.info.tag, BPF_TAG_SIZE) != 0)
		differ(p, "%s: another tag", name);
	if (a.info.xlated_prog_len != b.info.xlated_prog_len)
		differ(p, "%s: %u bytes in the kernel, ours %u", name,
		       a.info.xlated_prog_len, b.info.xlated_prog_len);
	if (a.info.nr_func_info != b.info.nr_func_info ||
	    memcmp(a.funcs, b.funcs, sizeof(a.funcs)) != 0)
		differ(p, "%s: other function records (%u, ours %u)", name,
		       a.info.nr_func_info, b.info.nr_func_info);
	if (a.info.nr_line_info != b.info.nr_line_info ||
	    memcmp(a.lines, b.lines, sizeof(a.lines)) != 0)
		differ(p, "%s: other line records (%u, ours %u)", name,
		       a.info.nr_line_info, b.info.nr_line_info);
}

static void compare_progs(struct pair *p)
{
	for (u32 i = 0; i < p->ours->prog_cnt; i++) {
		const struct elf_prog *ours = &p->ours->progs[i];
		const struct bpf_program *theirs =
			bpf_object__find_program_by_name(p->theirs, ours->name);

		if (!ours->type)
			continue;
		if (!theirs) {
			differ(p, "%s: libbpf has no such program", ours->name);
			continue;
		}
		compare_insns(p, theirs, ours);
		compare_loaded(p, ours->name, bpf_program__fd(theirs),
			       p->kernel.progs[i]);
	}
}

static void compare_map(struct pair *p, const struct bpf_map *theirs, u32 i)
{
	const struct elf_map *ours = &p->ours->maps[i];
	struct bpf_map_info a = { 0 }, b = { 0 };
	u32 len_a = sizeof(a), len_b = sizeof(b);
	size_t size = 0;
	const void *contents;

	if (bpf_obj_get_info_by_fd(bpf_map__fd(theirs), &a, &len_a) ||
	    bpf_obj_get_info_by_fd(p->kernel.maps[i], &b, &len_b)) {
		differ(p, "map %s: the kernel tells nothing of it", ours->name);
		return;
	}
	a.id = b.id = a.btf_id = b.btf_id = 0;
	if (memcmp(&a, &b, sizeof(a)) != 0)
		differ(p,
		       "map %s: type %u key %u value %u entries %u flags %#x "
		       "types %u %u, ours %u %u %u %u %#x %u %u",
		       ours->name, a.type, a.key_size, a.value_size,
		       a.max_entries, a.map_flags, a.btf_key_type_id,
		       a.btf_value_type_id, b.type, b.key_size, b.value_size,
		       b.max_entries, b.map_flags, b.btf_key_type_id,
		       b.btf_value_type_id);
	contents = bpf_map__initial_value((struct bpf_map *)theirs, &size);
	if (contents && ours->contents &&
	    (size != ours->attr.value_size ||
	     memcmp(contents, ours->contents, size) != 0))
		differ(p, "map %s: other contents", ours->name);
}

static void compare_maps(struct pair *p)
{
	struct bpf_map *theirs;
	u32 n = 0;

	bpf_object__for_each_map(theirs, p->theirs)
	{
		u32 i = 0;

		n++;
		while (i < p->ours->map_cnt &&
		       strcmp(p->ours->maps[i].name, bpf_map__name(theirs)) !=
			       0)
			i++;
		if (i == p->ours->map_cnt)
			differ(p, "map %s: ours lacks it",
			       bpf_map__name(theirs));
		else
			compare_map(p, theirs, i);
	}
	for (u32 i = 0; i < p->ours->map_cnt; i++)
		n -= !p->ours->maps[i].is_template;
	if (n)
		differ(p, "another number of maps");
}

/* Sections that this libbpf has no name for, and what libbpf would leave in
 * the system. */
static void prepare(struct pair *p)
{
	struct bpf_map *map;

	for (u32 i = 0; i < p->ours->prog_cnt; i++) {
		const struct elf_prog *ours = &p->ours->progs[i];
		struct bpf_program *theirs =
			bpf_object__find_program_by_name(p->theirs, ours->name);

		if (!theirs)
			continue;
		if (!ours->type) {
			bpf_program__set_autoload(theirs, false);
			continue;
		}
		bpf_program__set_autoload(theirs, true);
		bpf_program__set_type(theirs, ours->type);
		bpf_program__set_expected_attach_type(
			theirs, ours->expected_attach_type);
		bpf_program__set_flags(theirs, ours->flags);
	}
	bpf_object__for_each_map(map, p->theirs)
		bpf_map__set_pin_path(map, NULL);
}

struct target {
	const char *types;    /* file for libbpf, or NULL: the kernel's */
	struct btf_blob *btf; /* for Weir, or NULL: its own */
	char kconfig[1024];   /* for Weir */
};

static int open_ours(struct pair *p, const struct target *t)
{
	const struct elf_opts opts = { .target_btf = t->btf,
				       .kconfig = t->kconfig };
	struct err err = { 0 };
	char text[1024];
	int ret = elf_open(p->path, &opts, &err, &p->ours);

	if (ret)
		differ(p, "%s", err_text(&err, text, sizeof(text)));
	return ret;
}

static void load_alone(struct pair *p, const struct target *t)
{
	int ret = open_ours(p, t);

	if (ret)
		return;
	ret = kelf_load(p->ours, &p->kernel);
	if (ret)
		differ(p, "not loaded: %s", strerror(-ret));
	kelf_close(&p->kernel);
}

static int compare(struct pair *p, const struct target *t)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kconfig = KCONFIG,
		    .btf_custom_path = t->types);
	int ret = open_ours(p, t);

	if (ret)
		return ret;
	p->theirs = bpf_object__open_file(p->path, &opts);
	if (!p->theirs) {
		differ(p, "libbpf does not open it: %s", strerror(errno));
		return -1;
	}
	prepare(p);
	ret = bpf_object__load(p->theirs);
	if (ret) {
		differ(p, "libbpf does not load it: %s", strerror(-ret));
		return -1;
	}
	ret = kelf_load(p->ours, &p->kernel);
	if (ret) {
		differ(p, "ours is not loaded: %s", strerror(-ret));
	} else {
		compare_maps(p);
		compare_progs(p);
	}
	kelf_close(&p->kernel);
	return ret;
}

static int read_kernel_types(struct btf_blob **out)
{
	struct err err = { 0 };
	char text[1024];
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "rb");
	size_t size = 0, cap = 16u << 20;
	u8 *bytes = malloc(cap);
	int ret = -1;

	if (f && bytes)
		size = fread(bytes, 1, cap, f);
	if (size)
		ret = btf_parse(bytes, (u32)size, &err, out);
	if (ret)
		printf("the kernel's types: %s\n",
		       err_text(&err, text, sizeof(text)));
	if (f)
		fclose(f);
	free(bytes);
	return ret;
}

static int read_object_types(const char *path, struct btf_blob **out)
{
	struct elf_obj *obj;
	struct err err = { 0 };
	char text[1024];

	if (elf_open(path, NULL, &err, &obj)) {
		printf("%s\n", err_text(&err, text, sizeof(text)));
		return -1;
	}
	*out = btf_get(obj->btf);
	elf_close(obj);
	return 0;
}

static int read_target(int argc, char **argv, int *at, struct target *t)
{
	bool own = *at + 1 < argc && strcmp(argv[*at], "--types") == 0;
	bool other = *at + 1 < argc && strcmp(argv[*at], "--target") == 0;

	if (!own && !other)
		return read_kernel_types(&t->btf);
	t->types = argv[*at + 1];
	*at += 2;
	return other ? read_object_types(t->types, &t->btf) : 0;
}

/* libbpf reads the system's configuration; the same lines for Weir. */
static int read_kconfig(struct target *t)
{
	unsigned int major, minor, patch;
	struct utsname name;
	size_t used, got;
	FILE *f;

	if (uname(&name) ||
	    sscanf(name.release, "%u.%u.%u", &major, &minor, &patch) != 3)
		return -1;
	used = (size_t)snprintf(t->kconfig, sizeof(t->kconfig),
				KCONFIG "LINUX_KERNEL_VERSION=%u\n",
				major << 16 | minor << 8 |
					(patch > 255 ? 255 : patch));
	f = popen("zcat /proc/config.gz | grep -E "
		  "'^CONFIG_(HZ|NET|INET|BPF_SYSCALL)='",
		  "r");
	if (!f)
		return -1;
	got = fread(t->kconfig + used, 1, sizeof(t->kconfig) - used - 1, f);
	return pclose(f) == 0 && got ? 0 : -1;
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();
	struct target t = { 0 };
	u32 different = 0;
	bool alone = false;
	int i = 1;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	libbpf_set_print(say);
	if (read_target(argc, argv, &i, &t))
		return 1;
	if (read_kconfig(&t)) {
		printf("skipped: no /proc/config.gz\n");
		btf_put(t.btf);
		return KPROG_SKIP;
	}
	for (; i < argc; i++) {
		struct pair p = { .path = argv[i] };

		if (strcmp(argv[i], "--alone") == 0) {
			alone = true;
			continue;
		}
		if (alone)
			load_alone(&p, &t);
		else
			compare(&p, &t);
		bpf_object__close(p.theirs);
		elf_close(p.ours);
		different += p.different;
	}
	btf_put(t.btf);
	printf("%u differences\n", different);
	return different != 0;
}
