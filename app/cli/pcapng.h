/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng.h - packets of one interface, with their direction, into a file */
#ifndef WEIR_APP_CLI_PCAPNG_H
#define WEIR_APP_CLI_PCAPNG_H

#include <stdio.h>

#include "base/types.h"

struct pcapng_packet {
	const void *bytes;
	u32 len;
	u32 wire_len;
	u64 ns; /* since 1970 */
	u64 lost; /* before it */
	bool sent;
};

/* Each writes whole blocks.  0 or -EIO. */
int pcapng_begin(FILE *f, const char *interface);
int pcapng_write(FILE *f, const struct pcapng_packet *p);

#endif
