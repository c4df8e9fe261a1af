/* SPDX-License-Identifier: BSD-3-Clause */
/* time.c - ktime_get_*, jiffies64: the clocks of the world */
#include <time.h>

#include "helper/helpers.h"
#include "helper/hot.h"

HELPER_0(ktime_get_ns)
{
	return hot_clock(run, CLOCK_MONOTONIC);
}

const struct helper helper_ktime_get_ns = {
	.id = BPF_FUNC_ktime_get_ns,
	.name = "ktime_get_ns",
	.fn = ktime_get_ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(ktime_get_boot_ns)
{
	return hot_clock(run, CLOCK_BOOTTIME);
}

const struct helper helper_ktime_get_boot_ns = {
	.id = BPF_FUNC_ktime_get_boot_ns,
	.name = "ktime_get_boot_ns",
	.fn = ktime_get_boot_ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(ktime_get_coarse_ns)
{
	return hot_clock(run, CLOCK_MONOTONIC_COARSE);
}

const struct helper helper_ktime_get_coarse_ns = {
	.id = BPF_FUNC_ktime_get_coarse_ns,
	.name = "ktime_get_coarse_ns",
	.fn = ktime_get_coarse_ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(ktime_get_tai_ns)
{
	return hot_clock(run, CLOCK_TAI);
}

const struct helper helper_ktime_get_tai_ns = {
	.id = BPF_FUNC_ktime_get_tai_ns,
	.name = "ktime_get_tai_ns",
	.fn = ktime_get_tai_ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(jiffies64)
{
	return JIFFIES_AT_BOOT + hot_clock(run, CLOCK_MONOTONIC) / JIFFIES_NS;
}

const struct helper helper_jiffies64 = {
	.id = BPF_FUNC_jiffies64,
	.name = "jiffies64",
	.fn = jiffies64,
	.progs = PROG_ANY,
	.ret = RET_INT,
};
