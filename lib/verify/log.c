/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - the verifier's log, as Linux writes it
 *
 * At level 2 every path is in it: each instruction, and what is known after it
 * of what it used.  At level 1 a path that ended well is taken out again, so
 * that the one that failed is left, from the program's start.
 */
#include <stdarg.h>
#include <stdio.h>

#include "bpf/disasm.h"
#include "verify/verifier.h"

#define LEVELS (VERIFY_LOG_BRANCHES | VERIFY_LOG_INSNS)
/* What is known stands in a column of its own. */
#define COLUMN 40u
#define COLUMN_STEP 8u

static PRINTF(2, 0) void write_va(struct verifier *v, const char *fmt,
				  va_list ap)
{
	char text[2048];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n <= 0)
		return;
	v->log.len += MIN((size_t)n, sizeof(text) - 1);
	v->attr->log.write(v->attr->log.arg, text);
}

static PRINTF(2, 3) void put(struct verifier *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_va(v, fmt, ap);
	va_end(ap);
}

/* The line of an instruction stays open for what is known after it. */
static void close_line(struct verifier *v)
{
	if (v->log.open)
		put(v, "\n");
	v->log.open = false;
}

void log_text(struct verifier *v, u32 level, const char *fmt, ...)
{
	va_list ap;

	if (!(v->log.level & level))
		return;
	close_line(v);
	va_start(ap, fmt);
	write_va(v, fmt, ap);
	va_end(ap);
}

/* ---- instructions ---- */

static const char *helper_of(void *arg, u32 id)
{
	(void)arg;
	return helper_name(id);
}

static bool imm64_of(void *arg, const struct bpf_insn *insn, char *buf,
		     size_t size)
{
	const struct verifier *v = arg;
	const char *name;

	if (insn->src_reg != BPF_PSEUDO_MAP_FD &&
	    insn->src_reg != BPF_PSEUDO_MAP_VALUE)
		return false;
	if ((u32)insn->imm >= v->attr->map_cnt)
		return false;
	name = v->attr->maps[insn->imm].name;
	if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		snprintf(buf, size, "map[%s]", name ? name : "");
	else
		snprintf(buf, size, "map[%s]+%d", name ? name : "",
			 insn[1].imm);
	return true;
}

const char *insn_text(const struct verifier *v, u32 insn, char *buf,
		      size_t size)
{
	const struct disasm_names names = { .helper = helper_of,
					    .imm64 = imm64_of,
					    .arg = (void *)(uintptr_t)v };

	if (v->aux && v->aux[insn].kfunc &&
	    v->insns[insn].src_reg == BPF_PSEUDO_KFUNC_CALL) {
		snprintf(buf, size, "(85) call %s#%d", v->aux[insn].kfunc,
			 v->insns[insn].imm);
		return buf;
	}
	return disasm_insn(v->insns, v->cnt, insn, &names, buf, size);
}

/* ---- states ---- */

static void put_refs(struct verifier *v, const struct state *s)
{
	for (u32 i = 0; i < s->ref_cnt; i++)
		put(v, "%s%u", i ? "," : " refs=", s->refs[i].id);
}

static void put_state(struct verifier *v, const struct state *s, u32 frame,
		      u32 regs, u64 slots)
{
	const struct frame *f = s->frames[frame];

	if (frame)
		put(v, " frame%u:", frame);
	for (u32 i = 0; i < ARRAY_LEN(f->regs); i++) {
		struct text t = { .len = 0 };

		if (f->regs[i].kind == REG_UNINIT || !(regs >> i & 1))
			continue;
		text_reg(&t, &f->regs[i], frame);
		put(v, " R%u=%s", i, t.buf);
	}
	for (u32 i = 0; i < f->slots; i++) {
		struct text t = { .len = 0 };

		if (slots >> i & 1 && text_slot(&t, &f->stack[i], i, frame))
			put(v, " %s", t.buf);
	}
	put_refs(v, s);
	put(v, "%s%s\n", f->in_callback ? " cb" : "",
	    f->in_async ? " async_cb" : "");
}

static void put_all(struct verifier *v, const struct state *s, u32 frame)
{
	put_state(v, s, frame, UINT32_MAX, UINT64_MAX);
}

/* What the last instruction used, beside it. */
static void put_used(struct verifier *v)
{
	u32 width = v->log.width;

	if (!v->log.regs && !v->log.slots)
		return;
	if (v->log.open)
		put(v, "%*c;",
		    (int)(round_up(MAX(width + COLUMN_STEP / 2, COLUMN),
				   COLUMN_STEP) -
			  width - 1),
		    ' ');
	else
		put(v, "%u:", v->insn);
	v->log.open = false;
	put_state(v, v->cur, v->cur->depth, v->log.regs, v->log.slots);
	v->log.regs = 0;
	v->log.slots = 0;
}

static void put_line(struct verifier *v)
{
	const struct prog_line *line = line_at(v->attr, v->insn);
	const char *text, *file;

	if (!line || line == v->log.line)
		return;
	v->log.line = line;
	text = line->text ? line->text : "";
	text += strspn(text, " \t\n\v\f\r");
	close_line(v);
	put(v, "; %s", text);
	if (line->file) {
		file = strrchr(line->file, '/');
		put(v, " @ %s:%u", file ? file + 1 : line->file, line->line);
	}
	put(v, "\n");
}

void log_insn(struct verifier *v)
{
	char text[256];

	if (!(v->log.level & LEVELS))
		return;
	if (v->log.from && v->log.level & VERIFY_LOG_INSNS) {
		close_line(v);
		put(v, "\nfrom %d to %u:", (s32)v->prev, v->insn);
		put_all(v, v->cur, v->cur->depth);
	}
	v->log.from = false;
	put_used(v);
	put_line(v);
	close_line(v);
	insn_text(v, v->insn, text, sizeof(text));
	v->log.width = (u32)snprintf(NULL, 0, "%u: %s\n", v->insn, text);
	put(v, "%u: %s", v->insn, text);
	v->log.open = true;
	v->log.regs = insn_regs(&v->insns[v->insn]);
}

void log_slots(struct verifier *v, u64 slots)
{
	v->log.slots |= slots;
}

void log_safe(struct verifier *v)
{
	if (v->log.from)
		log_text(v, LEVELS, "\nfrom %d to %u: safe\n", (s32)v->prev,
			 v->insn);
	else
		log_text(v, LEVELS, "%u: safe\n", v->insn);
}

void log_call(struct verifier *v, const struct state *s)
{
	if (!(v->log.level & LEVELS))
		return;
	close_line(v);
	put(v, "caller:\n");
	put_all(v, s, s->depth - 1);
	put(v, "callee:\n");
	put_all(v, s, s->depth);
	log_all(v);
}

void log_return(struct verifier *v, u32 to)
{
	if (!(v->log.level & LEVELS))
		return;
	close_line(v);
	put(v, "returning from callee:\n");
	put_all(v, v->cur, v->cur->depth);
	put(v, "to caller at %u:\n", to);
	put_all(v, v->cur, v->cur->depth - 1);
	v->log.from = true;
	v->log.regs = 0;
	v->log.slots = 0;
}

void log_loop(struct verifier *v, const struct state *old)
{
	if (!(v->log.level & LEVELS))
		return;
	close_line(v);
	put(v, "cur state:");
	put_all(v, v->cur, v->cur->depth);
	put(v, "old state:");
	put_all(v, old, old->depth);
}

/* ---- paths ---- */

void log_all(struct verifier *v)
{
	v->log.regs = UINT32_MAX;
	v->log.slots = UINT64_MAX;
}

static void cut(struct verifier *v, u64 len)
{
	if ((v->log.level & LEVELS) != VERIFY_LOG_BRANCHES || !v->attr->log.cut)
		return;
	close_line(v); /* it counts */
	v->attr->log.cut(v->attr->log.arg, len);
	v->log.len = len;
	v->log.open = false;
}

void log_path(struct verifier *v, u64 len, bool open)
{
	cut(v, len);
	if (open && v->log.len == len && v->log.level & LEVELS)
		v->log.open = true;
	v->log.from = true;
	log_all(v);
}

void log_walked(struct verifier *v)
{
	cut(v, 0);
}

/* ---- before and after ---- */

void log_subprogs(struct verifier *v)
{
	for (u32 i = 0; i < v->subprog_cnt; i++)
		log_text(v, VERIFY_LOG_INSNS, "func#%u @%u\n", i,
			 v->subprogs[i].start);
}

void log_live_regs(struct verifier *v)
{
	char text[256];

	if (!(v->log.level & VERIFY_LOG_INSNS))
		return;
	put(v, "Live regs before insn:\n");
	for (u32 i = 0; i < v->cnt; i++) {
		if (v->aux[i].wide_second)
			continue;
		put(v, "    %3u: ", i);
		for (u32 r = 0; r < BPF_REG_10; r++)
			put(v, "%c",
			    v->aux[i].live_regs >> r & 1 ? '0' + (char)r : '.');
		put(v, " %s\n", insn_text(v, i, text, sizeof(text)));
	}
}

static void log_stack(struct verifier *v)
{
	char text[SUBPROGS_MAX * 12] = "";
	size_t n = 0;

	for (u32 i = 0; i < v->subprog_cnt; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
				      i ? "+" : "", v->subprogs[i].stack);
	log_text(v, VERIFY_LOG_STATS, "verification time %llu usec\n",
		 (unsigned long long)v->result->time_ns / 1000);
	log_text(v, VERIFY_LOG_STATS, "stack depth %.900s\n", text);
}

void log_result(struct verifier *v)
{
	const struct verify_result *r = v->result;

	if (!v->log.level)
		return;
	log_stack(v);
	log_text(v, UINT32_MAX,
		 "processed %u insns (limit %u) max_states_per_insn %u "
		 "total_states %u peak_states %u mark_read 0\n",
		 r->processed, PROCESSED_MAX, r->max_states_per_insn,
		 r->total_states, r->peak_states);
}
