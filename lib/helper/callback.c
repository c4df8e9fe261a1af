/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callback.c - loop, for_each_map_elem, user_ringbuf_drain: helpers that call
 * the program back
 *
 * A callback that is stopped has left a fault; what comes of the helper then
 * is nobody's concern.
 */
#include "helper/dynptr.h"
#include "helper/helpers.h"
#include "maps/ringbuf.h"

#define LOOPS_MAX (8u << 20)
#define SAMPLES_MAX (128u << 10)

/* Whether to go on. */
static bool call_back(struct run *run, u64 func, const u64 arg[PROG_ARGS])
{
	return !prog_call(run, func, arg) && !run->fault.code;
}

HELPER_4(loop, u32, times, u64, func, u64, ctx, u64, flags)
{
	u32 i = 0;
	bool more = true;

	if (flags)
		return helper_error(-EINVAL);
	if (times > LOOPS_MAX)
		return helper_error(-E2BIG);
	while (more && i < times) {
		more = call_back(run, func, (const u64[PROG_ARGS]){ i, ctx });
		i++;
	}
	return i;
}

const struct helper helper_loop = {
	.id = BPF_FUNC_loop,
	.name = "loop",
	.fn = loop,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_FUNC, ARG_STACK_OR_NULL, ARG_ANY },
};

struct walk {
	struct run *run;
	struct map *map;
	u64 func;
	u64 ctx;
};

static bool reach(void *arg, const void *key, void *value)
{
	const struct walk *w = arg;
	const u64 args[PROG_ARGS] = { (u64)(uintptr_t)w->map,
				      (u64)(uintptr_t)key,
				      (u64)(uintptr_t)value, w->ctx };

	return call_back(w->run, w->func, args);
}

HELPER_4(for_each_map_elem, struct map *, map, u64, func, u64, ctx, u64, flags)
{
	struct walk w = { run, map, func, ctx };

	if (flags)
		return helper_error(-EINVAL);
	return map->ops->for_each(map, reach, &w);
}

const struct helper helper_for_each_map_elem = {
	.id = BPF_FUNC_for_each_map_elem,
	.name = "for_each_map_elem",
	.fn = for_each_map_elem,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_FUNC, ARG_STACK_OR_NULL, ARG_ANY },
};

struct drain {
	u32 seen; /* the discarded ones, too */
	u32 discarded;
};

/* 0, or what is wrong with the ring. */
static int drain(struct run *run, struct map *map, u64 func, u64 ctx,
		 struct drain *d)
{
	bool more = true;

	for (; more && d->seen < SAMPLES_MAX; d->seen++) {
		struct dynptr sample;
		void *record;
		s64 len = user_ringbuf_peek(map, DYNPTR_SIZE_MAX, &record);

		if (len == -ENODATA)
			return 0;
		if (len == -EAGAIN) {
			d->discarded++;
			continue;
		}
		if (len < 0)
			return (int)len;
		dynptr_set(&sample, DYNPTR_OF_MEMORY, record, (u32)len);
		more = call_back(run, func,
				 (const u64[PROG_ARGS]){
					 (u64)(uintptr_t)&sample, ctx });
		user_ringbuf_skip(map, (u32)len);
	}
	return 0;
}

HELPER_4(user_ringbuf_drain, struct map *, map, u64, func, u64, ctx, u64, flags)
{
	struct drain d = { 0 };
	int err;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return helper_error(-EINVAL);
	err = user_ringbuf_begin(map);
	if (err)
		return helper_error(err);
	err = drain(run, map, func, ctx, &d);
	user_ringbuf_end(map, flags & BPF_RB_FORCE_WAKEUP ||
				      (!(flags & BPF_RB_NO_WAKEUP) &&
				       d.seen > d.discarded));
	return err ? helper_error(err) : d.seen - d.discarded;
}

const struct helper helper_user_ringbuf_drain = {
	.id = BPF_FUNC_user_ringbuf_drain,
	.name = "user_ringbuf_drain",
	.fn = user_ringbuf_drain,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_FUNC, ARG_STACK_OR_NULL, ARG_ANY },
};
