/* SPDX-License-Identifier: BSD-3-Clause */
/* test_explain.c - what is told of a value that was refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "verify/verifier.h"

static struct verify_map maps[] = {
	{ .name = "hash",
	  .type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 4 },
	{ .name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 },
	{ .name = "locked",
	  .type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 4,
	  .fields_known = true,
	  .fields = { { .kind = BTF_FIELD_SPIN_LOCK } },
	  .field_cnt = 1 },
};

enum { HASH, RING, LOCKED };

#define PACKET(start, stop)                               \
	LDX(W, start, R1, offsetof(struct xdp_md, data)), \
		LDX(W, stop, R1, offsetof(struct xdp_md, data_end))
#define LOOKUP(map)                                                     \
	ST(W, R10, -8, 1), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8), \
		LD_MAP(R1, map), CALL(BPF_FUNC_map_lookup_elem)
#define FOUND(map) LOOKUP(map), JMP64_K(JNE, R0, 0, 1), EXIT()
#define RETURN(n) ALU64_K(MOV, R0, n), EXIT()
#define TEN(...)                                                         \
	__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, \
		__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__,      \
		__VA_ARGS__

/* An event, what it says and what is known then; in this order. */
struct told {
	enum verify_event_kind kind;
	const char *what, *known;
};

#define TOLD(kind, what, known)                  \
	{                                        \
		VERIFY_EVENT_##kind, what, known \
	}

static const struct explained {
	const char *name;
	enum verify_code code;
	enum verify_class class;
	struct told told[6];
	const struct bpf_insn *insns;
	size_t cnt;
} cases[] = {
#define INSNS(...)                                           \
	(const struct bpf_insn[]){ __VA_ARGS__ },            \
		sizeof((struct bpf_insn[]){ __VA_ARGS__ }) / \
			sizeof(struct bpf_insn)
	{ "a comparison that proves too little",
	  VERIFY_PACKET,
	  VERIFY_UNPROVEN,
	  { TOLD(LOADED, "from the context: data",
		 "r2: packet pointer, 0 bytes known"),
	    TOLD(NARROWED, "if r4 > r3: no",
		 "r2: packet pointer, 14 bytes known readable") },
	  INSNS(PACKET(R2, R3), ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 14),
		JMP64_X(JGT, R4, R3, 1), LDX(B, R0, R2, 14), RETURN(0)) },
	{ "a packet that moved",
	  VERIFY_NOT_POINTER,
	  VERIFY_UNSAFE,
	  { TOLD(LOADED, "context: data", "r7: packet pointer"),
	    TOLD(NARROWED, "", "r7: packet pointer, 14 bytes"),
	    TOLD(INVALIDATED, "bpf_xdp_adjust_head() may move the packet",
		 "r7: a number") },
	  INSNS(ALU64_X(MOV, R6, R1), PACKET(R7, R8), ALU64_X(MOV, R4, R7),
		ALU64_K(ADD, R4, 14), JMP64_X(JGT, R4, R8, 4),
		ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
		CALL(BPF_FUNC_xdp_adjust_head), LDX(B, R0, R7, 0), RETURN(0)) },
	{ "through the stack",
	  VERIFY_NULL_POINTER,
	  VERIFY_UNPROVEN,
	  { TOLD(RETURNED, "by bpf_map_lookup_elem()",
		 "r0: pointer to a value of map hash (16 bytes), or NULL"),
	    TOLD(SPILLED, "r0 is saved", "fp-16: pointer to a value"),
	    TOLD(FILLED, "restored from fp-16", "r3: pointer to a value") },
	  INSNS(LOOKUP(HASH), STX(DW, R10, -16, R0), ALU64_K(MOV, R0, 0),
		LDX(DW, R3, R10, -16), LDX(DW, R4, R3, 0), EXIT()) },
	{ "half of a pointer",
	  VERIFY_NOT_POINTER,
	  VERIFY_UNSAFE,
	  { TOLD(LOADED, "context: data", "r2: packet pointer"),
	    TOLD(COPIED, "a 32-bit move copies the low half of r2: no pointer",
		 "r4: a number from 0 to 4294967295") },
	  INSNS(PACKET(R2, R3), ALU32_X(MOV, R4, R2), LDX(B, R0, R4, 0),
		EXIT()) },
	{ "a sum that may overflow",
	  VERIFY_BOUNDS,
	  VERIFY_UNPROVEN,
	  { TOLD(LOADED, "context: rx_queue_index",
		 "r6: a number from 0 to 4294967295"),
	    TOLD(RETURNED, "bpf_ktime_get_ns()", "a number, any"),
	    TOLD(COMPUTED, "r6 += r0: may overflow, its bounds are lost",
		 "r6: a number, any") },
	  INSNS(LDX(W, R6, R1, offsetof(struct xdp_md, rx_queue_index)),
		CALL(BPF_FUNC_ktime_get_ns), ALU64_X(ADD, R6, R0), FOUND(HASH),
		ALU64_X(ADD, R0, R6), LDX(B, R0, R0, 0), EXIT()) },
	{ "a place in the packet that varies",
	  VERIFY_PACKET,
	  VERIFY_UNPROVEN,
	  { TOLD(NARROWED, "if r4 > r3: no", "14 bytes known"),
	    TOLD(LOADED, "from the packet", "r5: a number from 0 to 255"),
	    TOLD(COMPUTED, "r2 += r5: what was proven is not of the new place",
		 "offset 0 to 255, 0 bytes known readable") },
	  INSNS(PACKET(R2, R3), ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 14),
		ALU64_K(MOV, R0, 0), JMP64_X(JGT, R4, R3, 3),
		LDX(B, R5, R2, 13), ALU64_X(ADD, R2, R5), LDX(B, R0, R2, 0),
		EXIT()) },
	{ "an argument, and a result",
	  VERIFY_BOUNDS,
	  VERIFY_UNSAFE,
	  { TOLD(RETURNED, "by bpf_map_lookup_elem()", "(16 bytes), or NULL"),
	    TOLD(NARROWED, "if r0 != 0x0: yes", "(16 bytes)"),
	    TOLD(PASSED, "passed to a function()", "r1: pointer to a value"),
	    TOLD(COMPUTED, "r0 += 16", "offset 16"),
	    TOLD(RETURNED, "returned from the function", "r0:") },
	  INSNS(FOUND(HASH), ALU64_X(MOV, R1, R0), CALL_LOCAL(2),
		LDX(B, R0, R0, 0), EXIT(), ALU64_X(MOV, R0, R1),
		ALU64_K(ADD, R0, 16), EXIT()) },
	{ "rounds of a loop that differ",
	  VERIFY_BOUNDS,
	  VERIFY_UNPROVEN,
	  { TOLD(WIDENED, "differs from round to round", "r6: a number"),
	    TOLD(COMPUTED, "r6 += 1", "r6: a number, any") },
	  INSNS(ALU64_K(MOV, R6, 0), ALU64_K(MOV, R7, 0), MAY_GOTO(3),
		ALU64_K(ADD, R6, 1), ALU64_K(MOV, R7, 1), JA(-4),
		ALU64_K(MOV, R0, 0), JMP64_K(JEQ, R7, 0, 10), FOUND(HASH),
		ALU64_X(ADD, R0, R6), LDX(B, R0, R0, 0), EXIT()) },
	{ "what is not given back",
	  VERIFY_REF,
	  VERIFY_UNSAFE,
	  { TOLD(HELD, "bpf_ringbuf_reserve() acquires", "") },
	  INSNS(LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
		CALL(BPF_FUNC_ringbuf_reserve), RETURN(0)) },
	{ "a lock that is kept",
	  VERIFY_LOCK,
	  VERIFY_UNSAFE,
	  { TOLD(HELD, "bpf_spin_lock() takes the lock", "") },
	  INSNS(FOUND(LOCKED), ALU64_X(MOV, R1, R0), CALL(BPF_FUNC_spin_lock),
		RETURN(0)) },
	{ "a size that may be negative",
	  VERIFY_SIZE,
	  VERIFY_UNPROVEN,
	  { TOLD(RETURNED, "bpf_ktime_get_ns()", "r0: a number, any"),
	    TOLD(NARROWED, "if r4 s> 0x10: no",
		 "r4: a number from the least to 16") },
	  INSNS(ALU64_X(MOV, R6, R1), CALL(BPF_FUNC_ktime_get_ns),
		ALU64_X(MOV, R4, R0), JMP64_K(JSGT, R4, 16, 5),
		ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
		ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -16),
		CALL(BPF_FUNC_xdp_load_bytes), RETURN(0)) },
	{ "a place that is known to be outside",
	  VERIFY_BOUNDS,
	  VERIFY_UNSAFE,
	  { TOLD(RETURNED, "bpf_map_lookup_elem()", "or NULL") },
	  INSNS(FOUND(HASH), LDX(B, R0, R0, 16), EXIT()) },
	{ "a register that a call does not keep",
	  VERIFY_UNINIT,
	  VERIFY_UNSAFE,
	  { TOLD(INVALIDATED, "bpf_ktime_get_ns() does not keep it",
		 "r1: nothing") },
	  INSNS(CALL(BPF_FUNC_ktime_get_ns), ALU64_X(MOV, R0, R1), EXIT()) },
};

static struct verify_attr attr_of(const struct bpf_insn *insns, size_t cnt)
{
	return (struct verify_attr){
		.type = BPF_PROG_TYPE_XDP,
		.license = "GPL",
		.insns = insns,
		.insn_cnt = (u32)cnt,
		.maps = maps,
		.map_cnt = ARRAY_LEN(maps),
	};
}

static bool is_told(const struct verify_event *e, const struct told *t)
{
	return e->kind == t->kind && strstr(e->what, t->what) &&
	       strstr(e->known, t->known);
}

/* How many of what should be told is, in order. */
static u32 count_told(const struct verify_history *h, const struct explained *c)
{
	u32 n = 0;

	for (u32 i = 0; h && i < h->cnt; i++)
		if (n < ARRAY_LEN(c->told) && c->told[n].what &&
		    is_told(&h->events[i], &c->told[n]))
			n++;
	return n;
}

static void show(const struct explained *c, const struct verify_result *r,
		 const struct err *err)
{
	print_error("%s: %s, %s: %s\n", c->name, verify_code_name(r->code),
		    verify_class_name(r->class), err->reason);
	for (u32 i = 0; r->history && i < r->history->cnt; i++)
		print_error("  %s at %u: %s; %s\n",
			    verify_event_name(r->history->events[i].kind),
			    r->history->events[i].insn,
			    r->history->events[i].what,
			    r->history->events[i].known);
}

static void values_are_followed_to_where_they_began(void **state)
{
	u32 wrong = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
		const struct explained *c = &cases[i];
		struct verify_attr attr = attr_of(c->insns, c->cnt);
		struct verify_result result;
		struct err err = { 0 };
		u32 want = 0;

		verify(&attr, &result, &err);
		while (want < ARRAY_LEN(c->told) && c->told[want].what)
			want++;
		if (result.code != c->code || result.class != c->class ||
		    count_told(result.history, c) != want) {
			show(c, &result, &err);
			wrong++;
		}
		verify_result_free(&result);
	}
	assert_int_equal(wrong, 0);
}

/* The path that failed, not the one that was walked before it. */
static void the_other_way_is_not_told(void **state)
{
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_prandom_u32),
		ALU64_X(MOV, R6, R0),
		FOUND(HASH),
		JMP64_K(JGT, R6, 8, 2), /* walked first: no */
		ALU64_K(MOV, R6, 0),
		JA(1),
		ALU64_K(MOV, R6, 100),
		ALU64_X(ADD, R0, R6),
		LDX(B, R0, R0, 0),
		EXIT(),
	};
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;
	const struct verify_history *h;

	(void)state;
	assert_int_equal(verify(&attr, &result, NULL), -EACCES);
	h = result.history;
	assert_non_null(h);
	for (u32 i = 0; i < h->cnt; i++)
		assert_null(strstr(h->events[i].known, "the number 0"));
	assert_non_null(strstr(h->events[h->cnt - 1].known, "offset 100"));
	verify_result_free(&result);
}

static void long_histories_keep_both_ends(void **state)
{
	const struct bpf_insn insns[] = {
		FOUND(HASH),
		TEN(ALU64_K(ADD, R0, 1)),
		TEN(ALU64_K(ADD, R0, 1)),
		LDX(B, R0, R0, 0),
		EXIT(),
	};
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;
	const struct verify_history *h;

	(void)state;
	assert_int_equal(verify(&attr, &result, NULL), -EACCES);
	h = result.history;
	assert_non_null(h);
	assert_int_equal(h->cnt, VERIFY_EVENTS_MAX);
	assert_int_equal(h->left_out, 22 - VERIFY_EVENTS_MAX);
	assert_int_equal(h->events[0].kind, VERIFY_EVENT_RETURNED);
	assert_non_null(strstr(h->events[h->cnt - 1].known, "offset 20"));
	verify_result_free(&result);
}

/* The same instruction again and again is told once. */
static void rounds_are_counted(void **state)
{
	const struct bpf_insn insns[] = {
		FOUND(HASH),
		ALU64_K(MOV, R6, 0),
		ALU64_K(ADD, R0, 1),
		ALU64_K(ADD, R6, 1),
		JMP64_K(JLT, R6, 20, -3),
		LDX(B, R0, R0, 0),
		EXIT(),
	};
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;
	const struct verify_history *h;

	(void)state;
	assert_int_equal(verify(&attr, &result, NULL), -EACCES);
	h = result.history;
	assert_non_null(h);
	assert_int_equal(h->events[h->cnt - 1].times, 20);
	assert_int_equal(h->left_out, 0);
	verify_result_free(&result);
}

static void what_is_accepted_has_none(void **state)
{
	const struct bpf_insn insns[] = { RETURN(0) };
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;

	(void)state;
	assert_int_equal(verify(&attr, &result, NULL), 0);
	assert_null(result.history);
	verify_result_free(&result);
}

/* ---- suggestions ---- */

struct line {
	u32 insn;
	const char *text;
};

static void suggested(const struct bpf_insn *insns, size_t cnt,
		      const struct line *lines, u32 line_cnt, const char *hint)
{
	struct prog_line of[8] = { { 0 } };
	struct verify_attr attr = attr_of(insns, cnt);
	struct verify_result result;
	struct err err = { 0 };

	for (u32 i = 0; i < line_cnt; i++)
		of[i] = (struct prog_line){ .insn = lines[i].insn,
					    .line = i + 1,
					    .file = "x.c",
					    .text = lines[i].text };
	attr.lines = of;
	attr.line_cnt = line_cnt;
	assert_true(verify(&attr, &result, &err) < 0);
	assert_string_equal(err.hint, hint);
	assert_non_null(result.line);
	verify_result_free(&result);
}

#define SUGGESTED(hint, code, ...)                            \
	do {                                                  \
		const struct bpf_insn insns_[] = { code };    \
		const struct line lines_[] = { __VA_ARGS__ }; \
		suggested(insns_, ARRAY_LEN(insns_), lines_,  \
			  ARRAY_LEN(lines_), hint);           \
	} while (0)
#define CODE(...) __VA_ARGS__

static void hints_have_the_programs_names(void **state)
{
	(void)state;
	SUGGESTED("if ((void *)(eth + 1) > fin) return XDP_PASS; before the "
		  "access",
		  CODE(PACKET(R2, R3), LDX(H, R0, R2, 12), RETURN(0)),
		  { 0, "void *start = (void *)(long)ctx->data;" },
		  { 1, "void *fin = (void *)(long)ctx->data_end;" },
		  { 2, "if (eth->h_proto == 8)" });
	SUGGESTED("if (start + 14 > data_end) return XDP_PASS; before the "
		  "access",
		  CODE(PACKET(R2, R3), LDX(H, R0, R2, 12), RETURN(0)),
		  { 0, "\tchar *start = (void *)(long)ctx->data;" },
		  { 1, "use(ctx->data_end);" }, { 2, "x = start[12];" });
	SUGGESTED("if (!seen) return XDP_PASS; before it is used",
		  CODE(LOOKUP(HASH), LDX(DW, R1, R0, 0), RETURN(0)),
		  { 0, "int key = 1;" },
		  { 2, "long *seen = bpf_map_lookup_elem(&hash, &key);" },
		  { 6, "total += *seen;" });
	SUGGESTED("if (which >= 4) return XDP_PASS; before the access",
		  CODE(LDX(W, R6, R1, offsetof(struct xdp_md, rx_queue_index)),
		       FOUND(HASH), ALU64_K(LSH, R6, 2), ALU64_X(ADD, R0, R6),
		       LDX(W, R0, R0, 0), EXIT()),
		  { 0, "which = ctx->rx_queue_index;" },
		  { 9, "return v->per[which];" });
	SUGGESTED("if (n < 0) return XDP_PASS; or an unsigned index with a "
		  "limit",
		  CODE(CALL(BPF_FUNC_ktime_get_ns), ALU64_X(MOV, R6, R0),
		       FOUND(HASH), ALU64_X(ADD, R0, R6), LDX(B, R0, R0, 0),
		       EXIT()),
		  { 0, "n = bpf_ktime_get_ns();" },
		  { 10, "return v->per[n];" });
	SUGGESTED("if ((void *)l4 + 4 > data_end) return XDP_PASS; before "
		  "the access",
		  CODE(PACKET(R2, R3), ALU64_X(MOV, R4, R2),
		       ALU64_K(ADD, R4, 14), ALU64_K(MOV, R0, 0),
		       JMP64_X(JGT, R4, R3, 3), LDX(B, R5, R2, 13),
		       ALU64_X(ADD, R2, R5), LDX(B, R0, R2, 3), EXIT()),
		  { 0, "data = (void *)(long)ctx->data;" },
		  { 6, "l4 = data + data[13];" }, { 8, "return l4[3];" });
	SUGGESTED("if (!n || n > 16) return XDP_PASS; with n unsigned",
		  CODE(ALU64_X(MOV, R6, R1), CALL(BPF_FUNC_ktime_get_ns),
		       ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
		       ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -16),
		       ALU64_X(MOV, R4, R0), CALL(BPF_FUNC_xdp_load_bytes),
		       RETURN(0)),
		  { 0, "n = bpf_ktime_get_ns();" },
		  { 2, "bpf_xdp_load_bytes(ctx, f(0, 1), &buf[1], n);" });
	SUGGESTED("after bpf_xdp_adjust_head() read data and data_end from "
		  "the context again, and compare again",
		  CODE(ALU64_X(MOV, R6, R1), PACKET(R7, R8),
		       ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
		       CALL(BPF_FUNC_xdp_adjust_head), LDX(B, R0, R7, 0),
		       RETURN(0)),
		  { 0, "bpf_xdp_adjust_head(ctx, 0);" });
}

#define MOVED(reg) ALU64_X(ADD, R2, reg), ALU64_X(MOV, R5, R2)
#define NUMBER LDX(W, R4, R1, offsetof(struct xdp_md, rx_queue_index))

static void hints_help(void **state)
{
	(void)state;
	/* compared, but too far away to know */
	SUGGESTED(
		"if (offset > 65527) return XDP_PASS; before it is added: "
		"beyond 65535 bytes a comparison with data_end proves nothing",
		CODE(PACKET(R2, R3), NUMBER, ALU64_K(AND, R4, 0xffff),
		     MOVED(R4), ALU64_K(ADD, R5, 8), JMP64_X(JGT, R5, R3, 1),
		     LDX(DW, R0, R2, 0), RETURN(0)),
		{ 0, "x = *(__u64 *)place;" });
	SUGGESTED("if ((void *)place + 8 > data_end) return XDP_PASS; before "
		  "the access",
		  CODE(PACKET(R2, R3), NUMBER, ALU64_K(AND, R4, 0x7fff),
		       MOVED(R4), LDX(DW, R0, R2, 0), RETURN(0)),
		  { 0, "x = place[0];" });
	SUGGESTED("if (offset < 0) return XDP_PASS; or an unsigned offset, "
		  "before it is added",
		  CODE(PACKET(R2, R3), NUMBER, ALU64_K(AND, R4, 0xff),
		       ALU64_X(SUB, R2, R4), LDX(B, R0, R2, 0), RETURN(0)),
		  { 0, "x = place[0];" });
	SUGGESTED("there is nothing 2 bytes before the start",
		  CODE(PACKET(R2, R3), LDX(H, R0, R2, -2), RETURN(0)),
		  { 0, "x = place[-1];" });
	SUGGESTED("there are 16 bytes: a bigger one, or a smaller offset or "
		  "size",
		  CODE(FOUND(HASH), LDX(DW, R0, R0, 16), RETURN(0)),
		  { 0, "x = v->third;" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_followed_to_where_they_began),
		cmocka_unit_test(the_other_way_is_not_told),
		cmocka_unit_test(long_histories_keep_both_ends),
		cmocka_unit_test(rounds_are_counted),
		cmocka_unit_test(what_is_accepted_has_none),
		cmocka_unit_test(hints_have_the_programs_names),
		cmocka_unit_test(hints_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
