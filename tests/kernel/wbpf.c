/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf.c - the same calls to the live kernel's bpf(2) and to wbpf() */
#include "wbpf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asm.h"

int side_call_sized(struct side *s, int cmd, void *attr, u32 size)
{
	long res;

	if (s->client)
		return wbpf(s->client, cmd, attr, size, &wmem_self);
	res = syscall(__NR_bpf, cmd, attr, size);
	return res < 0 ? -errno : (int)res;
}

void side_close(struct side *s, int fd)
{
	if (fd < 0)
		return;
	if (s->client)
		wclient_close(s->client, fd);
	else
		close(fd);
}

void say(struct side *s, const char *fmt, ...)
{
	size_t left = sizeof(s->log) - s->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->log + s->len, left, fmt, ap);
	va_end(ap);
	s->len += MIN((size_t)n, left - 1);
}

static bool gives_handle(int cmd)
{
	return cmd == BPF_MAP_CREATE || cmd == BPF_PROG_LOAD ||
	       cmd == BPF_OBJ_GET || cmd == BPF_BTF_LOAD ||
	       cmd == BPF_MAP_GET_FD_BY_ID || cmd == BPF_LINK_GET_FD_BY_ID ||
	       cmd == BPF_PROG_GET_FD_BY_ID || cmd == BPF_BTF_GET_FD_BY_ID;
}

void say_call(struct side *s, const char *what, int cmd,
	      const union bpf_attr *attr)
{
	union bpf_attr copy = *attr;
	int res = side_call(s, cmd, &copy);

	if (res >= 0 && gives_handle(cmd)) {
		side_close(s, res);
		res = 0;
	}
	say(s, "%s: %d\n", what, res);
}

int side_map(struct side *s, u32 type, u32 key, u32 value, u32 entries,
	     u32 flags)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = key,
				.value_size = value,
				.max_entries = entries,
				.map_flags = flags };
	int fd = side_call(s, BPF_MAP_CREATE, &attr);

	if (fd < 0)
		fprintf(stderr, "%s: no map: %s\n", s->name, strerror(-fd));
	return fd;
}

int side_prog(struct side *s, u32 attach_type)
{
	const struct bpf_insn insns[] = { ALU64_K(MOV, R0, XDP_PASS), EXIT() };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP,
				.expected_attach_type = attach_type,
				.insns = (u64)(uintptr_t)insns,
				.insn_cnt = ARRAY_LEN(insns),
				.license = (u64)(uintptr_t) "GPL",
				.prog_name = "pass" };
	int fd = side_call(s, BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fprintf(stderr, "%s: no prog: %s\n", s->name, strerror(-fd));
	return fd;
}

static u32 count_cpus(void)
{
	u32 first = 0, last = 0;
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");

	if (f) {
		if (fscanf(f, "%u-%u", &first, &last) < 2)
			last = first;
		fclose(f);
	}
	return last + 1;
}

/* The first line in which they differ. */
static void show(const char *name, const char *kernel, const char *weir)
{
	while (*kernel && *weir) {
		size_t a = strcspn(kernel, "\n"), b = strcspn(weir, "\n");

		if (a != b || strncmp(kernel, weir, a) != 0)
			printf("%s: Linux '%.*s', Weir '%.*s'\n", name, (int)a,
			       kernel, (int)b, weir);
		kernel += a + (kernel[a] != 0);
		weir += b + (weir[b] != 0);
	}
	if (*kernel || *weir)
		printf("%s: one side says more\n", name);
}

static bool kernel_allows(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 1 };
	long fd = syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd < 0) {
		printf("bpf(2): %s\n", strerror(errno));
		return false;
	}
	close((int)fd);
	return true;
}

int wbpf_compare(const struct wcase *cases, u32 cnt)
{
	static struct side kernel = { .name = "Linux" };
	static struct side weir = { .name = "Weir" };
	struct mem_config config = { .budget = 256ull << 20 };
	struct mem *mem;
	struct sys *sys;
	int different = 0;

	if (!kernel_allows())
		return SKIP;
	kernel.cpus = weir.cpus = config.slots = count_cpus();
	if (mem_create(&config, &mem) || sys_create(mem, &sys))
		return 1;
	weir.sys = sys;
	for (u32 i = 0; i < cnt; i++) {
		kernel.len = weir.len = 0;
		kernel.log[0] = weir.log[0] = '\0';
		if (wclient_create(sys, &weir.client))
			return 1;
		cases[i].run(&kernel);
		cases[i].run(&weir);
		wclient_destroy(weir.client);
		if (strcmp(kernel.log, weir.log) != 0 || !kernel.len) {
			different++;
			show(cases[i].name, kernel.log, weir.log);
		}
	}
	sys_destroy(sys);
	if (mem_used(mem)) {
		printf("%llu bytes are left\n",
		       (unsigned long long)mem_used(mem));
		different++;
	}
	mem_destroy(mem);
	printf("%u cases, %d different\n", cnt, different);
	return different != 0;
}
