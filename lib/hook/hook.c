/* SPDX-License-Identifier: BSD-3-Clause */
/* hook.c - the hooks: their names, and which programs may sit there */
#include "hook/hook.h"

#include <errno.h>
#include <string.h>

static const char *const names[HOOK_KINDS] = {
	[HOOK_XDP] = "xdp",
	[HOOK_TC_INGRESS] = "tc-ingress",
	[HOOK_TC_EGRESS] = "tc-egress",
};

const char *hook_name(enum hook_kind kind)
{
	return kind < HOOK_KINDS ? names[kind] : "unknown";
}

int hook_parse(const char *name, enum hook_kind *kind)
{
	for (u32 i = 0; i < HOOK_KINDS; i++) {
		if (strcmp(name, names[i]) == 0) {
			*kind = (enum hook_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *prog_title(const struct prog *prog)
{
	if (prog->full_name && prog->full_name[0])
		return prog->full_name;
	return prog->name[0] ? prog->name : "the program";
}

static int accepts_xdp(const struct prog *prog, struct err *err)
{
	const char *what;

	switch (prog->expected_attach_type) {
	case BPF_XDP_DEVMAP: what = "devmap"; break;
	case BPF_XDP_CPUMAP: what = "cpumap"; break;
	default: return 0;
	}
	err_fail(err, -EINVAL, "%s is for entries of a %s, not for a port",
		 prog_title(prog), what);
	return err_hint(err, "a program for a port is SEC(\"xdp\")");
}

int hook_accepts(enum hook_kind kind, const struct prog *prog, struct err *err)
{
	u32 wanted =
		kind == HOOK_XDP ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;

	if (kind >= HOOK_KINDS)
		return err_fail(err, -EINVAL, "there is no hook %d", kind);
	if (prog->type != wanted) {
		err_fail(err, -EINVAL,
			 "%s is a program of type %s, %s takes %s",
			 prog_title(prog), prog_type_name(prog->type),
			 names[kind], prog_type_name(wanted));
		err_hint(err, "SEC(\"%s\") makes one",
			 kind == HOOK_XDP ? "xdp" : "tc");
		return -EINVAL;
	}
	return kind == HOOK_XDP ? accepts_xdp(prog, err) : 0;
}
