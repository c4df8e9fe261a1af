/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.c - a rejection's place and what to do about it
 *
 * The reason is Linux's words; the place is the source line if the program has
 * line information, and the instruction; the hint is C.
 */
#include <stdlib.h>

#include "verify/history.h"

static const char *const hints[VERIFY_CODE_COUNT] = {
	[VERIFY_UNINIT] = "give it a value on every path that leads here",
	[VERIFY_NOT_POINTER] =
		"this is a number here, whatever its type in C: on some path "
		"it is no pointer, or a helper call made it invalid",
	[VERIFY_NULL_POINTER] = "if (!ptr) return ...; before it is used",
	[VERIFY_POINTER_MATH] =
		"only numbers with known limits may be added to a pointer: "
		"if (n >= MAX) return ...;",
	[VERIFY_BOUNDS] = "limit the offset first: if (i >= SIZE) return ...; "
			  "or i &= SIZE - 1;",
	[VERIFY_PACKET] = "if ((void *)ptr + SIZE > data_end) return ...; "
			  "with this very pointer, before the access",
	[VERIFY_STACK] = "stay inside the 512 bytes below the stack's top "
			 "(check the index into the local array), and read "
			 "what was written, as it was written",
	[VERIFY_STACK_DEPTH] = "move big local variables to a per-CPU array, "
			       "or inline functions: 8 may call one another",
	[VERIFY_CTX] = "the context has no such field for this program type, "
		       "or not at this size",
	[VERIFY_ALIGN] = "copy it with memcpy() or read it byte by byte",
	[VERIFY_READ_ONLY] = "copy it to a local variable and change that",
	[VERIFY_HELPER] = "helpers depend on program type and license",
	[VERIFY_SIZE] = "limit the size first: if (n > MAX) return ...; with "
			"n unsigned",
	[VERIFY_REF] = "give back what was acquired on every path, once",
	[VERIFY_LOCK] = "unlock before calls and on every path",
	[VERIFY_RETURN] = "limit the value before it is returned",
	[VERIFY_LOOP] = "give the loop a bound that every round comes nearer "
			"to",
	[VERIFY_COMPLEX] = "fewer branches in loops, or bpf_loop()",
};

const struct prog_line *line_at(const struct verify_attr *attr, u32 insn)
{
	const struct prog_line *found = NULL;

	for (u32 i = 0; i < attr->line_cnt && attr->lines[i].insn <= insn; i++)
		found = &attr->lines[i];
	return found;
}

/* Both stay empty if nothing more is known. */
static void look_back(struct verifier *v, struct text *hint)
{
	struct record r = { .path = &v->failed };
	struct verify_result again = { 0 };
	u32 subject = NO_REG;
	struct verify_history *h = calloc(1, sizeof(*h));

	if (!v->failed.len || !h || !verify_again(v, &r, &again, &subject) ||
	    r.failed || !r.last || again.code != v->result->code ||
	    again.insn != v->result->insn || r.last_pos + 1 != v->failed.len)
		goto out;
	if (!history_make(v, &r, subject, h) && h->cnt) {
		v->result->history = h;
		h = NULL;
	}
	suggest(v, &r, subject, hint);
out:
	free(h);
	record_free(&r);
	verify_result_free(&again);
}

static void log_explanation(struct verifier *v)
{
	const struct verify_history *h = v->result->history;
	const u32 levels = VERIFY_LOG_BRANCHES | VERIFY_LOG_INSNS;

	log_text(v, levels, "%s\n", v->err->place);
	for (u32 i = 0; h && i < h->cnt; i++) {
		const struct verify_event *e = &h->events[i];

		log_text(v, levels, "  insn %u: %s%s%s\n", e->insn, e->what,
			 e->known[0] ? "; " : "", e->known);
	}
	if (v->err->hint[0])
		log_text(v, levels, "%s\n", v->err->hint);
}

void explain(struct verifier *v)
{
	const char *general = hints[v->result->code];
	const struct prog_line *line = line_at(v->attr, v->result->insn);
	struct text hint = { .len = 0 };
	char insn[128], source[160] = "";

	if (v->result->insn >= v->cnt || !v->aux)
		return;
	v->result->line = line;
	insn_text(v, v->result->insn, insn, sizeof(insn));
	if (line && line->file)
		snprintf(source, sizeof(source), "%s:%u: ", line->file,
			 line->line);
	err_place(v->err, "%sinsn %u: %s", source, v->result->insn, insn);
	look_back(v, &hint);
	if (hint.len)
		err_hint(v->err, "%s", hint.buf);
	else if (general)
		err_hint(v->err, "%s", general);
	log_explanation(v);
}
