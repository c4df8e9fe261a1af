/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proto.c - prototypes of helpers that Linux has for these program types and
 * Weir has not: programs that call them can be verified, not run
 */
#include "helper/helpers.h"

#define PROTO(helper) .id = BPF_FUNC_##helper, .name = #helper
#define NETWORK (PROG_XDP | PROG_TC)

/* Of those whose prototype does not tell. */
#define MEMORY .why = "there is no memory of the kernel or of a process"
#define PROCESS .why = "no process stands behind a packet"
#define COUNTERS .why = "there are no counters of the CPU's events"

static const struct helper lacking[] = {
	{ PROTO(get_current_task), PROCESS, .progs = PROG_ANY, .gpl_only = true },
	{ PROTO(probe_read_kernel), MEMORY, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MEM_OUT, ARG_SIZE_OR_ZERO, ARG_ANY } },
	{ PROTO(probe_read_user), MEMORY, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MEM_OUT, ARG_SIZE_OR_ZERO, ARG_ANY } },
	{ PROTO(probe_read_kernel_str), MEMORY, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MEM_OUT, ARG_SIZE_OR_ZERO, ARG_ANY } },
	{ PROTO(probe_read_user_str), MEMORY, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MEM_OUT, ARG_SIZE_OR_ZERO, ARG_ANY } },
	{ PROTO(kptr_xchg), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL, ARG_KERNEL } },
	{ PROTO(this_cpu_ptr), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(per_cpu_ptr), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL, ARG_ANY } },

	{ PROTO(sk_storage_get), .progs = PROG_TC, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL, ARG_KERNEL, ARG_KERNEL, ARG_ANY } },
	{ PROTO(sk_storage_delete), .progs = PROG_TC, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL, ARG_KERNEL } },
	{ PROTO(skc_to_tcp_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_tcp6_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_udp6_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_tcp_timewait_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_tcp_request_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_unix_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },
	{ PROTO(skc_to_mptcp_sock), .progs = PROG_ANY,
	  .ret = RET_KERNEL_SOCK_OR_NULL, .casts = true,
	  .arg = { ARG_SOCK_COMMON } },

	{ PROTO(perf_event_read), COUNTERS, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MAP, ARG_ANY } },
	{ PROTO(perf_event_read_value), COUNTERS, .progs = PROG_ANY, .gpl_only = true,
	  .arg = { ARG_MAP, ARG_ANY, ARG_MEM_OUT, ARG_SIZE } },
	{ PROTO(send_signal), PROCESS, .progs = PROG_ANY, .arg = { ARG_ANY } },
	{ PROTO(send_signal_thread), PROCESS, .progs = PROG_ANY, .arg = { ARG_ANY } },
	{ PROTO(get_task_stack), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(copy_from_user), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(snprintf_btf), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(task_storage_get), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(task_storage_delete), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(cgrp_storage_get), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(cgrp_storage_delete), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(find_vma), .progs = PROG_ANY, .ret = RET_KERNEL,
	  .arg = { ARG_KERNEL } },
	{ PROTO(get_current_task_btf), .progs = PROG_ANY, .gpl_only = true,
	  .ret = RET_KERNEL },
	{ PROTO(task_pt_regs), .progs = PROG_ANY, .gpl_only = true,
	  .ret = RET_KERNEL, .arg = { ARG_KERNEL } },
	{ PROTO(get_branch_snapshot), .progs = PROG_ANY, .gpl_only = true,
	  .ret = RET_KERNEL, .arg = { ARG_KERNEL } },
	{ PROTO(copy_from_user_task), .progs = PROG_ANY, .gpl_only = true,
	  .ret = RET_KERNEL, .arg = { ARG_KERNEL } },
};

const struct helper *helper_proto(u32 id)
{
	const struct helper *helper = helper_find(id);

	for (u32 i = 0; !helper && i < ARRAY_LEN(lacking); i++)
		if (lacking[i].id == id)
			return &lacking[i];
	return helper;
}

static bool is_socket(enum arg_type type)
{
	return type == ARG_SOCK_COMMON;
}

const char *helper_why(u32 id)
{
	const struct helper *h = helper_proto(id);

	if (!h || helper_find(id))
		return NULL;
	if (h->why)
		return h->why;
	for (u32 i = 0; i < ARRAY_LEN(h->arg); i++)
		if (is_socket(h->arg[i]))
			return "there are no sockets";
	if (h->ret == RET_SOCK_OR_NULL || h->ret == RET_SOCK_COMMON_OR_NULL)
		return "there are no sockets";
	return "there are no objects of the kernel";
}
