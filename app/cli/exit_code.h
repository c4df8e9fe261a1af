/* SPDX-License-Identifier: BSD-3-Clause */
/* exit_code.h - what weir's exit status says to scripts */
#ifndef WEIR_APP_CLI_EXIT_CODE_H
#define WEIR_APP_CLI_EXIT_CODE_H

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,      /* understood, but it did not work */
	EXIT_USAGE = 2,	      /* the command line makes no sense */
	EXIT_NOT_FOUND = 3,   /* what was named does not exist */
	EXIT_UNREACHABLE = 4, /* no daemon answers on the socket */
	EXIT_REJECTED = 5,    /* the object or program was refused */
	EXIT_UNEXPECTED = 6,  /* it ran, and the result is not what was asked */
};

#endif
