/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helpers_all.c - every helper number and program type: the kernel lets those
 * call it that docs/helpers.md says, as done or as lacking
 */
#include <stdio.h>
#include <string.h>

#include "duo.h"
#include "helper/helper.h"

static const struct {
	const char *name;
	u32 type;
} types[] = {
	{ "xdp", BPF_PROG_TYPE_XDP },
	{ "sched_cls", BPF_PROG_TYPE_SCHED_CLS },
	{ "sched_act", BPF_PROG_TYPE_SCHED_ACT },
	{ "socket", BPF_PROG_TYPE_SOCKET_FILTER },
};

/* Without arguments it is refused for them, if for nothing else. */
static bool kernel_allows(struct duo *d, u32 type, u32 id)
{
	const struct duo_call call = { .helper = id };
	const char *why;

	return duo_kernel_takes(d, type, "GPL", &call, &why) ||
	       (!strstr(why, "cannot use helper") &&
		!strstr(why, "invalid func unknown") &&
		!strstr(why, "unknown func"));
}

static void every_helper(struct duo *d)
{
	for (u32 id = 0; id < __BPF_FUNC_MAX_ID + 2; id++) {
		const struct helper *h = helper_proto(id);

		for (u32 i = 0; i < ARRAY_LEN(types); i++) {
			bool kernel = kernel_allows(d, types[i].type, id);
			bool ours = h && h->progs & ctx_mask(types[i].type);

			if (kernel != ours)
				duo_differs(d, "%s#%u, %s: kernel %s, ours %s",
					    helper_name(id) ? helper_name(id)
							    : "unknown",
					    id, types[i].name,
					    kernel ? "yes" : "no",
					    ours ? "yes" : "no");
		}
	}
}

int main(void)
{
	static void (*const tests[])(struct duo * d) = { every_helper };

	return duo_main(tests, ARRAY_LEN(tests));
}
