/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_btf.c - BPF_BTF_LOAD */
#include <errno.h>
#include <stdlib.h>

#include "sys/wclient.h"

#define BTF_BYTES_MAX (16u << 20)

static int load(struct wcall *w, struct err *err, struct btf_blob **out)
{
	const union bpf_attr *u = &w->u.attr;
	void *data;
	int res;

	data = wcall_copy_in(w, u->btf, u->btf_size, &res);
	if (!data)
		return res;
	res = btf_parse(data, u->btf_size, err, out);
	free(data);
	return res;
}

int wbpf_btf_load(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct wlog log = {
		.buf = u->btf_log_buf,
		.size = u->btf_log_size,
		.level = u->btf_log_level,
		.true_size = offsetof(union bpf_attr, btf_log_true_size),
	};
	struct err err = { 0 };
	struct btf_blob *btf = NULL;
	int res;

	if (!wcall_only(w, ATTR_END(btf_token_fd)) ||
	    u->btf_flags & ~(u32)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (u->btf_flags)
		return -EBADF; /* there are no tokens */
	if (u->btf_size > BTF_BYTES_MAX)
		return -E2BIG;
	res = wlog_check(&log);
	if (res)
		return res;
	res = load(w, &err, &btf);
	res = wlog_end(w, &log, &err, res);
	if (!res)
		res = sys_btf_add(w->sys, btf);
	if (res) {
		btf_put(btf);
		return res;
	}
	return handle_new(w->c, ref_btf(btf), 0);
}
