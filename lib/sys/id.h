/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * id.h - a table of objects by number
 *
 * Numbers ascend and are not given again until 2^31 - 1 was reached, as Linux
 * gives them.  The table holds no reference: an object leaves it when its last
 * reference goes, and until it has left, taking a reference fails.
 */
#ifndef WEIR_SYS_ID_H
#define WEIR_SYS_ID_H

#include <pthread.h>

#include "base/types.h"
#include "base/vec.h"

#define ID_MAX INT32_MAX

struct id_slot {
	u32 id;
	void *obj; /* NULL: it has left */
};

struct id_table {
	pthread_mutex_t lock;
	VEC(struct id_slot) slots; /* by id, ascending */
	u32 live;
	u32 last; /* given */
};

void id_init(struct id_table *t);
void id_destroy(struct id_table *t);

/* Sets *id before anyone finds obj.  -ENOMEM. */
int id_add(struct id_table *t, void *obj, u32 *id);
void id_remove(struct id_table *t, u32 id);
/* What get() returns for the object: itself with a reference, or NULL.  NULL
 * too if there is none. */
void *id_find(struct id_table *t, u32 id, void *(*get)(void *obj));
/* The smallest id greater than id, 0: none. */
u32 id_next(struct id_table *t, u32 id);
u32 id_count(struct id_table *t);

#endif
