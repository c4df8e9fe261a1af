/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kfunc.c - kernel functions that programs call by name: iterators over
 * numbers, dynptrs
 *
 * Where Linux's are of type int or __u32, the upper half of what the program
 * gets is 0.
 */
#include "bpf/kfunc.h"

#include "helper/dynptr.h"
#include "helper/helpers.h"

#define ITER_MAX (8ll << 20)

static u64 kfunc_error(int err)
{
	return (u32)err;
}

/* ---- iterators ---- */

/* What lies in a struct bpf_iter_num. */
struct iter {
	s32 now;
	s32 end;
};

HELPER_3(iter_num_new, struct iter *, it, s32, start, s32, end)
{
	int err = 0;

	if (start > end)
		err = -EINVAL;
	else if ((s64)end - start > ITER_MAX)
		err = -E2BIG;
	*it = (struct iter){ 0 };
	if (!err)
		*it = (struct iter){ (s32)((u32)start - 1), end };
	return kfunc_error(err);
}

HELPER_1(iter_num_next, struct iter *, it)
{
	s32 next = (s32)((u32)it->now + 1);

	if (next >= it->end) {
		*it = (struct iter){ 0 };
		return 0;
	}
	it->now = next;
	return (u64)(uintptr_t)&it->now;
}

HELPER_1(iter_num_destroy, struct iter *, it)
{
	*it = (struct iter){ 0 };
	return 0;
}

/* ---- dynptrs of packets ---- */

static u64 from_packet(struct pkt *p, enum dynptr_of of, u64 flags,
		       struct dynptr *d)
{
	*d = (struct dynptr){ 0 };
	if (flags)
		return kfunc_error(-EINVAL);
	dynptr_set(d, of, p, pkt_whole_len(p));
	return 0;
}

/* Socket filters only read. */
HELPER_3(dynptr_from_skb, struct pkt *, p, u64, flags, struct dynptr *, d)
{
	u64 ret = from_packet(p, DYNPTR_OF_SKB, flags, d);

	d->rdonly = d->data && run->prog->type == BPF_PROG_TYPE_SOCKET_FILTER;
	return ret;
}

HELPER_3(dynptr_from_xdp, struct pkt *, p, u64, flags, struct dynptr *, d)
{
	return from_packet(p, DYNPTR_OF_XDP, flags, d);
}

/* A packet may be shorter than it was.  What is not in one piece of it is
 * copied into the buffer, if there is one. */
static u64 slice(const struct dynptr *d, u32 off, void *buffer, u32 len)
{
	const struct pkt *p = (const void *)d->data;
	u64 at = (u64)d->offset + off;
	void *piece;

	if (!d->data || !dynptr_holds(d, off, len))
		return 0;
	if (d->of != DYNPTR_OF_SKB && d->of != DYNPTR_OF_XDP)
		return (u64)(uintptr_t)(d->data + at);
	if (at + len > pkt_whole_len(p))
		return 0;
	piece = pkt_piece(p, (u32)at, len);
	if (!piece && buffer) {
		pkt_read(p, (u32)at, buffer, len);
		piece = buffer;
	}
	return (u64)(uintptr_t)piece;
}

HELPER_4(dynptr_slice, const struct dynptr *, d, u32, off, void *, buffer, u32,
	 len)
{
	return slice(d, off, buffer, len);
}

HELPER_4(dynptr_slice_rdwr, const struct dynptr *, d, u32, off, void *, buffer,
	 u32, len)
{
	return d->rdonly ? 0 : slice(d, off, buffer, len);
}

HELPER_3(dynptr_adjust, struct dynptr *, d, u32, start, u32, end)
{
	if (!d->data || start > end)
		return kfunc_error(-EINVAL);
	if (end > d->size)
		return kfunc_error(-ERANGE);
	d->offset += start;
	d->size = end - start;
	return 0;
}

HELPER_1(dynptr_is_null, const struct dynptr *, d)
{
	return !d->data;
}

HELPER_1(dynptr_is_rdonly, const struct dynptr *, d)
{
	return d->data && d->rdonly;
}

HELPER_1(dynptr_size, const struct dynptr *, d)
{
	return d->data ? d->size : kfunc_error(-EINVAL);
}

HELPER_2(dynptr_clone, const struct dynptr *, d, struct dynptr *, clone)
{
	*clone = *d;
	return kfunc_error(d->data ? 0 : -EINVAL);
}

/* ---- the table ---- */

#define KFUNC(func, of, returns, ...)        \
	[KFUNC_##func] = { .name = #func,    \
			   .fn = func,       \
			   .progs = (of),    \
			   .ret = (returns), \
			   .arg = { __VA_ARGS__ } }

static const struct helper kfuncs[KFUNC_COUNT] = {
	KFUNC(iter_num_new, PROG_ANY, RET_INT, ARG_ITER_OUT, ARG_ANY, ARG_ANY),
	KFUNC(iter_num_next, PROG_ANY, RET_NUMBER_OR_NULL, ARG_ITER),
	KFUNC(iter_num_destroy, PROG_ANY, RET_VOID, ARG_ITER_END),
	KFUNC(dynptr_from_skb, PROG_TC | PROG_SOCKET, RET_INT, ARG_CTX, ARG_ANY,
	      ARG_DYNPTR_PACKET_OUT),
	KFUNC(dynptr_from_xdp, PROG_XDP, RET_INT, ARG_CTX, ARG_ANY,
	      ARG_DYNPTR_PACKET_OUT),
	KFUNC(dynptr_slice, PROG_ANY, RET_SLICE_OR_NULL, ARG_DYNPTR, ARG_ANY,
	      ARG_BUFFER_OR_NULL, ARG_SIZE_OR_ZERO),
	KFUNC(dynptr_slice_rdwr, PROG_ANY, RET_DYNPTR_MEM_OR_NULL, ARG_DYNPTR,
	      ARG_ANY, ARG_BUFFER_OR_NULL, ARG_SIZE_OR_ZERO),
	KFUNC(dynptr_adjust, PROG_ANY, RET_INT, ARG_DYNPTR, ARG_ANY, ARG_ANY),
	KFUNC(dynptr_is_null, PROG_ANY, RET_INT, ARG_DYNPTR),
	KFUNC(dynptr_is_rdonly, PROG_ANY, RET_INT, ARG_DYNPTR),
	KFUNC(dynptr_size, PROG_ANY, RET_INT, ARG_DYNPTR),
	KFUNC(dynptr_clone, PROG_ANY, RET_INT, ARG_DYNPTR,
	      ARG_DYNPTR_CLONE_OUT),
};
#undef KFUNC

const struct helper *helper_kfunc(u32 number)
{
	return number && number < KFUNC_COUNT ? &kfuncs[number] : NULL;
}
