/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dynptr.c - dynptr_from_mem, _read, _write, _data, ringbuf_reserve_dynptr,
 * _submit_dynptr, _discard_dynptr
 */
#include "helper/dynptr.h"

#include <string.h>

#include "helper/helpers.h"
#include "maps/ringbuf.h"

static u64 none(struct dynptr *d, int err)
{
	*d = (struct dynptr){ 0 };
	return helper_error(err);
}

HELPER_4(from_mem, void *, data, u32, size, u64, flags, struct dynptr *, d)
{
	if (size > DYNPTR_SIZE_MAX)
		return none(d, -E2BIG);
	if (flags)
		return none(d, -EINVAL);
	dynptr_set(d, DYNPTR_OF_MEMORY, data, size);
	return 0;
}

const struct helper helper_dynptr_from_mem = {
	.id = BPF_FUNC_dynptr_from_mem,
	.name = "dynptr_from_mem",
	.fn = from_mem,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM_WRITE, ARG_SIZE_OR_ZERO, ARG_ANY, ARG_DYNPTR_MEM_OUT },
};

static u64 call_packet(struct run *run, const struct helper *helper,
		       const struct dynptr *d, u32 off, void *mem, u32 len,
		       u64 flags)
{
	return helper->fn(run, (u64)(uintptr_t)d->data, d->offset + off,
			  (u64)(uintptr_t)mem, len, flags);
}

HELPER_5(read_dynptr, void *, to, u32, len, const struct dynptr *, d, u32, off,
	 u64, flags)
{
	if (!d->data || flags)
		return helper_error(-EINVAL);
	if (!dynptr_holds(d, off, len))
		return helper_error(-E2BIG);
	switch (d->of) {
	case DYNPTR_OF_SKB:
		return call_packet(run, &helper_skb_load_bytes, d, off, to, len,
				   0);
	case DYNPTR_OF_XDP:
		return call_packet(run, &helper_xdp_load_bytes, d, off, to, len,
				   0);
	default: memmove(to, d->data + d->offset + off, len); return 0;
	}
}

const struct helper helper_dynptr_read = {
	.id = BPF_FUNC_dynptr_read,
	.name = "dynptr_read",
	.fn = read_dynptr,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM_OUT, ARG_SIZE_OR_ZERO, ARG_DYNPTR, ARG_ANY, ARG_ANY },
};

/* Pointers into an sk_buff's packet die with a write to it. */
HELPER_5(write_dynptr, const struct dynptr *, d, u32, off, void *, from, u32,
	 len, u64, flags)
{
	if (!d->data || d->rdonly)
		return helper_error(-EINVAL);
	if (!dynptr_holds(d, off, len))
		return helper_error(-E2BIG);
	if (d->of != DYNPTR_OF_SKB && flags)
		return helper_error(-EINVAL);
	switch (d->of) {
	case DYNPTR_OF_SKB:
		run->pkt->generation++;
		return call_packet(run, &helper_skb_store_bytes, d, off, from,
				   len, flags);
	case DYNPTR_OF_XDP:
		return call_packet(run, &helper_xdp_store_bytes, d, off, from,
				   len, 0);
	default: memmove(d->data + d->offset + off, from, len); return 0;
	}
}

const struct helper helper_dynptr_write = {
	.id = BPF_FUNC_dynptr_write,
	.name = "dynptr_write",
	.fn = write_dynptr,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_DYNPTR, ARG_ANY, ARG_MEM, ARG_SIZE_OR_ZERO, ARG_ANY },
};

/* Of a packet there are slices. */
HELPER_3(data_of, const struct dynptr *, d, u32, off, u32, len)
{
	if (!d->data || d->rdonly || !dynptr_holds(d, off, len) ||
	    d->of == DYNPTR_OF_SKB || d->of == DYNPTR_OF_XDP)
		return 0;
	return (u64)(uintptr_t)(d->data + d->offset + off);
}

const struct helper helper_dynptr_data = {
	.id = BPF_FUNC_dynptr_data,
	.name = "dynptr_data",
	.fn = data_of,
	.progs = PROG_ANY,
	.ret = RET_DYNPTR_MEM_OR_NULL,
	.arg = { ARG_DYNPTR, ARG_ANY, ARG_SIZE_OR_ZERO },
};

HELPER_4(reserve, struct map *, map, u32, size, u64, flags, struct dynptr *, d)
{
	void *record;

	if (flags)
		return none(d, -EINVAL);
	if (size > DYNPTR_SIZE_MAX)
		return none(d, -E2BIG);
	record = ringbuf_reserve(map, size);
	if (!record)
		return none(d, -EINVAL);
	dynptr_set(d, DYNPTR_OF_RECORD, record, size);
	return 0;
}

const struct helper helper_ringbuf_reserve_dynptr = {
	.id = BPF_FUNC_ringbuf_reserve_dynptr,
	.name = "ringbuf_reserve_dynptr",
	.fn = reserve,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_ANY, ARG_ANY, ARG_DYNPTR_RINGBUF_OUT },
};

HELPER_2(submit, struct dynptr *, d, u64, flags)
{
	if (d->data)
		ringbuf_submit(d->data, flags);
	return none(d, 0);
}

const struct helper helper_ringbuf_submit_dynptr = {
	.id = BPF_FUNC_ringbuf_submit_dynptr,
	.name = "ringbuf_submit_dynptr",
	.fn = submit,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.releases = true,
	.arg = { ARG_DYNPTR_RINGBUF, ARG_ANY },
};

HELPER_2(discard, struct dynptr *, d, u64, flags)
{
	if (d->data)
		ringbuf_discard(d->data, flags);
	return none(d, 0);
}

const struct helper helper_ringbuf_discard_dynptr = {
	.id = BPF_FUNC_ringbuf_discard_dynptr,
	.name = "ringbuf_discard_dynptr",
	.fn = discard,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.releases = true,
	.arg = { ARG_DYNPTR_RINGBUF, ARG_ANY },
};
