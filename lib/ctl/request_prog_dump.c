/* SPDX-License-Identifier: BSD-3-Clause */
/* request_prog_dump.c - programs: their instructions, here and as machine code
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "ctl/object.h"
#include "helper/helper.h"
#include "jit/dump.h"
#include "jit/lines.h"
#include "sys/sys.h"

struct dump {
	struct json *json;
	const struct prog *prog;
	const struct prog_line *last; /* source line that has been said */
};

/* When another line begins. */
static void print_source(struct dump *d, u32 insn)
{
	const struct prog_line *line =
		insn == JIT_NO_INSN ? NULL : prog_line_at(d->prog, insn);

	if (!line || line == d->last)
		return;
	d->last = line;
	json_kstr(d->json, "file", line->file);
	json_ku64(d->json, "line", line->line);
	json_ku64(d->json, "column", line->column);
	json_kstr(d->json, "source", line->text);
}

static const char *helper_of(void *arg, u32 id)
{
	(void)arg;
	return helper_name(id);
}

/* A map's name, where the kernel's log has its address. */
static bool pseudo_of(void *arg, const struct bpf_insn *insn, char *buf,
		      size_t size)
{
	const struct prog *prog = arg;
	u32 index = (u32)insn->imm;

	if (insn->src_reg != BPF_PSEUDO_MAP_FD &&
	    insn->src_reg != BPF_PSEUDO_MAP_VALUE)
		return false;
	if (index >= prog->map_cnt)
		return false;
	if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		snprintf(buf, size, "map[id:%u]", prog->maps[index]->id);
	else
		snprintf(buf, size, "map[id:%u][0]+%u", prog->maps[index]->id,
			 (u32)insn[1].imm);
	return true;
}

static int dump_insns(struct dump *d, struct err *err)
{
	const struct prog *p = d->prog;
	const struct disasm_names names = { .helper = helper_of,
					    .imm64 = pseudo_of,
					    .arg = (void *)p };
	char text[256];

	(void)err;
	for (u32 i = 0; i < p->insn_cnt; i++) {
		json_begin_object(d->json);
		json_ku64(d->json, "insn", i);
		json_kstr(d->json, "text",
			  disasm_insn(p->insns, p->insn_cnt, i, &names, text,
				      sizeof(text)));
		print_source(d, i);
		json_end_object(d->json);
		if (insn_is_wide(&p->insns[i]))
			i++;
	}
	return 0;
}

static void print_asm(void *arg, const struct jit_asm *line)
{
	struct dump *d = arg;

	json_begin_object(d->json);
	json_key(d->json, "address");
	json_fmt(d->json, "0x%llx", (unsigned long long)line->address);
	json_ku64(d->json, "off", line->off);
	if (line->insn != JIT_NO_INSN)
		json_ku64(d->json, "insn", line->insn);
	json_kstr(d->json, "text", line->text);
	print_source(d, line->insn);
	json_end_object(d->json);
}

static int dump_asm(struct dump *d, struct err *err)
{
	return jit_dump_asm(d->prog, print_asm, d, err);
}

static int dump_llvm(struct dump *d, struct err *err)
{
	char *text = NULL, *line, *rest;
	int res = sys_prog_llvm(d->prog, err, &text);

	if (res)
		return res;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		json_begin_object(d->json);
		json_kstr(d->json, "text", line);
		json_end_object(d->json);
	}
	free(text);
	return 0;
}

static const struct {
	const char *name;
	int (*dump)(struct dump *d, struct err *err);
} kinds[] = {
	{ "insns", dump_insns },
	{ "asm", dump_asm },
	{ "llvm", dump_llvm },
};

static int prog_dump(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "prog", &object_prog, err), res;
	struct dump d = { .json = &rq->json };
	const char *what;
	u32 i = 0;

	if (handle < 0)
		return handle;
	d.prog = wclient_prog(rq->bpf, handle);
	res = arg_string(rq, "what", &what, err);
	if (res)
		return res;
	while (i < ARRAY_LEN(kinds) && strcmp(kinds[i].name, what) != 0)
		i++;
	if (i == ARRAY_LEN(kinds)) {
		err_fail(err, -EINVAL, "nothing of a program is called '%.64s'",
			 what);
		return err_hint(err, "there are: insns, llvm, asm");
	}
	json_begin_array(&rq->json);
	res = kinds[i].dump(&d, err);
	json_end_array(&rq->json);
	return res;
}

const struct method prog_dump_methods[] = {
	{ "prog.dump", "prog what", prog_dump },
	{ 0 },
};
