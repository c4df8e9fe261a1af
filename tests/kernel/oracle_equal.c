/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle_equal.c - programs in the kernel see Weir's time, chance and CPU, and
 * the kernel takes what is made of them
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/btf.h"
#include "helper/helper.h"
#include "kprog.h"
#include "oracle/equal.h"
#include "oracle/kernel.h"
#include "oracle/replay.h"
#include "tests/asm.h"

static int failures;

#define CHECK(cond, ...)                                          \
	do {                                                      \
		if (cond)                                         \
			break;                                    \
		failures++;                                       \
		printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
		printf(__VA_ARGS__);                              \
		putchar('\n');                                    \
	} while (0)

/* Type 3 is static int f(void); "f" is at offset 5. */
static const struct {
	struct btf_header head;
	struct btf_type integer;
	u32 encoding;
	struct btf_type proto;
	struct btf_type func;
	char strings[8];
} btf_bytes = {
	.head = { .magic = BTF_MAGIC,
		  .version = BTF_VERSION,
		  .hdr_len = sizeof(struct btf_header),
		  .type_len = 3 * sizeof(struct btf_type) + 4,
		  .str_off = 3 * sizeof(struct btf_type) + 4,
		  .str_len = 8 },
	.integer = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
	.encoding = BTF_INT_SIGNED << 24 | 32,
	.proto = { .info = BTF_KIND_FUNC_PROTO << 24, .type = 1 },
	.func = { .name_off = 5, .info = BTF_KIND_FUNC << 24, .type = 2 },
	.strings = "\0int\0f\0",
};

static const struct bpf_func_info func_info[] = { { 0, 3 } };
static const struct bpf_line_info line_info[] = { { 0, 5, 5, 1 << 10 } };

#define ANSWERS 9
#define ASK(helper, n) CALL(BPF_FUNC_##helper), STX(DW, R6, 8 * (n), R0)

/* Asks everything, some of it twice, with a full stack and values in the
 * registers that calls preserve. */
static struct bpf_insn program[] = {
	ST(DW, R10, -512, 0),
	LD_VALUE(R6, 0, 0),
	ALU64_K(MOV, R7, 7),
	ASK(ktime_get_ns, 0),
	ASK(get_prandom_u32, 1),
	ASK(ktime_get_boot_ns, 2),
	ASK(get_prandom_u32, 3),
	ASK(ktime_get_coarse_ns, 4),
	ASK(get_smp_processor_id, 5),
	/* the verifier has to know that it is the number of a CPU */
	ALU64_X(MOV, R1, R6),
	ALU64_X(ADD, R1, R0),
	STX(B, R1, 8 * ANSWERS, R7),
	STX(DW, R6, 8 * 6, R7),
	ASK(jiffies64, 7),
	ASK(ktime_get_tai_ns, 8),
	ALU64_K(MOV, R0, XDP_PASS),
	EXIT(),
};

static int make_map(u32 value_size, u32 flags)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = value_size,
				.max_entries = 1,
				.map_flags = flags };

	return kernel_map_create(&attr);
}

static int load(const struct elf_prog *ep, const struct equal_prog *p, int btf)
{
	static char log[1 << 16];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (u64)(uintptr_t)p->insns,
		.insn_cnt = p->insn_cnt,
		.license = (u64)(uintptr_t) "GPL",
		.log_buf = (u64)(uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd;

	if (btf >= 0) {
		attr.prog_btf_fd = (u32)btf;
		attr.func_info = (u64)(uintptr_t)p->func_info;
		attr.func_info_cnt = p->func_info_cnt;
		attr.func_info_rec_size = ep->func_info_rec_size;
		attr.line_info = (u64)(uintptr_t)p->line_info;
		attr.line_info_cnt = p->line_info_cnt;
		attr.line_info_rec_size = ep->line_info_rec_size;
	}
	fd = kernel_prog_load(&attr);
	if (fd < 0)
		printf("%s\n", log);
	return fd;
}

static void run_and_compare(int prog, int answers, int state_map)
{
	const struct replay_state start = { .now = 1000,
					    .random = 99,
					    .cpu = 0 };
	struct replay r;
	u8 packet[64] = { 0 }, value[8 * ANSWERS + 4096];
	struct kernel_run run = { .prog = prog,
				  .in = packet,
				  .in_len = sizeof(packet) };
	u64 got[ANSWERS], want[ANSWERS];
	u32 zero = 0;
	struct world *w = &r.world;

	replay_init(&r);
	r.state = start;
	CHECK(kernel_map_write(state_map, &zero, &start) == 0, "state");
	CHECK(kernel_test_run(&run) == 0, "run");
	CHECK(run.retval == XDP_PASS, "retval %u", run.retval);
	CHECK(kernel_map_read(answers, &zero, value) == 0, "answers");
	memcpy(got, value, sizeof(got));
	want[0] = w->ops->ktime_ns(w, 0);
	want[1] = w->ops->random(w, 0);
	want[2] = w->ops->ktime_ns(w, 0);
	want[3] = w->ops->random(w, 0);
	want[4] = w->ops->ktime_ns(w, 0);
	want[5] = w->ops->cpu(w, 0);
	want[6] = 7;
	want[7] = JIFFIES_AT_BOOT + w->ops->ktime_ns(w, 0) / JIFFIES_NS;
	want[8] = w->ops->ktime_ns(w, 0);
	for (u32 i = 0; i < ANSWERS; i++)
		CHECK(got[i] == want[i], "answer %u: %llu, not %llu", i,
		      (unsigned long long)got[i], (unsigned long long)want[i]);
	CHECK(got[1] != got[3], "random numbers repeat");
}

/* with_types: as clang makes objects with -g. */
static void helpers_answer_alike(bool with_types)
{
	u32 cpus = kernel_cpus(), func = 0, size;
	int state = make_map(sizeof(struct replay_state), 0);
	int answers = make_map(8 * ANSWERS + cpus, 0), btf = -1, fd;
	struct elf_prog ep = { .insns = program,
			       .insn_cnt = ARRAY_LEN(program) };
	struct btf_blob *blob;
	struct equal_prog p;
	struct err err = { 0 };
	u8 *bytes;

	program[1].imm = answers;
	if (with_types) {
		CHECK(btf_parse(&btf_bytes, sizeof(btf_bytes), &err, &blob) ==
			      0,
		      "%s", err.reason);
		CHECK(equal_btf(blob, &bytes, &size, &func) == 0, "btf");
		btf = kernel_btf_load(bytes, size);
		CHECK(btf >= 0, "the kernel refuses the BTF: %d", btf);
		free(bytes);
		btf_put(blob);
		ep.func_info = func_info;
		ep.func_info_cnt = 1;
		ep.func_info_rec_size = sizeof(func_info[0]);
		ep.line_info = line_info;
		ep.line_info_cnt = 1;
		ep.line_info_rec_size = sizeof(line_info[0]);
	}
	CHECK(equal_make(&ep, state, cpus, func, &p) == 0, "make");
	CHECK(p.func_info_cnt == (with_types ? 5 : 0), "%u functions",
	      p.func_info_cnt);
	CHECK(p.line_info_cnt == (with_types ? 5 : 0), "%u lines",
	      p.line_info_cnt);
	fd = load(&ep, &p, btf);
	CHECK(fd >= 0, "the kernel refuses the program: %d", fd);
	if (fd >= 0) {
		run_and_compare(fd, answers, state);
		close(fd);
	}
	equal_free(&p);
	if (btf >= 0)
		close(btf);
	close(answers);
	close(state);
}

static void a_program_that_asks_nothing_stays_as_it_is(void)
{
	struct bpf_insn insns[] = {
		/* no call: the second half of a constant that looks like one */
		{ .code = BPF_LD | BPF_DW | BPF_IMM },
		{ .imm = BPF_FUNC_ktime_get_ns },
		ALU64_K(MOV, R0, XDP_PASS),
		EXIT(),
	};
	const struct elf_prog ep = { .insns = insns,
				     .insn_cnt = ARRAY_LEN(insns) };
	struct equal_prog p;

	CHECK(equal_make(&ep, 0, 1, 0, &p) == 0, "make");
	CHECK(p.insn_cnt == ARRAY_LEN(insns), "%u instructions", p.insn_cnt);
	CHECK(memcmp(p.insns, insns, sizeof(insns)) == 0, "changed");
	equal_free(&p);
}

int main(void)
{
	const char *why = kprog_unavailable();

	a_program_that_asks_nothing_stays_as_it_is();
	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	helpers_answer_alike(false);
	helpers_answer_alike(true);
	return failures != 0;
}
