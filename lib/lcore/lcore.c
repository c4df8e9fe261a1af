/* SPDX-License-Identifier: BSD-3-Clause */
/* lcore.c - the polling loop: receive a burst, follow it, be quiescent */
#include "lcore/lcore.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_pause.h>

#include "base/log.h"
#include "lcore/burst.h"
#include "lcore/redirect.h"

/* Empty rounds after which a round also offers the CPU to others. */
#define IDLE_ROUNDS 1024
/* An lcore that has no queue waits so long for what others hand to it. */
#define IDLE_US 50

int lcores_create(struct plane *plane)
{
	size_t size = plane->lcore_cnt * sizeof(*plane->lcores);

	plane->lcores = aligned_alloc(CACHE_LINE, round_up(size, CACHE_LINE));
	if (!plane->lcores)
		return -ENOMEM;
	memset(plane->lcores, 0, size);
	for (u32 i = 0; i < plane->lcore_cnt; i++) {
		struct lcore *lc = &plane->lcores[i];

		lc->plane = plane;
		lc->slot = i;
		lc->burst = plane->burst;
		lc->run.slot = i;
		lc->run.world = trace_world(plane->trace);
		lc->run.clone = burst_clone;
		lc->out = calloc(plane->port_cnt, sizeof(*lc->out));
		if (!lc->out || inbox_create(lc)) {
			lcores_destroy(plane);
			return -ENOMEM;
		}
	}
	return 0;
}

void lcores_destroy(struct plane *plane)
{
	for (u32 i = 0; i < plane->lcore_cnt; i++) {
		inbox_destroy(&plane->lcores[i]);
		vec_free(&plane->lcores[i].queues);
		free(plane->lcores[i].out);
	}
	free(plane->lcores);
	plane->lcores = NULL;
}

int lcores_assign(struct plane *plane)
{
	u32 next = 0;

	for (u32 i = 0; i < plane->port_cnt; i++) {
		struct port_info info;

		port_get_info(plane->ports[i].port, &info);
		for (u16 q = 0; q < info.queues; q++) {
			struct lcore *lc =
				&plane->lcores[next++ % plane->lcore_cnt];
			struct rx_queue *rxq = vec_add(&lc->queues);

			if (!rxq)
				return -ENOMEM;
			*rxq = (struct rx_queue){ .port = i, .queue = q };
		}
	}
	return 0;
}

static void rest(struct lcore *lc)
{
	if (++lc->idle < IDLE_ROUNDS)
		rte_pause();
	else if (lc->queues.len)
		sched_yield();
	else
		usleep(IDLE_US);
}

static int poll_until_stopped(void *arg)
{
	struct lcore *lc = arg;
	struct plane *plane = lc->plane;
	int res = rcu_online(plane->rcu, lc->slot);

	if (res) {
		log_error("lcore %u cannot start: %s", lc->slot,
			  strerror(-res));
		return res;
	}
	while (!atomic_load_explicit(&plane->stop, memory_order_relaxed)) {
		bool got = burst_inbox(lc);

		rcu_quiescent(plane->rcu, lc->slot);
		for (u32 i = 0; i < lc->queues.len; i++) {
			got |= burst_run(lc, &lc->queues.items[i]);
			rcu_quiescent(plane->rcu, lc->slot);
		}
		if (got)
			lc->idle = 0;
		else
			rest(lc);
	}
	rcu_offline(plane->rcu, lc->slot);
	return 0;
}

int lcores_start(struct plane *plane, struct err *err)
{
	atomic_store(&plane->stop, false);
	for (u32 i = 0; i < plane->lcore_cnt; i++) {
		struct lcore *lc = &plane->lcores[i];
		int res;

		res = rte_eal_remote_launch(poll_until_stopped, lc,
					    eal_lcore_id(i));
		if (!res)
			continue;
		lcores_stop(plane);
		return err_fail(err, res, "cannot start lcore %u: %s", i,
				strerror(-res));
	}
	return 0;
}

void lcores_stop(struct plane *plane)
{
	atomic_store(&plane->stop, true);
	for (u32 i = 0; i < plane->lcore_cnt; i++)
		rte_eal_wait_lcore(eal_lcore_id(i));
	for (u32 i = 0; i < plane->lcore_cnt; i++)
		inbox_drain(&plane->lcores[i]);
}
