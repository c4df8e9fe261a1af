/* SPDX-License-Identifier: BSD-3-Clause */
/* What Linux says to the same calls: tests/kernel/wbpf_*.c. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asm.h"
#include "btf_make.h"
#include "sys/wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))

static struct mem *mem;
static struct sys *sys;
static struct wclient *client;

static int begin(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &mem) || sys_create(mem, &sys) ||
	       wclient_create(sys, &client);
}

/* Handles, and all that only they keep, go with the client. */
static int end(void **state)
{
	(void)state;
	wclient_destroy(client);
	sys_destroy(sys);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	return 0;
}

static int call(int cmd, union bpf_attr attr)
{
	return wbpf(client, cmd, &attr, sizeof(attr), &wmem_self);
}

static int make_map(u32 type)
{
	return call(BPF_MAP_CREATE, (union bpf_attr){ .map_type = type,
						      .key_size = 4,
						      .value_size = 4,
						      .max_entries = 4 });
}

static union bpf_attr prog_attr(const struct bpf_insn *insns, u32 cnt)
{
	return (union bpf_attr){ .prog_type = BPF_PROG_TYPE_XDP,
				 .insns = PTR(insns),
				 .insn_cnt = cnt,
				 .license = PTR("GPL") };
}

static void handles_are_the_lowest_free_numbers(void **state)
{
	int a = make_map(BPF_MAP_TYPE_ARRAY), b = make_map(BPF_MAP_TYPE_HASH);

	(void)state;
	assert_true(a > 2);
	assert_int_equal(b, a + 1);
	assert_int_equal(wclient_close(client, a), 0);
	assert_int_equal(wclient_close(client, a), -EBADF);
	assert_int_equal(wclient_close(client, -1), -EBADF);
	assert_int_equal(wclient_close(client, 0), -EBADF);
	assert_int_equal(make_map(BPF_MAP_TYPE_ARRAY), a);
	assert_int_equal(sys_next_map_id(sys, 0), 2);
}

static void clients_have_handles_of_their_own(void **state)
{
	struct wclient *other;
	int fd = make_map(BPF_MAP_TYPE_ARRAY);
	union bpf_attr attr = { .map_fd = (u32)fd };

	(void)state;
	assert_int_equal(wclient_create(sys, &other), 0);
	assert_int_equal(wbpf(other, BPF_MAP_FREEZE, &attr, sizeof(attr),
			      &wmem_self),
			 -EBADF);
	attr = (union bpf_attr){ .map_id = sys_next_map_id(sys, 0) };
	fd = wbpf(other, BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr), &wmem_self);
	assert_true(fd > 0);
	wclient_destroy(other);
	assert_int_not_equal(sys_next_map_id(sys, 0), 0);
}

/* Memory of another process: an array with addresses of its own. */
struct far {
	u8 bytes[4096];
	u32 reads;
};

#define FAR 0x7000000000ull

static int far_read(void *arg, void *to, u64 from, u64 size)
{
	struct far *f = arg;

	f->reads++;
	if (from < FAR || from - FAR > sizeof(f->bytes) ||
	    size > sizeof(f->bytes) - (from - FAR))
		return -EFAULT;
	memcpy(to, f->bytes + (from - FAR), size);
	return 0;
}

static int far_write(void *arg, u64 to, const void *from, u64 size)
{
	struct far *f = arg;

	if (to < FAR || to - FAR > sizeof(f->bytes) ||
	    size > sizeof(f->bytes) - (to - FAR))
		return -EFAULT;
	memcpy(f->bytes + (to - FAR), from, size);
	return 0;
}

static void all_memory_is_the_callers(void **state)
{
	static struct far far;
	const struct wmem_ops ops = { .read = far_read,
				      .write = far_write,
				      .arg = &far };
	union bpf_attr *attr = (void *)far.bytes;
	u32 *key = (void *)(far.bytes + 1024), *value = key + 1;
	union bpf_attr *there = (void *)(uintptr_t)FAR;

	(void)state;
	*attr = (union bpf_attr){ .map_fd = (u32)make_map(BPF_MAP_TYPE_HASH),
				  .key = FAR + 1024,
				  .value = FAR + 1028 };
	*key = 5;
	*value = 77;
	assert_int_equal(wbpf(client, BPF_MAP_UPDATE_ELEM, there, sizeof(*attr),
			      &ops),
			 0);
	*value = 0;
	assert_int_equal(wbpf(client, BPF_MAP_LOOKUP_ELEM, there, sizeof(*attr),
			      &ops),
			 0);
	assert_int_equal(*value, 77);
	attr->key = FAR + sizeof(far.bytes) - 3;
	assert_int_equal(wbpf(client, BPF_MAP_LOOKUP_ELEM, there, sizeof(*attr),
			      &ops),
			 -EFAULT);
	*attr = (union bpf_attr){ 0 };
	assert_int_equal(wbpf(client, BPF_MAP_GET_NEXT_ID, there, sizeof(*attr),
			      &ops),
			 0);
	assert_int_equal(attr->next_id, sys_next_map_id(sys, 0));
}

static void a_refused_program_is_explained(void **state)
{
	const struct bpf_insn open[] = { ALU64_K(MOV, R0, 0) };
	const struct bpf_insn no_map[] = { LD_MAP(R1, 99), EXIT() };
	union bpf_attr attr = prog_attr(open, ARRAY_LEN(open));
	char log[256] = "";

	(void)state;
	attr.log_buf = PTR(log);
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	assert_int_equal(wbpf(client, BPF_PROG_LOAD, &attr, sizeof(attr),
			      &wmem_self),
			 -EINVAL);
	assert_non_null(strstr(log, "insn 0"));
	assert_int_equal(attr.log_true_size, strlen(log) + 1);
	attr.insns = PTR(no_map);
	attr.insn_cnt = ARRAY_LEN(no_map);
	assert_int_equal(call(BPF_PROG_LOAD, attr), -EBADF);
	assert_string_equal(log, "insn 0: fd 99 is not pointing to valid "
				 "bpf_map\n");
	/* as much of the end as fits, and that it is not all */
	attr.log_size = 8;
	assert_int_equal(call(BPF_PROG_LOAD, attr), -ENOSPC);
	assert_string_equal(log, "pf_map\n");
}

static void refused_btf_is_explained(void **state)
{
	static struct btf_make m;
	char log[128] = "";
	union bpf_attr attr = { .btf = PTR(m.out),
				.btf_log_buf = PTR(log),
				.btf_log_size = sizeof(log),
				.btf_log_level = 1 };

	(void)state;
	make_init(&m);
	make_int(&m, "u32", 4, 3);
	attr.btf_size = make_end(&m);
	assert_int_equal(call(BPF_BTF_LOAD, attr), -ENOTSUPP);
	assert_string_equal(log,
			    "BTF type [1] INT u32: Unsupported encoding\n");
	assert_int_equal(call(BPF_BTF_GET_NEXT_ID, (union bpf_attr){ 0 }),
			 -ENOENT);
}

/* A program, its map, its BTF and its line: each found from the last. */
static void a_program_is_told_of(void **state)
{
	int map = make_map(BPF_MAP_TYPE_ARRAY), fd, btf;
	const struct bpf_insn code[] = { LD_MAP(R1, map), ALU64_K(MOV, R0, 2),
					 EXIT() };
	struct bpf_func_info func = { 0, 3 };
	struct bpf_line_info line = { 0 };
	struct bpf_prog_info info = { 0 };
	struct bpf_insn insns[4];
	static struct btf_make m;
	union bpf_attr attr;
	struct prog *prog;

	(void)state;
	make_init(&m);
	make_int(&m, "int", 4, BTF_INT_SIGNED);
	make_type(&m, NULL, BTF_KIND_FUNC_PROTO, 0, 1);
	make_type(&m, "main", BTF_KIND_FUNC, 1, 2);
	line.file_name_off = make_name(&m, "a.c");
	line.line_off = make_name(&m, "return 2;");
	line.line_col = 7 << 10 | 9;
	attr = (union bpf_attr){ .btf = PTR(m.out), .btf_size = make_end(&m) };
	btf = call(BPF_BTF_LOAD, attr);
	assert_true(btf > 0);
	attr = prog_attr(code, ARRAY_LEN(code));
	strcpy(attr.prog_name, "told_of");
	attr.prog_btf_fd = (u32)btf;
	attr.func_info = PTR(&func);
	attr.func_info_cnt = 1;
	attr.func_info_rec_size = sizeof(func);
	attr.line_info = PTR(&line);
	attr.line_info_cnt = 1;
	attr.line_info_rec_size = sizeof(line);
	fd = call(BPF_PROG_LOAD, attr);
	assert_true(fd > 0);
	wclient_close(client, map);
	wclient_close(client, btf);

	info.xlated_prog_insns = PTR(insns);
	info.xlated_prog_len = sizeof(insns);
	attr = (union bpf_attr){ .info.bpf_fd = (u32)fd,
				 .info.info_len = sizeof(info),
				 .info.info = PTR(&info) };
	assert_int_equal(call(BPF_OBJ_GET_INFO_BY_FD, attr), 0);
	assert_string_equal(info.name, "told_of");
	assert_int_equal(info.xlated_prog_len, sizeof(code));
	assert_int_equal(insns[0].imm, sys_next_map_id(sys, 0));
	assert_int_equal(insns[2].imm, 2);
	attr = (union bpf_attr){ .btf_id = info.btf_id };
	assert_true(call(BPF_BTF_GET_FD_BY_ID, attr) > 0);
	prog = sys_prog_by_id(sys, info.id);
	assert_string_equal(prog->funcs[0].name, "main");
	assert_string_equal(prog->lines[0].text, "return 2;");
	assert_int_equal(prog->lines[0].line, 7);
	assert_int_equal(prog->lines[0].column, 9);
	prog_put(prog);
}

static void what_is_pinned_outlives_the_client(void **state)
{
	const struct bpf_insn pass[] = { ALU64_K(MOV, R0, 2), EXIT() };
	int prog = call(BPF_PROG_LOAD, prog_attr(pass, ARRAY_LEN(pass)));
	union bpf_attr attr = { .pathname = PTR("/a"), .bpf_fd = (u32)prog };

	(void)state;
	assert_int_equal(call(BPF_OBJ_PIN, attr), 0);
	attr.pathname = PTR("/b");
	attr.bpf_fd = (u32)make_map(BPF_MAP_TYPE_ARRAY);
	assert_int_equal(call(BPF_OBJ_PIN, attr), 0);
	wclient_destroy(client);
	assert_int_equal(wclient_create(sys, &client), 0);
	attr = (union bpf_attr){ .pathname = PTR("/a") };
	prog = call(BPF_OBJ_GET, attr);
	assert_true(prog > 0);
	/* not a map */
	assert_null(sys_pinned_map(sys, "/a"));
	assert_int_equal(sys_unpin(sys, "/a"), 0);
	assert_int_not_equal(sys_next_prog_id(sys, 0), 0);
	wclient_close(client, prog);
	assert_int_equal(sys_next_prog_id(sys, 0), 0);
}

/* ---- a test run beside changes ---- */

#define CHANGES 200
#define LONG 2000 /* instructions: it is freed while it runs, if it can be */

struct changing {
	int jumps;
	atomic_bool done;
	bool failed;
};

/* Each program that the array had is freed when nobody can be in it. */
static void *change_jumps(void *arg)
{
	static const struct bpf_insn set = ALU64_K(MOV, R0, 7), leave = EXIT();
	static struct bpf_insn code[LONG];
	struct changing *c = arg;

	for (u32 i = 0; i < LONG; i++)
		code[i] = i < LONG - 1 ? set : leave;
	for (u32 i = 0; i < CHANGES; i++) {
		int prog =
			call(BPF_PROG_LOAD, prog_attr(code, ARRAY_LEN(code)));
		u32 key = 0, value = (u32)prog;

		if (call(BPF_MAP_UPDATE_ELEM,
			 (union bpf_attr){ .map_fd = (u32)c->jumps,
					   .key = PTR(&key),
					   .value = PTR(&value) }) != 0)
			c->failed = true;
		wclient_close(client, prog);
		rcu_reclaim(mem_rcu(mem));
	}
	atomic_store(&c->done, true);
	return NULL;
}

static void a_test_run_keeps_what_it_found(void **state)
{
	struct changing c = { .jumps = make_map(BPF_MAP_TYPE_PROG_ARRAY) };
	const struct bpf_insn code[] = {
		LD_MAP(R2, c.jumps),
		ALU64_K(MOV, R3, 0),
		CALL(BPF_FUNC_tail_call),
		ALU64_K(MOV, R0, 3),
		EXIT(),
	};
	int prog = call(BPF_PROG_LOAD, prog_attr(code, ARRAY_LEN(code)));
	const u8 packet[64] = { 0 };
	union bpf_attr attr = { .test = { .prog_fd = (u32)prog,
					  .data_in = PTR(packet),
					  .data_size_in = sizeof(packet),
					  .repeat = 50 } };
	pthread_t thread;

	(void)state;
	assert_true(prog > 0);
	assert_int_equal(pthread_create(&thread, NULL, change_jumps, &c), 0);
	while (!atomic_load(&c.done)) {
		assert_int_equal(wbpf(client, BPF_PROG_TEST_RUN, &attr,
				      sizeof(attr), &wmem_self),
				 0);
		assert_true(attr.test.retval == 3 || attr.test.retval == 7);
	}
	pthread_join(thread, NULL);
	assert_false(c.failed);
	assert_int_equal(wbpf(client, BPF_PROG_TEST_RUN, &attr, sizeof(attr),
			      &wmem_self),
			 0);
	assert_int_equal(attr.test.retval, 7);
}

/* ---- a long one ---- */

static bool gone_after(void *arg)
{
	u32 *slices = arg;

	return (*slices)-- == 0;
}

static void a_run_ends_when_its_caller_wants_to_go(void **state)
{
	const struct bpf_insn code[] = { ALU64_K(MOV, R0, 2), EXIT() };
	int prog = call(BPF_PROG_LOAD, prog_attr(code, ARRAY_LEN(code)));
	const u8 packet[64] = { 0 };
	union bpf_attr attr = { .test = { .prog_fd = (u32)prog,
					  .data_in = PTR(packet),
					  .data_size_in = sizeof(packet),
					  .repeat = UINT32_MAX } };
	u32 slices = 3;
	const struct wmem_ops mem = { .read = wmem_self.read,
				      .write = wmem_self.write,
				      .interrupted = gone_after,
				      .arg = &slices };

	(void)state;
	assert_int_equal(wbpf(client, BPF_PROG_TEST_RUN, &attr, sizeof(attr),
			      &mem),
			 -EINTR);
	assert_int_equal(slices, UINT32_MAX);
	assert_int_equal(attr.test.retval, 0);
}

/* ---- scans ---- */

/* All of it, n entries at a time; how many there were. */
static u32 scan(int map, u32 n, u32 seen[64])
{
	u64 at = 0;
	u32 keys[64], all = 0;
	u64 values[64];
	int res = 0;

	for (bool first = true; !res; first = false) {
		union bpf_attr attr = { 0 };

		attr.batch.map_fd = (u32)map;
		attr.batch.in_batch = first ? 0 : PTR(&at);
		attr.batch.out_batch = PTR(&at);
		attr.batch.keys = PTR(keys);
		attr.batch.values = PTR(values);
		attr.batch.count = n;
		res = wbpf(client, WBPF_MAP_SCAN, &attr, sizeof(attr),
			   &wmem_self);
		if (res == -ENOSPC) {
			n *= 2;
			res = 0;
			first = first && !all;
			continue;
		}
		for (u32 i = 0; i < attr.batch.count; i++)
			seen[keys[i] % 64]++;
		all += attr.batch.count;
	}
	assert_int_equal(res, -ENOENT);
	return all;
}

static void a_scan_gives_every_entry_of_every_family(void **state)
{
	const u32 types[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY,
			      BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_LRU_HASH };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(types); i++) {
		bool array = types[i] == BPF_MAP_TYPE_ARRAY;
		bool full = array || types[i] != BPF_MAP_TYPE_PROG_ARRAY;
		int map = make_map(types[i]);
		u32 entries = wclient_map(client, map)->max_entries;
		u32 seen[64] = { 0 };

		for (u32 key = 0; full && key < entries; key++) {
			u64 value = key;

			assert_int_equal(
				call(BPF_MAP_UPDATE_ELEM,
				     (union bpf_attr){ .map_fd = (u32)map,
						       .key = PTR(&key),
						       .value = PTR(&value) }),
				0);
		}
		assert_int_equal(scan(map, 1, seen), full ? entries : 0);
		for (u32 key = 0; full && key < entries; key++)
			assert_int_equal(seen[key], 1);
		wclient_close(client, map);
	}
}

static void what_is_behind_a_handle_is_seen(void **state)
{
	int map = make_map(BPF_MAP_TYPE_HASH);

	(void)state;
	assert_non_null(wclient_map(client, map));
	assert_null(wclient_prog(client, map));
	assert_null(wclient_btf(client, map));
	assert_null(wclient_link(client, map));
	assert_null(wclient_map(client, map + 1));
	assert_null(wclient_map(client, -1));
	wclient_close_all(client);
	assert_null(wclient_map(client, map));
	assert_int_equal(wclient_close(client, map), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handles_are_the_lowest_free_numbers),
		TEST(clients_have_handles_of_their_own),
		TEST(all_memory_is_the_callers),
		TEST(a_refused_program_is_explained),
		TEST(refused_btf_is_explained),
		TEST(a_program_is_told_of),
		TEST(what_is_pinned_outlives_the_client),
		TEST(a_test_run_keeps_what_it_found),
		TEST(a_run_ends_when_its_caller_wants_to_go),
		TEST(a_scan_gives_every_entry_of_every_family),
		TEST(what_is_behind_a_handle_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
