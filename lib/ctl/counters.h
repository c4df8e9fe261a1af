/* SPDX-License-Identifier: BSD-3-Clause */
/* counters.h - what plane and programs counted, as JSON */
#ifndef WEIR_CTL_COUNTERS_H
#define WEIR_CTL_COUNTERS_H

#include "base/json.h"
#include "lcore/plane.h"

/* One port's counters, and the sum of all. */
void counters_port(struct json *j, const struct plane *plane, u32 port);
void counters_total(struct json *j, const struct plane *plane);

struct prog_counts {
	u64 runs;
	u64 stopped;
};
struct prog_counts counters_prog(const struct prog *prog);

/* All attachments, in the order they run; each holds its program. */
int attachments_get(struct plane *plane, struct attachment **list, u32 *n,
		    struct err *err);
void attachments_put(struct attachment *list, u32 n);

#endif
