/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_ringbuf.c - ring buffers: sizes, fullness, records of programs that are
 * stopped
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "../asm.h"
#include "maps/ringbuf.h"
#include "vm/vm.h"

#define SIZE 4096u

struct fixture {
	struct map_env env;
	struct map *map;
};

static int setup(void **state)
{
	static struct fixture f;
	const struct mem_config config = { .budget = 1u << 20, .slots = 1 };
	const struct map_attr attr = { .type = BPF_MAP_TYPE_RINGBUF,
				       .max_entries = SIZE,
				       .name = "events" };

	f = (struct fixture){ 0 };
	*state = &f;
	return mem_create(&config, &f.env.mem) ||
	       map_create(&f.env, &attr, NULL, &f.map);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	map_put(f->map);
	rcu_barrier(mem_rcu(f->env.mem));
	assert_int_equal(mem_used(f->env.mem), 0);
	mem_destroy(f->env.mem);
	return 0;
}

static int create(struct fixture *f, u32 key, u32 value, u32 size, u32 flags)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_RINGBUF,
				       .key_size = key,
				       .value_size = value,
				       .max_entries = size,
				       .flags = flags };
	struct err err = { 0 };
	struct map *map;
	int res = map_create(&f->env, &attr, &err, &map);

	if (!res)
		map_put(map);
	else
		assert_true(err.reason[0]);
	return res;
}

static void sizes_follow_linux(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(create(f, 0, 0, SIZE, 0), 0);
	assert_int_equal(create(f, 0, 0, SIZE, BPF_F_NUMA_NODE), 0);
	assert_int_equal(create(f, 4, 0, SIZE, 0), -EINVAL);
	assert_int_equal(create(f, 0, 4, SIZE, 0), -EINVAL);
	assert_int_equal(create(f, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(create(f, 0, 0, 2048, 0), -EINVAL);
	assert_int_equal(create(f, 0, 0, 3 * SIZE, 0), -EINVAL);
	assert_int_equal(create(f, 0, 0, SIZE, BPF_F_RDONLY), -EINVAL);
	assert_int_equal(create(f, 0, 0, 1u << 31, 0), -ENOMEM);
}

static int nothing(void *arg, const void *data, u32 size)
{
	u32 *bytes = arg;

	(void)data;
	*bytes += size;
	return 0;
}

/* One byte less than all, as the position says that an equal one is empty. */
static void a_ring_is_never_quite_full(void **state)
{
	struct fixture *f = *state;
	u32 bytes = 0;
	void *record;

	assert_null(ringbuf_reserve(f->map, SIZE - 8));
	record = ringbuf_reserve(f->map, SIZE - 16);
	assert_non_null(record);
	assert_null(ringbuf_reserve(f->map, 0));
	assert_int_equal(ringbuf_output(f->map, &bytes, 4, 0), -EAGAIN);
	assert_int_equal(ringbuf_read(f->map, nothing, &bytes), 0);
	ringbuf_submit(record, 0);
	assert_int_equal(ringbuf_read(f->map, nothing, &bytes), 1);
	assert_int_equal(bytes, SIZE - 16);
	assert_int_equal(ringbuf_output(f->map, &bytes, 4, 0), 0);
	assert_null(ringbuf_reserve(f->map, UINT64_MAX));
	assert_null(ringbuf_reserve(f->map, UINT32_MAX / 4));
}

/* What a reader writes into its page harms nobody. */
static void a_position_that_lies_overwrites_nothing_pending(void **state)
{
	struct fixture *f = *state;
	struct ringbuf_view v;
	u8 *record;

	assert_int_equal(ringbuf_view_open(map_memory_fd(f->map), SIZE, &v), 0);
	record = ringbuf_reserve(f->map, 2000);
	memset(record, 0xaa, 2000);
	for (u64 lie = 1; lie; lie <<= 1) {
		atomic_store(v.consumer, lie);
		for (u32 i = 0; i < 8; i++) {
			void *other = ringbuf_reserve(f->map, 1000);

			if (other) {
				memset(other, 0x55, 1000);
				ringbuf_discard(other, 0);
			}
		}
	}
	for (u32 i = 0; i < 2000; i++)
		assert_int_equal(record[i], 0xaa);
	ringbuf_submit(record, 0);
	ringbuf_view_close(&v);
}

static void a_lagging_reader_is_not_woken_again(void **state)
{
	struct fixture *f = *state;
	int fd = ringbuf_wake_fd(f->map);
	eventfd_t n;
	u32 bytes = 0;

	assert_true(fd >= 0);
	assert_int_equal(ringbuf_wake_fd(f->map), fd);
	assert_int_equal(ringbuf_output(f->map, &n, 8, 0), 0);
	assert_int_equal(eventfd_read(fd, &n), 0);
	assert_int_equal(ringbuf_output(f->map, &n, 8, 0), 0);
	assert_int_equal(eventfd_read(fd, &n), -1);
	assert_int_equal(ringbuf_output(f->map, &n, 8, BPF_RB_FORCE_WAKEUP), 0);
	assert_int_equal(eventfd_read(fd, &n), 0);
	assert_int_equal(ringbuf_read(f->map, nothing, &bytes), 3);
	assert_int_equal(ringbuf_output(f->map, &n, 8, BPF_RB_NO_WAKEUP), 0);
	assert_int_equal(eventfd_read(fd, &n), -1);
	assert_int_equal(ringbuf_output(f->map, &n, 8, 1ull << 9), -EINVAL);
}

/* ---- checked mode ---- */

static const char *stopped(struct fixture *f, const struct bpf_insn *insns,
			   u32 cnt)
{
	static struct run run;
	struct prog prog = { .type = BPF_PROG_TYPE_XDP,
			     .insns = (struct bpf_insn *)insns,
			     .insn_cnt = cnt,
			     .maps = &f->map,
			     .map_cnt = 1 };
	u8 buffer[512];
	struct err err = { 0 };
	struct pkt p;

	assert_int_equal(vm_prepare(&prog, VM_CHECKED, &err), 0);
	assert_int_equal(pkt_init(&p, buffer, sizeof(buffer), "", 1), 0);
	run = (struct run){ .world = &world_host };
	run_begin(&run, &p);
	prog_run(&prog, &run);
	prog.free_image(prog.image);
	return run.fault.code ? run.fault.text : NULL;
}

#define RESERVE(size)                                                   \
	LD_MAP(R1, 0), ALU64_K(MOV, R2, size), ALU64_K(MOV, R3, 0),     \
		CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JNE, R0, 0, 1), \
		EXIT(), ALU64_X(MOV, R6, R0)
#define GIVE(helper) ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0), CALL(helper)
#define END ALU64_K(MOV, R0, 2), EXIT()

#define STOPPED(f, why, ...)                                          \
	do {                                                          \
		const struct bpf_insn code[] = { __VA_ARGS__ };       \
		const char *text = stopped(f, code, ARRAY_LEN(code)); \
		assert_non_null(text);                                \
		assert_non_null(strstr(text, why));                   \
	} while (0)

static void records_are_memory_of_their_size(void **state)
{
	struct fixture *f = *state;
	const struct bpf_insn fine[] = {
		RESERVE(16),
		ST(DW, R6, 0, 1),
		ST(DW, R6, 8, 2),
		GIVE(BPF_FUNC_ringbuf_submit),
		END,
	};
	u32 bytes = 0;

	assert_null(stopped(f, fine, ARRAY_LEN(fine)));
	STOPPED(f, "offset 16, 1 bytes", RESERVE(16), ST(B, R6, 16, 1), END);
	STOPPED(f, "offset -8, 8 bytes", RESERVE(16), ST(DW, R6, -8, 1), END);
	/* Who is stopped leaves nothing that blocks the ring. */
	assert_int_equal(ringbuf_read(f->map, nothing, &bytes), 1);
	assert_int_equal(ringbuf_query(f->map, BPF_RB_AVAIL_DATA), 0);
}

static void records_are_given_back_once(void **state)
{
	struct fixture *f = *state;

	STOPPED(f, "reference leak", RESERVE(8), END);
	STOPPED(f, "start of a record", RESERVE(8),
		GIVE(BPF_FUNC_ringbuf_submit), GIVE(BPF_FUNC_ringbuf_submit),
		END);
	STOPPED(f, "start of a record", RESERVE(8), ALU64_K(ADD, R6, 4),
		GIVE(BPF_FUNC_ringbuf_discard), END);
	STOPPED(f, "given back", RESERVE(8), GIVE(BPF_FUNC_ringbuf_discard),
		ST(B, R6, 0, 1), END);
	STOPPED(f, "start of a record", ALU64_X(MOV, R6, R10),
		GIVE(BPF_FUNC_ringbuf_submit), END);
	assert_int_equal(ringbuf_query(f->map, BPF_RB_CONS_POS), 0);
	assert_non_null(ringbuf_reserve(f->map, 8));
}

static void other_helpers_do_not_take_a_ring(void **state)
{
	struct fixture *f = *state;

	STOPPED(f, "cannot pass map_type 27 into func bpf_map_lookup_elem#1",
		LD_MAP(R1, 0), ALU64_X(MOV, R2, R10),
		CALL(BPF_FUNC_map_lookup_elem), END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(sizes_follow_linux),
		TEST(a_ring_is_never_quite_full),
		TEST(a_position_that_lies_overwrites_nothing_pending),
		TEST(a_lagging_reader_is_not_woken_again),
		TEST(records_are_memory_of_their_size),
		TEST(records_are_given_back_once),
		TEST(other_helpers_do_not_take_a_ring),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
