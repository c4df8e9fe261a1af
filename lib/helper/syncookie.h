/* SPDX-License-Identifier: BSD-3-Clause */
/* syncookie.h - cookies for SYNs; inside lib/helper only */
#ifndef WEIR_HELPER_SYNCOOKIE_H
#define WEIR_HELPER_SYNCOOKIE_H

#include <linux/ip.h>
#include <linux/tcp.h>

#include "prog/run.h"

/* For the SYN that these headers are of, the TCP header whole: the cookie and,
 * in the upper half, the segment size that it stands for. */
u64 syncookie_make(struct world *w, const void *ip, bool ipv6, const void *tcp);
/* Do these headers, of the ACK, bring one of ours? */
bool syncookie_good(struct world *w, const void *ip, bool ipv6,
		    const void *tcp);

u64 siphash(const u64 key[2], const u64 *words, u32 cnt);

#endif
