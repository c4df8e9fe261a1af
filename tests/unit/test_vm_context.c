/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_vm_context.c - every access of a context that there is, rewritten as in
 * a verified program, gives and does what the table of fields says
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "prog/ctx.h"
#include "verify/verify.h"
#include "vm/vm.h"

#define VALUE 0xfedcba9876543210ull
#define CONSTANT 0x76543210

static const u32 types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
			     BPF_PROG_TYPE_SOCKET_FILTER };
static const u8 size_codes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

/* Every byte is another one, and their highest bits are set. */
static void fill(struct pkt *p, bool ingress)
{
	u8 *bytes = (u8 *)p;

	for (u32 i = 0; i < sizeof(*p); i++)
		bytes[i] = (u8)(0x80 + i * 7);
	p->vlan_present = p->hash_valid = p->encapsulation = true;
	p->at_ingress = ingress;
}

static u64 run_access(u32 type, struct bpf_insn access, struct pkt *p)
{
	struct bpf_insn insns[] = {
		RAW(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_2, 0, 0, (s32)VALUE),
		RAW(0, 0, 0, 0, (s32)(VALUE >> 32)),
		access,
		ALU64_X(MOV, R0, R2),
		EXIT(),
	};
	u8 facts[] = { 0, 0, VERIFY_INSN_CTX, 0, 0 };
	struct prog prog = { .type = type,
			     .expected_attach_type = BPF_XDP_DEVMAP,
			     .insns = insns,
			     .insn_cnt = ARRAY_LEN(insns),
			     .facts = facts };
	struct run run = { .world = &world_host };
	struct err err = { 0 };
	u64 r0;

	if (type != BPF_PROG_TYPE_XDP)
		prog.expected_attach_type = 0;
	assert_int_equal(vm_prepare(&prog, VM_PLAIN, &err), 0);
	run_begin(&run, p);
	r0 = prog_run(&prog, &run);
	prog.free_image(prog.image);
	return r0;
}

static u64 extended(u64 value, u32 size)
{
	u32 above = 64 - size * 8;

	return (u64)((s64)(value << above) >> above);
}

static void check_load(u32 type, const struct ctx_field *f, u32 off, u32 code,
		       bool ingress)
{
	const u32 size = 1u << code;
	const struct bpf_insn load = RAW(BPF_LDX | BPF_MEM | size_codes[code],
					 BPF_REG_2, BPF_REG_1, (s16)off, 0);
	struct bpf_insn sign = load;
	struct pkt p;
	u64 want;

	fill(&p, ingress);
	want = ctx_load(f, &p, off, size);
	if (run_access(type, load, &p) != want)
		fail_msg("type %u: %u bytes at %u (%s): %#llx, not %#llx", type,
			 size, off, f->name,
			 (unsigned long long)run_access(type, load, &p),
			 (unsigned long long)want);
	if (size == 8 || (f->how != CTX_PLAIN && f->how != CTX_CALL))
		return;
	sign.code = BPF_LDX | BPF_MEMSX | size_codes[code];
	if (run_access(type, sign, &p) != extended(want, size))
		fail_msg("type %u: %u bytes with sign at %u (%s)", type, size,
			 off, f->name);
}

static void check_store(u32 type, const struct ctx_field *f, u32 off, u32 code)
{
	const struct bpf_insn stores[] = {
		RAW(BPF_STX | BPF_MEM | size_codes[code], BPF_REG_1, BPF_REG_2,
		    (s16)off, 0),
		RAW(BPF_ST | BPF_MEM | size_codes[code], BPF_REG_1, 0, (s16)off,
		    CONSTANT),
		RAW(BPF_ST | BPF_MEM | size_codes[code], BPF_REG_1, 0, (s16)off,
		    -2),
	};
	const u64 values[] = { VALUE, CONSTANT, (u64)-2 };

	for (u32 i = 0; i < ARRAY_LEN(stores); i++) {
		struct pkt p, want;

		fill(&p, true);
		fill(&want, true);
		ctx_store(f, &want, off, 1u << code, values[i]);
		run_access(type, stores[i], &p);
		if (memcmp(&p, &want, sizeof(p)) != 0)
			fail_msg("type %u: store %u of %u bytes at %u (%s)",
				 type, i, 1u << code, off, f->name);
	}
}

static void every_access_is_what_the_table_says(void **state)
{
	u32 loads = 0, stores = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(types); i++)
		for (u32 off = 0; off < ctx_size(types[i]); off++)
			for (u32 code = 0; code < 4; code++) {
				const u32 attach = types[i] == BPF_PROG_TYPE_XDP
							   ? BPF_XDP_DEVMAP
							   : 0;
				const struct ctx_field *r = ctx_find(
					types[i], attach, off, 1u << code,
					false);
				const struct ctx_field *w = ctx_find(
					types[i], attach, off, 1u << code,
					true);

				for (u32 at = 0; r && at < 2; at++, loads++)
					check_load(types[i], r, off, code, at);
				if (w)
					check_store(types[i], w, off, code);
				stores += w != NULL;
			}
	assert_true(loads > 300 && stores > 50);
}

static void what_is_no_field_is_refused(void **state)
{
	struct bpf_insn insns[] = { LDX(DW, R0, R1, 4), EXIT() };
	u8 facts[] = { VERIFY_INSN_CTX, 0 };
	struct prog prog = { .type = BPF_PROG_TYPE_XDP,
			     .insns = insns,
			     .insn_cnt = ARRAY_LEN(insns),
			     .facts = facts };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(vm_prepare(&prog, VM_PLAIN, &err), -EACCES);
	assert_string_equal(err.reason,
			    "invalid bpf_context access off=4 size=8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_access_is_what_the_table_says),
		cmocka_unit_test(what_is_no_field_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
