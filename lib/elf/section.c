/* SPDX-License-Identifier: BSD-3-Clause */
/* section.c - what the name of a program's section says */
#include "elf/elf_obj.h"

#include <ctype.h>
#include <string.h>

#include "bpf/uapi.h"

/* libbpf's names, each also with "/anything" behind it; where old loaders took
 * every name that began so, "_anything" and digits too.  First match. */
struct section_name {
	const char *name;
	bool loose;
	struct elf_section_kind kind;
};

static const struct section_name names[] = {
	{ "xdp.frags/devmap",
	  false,
	  { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BPF_F_XDP_HAS_FRAGS } },
	{ "xdp/devmap", false, { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 } },
	{ "xdp_devmap", false, { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 } },
	{ "xdp.frags/cpumap",
	  false,
	  { BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, BPF_F_XDP_HAS_FRAGS } },
	{ "xdp/cpumap", false, { BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0 } },
	{ "xdp_cpumap", false, { BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0 } },
	{ "xdp.frags",
	  false,
	  { BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS } },
	{ "xdp", true, { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
	{ "tc/ingress",
	  false,
	  { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, 0 } },
	{ "tc/egress", false, { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS, 0 } },
	{ "tcx/ingress",
	  false,
	  { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, 0 } },
	{ "tcx/egress", false, { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS, 0 } },
	{ "tc", true, { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
	{ "classifier", true, { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
	{ "action", true, { BPF_PROG_TYPE_SCHED_ACT, 0, 0 } },
	{ "socket", true, { BPF_PROG_TYPE_SOCKET_FILTER, 0, 0 } },
};

static bool matches(const struct section_name *n, const char *section)
{
	size_t len = strlen(n->name);
	char next;

	if (strncmp(section, n->name, len) != 0)
		return false;
	next = section[len];
	return next == '\0' || next == '/' ||
	       (n->loose && (next == '_' || isdigit((unsigned char)next)));
}

bool elf_section_parse(const char *section, struct elf_section_kind *out)
{
	if (section[0] == '?')
		section++;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (matches(&names[i], section)) {
			*out = names[i].kind;
			return true;
		}
	}
	return false;
}
