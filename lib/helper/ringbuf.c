/* SPDX-License-Identifier: BSD-3-Clause */
/* ringbuf.c - ringbuf_output, _reserve, _submit, _discard, _query */
#include "helper/helpers.h"
#include "maps/ringbuf.h"

HELPER_4(output, struct map *, map, const void *, data, u64, size, u64, flags)
{
	return helper_error(ringbuf_output(map, data, size, flags));
}

const struct helper helper_ringbuf_output = {
	.id = BPF_FUNC_ringbuf_output,
	.name = "ringbuf_output",
	.fn = output,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_MEM, ARG_SIZE_OR_ZERO, ARG_ANY },
};

HELPER_3(reserve, struct map *, map, u64, size, u64, flags)
{
	return flags ? 0 : (u64)(uintptr_t)ringbuf_reserve(map, size);
}

const struct helper helper_ringbuf_reserve = {
	.id = BPF_FUNC_ringbuf_reserve,
	.name = "ringbuf_reserve",
	.fn = reserve,
	.progs = PROG_ANY,
	.ret = RET_MEM_OR_NULL,
	.arg = { ARG_MAP, ARG_SIZE_OR_ZERO, ARG_ANY },
};

HELPER_2(submit, void *, record, u64, flags)
{
	ringbuf_submit(record, flags);
	return 0;
}

const struct helper helper_ringbuf_submit = {
	.id = BPF_FUNC_ringbuf_submit,
	.name = "ringbuf_submit",
	.fn = submit,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.arg = { ARG_RECORD, ARG_ANY },
};

HELPER_2(discard, void *, record, u64, flags)
{
	ringbuf_discard(record, flags);
	return 0;
}

const struct helper helper_ringbuf_discard = {
	.id = BPF_FUNC_ringbuf_discard,
	.name = "ringbuf_discard",
	.fn = discard,
	.progs = PROG_ANY,
	.ret = RET_VOID,
	.arg = { ARG_RECORD, ARG_ANY },
};

HELPER_2(query, const struct map *, map, u64, what)
{
	return ringbuf_query(map, what);
}

const struct helper helper_ringbuf_query = {
	.id = BPF_FUNC_ringbuf_query,
	.name = "ringbuf_query",
	.fn = query,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_ANY },
};
