// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* config.bpf.c - a value that only a caller's configuration has */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern unsigned short CONFIG_MINE __kconfig;
extern char CONFIG_NAME[4] __kconfig __weak;

SEC("xdp")
int config(struct xdp_md *ctx)
{
	(void)ctx;
	return CONFIG_MINE + CONFIG_NAME[0];
}

char LICENSE[] SEC("license") = "GPL";
