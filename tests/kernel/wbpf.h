/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf.h - the same calls to the live kernel's bpf(2) and to wbpf()
 *
 * A case makes calls on one side and writes down what came back; it is run on
 * both, and what was written must be the same.  Handles are named by what they
 * are, not by number.
 */
#ifndef WEIR_TESTS_KERNEL_WBPF_H
#define WEIR_TESTS_KERNEL_WBPF_H

#include "sys/wbpf.h"

#define SKIP 77

struct side {
	const char *name;
	struct sys *sys; /* NULL: the kernel */
	struct wclient *client;
	u32 cpus; /* slots of per-CPU values */
	char log[1 << 20];
	size_t len;
};

/* size as given, whatever attr is. */
int side_call_sized(struct side *s, int cmd, void *attr, u32 size);

static inline int side_call(struct side *s, int cmd, union bpf_attr *attr)
{
	return side_call_sized(s, cmd, attr, sizeof(*attr));
}

/* The same fields, and zeros behind. */
static inline union bpf_attr_618 whole_attr(union bpf_attr attr)
{
	union bpf_attr_618 u = { 0 };

	u.attr = attr;
	return u;
}

void side_close(struct side *s, int fd);

/* Write down. */
void say(struct side *s, const char *fmt, ...) PRINTF(2, 3);
/* The same for a call: a handle is "ok", and closed. */
void say_call(struct side *s, const char *what, int cmd,
	      const union bpf_attr *attr);

/* A handle, or -1 after the case has failed loudly. */
int side_map(struct side *s, u32 type, u32 key, u32 value, u32 entries,
	     u32 flags);
int side_prog(struct side *s, u32 attach_type);

struct wcase {
	const char *name;
	void (*run)(struct side *s);
};

/* Runs all on both: 0, 1 or SKIP. */
int wbpf_compare(const struct wcase *cases, u32 cnt);

#endif
