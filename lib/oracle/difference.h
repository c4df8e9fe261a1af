/* SPDX-License-Identifier: BSD-3-Clause */
/* difference.h - how two runs of a packet differ, in full */
#ifndef WEIR_ORACLE_DIFFERENCE_H
#define WEIR_ORACLE_DIFFERENCE_H

#include <stdio.h>

#include "prog/environ.h"
#include "oracle/oracle.h"

/* What both sides made of it. */
struct sides {
	u32 prog_type;
	const char *(*verdict_name)(u32 prog_type, u32 verdict);
	const struct oracle_packet *packet;
	const struct pkt *pkt; /* Weir's, after the run */
	const struct oracle_run *mine;
	u32 their_retval;
	const u8 *their_bytes;
	u32 their_len;
	const union environ_ctx *their_ctx;
};

/* Writes every difference to text.  True if there is one. */
bool difference_write(const struct sides *s, FILE *text);

#endif
