/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.h - Internet checksums in Linux's representations
 *
 * A sum is 32 bits in one's complement, not folded; a checksum in a packet is
 * the complement of a folded one.  Which of the two zeros comes out is part of
 * what programs see, so operations are Linux's one by one.
 */
#ifndef WEIR_HELPER_CSUM_H
#define WEIR_HELPER_CSUM_H

#include <string.h>

#include "prog/pkt.h"

/* skb->ip_summed, as pkt.csum_state has it */
enum csum_state {
	CSUM_NONE,
	CSUM_UNNECESSARY,
	CSUM_COMPLETE, /* csum is the sum from the network header on */
	CSUM_PARTIAL,
};

#define CSUM_LEVEL_MAX 3

static inline u32 csum_add(u32 a, u32 b)
{
	u32 sum = a + b;

	return sum + (sum < b);
}

static inline u32 csum_sub(u32 a, u32 b)
{
	return csum_add(a, ~b);
}

/* Of 32 bits to 16. */
static inline u16 csum_fold16(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)(sum + (sum >> 16));
}

static inline u16 csum_fold(u32 sum)
{
	return (u16)~csum_fold16(sum);
}

/* sum and that of len bytes. */
static inline u32 csum_bytes(const void *bytes, u32 len, u32 seed)
{
	const u8 *at = bytes;
	u64 sum = seed;
	u32 word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, at, len);
	sum += word;
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (u32)(sum + (sum >> 32));
}

/* sum and that of bytes off from its start. */
static inline u32 csum_block_add(u32 sum, u32 block, u32 off)
{
	return csum_add(sum, off & 1 ? block << 24 | block >> 8 : block);
}

/* len bytes at the front of what a COMPLETE checksum covers are about to be
 * taken away, or were put there. */
void csum_pulled(struct pkt *p, const void *bytes, u32 len);
void csum_pushed(struct pkt *p, const void *bytes, u32 len);

/* What the port has verified holds no longer. */
static inline void csum_unverified(struct pkt *p)
{
	if (p->csum_state != CSUM_UNNECESSARY)
		return;
	p->csum_state = CSUM_NONE;
	p->csum_level = 0;
}

#endif
