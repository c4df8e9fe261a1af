/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats.h - what was received, sent and dropped, and why
 *
 * Every lcore counts for itself, one writer a counter; readers add up.
 * rx + copies = tx + queued + drops + what is still in flight, per plane,
 * always.
 */
#ifndef WEIR_STATS_STATS_H
#define WEIR_STATS_STATS_H

#include <stdatomic.h>

#include "base/slot.h"
#include "base/types.h"

#define STATS_PORT_MAX 64
#define STATS_HOOKS 3
#define STATS_CODES 12 /* verdict codes: -1 (unspec) is the last */

/* DROP(symbol, "name", "what it means") */
#define DROP_REASONS(DROP)                                                    \
	DROP(XDP_DROP, "xdp_drop", "an XDP program returned XDP_DROP")        \
	DROP(XDP_ABORTED, "xdp_aborted", "an XDP program returned XDP_ABORTED") \
	DROP(XDP_BAD_CODE, "xdp_bad_code", "an XDP program returned no verdict") \
	DROP(TC_SHOT, "tc_shot", "a tc program returned TC_ACT_SHOT")         \
	DROP(TC_STOLEN, "tc_stolen", "a tc program returned STOLEN, QUEUED or TRAP") \
	DROP(STOPPED, "program_stopped", "a program did what it must not")   \
	DROP(TOO_SHORT, "too_short", "shorter than an Ethernet header")       \
	DROP(TOO_LONG, "too_long", "longer than the port's buffers")         \
	DROP(REDIRECT, "redirect_failed", "redirected to no port")            \
	DROP(REDIRECT_LOOP, "redirect_loop", "redirected too many times")     \
	DROP(REDIRECT_NOBODY, "redirect_nobody", "redirected to all of a devmap that has no other port") \
	DROP(NO_ROUTE, "no_route", "no route, or none to another host, for bpf_redirect_neigh()") \
	DROP(NO_NEIGHBOUR, "no_neighbour", "the next hop's link address is not known") \
	DROP(CPUMAP_FULL, "cpumap_full", "the queue of a cpumap's entry is full") \
	DROP(QUEUE_FULL, "queue_full", "nobody reads an xskmap's queue, or not fast enough") \
	DROP(QUEUE_FOREIGN, "queue_foreign", "an xskmap's queue is of another port or receive queue") \
	DROP(FORWARD_DROP, "forward_drop", "the port is configured to drop")  \
	DROP(NO_ROOM, "no_room", "no room left in the buffer")                \
	DROP(NO_BUFFER, "no_buffer", "no free packet buffer")                 \
	DROP(TX_FULL, "tx_full", "the port's transmit queue is full")         \
	DROP(TX_LINK_DOWN, "tx_link_down", "the port has no link")            \
	DROP(DRAIN, "drain", "in flight when the dataplane stopped")

#define DROP_SYMBOL(symbol, name, about) DROP_##symbol,
enum drop_reason { DROP_REASONS(DROP_SYMBOL) DROP_REASON_COUNT };
#undef DROP_SYMBOL

const char *drop_name(enum drop_reason reason);
const char *drop_about(enum drop_reason reason);

struct port_counters {
	atomic_ullong rx_packets, rx_bytes;
	atomic_ullong tx_packets, tx_bytes;
	atomic_ullong copies; /* made of packets it received */
	atomic_ullong queued; /* of them, for who reads an xskmap's queue */
	atomic_ullong drops[DROP_REASON_COUNT]; /* of packets it received */
	atomic_ullong verdicts[STATS_HOOKS][STATS_CODES];
};

/* One lcore's. */
struct stats {
	_Alignas(CACHE_LINE) struct port_counters port[STATS_PORT_MAX];
	atomic_ullong bursts, polls;
};

/* Only the owner of the counter calls this. */
static inline void stat_add(atomic_ullong *counter, u64 n)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline u64 stat_read(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
