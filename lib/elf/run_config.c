/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run_config.c - libxdp's run configuration of XDP programs
 *
 * A struct variable _NAME in .xdp_run_config, written like a map: "priority",
 * and for each action whether the next program runs after it.
 */
#include "elf/object.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_PRIORITY 50

static const char *const actions[] = {
	[XDP_ABORTED] = "XDP_ABORTED",	 [XDP_DROP] = "XDP_DROP",
	[XDP_PASS] = "XDP_PASS",	 [XDP_TX] = "XDP_TX",
	[XDP_REDIRECT] = "XDP_REDIRECT",
};

static int config_fail(struct load *l, const struct elf_prog *p,
		       const char *what, const char *member)
{
	return load_fail(l, -EINVAL,
			 "section .xdp_run_config: program '%s': %s%s", p->name,
			 what, member);
}

static int set_member(struct load *l, struct elf_prog *p,
		      const struct btf_member *m)
{
	const char *name = btf_string(l->btf, m->name_off);
	u32 value;

	if (field_int(l->btf, m->type, &value))
		return config_fail(l, p, "not written as __uint(): ", name);
	if (strcmp(name, "priority") == 0) {
		p->xdp_priority = value;
		return 0;
	}
	for (u32 i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(name, actions[i]) != 0)
			continue;
		if (value)
			p->xdp_chain_actions |= 1u << i;
		else
			p->xdp_chain_actions &= ~(1u << i);
		return 0;
	}
	return config_fail(l, p, "unknown member ", name);
}

static int set_config(struct load *l, struct elf_prog *p, u32 var)
{
	const struct btf_type *t = btf_type(l->btf, var);

	t = btf_type(l->btf, btf_skip(l->btf, t->type));
	if (!t || type_kind(t) != BTF_KIND_STRUCT)
		return config_fail(l, p, "its configuration is no struct", "");
	for (u32 i = 0; i < type_vlen(t); i++) {
		int ret = set_member(l, p, &type_members(t)[i]);

		if (ret)
			return ret;
	}
	return 0;
}

/* The variable "_NAME", or 0. */
static u32 find_config(const struct load *l, u32 datasec, const char *name)
{
	const struct btf_type *t = btf_type(l->btf, datasec);

	for (u32 i = 0; i < type_vlen(t); i++) {
		u32 var = type_vars(t)[i].type;
		const char *var_name = btf_name(l->btf, var);

		if (type_kind(btf_type(l->btf, var)) == BTF_KIND_VAR &&
		    var_name[0] == '_' && strcmp(var_name + 1, name) == 0)
			return var;
	}
	return 0;
}

int run_config_read(struct load *l)
{
	u32 datasec = btf_datasec(l, ".xdp_run_config"), var;
	struct elf_prog *p;
	int ret = 0;

	vec_each (p, &l->progs) {
		p->xdp_priority = DEFAULT_PRIORITY;
		p->xdp_chain_actions = 1u << XDP_PASS;
		var = datasec ? find_config(l, datasec, p->name) : 0;
		if (var)
			ret = set_config(l, p, var);
		if (ret)
			return ret;
	}
	return 0;
}
