/* SPDX-License-Identifier: BSD-3-Clause */
#include "kprog.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int kprog_load(const struct kprog_load *l)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = l->type;
	attr.insns = address(l->insns);
	attr.insn_cnt = l->cnt;
	attr.license = address(l->license);
	attr.log_level = l->log_level;
	if (l->log_level) {
		attr.log_buf = address(l->log);
		attr.log_size = l->log_size;
		l->log[0] = '\0';
	}
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

int kprog_run(int fd, const void *data, u32 len, u32 *ret)
{
	union bpf_attr attr = { 0 };
	int err;

	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = address(data);
	attr.test.data_size_in = len;
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	*ret = attr.test.retval;
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
