/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_log.c - the log of BPF_PROG_LOAD by bpf(2) and wbpf()
 *
 * Of programs that are accepted, and that need no walk back, every byte is the
 * same.  Of those that are not, Linux's log is where Weir's begins; sizes are
 * then told by how far they are from what each says it needs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define BAD_POINTER 8
#define BYTES 65536
#define STATS 4u
#define FIXED 8u

/* Both ways of a comparison with the packet's end, twice. */
static const struct bpf_insn both_ways[] = {
	LDX(W, R2, R1, 0),
	LDX(W, R3, R1, 4),
	ALU64_X(MOV, R4, R2),
	ALU64_K(ADD, R4, 14),
	ALU64_K(MOV, R0, 2),
	JMP64_X(JGT, R4, R3, 4),
	LDX(B, R5, R2, 13),
	ALU64_K(MOV, R0, 1),
	JMP64_K(JSGT, R5, 60, 1),
	ALU32_K(MOV, R0, 0),
	EXIT(),
};

/* A function; a number that is negative. */
static const struct bpf_insn two_functions[] = {
	ALU64_K(MOV, R6, -70000), CALL_LOCAL(2), ALU64_K(MOV, R0, 2), EXIT(),
	ALU64_K(MOV, R0, 3),	  EXIT(),
};

static const struct bpf_insn no_check[] = {
	LDX(W, R2, R1, 0),
	LDX(B, R0, R2, 13),
	EXIT(),
};

static const struct bpf_insn no_value[] = { EXIT() };

static const struct loaded {
	const char *name;
	const struct bpf_insn *insns;
	u32 cnt;
	bool accepted;
} progs[] = {
#define PROG(insns, accepted)                             \
	{                                                 \
#insns, insns, ARRAY_LEN(insns), accepted \
	}
	PROG(both_ways, true),
	PROG(two_functions, true),
	PROG(no_check, false),
	PROG(no_value, false),
#undef PROG
};

static char text[BYTES + 8];

static union bpf_attr attr_of(const struct loaded *p, u32 level, u32 size)
{
	return (union bpf_attr){ .prog_type = BPF_PROG_TYPE_XDP,
				 .insns = PTR(p->insns),
				 .insn_cnt = p->cnt,
				 .license = PTR("GPL"),
				 .log_level = level,
				 .log_size = size,
				 .log_buf = size ? PTR(text) : 0 };
}

static int load(struct side *s, union bpf_attr *attr)
{
	int res = side_call(s, BPF_PROG_LOAD, attr);

	side_close(s, res);
	return res < 0 ? res : 0;
}

static u32 whole_size(struct side *s, const struct loaded *p, u32 level)
{
	union bpf_attr attr = attr_of(p, level, 0);

	load(s, &attr);
	return attr.log_true_size;
}

/* Every size of the buffer up to one that is too big. */
static void sizes(struct side *s)
{
	static const u32 levels[] = { 1, 2, 3, FIXED, FIXED | 1, FIXED | 2 };

	for (size_t i = 0; i < ARRAY_LEN(progs) * ARRAY_LEN(levels); i++) {
		const struct loaded *p = &progs[i / ARRAY_LEN(levels)];
		u32 level = levels[i % ARRAY_LEN(levels)];
		u32 whole = whole_size(s, p, level);

		if (!p->accepted)
			continue;
		say(s, "%s level %u: %u\n", p->name, level, whole);
		for (u32 size = 1; size < whole + 3; size++) {
			union bpf_attr attr = attr_of(p, level, size);
			int res;

			memset(text, '~', sizeof(text));
			res = load(s, &attr);
			say(s, "%u: %d %u %zu %c\n", size, res,
			    attr.log_true_size, strlen(text), text[size]);
			if (size % 61 == 1 || size + 2 > whole)
				say(s, "%s\n", text);
		}
	}
}

/* What Linux says is what Weir's log begins with. */
static void refusals(struct side *s)
{
	for (size_t i = 0; i < ARRAY_LEN(progs); i++) {
		for (u32 level = 1; level < 4; level++) {
			union bpf_attr attr = attr_of(&progs[i], level, BYTES);
			char *end;

			if (progs[i].accepted)
				continue;
			say(s, "%d\n", load(s, &attr));
			say(s, "told all: %d\n",
			    attr.log_true_size == strlen(text) + 1);
			end = strstr(text, progs[i].insns == no_value
						   ? "R0 !read_ok"
						   : "outside of the packet");
			if (end)
				end[11] = '\0';
			say(s, "%s\n", text);
		}
	}
}

static void short_by_little(struct side *s)
{
	for (size_t i = 0; i < ARRAY_LEN(progs); i++) {
		for (u32 level = 1; level < 4; level++) {
			u32 whole = whole_size(s, &progs[i], level);

			for (int by = -2; by < 3; by++) {
				union bpf_attr attr = attr_of(&progs[i], level,
							      whole + (u32)by);

				say(s, "%s %u%+d: %d\n", progs[i].name, level,
				    by, load(s, &attr));
				say(s, "as told before: %d\n",
				    attr.log_true_size == whole);
			}
		}
	}
}

/* Statistics alone; the reason is said at every level. */
static void statistics(struct side *s)
{
	for (size_t i = 0; i < ARRAY_LEN(progs); i++) {
		union bpf_attr attr = attr_of(&progs[i], STATS, BYTES);

		say(s, "%d\n", load(s, &attr));
		say(s, "%d %d %d %d\n", !!strstr(text, "verification time "),
		    !!strstr(text, "stack depth "),
		    !!strstr(text, "processed "), !!strstr(text, "!read_ok"));
		attr = attr_of(&progs[i], FIXED, BYTES);
		say(s, "%d %d %d\n", load(s, &attr),
		    !!strstr(text, "processed "), !!strstr(text, "!read_ok"));
	}
}

static void wrong(struct side *s)
{
	static const struct {
		u64 buf;
		u32 size, level;
	} all[] = {
		{ 0, 0, 0 },
		{ 0, 0, 1 },
		{ PTR(text), BYTES, 0 },
		{ PTR(text), 0, 1 },
		{ 0, BYTES, 1 },
		{ PTR(text), BYTES, 16 },
		{ PTR(text), BYTES, 15 },
		{ PTR(text), BYTES, UINT32_MAX },
		{ PTR(text), UINT32_MAX >> 2, FIXED },
		{ PTR(text), (UINT32_MAX >> 2) + 1, 1 },
		{ BAD_POINTER, BYTES, 1 },
		{ BAD_POINTER, BYTES, 2 },
		{ BAD_POINTER, BYTES, FIXED | 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		union bpf_attr attr = attr_of(&progs[0], all[i].level, 0);

		attr.log_buf = all[i].buf;
		attr.log_size = all[i].size;
		say(s, "%zu: %d", i, load(s, &attr));
		say(s, " %d\n", attr.log_true_size > 0);
	}
}

/* Callers that know of no true size are told none. */
static void short_attributes(struct side *s)
{
	for (u32 size = 116; size <= 152; size += 4) {
		union bpf_attr attr = attr_of(&progs[0], 2, BYTES);
		int res;

		attr.log_true_size = 7;
		if (size < offsetof(union bpf_attr, log_true_size) + 4)
			attr.log_true_size = 0;
		res = side_call_sized(s, BPF_PROG_LOAD, &attr, size);
		side_close(s, res);
		say(s, "%u: %d %u\n", size, res < 0 ? res : 0,
		    attr.log_true_size);
	}
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "sizes", sizes },
		{ "refusals", refusals },
		{ "short by little", short_by_little },
		{ "statistics", statistics },
		{ "wrong", wrong },
		{ "short attributes", short_attributes },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
