/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/loaded.h"

#include <stdlib.h>

const struct elf_prog *loaded_elf_prog(const struct loaded *list,
				       const struct prog *prog)
{
	for (const struct loaded *l = list; l; l = l->next)
		for (u32 i = 0; i < l->so->prog_cnt; i++)
			if (l->so->progs[i] == prog)
				return &l->obj->progs[i];
	return NULL;
}

void loaded_free(struct loaded *l)
{
	sys_obj_put(l->so);
	elf_close(l->obj);
	free(l);
}
