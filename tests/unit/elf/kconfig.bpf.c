// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* kconfig.bpf.c - externs in .kconfig, of each type and size */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_NET __kconfig;
extern char CONFIG_INET __kconfig;
extern unsigned long CONFIG_HZ __kconfig;
extern bool CONFIG_NO_SUCH_THING __kconfig __weak;
extern char CONFIG_NO_SUCH_NAME[16] __kconfig __weak;
extern unsigned int LINUX_HAS_BPF_COOKIE __kconfig __weak;

SEC("xdp")
int config(struct xdp_md *ctx)
{
	unsigned long sum = LINUX_KERNEL_VERSION >> 16;

	(void)ctx;
	sum += CONFIG_BPF_SYSCALL + CONFIG_NET * 2 + CONFIG_INET + CONFIG_HZ;
	sum += CONFIG_NO_SUCH_THING + CONFIG_NO_SUCH_NAME[0];
	return (int)(sum + LINUX_HAS_BPF_COOKIE);
}

char LICENSE[] SEC("license") = "GPL";
