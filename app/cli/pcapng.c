/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/pcapng.h"

#include <errno.h>
#include <string.h>

#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define ETHERNET 1u
#define NANOSECONDS 9u /* 10^-9 */

/* Options, and what they are worth. */
enum {
	OPT_END = 0,
	OPT_INTERFACE_NAME = 2,
	OPT_INTERFACE_RESOLUTION = 9,
	OPT_PACKET_FLAGS = 2,
	OPT_PACKET_DROPS = 4,
};
enum { FLAG_IN = 1, FLAG_OUT = 2 };

static size_t padded(size_t size)
{
	return (size_t)round_up(size, 4);
}

static void put(FILE *f, const void *bytes, size_t size)
{
	static const u8 zeros[4];

	fwrite(bytes, 1, size, f);
	fwrite(zeros, 1, padded(size) - size, f);
}

static void put_u32(FILE *f, u32 value)
{
	put(f, &value, sizeof(value));
}

static void put_option(FILE *f, u16 code, const void *bytes, u16 size)
{
	const u16 head[2] = { code, size };

	put(f, head, sizeof(head));
	put(f, bytes, size);
}

/* What an option takes of a block. */
static u32 option_size(size_t size)
{
	return (u32)(4 + padded(size));
}

static int done(FILE *f)
{
	return fflush(f) == 0 && !ferror(f) ? 0 : -EIO;
}

static void put_section(FILE *f)
{
	const u16 version[2] = { 1, 0 };
	const u32 size = 28, unknown = UINT32_MAX;

	put_u32(f, SECTION);
	put_u32(f, size);
	put_u32(f, BYTE_ORDER_MAGIC);
	put(f, version, sizeof(version));
	put_u32(f, unknown); /* the section's length, 64 bits */
	put_u32(f, unknown);
	put_u32(f, size);
}

int pcapng_begin(FILE *f, const char *interface)
{
	const u16 type[2] = { ETHERNET, 0 };
	const u8 resolution = NANOSECONDS;
	const u16 name = (u16)strlen(interface);
	const u32 size =
		20 + option_size(name) + option_size(1) + option_size(0);

	put_section(f);
	put_u32(f, INTERFACE);
	put_u32(f, size);
	put(f, type, sizeof(type));
	put_u32(f, 0); /* no limit */
	put_option(f, OPT_INTERFACE_NAME, interface, name);
	put_option(f, OPT_INTERFACE_RESOLUTION, &resolution, 1);
	put_u32(f, OPT_END);
	put_u32(f, size);
	return done(f);
}

int pcapng_write(FILE *f, const struct pcapng_packet *p)
{
	const u32 flags = p->sent ? FLAG_OUT : FLAG_IN;
	const u32 size = 32 + (u32)padded(p->len) + option_size(4) +
			 option_size(8) + option_size(0);

	put_u32(f, PACKET);
	put_u32(f, size);
	put_u32(f, 0); /* the interface */
	put_u32(f, (u32)(p->ns >> 32));
	put_u32(f, (u32)p->ns);
	put_u32(f, p->len);
	put_u32(f, p->wire_len);
	put(f, p->bytes, p->len);
	put_option(f, OPT_PACKET_FLAGS, &flags, sizeof(flags));
	put_option(f, OPT_PACKET_DROPS, &p->lost, sizeof(p->lost));
	put_u32(f, OPT_END);
	put_u32(f, size);
	return done(f);
}
