/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.c - one row for each difference that is meant to be */
#include "policy.h"

#include <errno.h>
#include <string.h>

static bool has_code(const struct bench_prog *p, u8 code)
{
	for (u32 i = 0; i < p->cnt; i++)
		if (p->insns[i].code == code)
			return true;
	return false;
}

/* Weir ends such a loop when nothing new comes. */
static bool is_endless_may_goto(struct bench *b, const struct policy_case *c)
{
	(void)b;
	return c->fd < 0 && has_code(c->prog, BPF_JMP | BPF_JCOND) &&
	       strncmp(c->reason, "BPF program is too large", 24) == 0;
}

/* It stops itself, after it has accepted. */
static bool is_linux_stopping(struct bench *b, const struct policy_case *c)
{
	(void)b;
	return c->fd == -EFAULT && strncmp(c->reason, "verifier bug", 12) == 0;
}

static const struct {
	const char *why;
	bool (*is)(struct bench *b, const struct policy_case *c);
} policies[] = {
	{ "a loop by may_goto", is_endless_may_goto },
	{ "a bug of Linux's own", is_linux_stopping },
};

const char *policy_why(struct bench *b, const struct policy_case *c)
{
	for (u32 i = 0; i < ARRAY_LEN(policies); i++)
		if (policies[i].is(b, c))
			return policies[i].why;
	return NULL;
}
