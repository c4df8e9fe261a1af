/* SPDX-License-Identifier: BSD-3-Clause */
/* callback.c - in checked mode: what a function that is called back is given */
#include "vm/shadow.h"

static void set_element(struct machine *m, const struct map *map)
{
	const u64 *r = m->vm.r;

	shadow_set(m, BPF_REG_1, K_MAP, (struct object){ 0 });
	shadow_set(m, BPF_REG_2, K_MEM,
		   (struct object){ .base = r[BPF_REG_2],
				    .size = map->key_size,
				    .rdonly = true });
	shadow_set(m, BPF_REG_3, K_VALUE,
		   (struct object){ .base = r[BPF_REG_3],
				    .size = map->value_size,
				    .map = map });
}

void shadow_push_callback(struct machine *m)
{
	const struct vm_calling *c = m->calling;
	u32 ctx = BPF_REG_2;

	shadow_push(m);
	shadow_clobber(m, BPF_REG_1, BPF_REG_5);
	switch (c->helper->id) {
	case BPF_FUNC_loop: shadow_number(m, BPF_REG_1); break;
	case BPF_FUNC_for_each_map_elem:
		set_element(m, c->map);
		ctx = BPF_REG_4;
		break;
	default: /* user_ringbuf_drain */
		shadow_set(m, BPF_REG_1, K_DYNPTR,
			   (struct object){ .base = m->vm.r[BPF_REG_1] });
		break;
	}
	shadow_set(m, ctx, c->kind, c->obj);
}

void shadow_timer_args(struct machine *m)
{
	set_element(m, (const struct map *)(uintptr_t)m->vm.r[BPF_REG_1]);
}
