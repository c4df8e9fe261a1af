/* SPDX-License-Identifier: BSD-3-Clause */
#include "kprog.h"

#include <errno.h>
#include <linux/btf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/insn.h"

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

const char *kprog_unavailable(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = nothing,
		.cnt = 2,
		.license = "GPL",
	};
	int fd = kprog_load(&l);

	if (fd < 0)
		return "no permission for bpf(2)";
	close(fd);
	return NULL;
}

/* Type 3 is static int f(void). */
u32 kprog_btf_bytes(void *to)
{
	static const char strings[] = "\0int\0f";
	struct {
		struct btf_header head;
		struct btf_type integer;
		u32 encoding;
		struct btf_type proto;
		struct btf_type func;
		char strings[8];
	} btf = {
		.head = { .magic = BTF_MAGIC, .version = BTF_VERSION,
			  .hdr_len = sizeof(btf.head),
			  .type_len = 3 * sizeof(struct btf_type) + 4,
			  .str_off = 3 * sizeof(struct btf_type) + 4,
			  .str_len = sizeof(strings) },
		.integer = { .name_off = 1, .info = BTF_KIND_INT << 24,
			     .size = 4 },
		.encoding = BTF_INT_SIGNED << 24 | 32,
		.proto = { .info = BTF_KIND_FUNC_PROTO << 24, .type = 1 },
		.func = { .name_off = 5, .info = BTF_KIND_FUNC << 24,
			  .type = 2 },
	};
	u32 size = sizeof(btf) - sizeof(btf.strings) + sizeof(strings);

	memcpy(btf.strings, strings, sizeof(strings));
	memcpy(to, &btf, size);
	return size;
}

int kprog_btf(void)
{
	u8 bytes[KPROG_BTF_MAX];
	union bpf_attr attr = { .btf = address(bytes),
				.btf_size = kprog_btf_bytes(bytes) };

	return sys_bpf(BPF_BTF_LOAD, &attr);
}

u32 kprog_funcs(const struct bpf_insn *insns, u32 cnt,
		struct bpf_func_info *funcs)
{
	u32 n = 0;

	for (u32 at = 0; at < cnt && n < KPROG_FUNCS; at++) {
		bool start = at == 0;

		for (u32 i = 0; i < cnt; i++)
			if ((insn_is_local_call(&insns[i]) ||
			     insn_is_func_ref(&insns[i])) &&
			    (s64)i + 1 + insns[i].imm == at)
				start = true;
		if (start)
			funcs[n++] = (struct bpf_func_info){ at, 3 };
	}
	return n;
}

int kprog_load(const struct kprog_load *l)
{
	struct bpf_func_info funcs[KPROG_FUNCS];
	union bpf_attr attr = { 0 };

	attr.prog_type = l->type;
	attr.expected_attach_type = l->attach_type;
	attr.prog_flags = l->flags;
	attr.insns = address(l->insns);
	attr.insn_cnt = l->cnt;
	attr.license = address(l->license);
	attr.log_level = l->log_level;
	if (l->log_level) {
		attr.log_buf = address(l->log);
		attr.log_size = l->log_size;
		l->log[0] = '\0';
	}
	if (l->btf > 0) {
		attr.prog_btf_fd = (u32)l->btf;
		attr.func_info_rec_size = sizeof(funcs[0]);
		attr.func_info = address(l->funcs ? l->funcs : funcs);
		attr.func_info_cnt = l->funcs ? l->func_cnt
					      : kprog_funcs(l->insns, l->cnt,
							     funcs);
	}
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

int kprog_run(int fd, const void *data, u32 len, u32 *ret)
{
	struct kprog_test t = { .data = data, .len = len };
	int err = kprog_test(fd, &t);

	*ret = t.ret;
	return err;
}

int kprog_test(int fd, struct kprog_test *t)
{
	union bpf_attr attr = { 0 };
	int err;

	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = address(t->data);
	attr.test.data_size_in = t->len;
	attr.test.ctx_in = address(t->ctx);
	attr.test.ctx_size_in = t->ctx_size;
	attr.test.flags = t->flags;
	attr.test.data_out = address(t->out);
	attr.test.data_size_out = t->out_len;
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	t->out_len = attr.test.data_size_out;
	t->ret = attr.test.retval;
	return err;
}

int kprog_shared_value(u32 size, void **value)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = size,
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	int fd = sys_bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		return fd;
	*value = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*value == MAP_FAILED) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int kprog_hash(u32 entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = 8,
		.max_entries = entries,
	};

	return sys_bpf(BPF_MAP_CREATE, &attr);
}

int kprog_string(const void *value, u32 size, bool frozen)
{
	union bpf_attr make = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = size,
		.max_entries = 1,
		.map_flags = BPF_F_RDONLY_PROG,
	};
	union bpf_attr fill = { 0 }, freeze = { 0 };
	int fd = sys_bpf(BPF_MAP_CREATE, &make);
	int err;

	if (fd < 0)
		return fd;
	fill.map_fd = freeze.map_fd = (u32)fd;
	fill.key = address(&(u32){ 0 });
	fill.value = address(value);
	err = sys_bpf(BPF_MAP_UPDATE_ELEM, &fill);
	if (!err && frozen)
		err = sys_bpf(BPF_MAP_FREEZE, &freeze);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int kprog_prog_array(u32 entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PROG_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = entries,
	};

	return sys_bpf(BPF_MAP_CREATE, &attr);
}

int kprog_place(int map, u32 slot, int prog)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (u32)map;
	attr.key = address(&slot);
	attr.value = address(&prog);
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

char *kprog_reason(char *log)
{
	char *end = strstr(log, "processed "), *line;

	if (end)
		*end = '\0';
	end = log + strlen(log);
	while (end > log && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}
