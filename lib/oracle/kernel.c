/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	long res;

	/* the verifier gives up with EAGAIN when a signal is pending */
	do
		res = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	while (res < 0 && (errno == EINTR || errno == EAGAIN));
	return res < 0 ? -errno : (int)res;
}

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

int kernel_btf_load(const void *bytes, u32 size)
{
	union bpf_attr attr = { .btf = address(bytes), .btf_size = size };

	return sys_bpf(BPF_BTF_LOAD, &attr);
}

int kernel_map_create(union bpf_attr *attr)
{
	return sys_bpf(BPF_MAP_CREATE, attr);
}

int kernel_prog_load(union bpf_attr *attr)
{
	return sys_bpf(BPF_PROG_LOAD, attr);
}

int kernel_map_read(int map, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = address(key),
				.value = address(value) };

	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int kernel_map_write(int map, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = address(key),
				.value = address(value) };

	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int kernel_map_take(int map, void *value)
{
	union bpf_attr attr = { .map_fd = (u32)map, .value = address(value) };

	return sys_bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr);
}

int kernel_map_next_key(int map, const void *key, void *next)
{
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = address(key),
				.next_key = address(next) };

	return sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}

int kernel_map_freeze(int map)
{
	union bpf_attr attr = { .map_fd = (u32)map };

	return sys_bpf(BPF_MAP_FREEZE, &attr);
}

static int get_info(int fd, void *info, u32 size)
{
	union bpf_attr attr = { .info.bpf_fd = (u32)fd,
				.info.info_len = size,
				.info.info = address(info) };

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

u32 kernel_prog_id(int prog)
{
	struct bpf_prog_info info = { 0 };

	return get_info(prog, &info, sizeof(info)) == 0 ? info.id : 0;
}

u32 kernel_map_id(int map)
{
	struct bpf_map_info info = { 0 };

	return get_info(map, &info, sizeof(info)) == 0 ? info.id : 0;
}

int kernel_test_run(struct kernel_run *run)
{
	union bpf_attr attr = { 0 };
	int res;

	attr.test.prog_fd = (u32)run->prog;
	attr.test.data_in = address(run->in);
	attr.test.data_size_in = run->in_len;
	attr.test.data_out = address(run->out);
	attr.test.data_size_out = run->out_room;
	attr.test.ctx_in = address(run->ctx);
	attr.test.ctx_size_in = run->ctx_len;
	attr.test.ctx_out = address(run->ctx);
	attr.test.ctx_size_out = run->ctx_len;
	attr.test.repeat = run->repeat;
	res = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	run->out_len = attr.test.data_size_out;
	run->retval = attr.test.retval;
	run->ns = attr.test.duration;
	return res;
}

u32 kernel_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 first = 0, last = 0;
	int got = 0;

	if (f) {
		got = fscanf(f, "%u-%u", &first, &last);
		fclose(f);
	}
	return (got == 2 ? last : first) + 1;
}

struct kernel_affinity {
	cpu_set_t cpus;
};

int kernel_pin(struct kernel_affinity **was)
{
	struct kernel_affinity *old = calloc(1, sizeof(*old));
	cpu_set_t one;
	int cpu = 0, err;

	if (!old)
		return -ENOMEM;
	if (sched_getaffinity(0, sizeof(old->cpus), &old->cpus) != 0)
		goto failed;
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &old->cpus))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		goto failed;
	*was = old;
	return cpu;

failed:
	err = -errno;
	free(old);
	return err;
}

void kernel_unpin(struct kernel_affinity *was)
{
	if (was)
		sched_setaffinity(0, sizeof(was->cpus), &was->cpus);
	free(was);
}

void kernel_name(char name[BPF_OBJ_NAME_LEN], const char *text)
{
	size_t n = 0;

	memset(name, 0, BPF_OBJ_NAME_LEN);
	for (; text[n] && n < BPF_OBJ_NAME_LEN - 1; n++)
		name[n] =
			isalnum((u8)text[n]) || text[n] == '.' ? text[n] : '_';
}
