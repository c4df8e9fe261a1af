/* SPDX-License-Identifier: BSD-3-Clause */
/* frames.h - packets to try helpers on */
#ifndef WEIR_TESTS_KERNEL_FRAMES_H
#define WEIR_TESTS_KERNEL_FRAMES_H

#include <string.h>

#include "duo.h"

#define FRAME_MAX 4096

struct frame_kind {
	const char *name;
	u32 len; /* of the headers below: the shortest that Linux takes */
	u8 head[80];
};

#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define IPV4(proto)                                                            \
	0x45, 0, 0, 60, 0, 1, 0, 0, 64, proto, 0x26, 0xc3, 10, 0, 0, 1, 10, 0, \
		0, 2

static const struct frame_kind frame_kinds[] = {
	{ "ipv4", 34, { MACS, 8, 0, IPV4(6) } },
	{ "ipv6", 54, { MACS, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 17, 64 } },
	{ "other", 14, { MACS, 0x88, 0xb5 } },
	{ "length, novell", 16, { MACS, 0, 40, 0xff, 0xff } },
	{ "length, llc", 16, { MACS, 0, 40, 0xaa, 0xaa } },
	{ "tag", 18, { MACS, 0x81, 0, 0x20, 5, 8, 0, IPV4(17) } },
	{ "service tag", 18, { MACS, 0x88, 0xa8, 0xf0, 7, 0x86, 0xdd } },
	{ "two tags",
	  22,
	  { MACS, 0x88, 0xa8, 0, 7, 0x81, 0, 0x0f, 0xff, 8, 0, IPV4(6) } },
	{ "three tags",
	  26,
	  { MACS, 0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 8, 0,
	    IPV4(1) } },
	{ "tag, then novell", 20, { MACS, 0x81, 0, 0, 9, 0, 9, 0xff, 0xff } },
	{ "tag, then llc", 20, { MACS, 0x81, 0, 0, 9, 5, 0xff, 1, 2 } },
};

/* len bytes of a kind: headers, then a pattern. */
static inline const u8 *frame_make(u8 frame[FRAME_MAX],
				   const struct frame_kind *kind, u32 len)
{
	for (u32 i = 0; i < FRAME_MAX; i++)
		frame[i] = (u8)(i * 37 + (i >> 8));
	memcpy(frame, kind->head, MIN(len, sizeof(kind->head)));
	return frame;
}

static inline void frame_compare(struct duo *d, struct duo_case *c,
				 const struct frame_kind *kind, u32 len)
{
	u8 frame[FRAME_MAX];

	c->frame = frame_make(frame, kind, len);
	c->len = len;
	duo_compare(d, c);
}

static inline bool frame_results(struct duo *d, struct duo_case *c,
				 const struct frame_kind *kind, u32 len,
				 struct duo_results *results)
{
	u8 frame[FRAME_MAX];

	c->frame = frame_make(frame, kind, len);
	c->len = len;
	return duo_results(d, c, results);
}

#endif
