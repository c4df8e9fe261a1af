/* SPDX-License-Identifier: BSD-3-Clause */
/* kelf.c - an object that Weir opened, in the live kernel */
#include "kelf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/insn.h"

static char log_text[1 << 20];

static int load_btf(struct kelf *k)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts, .log_buf = log_text,
		    .log_size = sizeof(log_text), .log_level = 1);
	const void *bytes;
	u32 size;

	k->btf = -1;
	if (!k->obj->btf)
		return 0;
	bytes = btf_raw(k->obj->btf, &size);
	log_text[0] = '\0';
	k->btf = bpf_btf_load(bytes, size, &opts);
	if (k->btf < 0)
		printf("BTF: %s\n%s\n", strerror(-k->btf), log_text);
	return k->btf < 0 ? k->btf : 0;
}

static int load_map(struct kelf *k, u32 i)
{
	const struct elf_map *m = &k->obj->maps[i];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = m->attr.flags,
		    .map_extra = m->attr.extra, .numa_node = m->attr.numa_node);
	char name[BPF_OBJ_NAME_LEN];
	u32 entries = m->attr.max_entries;

	/* dots only in the kernel's own way */
	snprintf(name, sizeof(name), "%s", m->attr.name);
	if (m->inner >= 0)
		opts.inner_map_fd = (u32)k->maps[m->inner];
	if (k->btf >= 0 && m->attr.btf_value) {
		opts.btf_fd = (u32)k->btf;
		opts.btf_key_type_id = m->attr.btf_key;
		opts.btf_value_type_id = m->attr.btf_value;
	}
	if (m->attr.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !entries)
		entries = (u32)libbpf_num_possible_cpus();
	k->maps[i] = bpf_map_create(m->attr.type, name, m->attr.key_size,
				    m->attr.value_size, entries, &opts);
	if (k->maps[i] < 0)
		printf("map %s: %s\n", m->name, strerror(-k->maps[i]));
	return k->maps[i] < 0 ? k->maps[i] : 0;
}

/* Templates come after the maps that use them. */
static int load_maps(struct kelf *k)
{
	int ret = 0;

	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < k->obj->map_cnt && !ret; i++) {
			bool outer = k->obj->maps[i].inner >= 0;

			if (outer == (pass == 1))
				ret = load_map(k, i);
		}
	}
	for (u32 i = 0; i < k->obj->map_cnt && !ret; i++) {
		const struct elf_map *m = &k->obj->maps[i];
		u32 zero = 0;

		if (m->contents)
			ret = bpf_map_update_elem(k->maps[i], &zero,
						  m->contents, 0);
		if (m->freeze && !ret)
			ret = bpf_map_freeze(k->maps[i]);
	}
	return ret;
}

static int load_prog(struct kelf *k, u32 i)
{
	const struct elf_prog *p = &k->obj->progs[i];
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = p->expected_attach_type,
		    .prog_flags = p->flags, .log_buf = log_text,
		    .log_size = sizeof(log_text), .log_level = 1);
	struct bpf_insn *insns = malloc(p->insn_cnt * sizeof(*insns));

	if (!insns)
		return -ENOMEM;
	memcpy(insns, p->insns, p->insn_cnt * sizeof(*insns));
	for (u32 n = 0; n < p->insn_cnt; n++) {
		if (insn_is_wide(&insns[n]) &&
		    (insns[n].src_reg == BPF_PSEUDO_MAP_FD ||
		     insns[n].src_reg == BPF_PSEUDO_MAP_VALUE))
			insns[n].imm = k->maps[insns[n].imm];
	}
	if (k->btf >= 0) {
		opts.prog_btf_fd = (u32)k->btf;
		opts.func_info = p->func_info;
		opts.func_info_cnt = p->func_info_cnt;
		opts.func_info_rec_size = p->func_info_rec_size;
		opts.line_info = p->line_info;
		opts.line_info_cnt = p->line_info_cnt;
		opts.line_info_rec_size = p->line_info_rec_size;
	}
	log_text[0] = '\0';
	k->progs[i] = bpf_prog_load(p->type, p->name, k->obj->license, insns,
				    p->insn_cnt, &opts);
	if (k->progs[i] < 0)
		printf("program %s: %s\n%s\n", p->name, strerror(-k->progs[i]),
		       log_text);
	free(insns);
	return k->progs[i] < 0 ? k->progs[i] : 0;
}

int kelf_load(const struct elf_obj *obj, struct kelf *k)
{
	int ret;

	*k = (struct kelf){ .obj = obj, .btf = -1 };
	k->maps = malloc((obj->map_cnt + 1) * sizeof(int));
	k->progs = malloc((obj->prog_cnt + 1) * sizeof(int));
	if (!k->maps || !k->progs)
		return -ENOMEM;
	memset(k->maps, 0xff, obj->map_cnt * sizeof(int));
	memset(k->progs, 0xff, obj->prog_cnt * sizeof(int));
	ret = load_btf(k);
	if (!ret)
		ret = load_maps(k);
	for (u32 i = 0; i < obj->prog_cnt && !ret; i++) {
		if (obj->progs[i].type)
			ret = load_prog(k, i);
	}
	return ret;
}

static void close_all(int *fds, u32 n)
{
	for (u32 i = 0; fds && i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(fds);
}

void kelf_close(struct kelf *k)
{
	close_all(k->maps, k->obj->map_cnt);
	close_all(k->progs, k->obj->prog_cnt);
	if (k->btf >= 0)
		close(k->btf);
}
