/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror_prog.c - the object's programs in the kernel */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bpf/insn.h"
#include "bpf/kfunc.h"
#include "oracle/equal.h"
#include "oracle/kernel.h"
#include "oracle/mirror.h"

#define LOG_BYTES (1 << 20)

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

const char *mirror_reason(char *log)
{
	char *end = strstr(log, "processed "), *line = log;

	if (!end)
		end = log + strlen(log);
	while (end > log) {
		*--end = '\0'; /* the newline */
		line = strrchr(log, '\n');
		line = line ? line + 1 : log;
		if (strncmp(line, "cur state:", 10) != 0 &&
		    strncmp(line, "old state:", 10) != 0)
			break;
		end = line;
	}
	return line;
}

static int explain(union bpf_attr *attr, const char *name, int code,
		   struct err *err)
{
	char *log = calloc(1, LOG_BYTES);

	if (!log)
		return mirror_refused("program", name, code, err);
	attr->log_buf = address(log);
	attr->log_size = LOG_BYTES;
	attr->log_level = 1;
	kernel_prog_load(attr);
	log_debug("Linux about program %s:", name);
	if (log_enabled(LOG_DEBUG))
		fputs(log, stderr);
	err_fail(err, code, "Linux refuses program %s: %s (%s)", name,
		 mirror_reason(log), strerror(-code));
	err_hint(err, "--log-level debug shows all that its verifier says");
	free(log);
	return code;
}

static void resolve_maps(const struct mirror *m, struct bpf_insn *insns,
			 u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		struct bpf_insn *insn = &insns[i];

		if (!insn_is_wide(insn))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD ||
		    insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = m->maps[insn->imm];
		i++;
	}
}

static int load_prog(const struct mirror *m, const struct elf_prog *ep,
		     struct err *err)
{
	struct elf_prog own = *ep;
	union bpf_attr attr = {
		.prog_type = ep->type,
		.expected_attach_type = ep->expected_attach_type,
		.prog_flags = ep->flags,
		.license = address(m->kobj->license),
	};
	struct equal_prog p;
	int fd;

	own.insns = malloc(ep->insn_cnt * sizeof(*own.insns));
	if (!own.insns)
		return err_fail(err, -ENOMEM, "out of memory");
	memcpy(own.insns, ep->insns, ep->insn_cnt * sizeof(*own.insns));
	resolve_maps(m, own.insns, own.insn_cnt);
	fd = kfunc_to_kernel(own.insns, own.insn_cnt, err);
	if (fd) {
		free(own.insns);
		return fd;
	}
	fd = equal_make(&own, m->as_is ? -1 : m->state_map, m->cpus,
			m->equal_func, &p);
	free(own.insns);
	if (fd)
		return err_fail(err, fd, "out of memory");

	kernel_name(attr.prog_name, ep->name);
	attr.insns = address(p.insns);
	attr.insn_cnt = p.insn_cnt;
	if (m->btf >= 0 && p.func_info_cnt) {
		attr.prog_btf_fd = (u32)m->btf;
		attr.func_info = address(p.func_info);
		attr.func_info_cnt = p.func_info_cnt;
		attr.func_info_rec_size = ep->func_info_rec_size;
		attr.line_info = address(p.line_info);
		attr.line_info_cnt = p.line_info_cnt;
		attr.line_info_rec_size = ep->line_info_rec_size;
	}
	fd = kernel_prog_load(&attr);
	if (fd < 0)
		explain(&attr, ep->name, fd, err);
	equal_free(&p);
	return fd;
}

int mirror_load_progs(struct mirror *m, struct err *err)
{
	for (u32 i = 0; i < m->obj->prog_cnt; i++) {
		if (!m->so->progs[i])
			continue;
		m->progs[i] = load_prog(m, &m->kobj->progs[i], err);
		if (m->progs[i] < 0)
			return m->progs[i];
		m->prog_ids[i] = kernel_prog_id(m->progs[i]);
	}
	return 0;
}
