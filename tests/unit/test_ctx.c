/* SPDX-License-Identifier: BSD-3-Clause */
/* What every access does is asked of the kernel in tests/kernel/ctx_*.c; here
 * is what it does not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "prog/ctx.h"

#define CLS BPF_PROG_TYPE_SCHED_CLS
#define SKB(member) offsetof(struct __sk_buff, member)

static u64 load(const struct pkt *p, u32 off, u32 size)
{
	const struct ctx_field *f = ctx_find(CLS, 0, off, size, false);

	assert_non_null(f);
	return ctx_load(f, p, off, size);
}

static void store(struct pkt *p, u32 off, u32 size, u64 value)
{
	const struct ctx_field *f = ctx_find(CLS, 0, off, size, true);

	assert_non_null(f);
	ctx_store(f, p, off, size, value);
}

static void types_weir_lacks_have_no_context(void **state)
{
	(void)state;
	for (u32 type = 0; type < 64; type++) {
		assert_int_equal(!ctx_mask(type), !ctx_size(type));
		if (!ctx_mask(type))
			assert_null(ctx_find(type, 0, 0, 4, false));
	}
	assert_int_equal(ctx_mask(BPF_PROG_TYPE_SCHED_ACT), PROG_TC);
	assert_int_equal(ctx_mask(BPF_PROG_TYPE_KPROBE), 0);
}

static void every_accepted_access_is_inside_the_view(void **state)
{
	static const u32 types[] = { BPF_PROG_TYPE_XDP, CLS,
				     BPF_PROG_TYPE_SOCKET_FILTER };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(types); i++)
		for (u32 off = 0; off < ctx_size(types[i]); off++)
			for (u32 size = 1; size <= 8; size *= 2) {
				struct pkt p;
				const struct ctx_field *f;

				memset(&p, 0, sizeof(p));
				f = ctx_find(types[i], BPF_XDP_DEVMAP, off,
					     size, false);
				if (f)
					assert_int_equal(ctx_load(f, &p, off,
								  size),
							 0);
				f = ctx_find(types[i], BPF_XDP_DEVMAP, off,
					     size, true);
				if (f)
					ctx_store(f, &p, off, size, UINT64_MAX);
			}
}

static void pointers_are_whole(void **state)
{
	u8 bytes[3];
	struct pkt p = { .data_meta = bytes,
			 .data = bytes + 1,
			 .data_end = bytes + 3 };

	(void)state;
	assert_int_equal(load(&p, SKB(data), 4), (uintptr_t)p.data);
	assert_int_equal(load(&p, SKB(data_end), 4), (uintptr_t)p.data_end);
	assert_int_equal(load(&p, SKB(data_meta), 4), (uintptr_t)p.data_meta);
	assert_int_equal(load(&p, SKB(len), 4), 2);
	assert_int_equal(load(&p, SKB(sk), 8), 0);
	assert_int_equal(ctx_find(CLS, 0, SKB(data_end), 4, false)->how,
			 CTX_DATA_END);
}

static void no_store_reaches_a_neighbour(void **state)
{
	struct pkt p = { .tc_index = 1, .tc_classid = 2 };

	(void)state;
	p.cb[0] = 3;
	store(&p, SKB(tc_index), 4, UINT64_MAX);
	assert_int_equal(p.tc_index, 0xffff);
	assert_int_equal(p.tc_classid, 2);
	store(&p, SKB(tc_classid), 4, UINT64_MAX);
	assert_int_equal(p.cb[0], 3);
	store(&p, SKB(cb[4]) + 3, 1, 0x1ff);
	assert_int_equal(p.cb[4], 0xff000000);
	assert_int_equal(p.napi_id, 0);
}

/* No clock but the wall's is for who does not ask which it is. */
static void delivery_times_are_not_shown_at_ingress(void **state)
{
	struct pkt p = { .tstamp = 5, .tstamp_type = 1, .at_ingress = true };

	(void)state;
	assert_int_equal(load(&p, SKB(tstamp_type), 1), 1);
	assert_int_equal(load(&p, SKB(tstamp), 8), 0);
	store(&p, SKB(tstamp), 8, 6);
	assert_int_equal(load(&p, SKB(tstamp), 8), 6);
	assert_int_equal(p.tstamp_type, 0);
	p.tstamp_type = 1;
	p.at_ingress = false;
	assert_int_equal(load(&p, SKB(tstamp), 8), 6);
	store(&p, SKB(tstamp), 8, 7);
	assert_int_equal(p.tstamp_type, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_weir_lacks_have_no_context),
		cmocka_unit_test(every_accepted_access_is_inside_the_view),
		cmocka_unit_test(pointers_are_whole),
		cmocka_unit_test(no_store_reaches_a_neighbour),
		cmocka_unit_test(delivery_times_are_not_shown_at_ingress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
