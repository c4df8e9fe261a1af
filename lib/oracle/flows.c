/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/flows.h"

#include <errno.h>

#include "oracle/replay.h"

#define TYPE_AT 12
#define IP_AT 14

void flows_init(struct flows *f, u32 count)
{
	*f = (struct flows){ .random = 1, .count = count };
}

u32 flows_next(struct flows *f)
{
	if (f->next < f->count)
		return (u32)f->next++;
	f->random = f->random * REPLAY_RANDOM_MUL + REPLAY_RANDOM_ADD;
	return (u32)((f->random >> 32) * f->count >> 32);
}

static u32 word_at(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

int flows_sum(const u8 *frame, u32 len, u32 *sum)
{
	u32 header;

	if (len < FLOWS_FRAME_MIN || word_at(frame + TYPE_AT) != 0x0800 ||
	    frame[IP_AT] >> 4 != 4)
		return -EINVAL;
	header = (frame[IP_AT] & 15U) * 4;
	if (header < 20 || len < IP_AT + header)
		return -EINVAL;
	*sum = 0;
	for (u32 at = IP_AT; at < IP_AT + header; at += 2)
		if (at != FLOWS_CHECK_AT && (at < FLOWS_SOURCE_AT || at > FLOWS_SOURCE_AT + 2))
			*sum += word_at(frame + at);
	return 0;
}

static void put_word(u8 *p, u32 word)
{
	p[0] = (u8)(word >> 8);
	p[1] = (u8)word;
}

void flows_write(u8 *frame, u32 sum, u32 flow)
{
	u32 source = FLOWS_NET + flow;

	sum += (source >> 16) + (source & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	put_word(frame + FLOWS_CHECK_AT, sum ^ 0xffff);
	put_word(frame + FLOWS_SOURCE_AT, source >> 16);
	put_word(frame + FLOWS_SOURCE_AT + 2, source);
}
