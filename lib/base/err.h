/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err.h - what went wrong, where, and what to do about it
 *
 * Functions that can fail for a reason a person has to understand take a
 * struct err * (which may be NULL) and return a negative errno.  They fill it
 * with err_fail() where the failure happens; callers on the way up may add the
 * place and a suggestion if none is there yet.
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include <stdio.h>

#include "base/types.h"

struct err {
	int code;	  /* negative errno, 0: nothing went wrong */
	char reason[512]; /* "pcap file ends inside packet 17" */
	char place[256];  /* "web.pcap: byte 2412", may be empty */
	char hint[256];	  /* "record it again", may be empty */
	bool rejected;	  /* an object or a program was refused */
};

#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Start over with this reason; place and hint are emptied.  Returns code. */
int err_fail(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

/* Each adds to a failure what is not said yet.  Returns err's code; without an
 * err -EINVAL: who needs to know which failure it is, passes one. */
int err_place(struct err *err, const char *fmt, ...) PRINTF(2, 3);
int err_hint(struct err *err, const char *fmt, ...) PRINTF(2, 3);
/* A place around what is said of the place: "port in: web.pcap". */
int err_within(struct err *err, const char *fmt, ...) PRINTF(2, 3);
/* It is the object or the program that was refused.  Returns err's code. */
int err_rejected(struct err *err);

/* One line: "PLACE: REASON (HINT)", cut to size.  Returns buf. */
const char *err_text(const struct err *err, char *buf, size_t size);

#endif
