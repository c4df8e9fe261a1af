/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * current.c - get_current_pid_tgid, _uid_gid, _comm, get_ns_current_pid_tgid:
 * the thread that runs the program, which on Linux is whichever the packet has
 * interrupted
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/helpers.h"

#define NAME 16 /* bytes of a thread's, a NUL included */

HELPER_0(pid_tgid)
{
	return (u64)getpid() << 32 | (u32)gettid();
}

const struct helper helper_get_current_pid_tgid = {
	.id = BPF_FUNC_get_current_pid_tgid,
	.name = "get_current_pid_tgid",
	.fn = pid_tgid,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_0(uid_gid)
{
	return (u64)getgid() << 32 | getuid();
}

const struct helper helper_get_current_uid_gid = {
	.id = BPF_FUNC_get_current_uid_gid,
	.name = "get_current_uid_gid",
	.fn = uid_gid,
	.progs = PROG_ANY,
	.ret = RET_INT,
};

HELPER_2(comm, char *, buf, u32, size)
{
	char name[NAME] = { 0 };

	prctl(PR_GET_NAME, name);
	memset(buf, 0, size);
	memcpy(buf, name, strnlen(name, MIN(size - 1, NAME - 1u)));
	return 0;
}

const struct helper helper_get_current_comm = {
	.id = BPF_FUNC_get_current_comm,
	.name = "get_current_comm",
	.fn = comm,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM_OUT, ARG_SIZE },
};

/* The daemon's own namespace is the only one whose numbers are known. */
static int ns_pid_tgid(u64 dev, u64 ino, struct bpf_pidns_info *info, u32 size)
{
	struct stat st;

	if (size != sizeof(*info) || dev > UINT32_MAX)
		return -EINVAL;
	if (stat("/proc/self/ns/pid", &st))
		return -ENOENT;
	if (st.st_dev != dev || st.st_ino != ino)
		return -EINVAL;
	info->pid = (u32)gettid();
	info->tgid = (u32)getpid();
	return 0;
}

HELPER_4(ns, u64, dev, u64, ino, void *, info, u32, size)
{
	int err = ns_pid_tgid(dev, ino, info, size);

	if (err)
		memset(info, 0, size);
	return helper_error(err);
}

const struct helper helper_get_ns_current_pid_tgid = {
	.id = BPF_FUNC_get_ns_current_pid_tgid,
	.name = "get_ns_current_pid_tgid",
	.fn = ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_ANY, ARG_MEM_OUT, ARG_SIZE },
};
