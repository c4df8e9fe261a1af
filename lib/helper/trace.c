/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.c - trace_printk, trace_vprintk: a line to whoever watches; snprintf:
 * to the program itself
 */
#include <string.h>

#include "helper/format.h"
#include "helper/helpers.h"

static u64 trace(struct run *run, const char *fmt, u32 size, const u64 *args,
		 u32 cnt)
{
	char line[FORMAT_LINE];
	s64 ret = format_line(line, sizeof(line), fmt, size, args, cnt);
	u32 len;

	if (ret < 0)
		return (u64)ret;
	len = (u32)strlen(line);
	if (len && line[len - 1] == '\n')
		line[--len] = '\0';
	run->world->ops->trace(run->world, run->prog, line, len);
	return (u64)ret;
}

HELPER_5(trace_printk, const char *, fmt, u32, size, u64, arg1, u64, arg2, u64,
	 arg3)
{
	const u64 args[] = { arg1, arg2, arg3 };

	return trace(run, fmt, size, args, ARRAY_LEN(args));
}

const struct helper helper_trace_printk = {
	.id = BPF_FUNC_trace_printk,
	.name = "trace_printk",
	.fn = trace_printk,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_MEM, ARG_SIZE }, /* the others may be anything */
};

/* How many there are; -1: not so many, or not whole. */
static int read_args(const void *from, u32 size, u64 args[FORMAT_ARGS])
{
	if (size % sizeof(u64) || size > FORMAT_ARGS * sizeof(u64) ||
	    (size && !from))
		return -1;
	if (size)
		memcpy(args, from, size);
	return (int)(size / sizeof(u64));
}

HELPER_4(trace_vprintk, const char *, fmt, u32, size, const void *, from, u32,
	 from_size)
{
	u64 args[FORMAT_ARGS];
	int cnt = read_args(from, from_size, args);

	return cnt < 0 ? helper_error(-EINVAL)
		       : trace(run, fmt, size, args, (u32)cnt);
}

const struct helper helper_trace_vprintk = {
	.id = BPF_FUNC_trace_vprintk,
	.name = "trace_vprintk",
	.fn = trace_vprintk,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_MEM, ARG_SIZE, ARG_MEM_OR_NULL, ARG_SIZE_OR_ZERO },
};

HELPER_5(helper_fn_snprintf, char *, out, u32, room, const char *, fmt,
	 const void *, from, u32, from_size)
{
	u64 args[FORMAT_ARGS];
	int cnt = read_args(from, from_size, args);
	s64 ret;

	if (cnt < 0)
		return helper_error(-EINVAL);
	ret = format_line(out, room, fmt, UINT32_MAX, args, (u32)cnt);
	return (u64)(ret < 0 ? ret : ret + 1);
}

const struct helper helper_snprintf = {
	.id = BPF_FUNC_snprintf,
	.name = "snprintf",
	.fn = helper_fn_snprintf,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_MEM_WRITE_OR_NULL, ARG_SIZE_OR_ZERO, ARG_CONST_STR,
		 ARG_MEM_OR_NULL,
		 ARG_SIZE_OR_ZERO },
};
