/* SPDX-License-Identifier: BSD-3-Clause */
#include "kmap.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int kmap_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int kmap_create(const struct map_attr *a)
{
	union bpf_attr attr = {
		.map_type = a->type,
		.key_size = a->key_size,
		.value_size = a->value_size,
		.max_entries = a->max_entries,
		.map_flags = a->flags,
		.numa_node = a->numa_node,
		.map_extra = a->extra,
		.inner_map_fd = a->inner_err ? (u32)-1 : 0,
		.btf_key_type_id = a->btf_key,
		.btf_value_type_id = a->btf_value,
	};

	memcpy(attr.map_name, a->name, sizeof(attr.map_name));
	return kmap_bpf(BPF_MAP_CREATE, &attr);
}

const char *kmap_unavailable(void)
{
	const struct map_attr probe = { .type = BPF_MAP_TYPE_HASH,
					.key_size = 4,
					.value_size = 4,
					.max_entries = 1 };
	int fd = kmap_create(&probe);

	if (fd < 0)
		return strerror(-fd);
	close(fd);
	return NULL;
}

u32 kmap_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 first = 0, last = 0;

	if (f) {
		if (fscanf(f, "%u-%u", &first, &last) < 2)
			last = first;
		fclose(f);
	}
	return last + 1;
}

int kmap_pin(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static int elem(int cmd, int fd, const void *key, const void *value, u64 flags)
{
	union bpf_attr attr = { .map_fd = (u32)fd,
				.key = (u64)(uintptr_t)key,
				.value = (u64)(uintptr_t)value,
				.flags = flags };

	return kmap_bpf(cmd, &attr);
}

int kmap_read(int fd, const void *key, void *value, u64 flags)
{
	return elem(BPF_MAP_LOOKUP_ELEM, fd, key, value, flags);
}

int kmap_write(int fd, const void *key, const void *value, u64 flags)
{
	return elem(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

int kmap_erase(int fd, const void *key)
{
	return elem(BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
}

int kmap_next_key(int fd, const void *key, void *next)
{
	return elem(BPF_MAP_GET_NEXT_KEY, fd, key, next, 0);
}

/* ---- programs ---- */

/* The control array's value. */
#define CTL_FLAGS 0
#define CTL_RESULT 8
#define CTL_KEY 16
#define CTL_BYTES 1024

static u32 value_at(const struct kmap_progs *p)
{
	return CTL_KEY + (u32)round_up(p->key_size, 8);
}

struct code {
	struct bpf_insn insns[1024];
	u32 len;
};

static void emit(struct code *c, u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	c->insns[c->len++] = (struct bpf_insn){ .code = code,
						.dst_reg = dst,
						.src_reg = src,
						.off = off,
						.imm = imm };
}

static void emit_map(struct code *c, u8 dst, int fd)
{
	emit(c, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, fd);
	emit(c, 0, 0, 0, 0, 0);
}

static void emit_pointer(struct code *c, u8 dst, u32 off)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, 6, 0, 0);
	emit(c, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, (s32)off);
}

/* r0 is the value that was found: copy it, and say whether it was. */
static void emit_copy(struct code *c, const struct kmap_progs *p)
{
	emit(c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
	emit(c, BPF_ST | BPF_MEM | BPF_DW, 6, 0, CTL_RESULT, -ENOENT);
	emit(c, BPF_JMP | BPF_JA, 0, 0, (s16)(2 * p->value_size + 1), 0);
	emit(c, BPF_ST | BPF_MEM | BPF_DW, 6, 0, CTL_RESULT, 0);
	for (u32 i = 0; i < p->value_size; i++) {
		emit(c, BPF_LDX | BPF_MEM | BPF_B, 1, 0, (s16)i, 0);
		emit(c, BPF_STX | BPF_MEM | BPF_B, 6, 1, (s16)(value_at(p) + i),
		     0);
	}
}

static bool finds_value(u32 helper)
{
	return helper == BPF_FUNC_map_lookup_elem ||
	       helper == BPF_FUNC_map_lookup_percpu_elem;
}

/* All that any of them takes; what one does not take it does not see. */
static void emit_args(struct code *c, const struct kmap_progs *p, u32 helper)
{
	u8 reg = 2;

	if (p->key_size)
		emit_pointer(c, reg++, CTL_KEY);
	if (helper != BPF_FUNC_map_lookup_percpu_elem)
		emit_pointer(c, reg++, value_at(p));
	emit(c, BPF_LDX | BPF_MEM | BPF_DW, reg, 6, CTL_FLAGS, 0);
}

static int load(struct kmap_progs *p, int map, u32 helper)
{
	static char log[65536];
	struct code c = { .len = 0 };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP,
				.insns = (u64)(uintptr_t)c.insns,
				.license = (u64)(uintptr_t) "Dual BSD/GPL" };
	int fd;

	emit(&c, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0);
	emit(&c, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	emit(&c, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4);
	emit_map(&c, 1, p->control);
	emit(&c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	emit(&c, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
	emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP);
	emit(&c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	emit(&c, BPF_ALU64 | BPF_MOV | BPF_X, 6, 0, 0, 0);
	emit_map(&c, 1, map);
	emit_args(&c, p, helper);
	emit(&c, BPF_JMP | BPF_CALL, 0, 0, 0, (s32)helper);
	if (finds_value(helper))
		emit_copy(&c, p);
	else
		emit(&c, BPF_STX | BPF_MEM | BPF_DW, 6, 0, CTL_RESULT, 0);
	emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS);
	emit(&c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

	attr.insn_cnt = c.len;
	fd = kmap_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		attr.log_buf = (u64)(uintptr_t)log;
		attr.log_size = sizeof(log);
		attr.log_level = 1;
		kmap_bpf(BPF_PROG_LOAD, &attr);
		fprintf(stderr, "the kernel refuses the program:\n%s\n", log);
	}
	return fd;
}

static const u32 helpers[KMAP_HELPERS] = {
	BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem,
	BPF_FUNC_map_delete_elem, BPF_FUNC_map_push_elem,
	BPF_FUNC_map_pop_elem,	  BPF_FUNC_map_peek_elem,
	BPF_FUNC_map_lookup_percpu_elem,
};

static bool takes(u32 helper, u32 type)
{
	switch (helper) {
	case BPF_FUNC_map_push_elem:
	case BPF_FUNC_map_peek_elem:
		return type == BPF_MAP_TYPE_QUEUE ||
		       type == BPF_MAP_TYPE_STACK ||
		       type == BPF_MAP_TYPE_BLOOM_FILTER;
	case BPF_FUNC_map_pop_elem:
		return type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK;
	case BPF_FUNC_map_lookup_percpu_elem:
		return type == BPF_MAP_TYPE_PERCPU_ARRAY ||
		       type == BPF_MAP_TYPE_PERCPU_HASH ||
		       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	default:
		return type != BPF_MAP_TYPE_QUEUE &&
		       type != BPF_MAP_TYPE_STACK &&
		       type != BPF_MAP_TYPE_BLOOM_FILTER;
	}
}

int kmap_progs_load(struct kmap_progs *p, int map, const struct map_attr *attr)
{
	const struct map_attr control = { .type = BPF_MAP_TYPE_ARRAY,
					  .key_size = 4,
					  .value_size = CTL_BYTES,
					  .max_entries = 1 };
	int err = 0;

	*p = (struct kmap_progs){ .key_size = attr->key_size,
				  .value_size = attr->value_size };
	if (value_at(p) + p->value_size > CTL_BYTES)
		return -E2BIG;
	p->control = kmap_create(&control);
	if (p->control < 0)
		return p->control;
	for (u32 i = 0; i < KMAP_HELPERS; i++) {
		p->fds[i] = -1;
		if (!takes(helpers[i], attr->type))
			continue;
		p->fds[i] = load(p, map, helpers[i]);
		if (p->fds[i] < 0)
			err = -EINVAL;
	}
	return err;
}

void kmap_progs_close(struct kmap_progs *p)
{
	for (u32 i = 0; i < KMAP_HELPERS; i++) {
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	}
	close(p->control);
}

static int run(struct kmap_progs *p, u32 which, const void *key, void *value,
	       u64 arg)
{
	u8 ctl[CTL_BYTES] = { 0 }, packet[64] = { 0 };
	union bpf_attr attr = { 0 };
	u32 index = 0;
	s64 result;
	int err;

	attr.test.prog_fd = (u32)p->fds[which];
	attr.test.data_in = (u64)(uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	memcpy(ctl + CTL_FLAGS, &arg, 8);
	if (key)
		memcpy(ctl + CTL_KEY, key, p->key_size);
	if (value)
		memcpy(ctl + value_at(p), value, p->value_size);
	err = kmap_write(p->control, &index, ctl, 0);
	if (!err)
		err = kmap_bpf(BPF_PROG_TEST_RUN, &attr);
	if (!err)
		err = kmap_read(p->control, &index, ctl, 0);
	if (err || attr.test.retval != XDP_PASS)
		return err - 1000;
	memcpy(&result, ctl + CTL_RESULT, 8);
	if (value)
		memcpy(value, ctl + value_at(p), p->value_size);
	return (int)result;
}

int kmap_prog_call(struct kmap_progs *p, u32 helper, const void *key,
		   void *value, u64 arg)
{
	u32 i = 0;

	while (helpers[i] != helper)
		i++;
	return run(p, i, key, value, arg);
}

int kmap_prog_lookup(struct kmap_progs *p, const void *key, void *value)
{
	return kmap_prog_call(p, BPF_FUNC_map_lookup_elem, key, value, 0);
}

int kmap_prog_update(struct kmap_progs *p, const void *key, const void *value,
		     u64 flags)
{
	return kmap_prog_call(p, BPF_FUNC_map_update_elem, key, (void *)value,
			      flags);
}

int kmap_prog_delete(struct kmap_progs *p, const void *key)
{
	return kmap_prog_call(p, BPF_FUNC_map_delete_elem, key, NULL, 0);
}
