/* SPDX-License-Identifier: BSD-3-Clause */
/* inbox.c - an rte_ring before each lcore */
#include <errno.h>

#include <rte_ring_elem.h>

#include "lcore/burst.h"
#include "lcore/redirect.h"
#include "maps/redirect.h"

#define INBOX_SIZE 16384 /* the longest queue of an entry */

int inbox_create(struct lcore *lc)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "in%u-%lx", lc->slot,
		 (unsigned long)(uintptr_t)lc->plane);
	lc->inbox = rte_ring_create_elem(name, sizeof(struct handoff),
					 INBOX_SIZE, SOCKET_ID_ANY,
					 RING_F_SC_DEQ | RING_F_EXACT_SZ);
	return lc->inbox ? 0 : -ENOMEM;
}

void inbox_drain(struct lcore *lc)
{
	struct handoff h[PORT_BURST];
	u32 n;

	while ((n = inbox_take(lc, h, PORT_BURST))) {
		for (u32 i = 0; i < n; i++) {
			redirect_unqueue(h[i].entry);
			tx_drop(lc, &h[i].pkt, 1, DROP_DRAIN);
		}
		inbox_handled(lc, n);
	}
}

void inbox_destroy(struct lcore *lc)
{
	if (!lc->inbox)
		return;
	inbox_drain(lc);
	rte_ring_free(lc->inbox);
}

void inbox_put(struct lcore *lc, struct pkt *pkt, struct redirect_entry *entry)
{
	struct handoff h = { .pkt = pkt, .entry = entry };
	struct rte_ring *inbox = lc->plane->lcores[entry->key].inbox;

	if (redirect_queue(entry)) {
		stat_add(&lc->handed, 1);
		if (!rte_ring_enqueue_elem(inbox, &h, sizeof(h)))
			return;
		redirect_unqueue(entry);
		inbox_handled(lc, 1);
	}
	tx_drop(lc, &pkt, 1, DROP_CPUMAP_FULL);
}

u32 inbox_take(struct lcore *lc, struct handoff *out, u32 n)
{
	return rte_ring_dequeue_burst_elem(lc->inbox, out, sizeof(*out), n,
					   NULL);
}

void inbox_handled(struct lcore *lc, u32 n)
{
	atomic_store_explicit(&lc->handled, stat_read(&lc->handled) + n,
			      memory_order_release);
}

/* What is handled is read first: it is never more than what was handed, so
 * equal numbers were equal in between. */
bool inboxes_idle(const struct plane *plane)
{
	u64 handled = 0, handed = 0;

	for (u32 i = 0; i < plane->lcore_cnt; i++)
		handled += atomic_load_explicit(&plane->lcores[i].handled,
						memory_order_acquire);
	for (u32 i = 0; i < plane->lcore_cnt; i++)
		handed += atomic_load_explicit(&plane->lcores[i].handed,
					       memory_order_acquire);
	return handled == handed;
}
