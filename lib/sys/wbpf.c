/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf.c - the one entry: the attribute taken in, the command called */
#include "sys/wbpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wclient.h"

#define PAGE 4096

/* ---- the caller's memory ---- */

/* Nothing is below: an address there is a mistake. */
#define LOWEST_ADDRESS 65536

static int read_self(void *arg, void *to, u64 from, u64 size)
{
	(void)arg;
	if (size && from < LOWEST_ADDRESS)
		return -EFAULT;
	memcpy(to, (const void *)(uintptr_t)from, size);
	return 0;
}

static int write_self(void *arg, u64 to, const void *from, u64 size)
{
	(void)arg;
	if (size && to < LOWEST_ADDRESS)
		return -EFAULT;
	memcpy((void *)(uintptr_t)to, from, size);
	return 0;
}

const struct wmem_ops wmem_self = { .read = read_self, .write = write_self };

void *wcall_copy_in(struct wcall *w, u64 from, u64 size, int *err)
{
	void *copy = malloc(size + 1);

	*err = copy ? w->mem->read(w->mem->arg, copy, from, size) : -ENOMEM;
	if (!*err)
		return copy;
	free(copy);
	return NULL;
}

int wcall_copy_out(struct wcall *w, u64 to, const void *from, u64 size)
{
	return w->mem->write(w->mem->arg, to, from, size);
}

int wcall_put_u32(struct wcall *w, size_t offset, u32 value)
{
	return wcall_copy_out(w, w->uattr + offset, &value, sizeof(value));
}

bool wcall_only(const struct wcall *w, size_t end)
{
	for (size_t i = end; i < sizeof(w->u); i++) {
		if (w->u.bytes[i])
			return false;
	}
	return true;
}

int wcall_check_tail(const struct wmem_ops *mem, u64 from, u32 known, u32 size)
{
	u8 tail[PAGE];

	if (size > PAGE)
		return -E2BIG;
	if (size <= known)
		return 0;
	if (mem->read(mem->arg, tail, from + known, size - known) != 0)
		return -EFAULT;
	for (u32 i = 0; i < size - known; i++) {
		if (tail[i])
			return -E2BIG;
	}
	return 0;
}

int wcall_mode(u32 flags)
{
	u32 mode = MODE_READ | MODE_WRITE;

	if (flags & BPF_F_RDONLY)
		mode &= ~MODE_WRITE;
	if (flags & BPF_F_WRONLY)
		mode &= ~MODE_READ;
	return mode ? (int)mode : -EINVAL;
}

/* ---- the commands ---- */

static wcommand *const commands[] = {
	[BPF_MAP_CREATE] = wbpf_map_create,
	[BPF_MAP_LOOKUP_ELEM] = wbpf_map_lookup,
	[BPF_MAP_UPDATE_ELEM] = wbpf_map_update,
	[BPF_MAP_DELETE_ELEM] = wbpf_map_delete,
	[BPF_MAP_GET_NEXT_KEY] = wbpf_map_next_key,
	[BPF_PROG_LOAD] = wbpf_prog_load,
	[BPF_OBJ_PIN] = wbpf_pin,
	[BPF_OBJ_GET] = wbpf_obj_get,
	[BPF_PROG_ATTACH] = wbpf_prog_attach,
	[BPF_PROG_DETACH] = wbpf_prog_detach,
	[BPF_PROG_TEST_RUN] = wbpf_prog_run,
	[BPF_PROG_GET_NEXT_ID] = wbpf_prog_next_id,
	[BPF_MAP_GET_NEXT_ID] = wbpf_map_next_id,
	[BPF_PROG_GET_FD_BY_ID] = wbpf_prog_by_id,
	[BPF_MAP_GET_FD_BY_ID] = wbpf_map_by_id,
	[BPF_OBJ_GET_INFO_BY_FD] = wbpf_info,
	[BPF_PROG_QUERY] = wbpf_prog_query,
	[BPF_BTF_LOAD] = wbpf_btf_load,
	[BPF_BTF_GET_FD_BY_ID] = wbpf_btf_by_id,
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = wbpf_map_take,
	[BPF_MAP_FREEZE] = wbpf_map_freeze,
	[BPF_BTF_GET_NEXT_ID] = wbpf_btf_next_id,
	[BPF_MAP_LOOKUP_BATCH] = wbpf_map_lookup_batch,
	[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = wbpf_map_take_batch,
	[BPF_MAP_UPDATE_BATCH] = wbpf_map_update_batch,
	[BPF_MAP_DELETE_BATCH] = wbpf_map_delete_batch,
	[BPF_LINK_CREATE] = wbpf_link_create,
	[BPF_LINK_UPDATE] = wbpf_link_update,
	[BPF_LINK_GET_FD_BY_ID] = wbpf_link_by_id,
	[BPF_LINK_GET_NEXT_ID] = wbpf_link_next_id,
	[BPF_LINK_DETACH] = wbpf_link_detach,
	[BPF_PROG_BIND_MAP] = wbpf_prog_bind_map,
};

int wbpf(struct wclient *c, int cmd, union bpf_attr *attr, u32 size,
	 const struct wmem_ops *mem)
{
	struct wcall w = { .c = c,
			   .sys = c->sys,
			   .mem = mem,
			   .uattr = (u64)(uintptr_t)attr,
			   .size = MIN(size, BPF_ATTR_SIZE) };
	int res = wcall_check_tail(mem, w.uattr, BPF_ATTR_SIZE, size);

	if (res)
		return res;
	if (mem->read(mem->arg, &w.u, w.uattr, w.size) != 0)
		return -EFAULT;
	if (cmd == WBPF_MAP_SCAN)
		return wbpf_map_scan(&w);
	if (cmd < 0 || (size_t)cmd >= ARRAY_LEN(commands) || !commands[cmd])
		return -EINVAL;
	return commands[cmd](&w);
}
